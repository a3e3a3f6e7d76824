import {
  createEd25519Key,
  createHmacKey,
  decodeToken,
  type KeySet,
  type KeySourceChange,
  type TokenKey,
  type TokenKeySource,
} from '@rta/token';
import { describe, expect, test } from 'vitest';
import { rawSession } from './raw-agent.ts';
import { ISSUER, startTestIdp, startTestServer, type TestServer } from './test-server.ts';

const idp = await startTestIdp();
const hmac = (keyId: number): TokenKey => createHmacKey({ keyId, secret: new Uint8Array(32).fill(keyId) });
const ed25519 = (keyId: number) => createEd25519Key({ keyId, privateKey: new Uint8Array(32).fill(keyId) });

/** A source of keys that a test changes. */
function changingKeys(first: KeySet, announceMs?: number) {
  let onChange: ((change: KeySourceChange) => void) | undefined;
  const source: TokenKeySource = {
    ...(announceMs === undefined ? {} : { announceMs }),
    load: () => Promise.resolve(first),
    watch(listener) {
      onChange = listener;
      return { close: () => (onChange = undefined) };
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  return { source, change: (keys: KeySet) => onChange?.({ kind: 'keys', keys }) };
}

const jwks = async (t: TestServer): Promise<Response> =>
  t.server.http.request(`${ISSUER}/.well-known/jwks.json`);
const kids = async (t: TestServer): Promise<unknown> =>
  ((await (await jwks(t)).json()) as { keys: { kid: string }[] }).keys.map(({ kid }) => kid);
const agentOf = async (t: TestServer) => rawSession(t.rawConnect(), (await t.signIn()).accessToken);
const keyIdOf = (token: Uint8Array): number => decodeToken(token).unverified.keyId;

describe('a node whose keys change', () => {
  test('goes on undisturbed through a rotation, and signs with the new key [T-6.1]', async () => {
    const { source, change } = changingKeys({ current: hmac(1), accepted: [], revoked: [] });
    await using t = await startTestServer({ idp, keys: source });
    const agent = await agentOf(t);

    change({ current: hmac(2), accepted: [hmac(1)], revoked: [] });

    expect(await agent.lane(agent.bound.token)).toMatchObject({ effect: 'permit', generation: 1 });
    expect(keyIdOf((await agentOf(t)).bound.token)).toBe(2);
    expect(await t.audit()).toContainEqual(
      expect.objectContaining({ kind: 'keys', cause: 'key-rotated', detail: { from: 1, to: 2 } }),
    );
  });

  test('tells an agent with a token of the key before that it is out of date, not forged [T-6.1]', async () => {
    const { source, change } = changingKeys({ current: hmac(1), accepted: [], revoked: [] });
    await using t = await startTestServer({ idp, keys: source });
    const agent = await agentOf(t);
    change({ current: hmac(2), accepted: [hmac(1)], revoked: [] });
    await t.changeRisk('alice', 'HIGH');

    const denial = await agent.lane(agent.bound.token);

    expect(denial).toMatchObject({ effect: 'deny', cause: 'stale-token' });
  });

  test('permits nothing any more with a token of a revoked key, be it the current one [T-6.5, I5]', async () => {
    const { source, change } = changingKeys({ current: hmac(1), accepted: [], revoked: [] });
    await using t = await startTestServer({ idp, keys: source });
    const agent = await agentOf(t);
    expect(await agent.lane(agent.bound.token)).toMatchObject({ effect: 'permit' });

    change({ current: hmac(2), accepted: [], revoked: [1] });

    expect(await agent.lane(agent.bound.token)).toMatchObject({ effect: 'deny', cause: 'token-invalid' });
    const other = await agentOf(t);
    expect(keyIdOf(other.bound.token)).toBe(2);
    expect(await other.lane(other.bound.token)).toMatchObject({ effect: 'permit' });
    expect(await t.audit()).toContainEqual(
      expect.objectContaining({ kind: 'keys', cause: 'key-revoked', change: 'keys-revoked:1' }),
    );
  });

  test('counts its sessions as before', async () => {
    await using t = await startTestServer({ idp });
    expect(t.server.openSessions).toBe(0);
    await agentOf(t);
    expect(t.server.openSessions).toBe(1);
  });

  test('does not start without keys', async () => {
    const source: TokenKeySource = {
      load: () => Promise.reject(new Error('sealed')),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
    await expect(startTestServer({ idp, keys: source })).rejects.toThrow('sealed');
  });
});

describe('the published keys', () => {
  test('are the Ed25519 keys that sign, will sign and did sign, and no revoked one [T-6.7]', async () => {
    const { source, change } = changingKeys({ current: ed25519(1), accepted: [ed25519(2)], revoked: [] });
    await using t = await startTestServer({ idp, keys: source });
    expect(await kids(t)).toEqual(['1', '2']);

    change({ current: ed25519(2), accepted: [hmac(3)], revoked: [1] });

    expect(await kids(t)).toEqual(['2']);
  });

  test('verify a token with what they say alone, and hold nothing secret [T-6.7]', async () => {
    const { source } = changingKeys({ current: ed25519(1), accepted: [], revoked: [] });
    await using t = await startTestServer({ idp, keys: source });
    const { token } = (await agentOf(t)).bound;
    const response = await jwks(t);
    const [published] = ((await response.json()) as { keys: Record<string, string>[] }).keys;

    expect(response.headers.get('Content-Type')).toBe('application/jwk-set+json');
    expect(Object.keys(published ?? {}).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x']);
    const key = await crypto.subtle.importKey('jwk', published ?? {}, 'Ed25519', false, ['verify']);
    const label = new TextEncoder().encode('RTAToken v1\0');
    const message = Uint8Array.from([...label, ...token.subarray(0, 64)]);
    expect(await crypto.subtle.verify('Ed25519', key, token.slice(64), message)).toBe(true);
  });

  test('are none where keys are secrets [T-6.7]', async () => {
    await using t = await startTestServer({ idp });

    expect(await (await jwks(t)).json()).toEqual({ keys: [] });
  });

  test.each([
    [undefined, 'public, max-age=300'],
    [3_600_000, 'public, max-age=300'],
    [60_000, 'public, max-age=30'],
  ])('are kept for less than an announcement of %s ms [T-6.8]', async (announceMs, cacheControl) => {
    const { source } = changingKeys({ current: ed25519(1), accepted: [], revoked: [] }, announceMs);
    await using t = await startTestServer({ idp, keys: source });

    expect((await jwks(t)).headers.get('Cache-Control')).toBe(cacheControl);
  });
});
