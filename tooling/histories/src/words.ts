import type { Cause, SignalChange } from '@rta/authority';
import { type SessionId, sessionIdFromBytes } from '@rta/core';

/** When histories begin: 2027-01-15T08:00:00Z. */
export const T0 = 1_800_000_000_000;
export const IDP = 'https://idp.example';
export const CAUSE: Cause = { kind: 'test', change: 'change-1' };
export const REVOKED: SignalChange = { kind: 'session-revoked' };

/** The session id that ends in this number. */
export function idOf(number: number): SessionId {
  const bytes = new Uint8Array(16);
  new DataView(bytes.buffer).setUint32(12, number);
  return sessionIdFromBytes(bytes);
}

/** A change of the risk level. */
export const risk = (current: 'LOW' | 'MEDIUM' | 'HIGH'): SignalChange => ({
  kind: 'risk-level-change',
  principal: 'USER',
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
