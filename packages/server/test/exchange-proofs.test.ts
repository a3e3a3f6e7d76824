import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { toBase64Url, utf8 } from '@rta/core';
import { createNonceIssuer } from '@rta/idp';
import { generateAgentKey } from '@rta/sdk';
import { describe, expect, test } from 'vitest';
import { CONTROL_STREAM, type Door, HTTPS, TOKEN_URL } from './exchange-doors.ts';
import { startExchangeFixture } from './exchange-fixture.ts';
import { ISSUER } from './test-server.ts';

const { t, accessToken, good, proved, expectRefusal } = await startExchangeFixture();

const foreignNonce = (): string => createNonceIssuer({ secret: randomBytes(32), clock: t.clock }).issue();

/** A part of a JWT. */
const part = (value: object): string => toBase64Url(utf8(JSON.stringify(value)));

/** A proof by the most common kind of key, which cannot bind a session. */
const byAnEcKey = async (door: Door): Promise<string> => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const header = { typ: 'dpop+jwt', alg: 'ES256', jwk: publicKey.export({ format: 'jwk' }) };
  const iat = Math.floor(t.clock.now() / 1_000);
  const claims = { jti: crypto.randomUUID(), htm: 'POST', htu: TOKEN_URL, iat, nonce: await door.nonce(t) };
  const signed = `${part(header)}.${part(claims)}`;
  const signature = sign('sha256', utf8(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' });
  return `${signed}.${toBase64Url(signature)}`;
};

/** Another first character in the signature. */
const tampered = (proof: string): string =>
  proof.replace(
    /\.([^.])([^.]*)$/,
    (_, first: string, rest: string) => `.${first === 'A' ? 'B' : 'A'}${rest}`,
  );

const PROOFS: readonly (readonly [what: string, proof: (door: Door) => Promise<string>, code: string])[] = [
  ['without a nonce', (door) => proved(door, { nonce: undefined }), 'RTA_IDP_DPOP_NONCE_MISSING'],
  ['with a nonce of another server', (door) => proved(door, { nonce: foreignNonce() }), 'RTA_IDP_DPOP_NONCE'],
  [
    'with a nonce that nobody issued',
    (door) => proved(door, { nonce: 'A'.repeat(75) }),
    'RTA_IDP_DPOP_NONCE',
  ],
  [
    'for another host',
    (door) => proved(door, { url: 'https://other.example/oauth/token' }),
    'RTA_IDP_DPOP_TARGET',
  ],
  ['for another path', (door) => proved(door, { url: `${ISSUER}/ssf/events` }), 'RTA_IDP_DPOP_TARGET'],
  ['for another method', (door) => proved(door, { method: 'GET' }), 'RTA_IDP_DPOP_TARGET'],
  ['from the past', (door) => proved(door, { now: t.clock.now() - 61_000 }), 'RTA_IDP_DPOP_STALE'],
  ['from the future', (door) => proved(door, { now: t.clock.now() + 62_000 }), 'RTA_IDP_DPOP_STALE'],
  ['by a key of another kind', byAnEcKey, 'RTA_IDP_DPOP_KEY'],
  ['whose signature was changed', async (door) => tampered(await proved(door)), 'RTA_IDP_DPOP_SIGNATURE'],
  [
    'that another key has signed',
    (door) => proved(door, { privateKey: generateAgentKey().privateKey }),
    'RTA_IDP_DPOP_SIGNATURE',
  ],
  ['that is not a JWT', () => Promise.resolve('gar.ba.ge'), 'RTA_IDP_DPOP_MALFORMED'],
  [
    'that is two proofs',
    async (door) => `${await proved(door)}, ${await proved(door)}`,
    'RTA_IDP_DPOP_MALFORMED',
  ],
];

describe.each([HTTPS, CONTROL_STREAM])('an exchange $name', (door) => {
  test.each(PROOFS)('is refused with a proof %s', async (_, make, code) => {
    const proof = await make(door);

    const outcome = await door.exchange(t, { parameters: good(), proof });

    await expectRefusal(outcome, code, [proof, accessToken]);
  });

  test('is refused with a proof that was used', async () => {
    const request = { parameters: good(), proof: await proved(door) };
    expect(await door.exchange(t, request)).toMatchObject({ ok: true });

    await expectRefusal(await door.exchange(t, request), 'RTA_IDP_DPOP_REPLAY', [request.proof], 1);
  });

  test.each([HTTPS, CONTROL_STREAM])('is refused with a nonce that was used $name', async (other) => {
    const nonce = await other.nonce(t);
    const first = { parameters: good(), proof: await proved(other, { nonce }) };
    expect(await other.exchange(t, first)).toMatchObject({ ok: true });

    const second = { parameters: good(), proof: await proved(door, { nonce }) };

    await expectRefusal(await door.exchange(t, second), 'RTA_IDP_DPOP_NONCE', [second.proof, nonce], 1);
  });

  test('is refused with a nonce that has expired', async () => {
    const nonce = await door.nonce(t);
    t.clock.advance(60_000);

    const outcome = await door.exchange(t, { parameters: good(), proof: await proved(door, { nonce }) });

    await expectRefusal(outcome, 'RTA_IDP_DPOP_NONCE', [nonce]);
  });

  test('goes through with the nonce that a refusal brought', async () => {
    const proof = await proved(door);
    const { nonce } = await door.exchange(t, { parameters: good({ scope: 'files.delete' }), proof });

    const again = { parameters: good(), proof: await proved(door, { nonce }) };

    expect(await door.exchange(t, again)).toMatchObject({ ok: true });
  });

  test('does not use up the nonce of a proof that its key did not sign', async () => {
    const nonce = await door.nonce(t);
    const stolen = await proved(door, { nonce, privateKey: generateAgentKey().privateKey });
    expect(await door.exchange(t, { parameters: good(), proof: stolen })).toMatchObject({ ok: false });

    const own = await proved(door, { nonce });

    expect(await door.exchange(t, { parameters: good(), proof: own })).toMatchObject({ ok: true });
  });
});
