import { type Authority, type Cause, createAuthority, type Grant, type Session } from '@rta/authority';
import { type SessionId, sessionIdFromBytes } from '@rta/core';
import { createHmacKey, createKeyRing, encodeToken } from '@rta/token';

/** When the sessions of unit tests are opened. */
export const T0 = 1_800_000_000_000;
export const HOUR_MS = 3_600_000;

const keyRing = createKeyRing({ current: createHmacKey({ keyId: 1, secret: new Uint8Array(32).fill(7) }) });

/** An authority for unit tests: its tokens are real, and it knows nobody. */
export function startAuthority(): Authority {
  return createAuthority({
    mint: (sessionId, contextHash, issuedAtMs) =>
      encodeToken({ sessionId, contextHash, issuedAtMs }, keyRing.signer),
    isAuthentic: () => false,
    policyRevision: 'r1',
  });
}

/** The id of the session of a number. */
export function sessionIdOf(number: number): SessionId {
  const bytes = new Uint8Array(16);
  new DataView(bytes.buffer).setUint32(12, number);
  return sessionIdFromBytes(bytes);
}

/** What a session of unit tests may be, besides what it is by default. */
export interface OpenChanges {
  readonly grant?: Grant;
  readonly totalCount?: number;
  readonly sub?: string;
}

/** Opens the session of a number for `alice`, who may do everything. */
export function openSession(authority: Authority, number: number, changes: OpenChanges = {}): Session {
  const { grant = { scope: ['*'] }, totalCount, sub = 'alice' } = changes;
  return authority.open(
    {
      id: sessionIdOf(number),
      subject: { issuer: 'https://idp.example', sub, signedInAtMs: T0 - 60_000 },
      actor: { id: `agent-${number}`, keyThumbprint: `key-${number}` },
      publicKey: new Uint8Array(32).fill(number),
      grant,
      expiresAtMs: T0 + HOUR_MS,
      budget: totalCount === undefined ? undefined : { totalCount },
    },
    T0,
  );
}

/** Opens the session of a number below another one. */
export function delegateSession(authority: Authority, parent: SessionId, number: number): Session {
  return authority.delegate(
    parent,
    {
      id: sessionIdOf(number),
      actor: { id: `agent-${number}`, keyThumbprint: `key-${number}` },
      publicKey: new Uint8Array(32).fill(number),
      expiresAtMs: T0 + HOUR_MS,
    },
    T0,
  );
}

/** A cause that says nothing. */
export function causeOf(change: string): Cause {
  return { kind: 'ended', change };
}
