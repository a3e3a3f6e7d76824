import { type SessionId, sessionIdFromBytes } from '@rta/core';
import { createHmacKey, createKeyRing, encodeToken } from '@rta/token';
import {
  type Actor,
  type Authority,
  type AuthorityOptions,
  type Cause,
  createAuthority,
  type DelegateInput,
  type Mint,
  type OpenInput,
  type SessionEffect,
  type Signal,
  type SignalChange,
  type Subject,
  type SubjectSelector,
} from '../src/index.ts';

/** When tests begin: 2027-01-15T08:00:00Z. */
export const T0 = 1_800_000_000_000;
export const HOUR_MS = 3_600_000;
export const IDP = 'https://idp.example';

/** Alice, who signed in a minute ago. */
export const ALICE: Subject = { issuer: IDP, sub: 'alice', signedInAtMs: T0 - 60_000 };
export const COPILOT: Actor = { id: 'copilot', keyThumbprint: 'key-of-copilot' };
export const MAILER: Actor = { id: 'mailer', keyThumbprint: 'key-of-mailer' };
export const CAUSE: Cause = { kind: 'test', change: 'change-1' };

const ring = createKeyRing({ current: createHmacKey({ keyId: 1, secret: new Uint8Array(32).fill(7) }) });

/** Makes real tokens. */
export const mint: Mint = (sessionId, contextHash, issuedAtMs) =>
  encodeToken({ sessionId, contextHash, issuedAtMs }, ring.signer);

/** An authority with a real key. */
export function createTestAuthority(parts: Partial<AuthorityOptions> = {}): Authority {
  return createAuthority({
    mint,
    isAuthentic: (token) => {
      try {
        return ring.verify(token).keyId === 1;
      } catch {
        return false;
      }
    },
    policyRevision: 'r1',
    ...parts,
  });
}

/** What the world is told of what happens in a call, and of all that it was not told of before. */
export function effectsOf(authority: Authority, act: () => unknown, nowMs = T0): readonly SessionEffect[] {
  act();
  return authority.settle(nowMs);
}

/** Effects in short. */
export const told = (effects: readonly SessionEffect[]): readonly (readonly [string, SessionId])[] =>
  effects.map(({ kind, session }) => [kind, session.id]);

/** The session id that ends in this number. */
export function idOf(number: number): SessionId {
  const bytes = new Uint8Array(16);
  new DataView(bytes.buffer).setUint32(12, number);
  return sessionIdFromBytes(bytes);
}

/** Alice's session of an hour, for everything with files. */
export function openInput(number: number, parts: Partial<OpenInput> = {}): OpenInput {
  return {
    id: idOf(number),
    subject: ALICE,
    actor: COPILOT,
    publicKey: new Uint8Array(32).fill(1),
    grant: { scope: ['files.*'] },
    expiresAtMs: T0 + HOUR_MS,
    ...parts,
  };
}

/** A child session with all that its parent has. */
export function delegateInput(number: number, parts: Partial<DelegateInput> = {}): DelegateInput {
  return {
    id: idOf(number),
    actor: MAILER,
    publicKey: new Uint8Array(32).fill(2),
    expiresAtMs: T0 + HOUR_MS,
    ...parts,
  };
}

export const ABOUT_ALICE: SubjectSelector = { user: { by: 'iss-sub', issuer: IDP, sub: 'alice' } };
export const REVOKED: SignalChange = { kind: 'session-revoked' };

/** A change of the risk level. */
export const risk = (current: 'LOW' | 'MEDIUM' | 'HIGH', principal = 'USER'): SignalChange => ({
  kind: 'risk-level-change',
  principal,
  current,
});

/** A change of a device's compliance. */
export const device = (current: 'compliant' | 'not-compliant'): SignalChange => ({
  kind: 'device-compliance-change',
  current,
});

/** An order to suspend, or that it is over. */
export const suspension = (current: boolean): SignalChange => ({ kind: 'suspension', current });

/** A ceiling over scopes; without any it is lifted. */
export const ceiling = (...scope: readonly string[]): SignalChange =>
  scope.length === 0 ? { kind: 'ceiling' } : { kind: 'ceiling', grant: { scope } };

/** A change of a credential. */
export const credential = (changeType: 'create' | 'revoke' | 'update' | 'delete'): SignalChange => ({
  kind: 'credential-change',
  credentialType: 'password',
  changeType,
});

/** A signal of the IdP about Alice that arrives as it happens. */
export function signalOf(change: SignalChange, atMs: number, parts: Partial<Signal> = {}): Signal {
  return {
    id: `${change.kind}@${atMs}`,
    source: { issuer: IDP, id: `jti-${atMs}` },
    subject: ABOUT_ALICE,
    change,
    occurredAtMs: atMs,
    receivedAtMs: atMs,
    ...parts,
  };
}
