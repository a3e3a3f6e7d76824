import { generateKeyPairSync, sign } from 'node:crypto';
import { createAuthority } from '@rta/authority';
import { fromBase64Url, isRtaError, sessionIdFromBytes } from '@rta/core';
import { type Messages, resumeStatement } from '@rta/protocol';
import { createMemoryStore, type SingleUseKeys } from '@rta/store';
import { createFakeClock } from '@rta/testkit';
import { createHmacKey, createKeyRing, encodeToken } from '@rta/token';
import { expect, test } from 'vitest';
import { openAuditTrail } from '../audit/audit-trail.ts';
import { type Binder, type BindingConnection, createBinder } from './binder.ts';

const T0 = 1_800_000_000_000;
const CERTIFICATE = new Uint8Array(32).fill(0xbb);
const SESSION = sessionIdFromBytes(new Uint8Array(16).fill(1));
const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const keyRing = createKeyRing({ current: createHmacKey({ keyId: 1, secret: new Uint8Array(32).fill(7) }) });
const CONNECTION: BindingConnection = {
  id: 'connection-1',
  kind: 'quic',
  channelBinding: CERTIFICATE,
  clientThumbprint: undefined,
  isEarly: true,
};

/** A node that knows the session; its clock goes as far wrong as it is told to. */
async function startNode(singleUse: SingleUseKeys, clockMs = T0): Promise<Binder> {
  const clock = createFakeClock(clockMs);
  const authority = createAuthority({
    mint: (sessionId, contextHash, issuedAtMs) =>
      encodeToken({ sessionId, contextHash, issuedAtMs }, keyRing.signer),
    isAuthentic: () => false,
    policyRevision: 'r1',
  });
  authority.open(
    {
      id: SESSION,
      subject: { issuer: 'https://idp.example', sub: 'alice', signedInAtMs: T0 - 60_000 },
      actor: { id: 'agent-1', keyThumbprint: 'k' },
      publicKey: fromBase64Url(publicKey.export({ format: 'jwk' }).x ?? ''),
      grant: { scope: ['*'] },
      expiresAtMs: T0 + 3_600_000,
    },
    clock.now(),
  );
  return createBinder({
    authority,
    singleUse,
    audit: await openAuditTrail({ log: createMemoryStore({ clock }).audit, clock, node: 'node' }),
    clock,
    isFresh: () => true,
    isConnected: () => true,
    carryOut: () => undefined,
    onBound: () => undefined,
  });
}

function resumeOf(issuedAtMs: number, nonceByte = 0xcc): Messages['resume'] {
  const nonce = new Uint8Array(16).fill(nonceByte);
  const statement = resumeStatement(nonce, issuedAtMs, CERTIFICATE, SESSION);
  const signature = Uint8Array.from(sign(null, statement, privateKey));
  return { session: SESSION, nonce, issuedAtMs, signature };
}

const outcomeOf = (attempt: Promise<unknown>): Promise<string> =>
  attempt.then(
    () => 'bound',
    (error: unknown) => (isRtaError(error) ? error.code : String(error)),
  );

test('a RESUME counts on one of the nodes that share a store, whichever it comes to first [P-9.6]', async () => {
  const { singleUse } = createMemoryStore({ clock: { now: () => T0 } });
  const nodes = await Promise.all([1, 2, 3].map(() => startNode(singleUse)));
  const message = resumeOf(T0);

  const outcomes = await Promise.all(nodes.map((node) => outcomeOf(node.resume(message, CONNECTION))));

  expect(outcomes.sort()).toEqual(['RTA_SERVER_RESUME_REPLAYED', 'RTA_SERVER_RESUME_REPLAYED', 'bound']);
});

test('a RESUME that one node took is remembered until the slowest clock would not take it [P-9.6]', async () => {
  let storeMs = T0;
  const { singleUse } = createMemoryStore({ clock: { now: () => storeMs } });
  // Its maker is 30 s ahead of the first node, and the second node 30 s behind it.
  const message = resumeOf(T0 + 30_000);
  expect(await outcomeOf((await startNode(singleUse, T0)).resume(message, CONNECTION))).toBe('bound');

  storeMs = T0 + 90_000;
  const slow = await startNode(singleUse, storeMs - 30_000);

  expect(await outcomeOf(slow.resume(message, CONNECTION))).toBe('RTA_SERVER_RESUME_REPLAYED');
});

test.each<[why: string, (memory: SingleUseKeys) => SingleUseKeys]>([
  ['there is no room', (memory) => memory],
  ['it does not answer', (memory) => ({ ...memory, claim: () => Promise.reject(new Error('offline')) })],
])('a RESUME binds nothing where the store cannot remember its nonce: %s [P-9.6, I1]', async (_, make) => {
  const { singleUse } = createMemoryStore({ clock: { now: () => T0 }, limits: { singleUseCount: 1 } });
  await singleUse.claim('taken', T0 + 1_000_000);
  const node = await startNode(make(singleUse));

  expect(await outcomeOf(node.resume(resumeOf(T0), CONNECTION))).toBe('RTA_SERVER_SINGLE_USE');
});

test('only what the key of the session signed takes room in the store [I9]', async () => {
  const { singleUse } = createMemoryStore({ clock: { now: () => T0 }, limits: { singleUseCount: 1 } });
  const node = await startNode(singleUse);
  for (let byte = 0; byte < 5; byte += 1) {
    const forged = { ...resumeOf(T0, byte), signature: new Uint8Array(64) };
    expect(await outcomeOf(node.resume(forged, CONNECTION))).toBe('RTA_AUTHORITY_PROOF');
    expect(await outcomeOf(node.resume(resumeOf(T0 - 30_001, byte), CONNECTION))).toBe(
      'RTA_SERVER_RESUME_LATE',
    );
  }

  expect(await outcomeOf(node.resume(resumeOf(T0), CONNECTION))).toBe('bound');
});

test.each([
  ['30 s before', T0 - 30_000, 'bound'],
  ['more than 30 s before', T0 - 30_001, 'RTA_SERVER_RESUME_LATE'],
  ['30 s after', T0 + 30_000, 'bound'],
  ['more than 30 s after', T0 + 30_001, 'RTA_SERVER_RESUME_LATE'],
  ['at the beginning of time', 0, 'RTA_SERVER_RESUME_LATE'],
  ['at the end of time', Number.MAX_SAFE_INTEGER, 'RTA_SERVER_RESUME_LATE'],
])('a RESUME that was made %s the time of the node [P-9.5]', async (_, issuedAtMs, expected) => {
  const { singleUse } = createMemoryStore({ clock: { now: () => T0 } });
  const node = await startNode(singleUse);

  expect(await outcomeOf(node.resume(resumeOf(issuedAtMs), CONNECTION))).toBe(expected);
});
