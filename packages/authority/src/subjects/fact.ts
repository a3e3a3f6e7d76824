import { utf8 } from '@rta/core';
import { AUTHORITY_LIMITS } from '../limits.ts';
import type { Signal } from './signal.ts';
import { selectorText } from './subject-match.ts';

/** What is remembered of a signal. Its reason is not worth a month of memory. */
export interface Fact extends Omit<Signal, 'reason'> {
  readonly sourceTimeMs: number;
}

/**
 * An event that claims to lie in the future is taken to have happened when it arrived: it outranks no later one. What
 * its source's clock says stands aside, within reason, to be compared with sign-ins by the same clock.
 */
export function asOfReceipt(signal: Signal): Signal {
  const { receivedAtMs } = signal;
  // Written so that a time that is no number is that of receipt as well: a cut-off is not lost by it.
  const occurredAtMs = signal.occurredAtMs <= receivedAtMs ? signal.occurredAtMs : receivedAtMs;
  const { sourceTimeMs = occurredAtMs } = signal;
  const isPlausible = sourceTimeMs <= receivedAtMs + AUTHORITY_LIMITS.maxSourceAheadMs;
  // The id of an order to suspend gets into contexts, which hold well-formed texts only.
  const id = new TextDecoder().decode(utf8(signal.id));
  return { ...signal, id, occurredAtMs, sourceTimeMs: isPlausible ? sourceTimeMs : occurredAtMs };
}

/** The part of a signal that is remembered. */
export function factOf(signal: Signal): Fact {
  const {
    id,
    source,
    subject,
    change,
    occurredAtMs,
    receivedAtMs,
    sourceTimeMs = occurredAtMs,
  } = asOfReceipt(signal);
  return { id, source, subject, change, occurredAtMs, receivedAtMs, sourceTimeMs };
}

/** Whether a signal ends the sessions that began before it. */
export function isCutOff({ change }: Pick<Signal, 'change'>): boolean {
  return (
    change.kind === 'session-revoked' ||
    (change.kind === 'credential-change' &&
      (change.changeType === 'revoke' || change.changeType === 'delete'))
  );
}

/**
 * Whether a fact holds until its source takes it back. Others are of no use after a while: nothing lives so long as
 * to be concerned by them.
 */
export function isLasting({ change }: Pick<Signal, 'change'>): boolean {
  return (
    (change.kind === 'ceiling' && change.grant !== undefined) ||
    (change.kind === 'suspension' && change.current) ||
    (change.kind === 'account' && change.current !== 'enabled')
  );
}

/**
 * Facts of one matter about one subject replace one another. What one source said no other takes back, and what each
 * said is by its own clock: so every source has matters of its own.
 */
export function matterOf(signal: Pick<Signal, 'change' | 'source' | 'subject'>): string {
  const { change, source, subject } = signal;
  const about = [change.kind, selectorText(subject), source.issuer];
  switch (change.kind) {
    case 'risk-level-change':
      return JSON.stringify([...about, change.principal]);
    case 'token-claims-change':
      return JSON.stringify([...about, change.name]);
    case 'assurance-level-change':
      return JSON.stringify([...about, change.namespace]);
    case 'account':
    case 'ceiling':
    case 'credential-change-required':
    case 'device-compliance-change':
    case 'profile-change':
    case 'recovery-activated':
    case 'recovery-information-changed':
    case 'suspension':
      return JSON.stringify(about);
    case 'credential-change':
    case 'session-revoked':
      // A credential that is added takes no cut-off back.
      return JSON.stringify([...about, isCutOff(signal)]);
  }
}

/** The newer of two facts of one matter; a cut-off keeps all that either cut off. */
export function newerFact(fact: Fact, known: Fact | undefined): Fact {
  if (known === undefined) return fact;
  const newer = replaces(fact, known) ? fact : known;
  return isCutOff(newer)
    ? { ...newer, sourceTimeMs: Math.max(fact.sourceTimeMs, known.sourceTimeMs) }
    : newer;
}

/** UNIX milliseconds from which a fact may be forgotten; undefined for one that lasts. */
export function factExpiryMs(fact: Fact): number | undefined {
  return isLasting(fact) ? undefined : fact.receivedAtMs + AUTHORITY_LIMITS.factRetentionMs;
}

const ACCOUNT_ORDER = ['enabled', 'disabled', 'purged'] as const;
const RISK_ORDER = ['LOW', 'MEDIUM', 'HIGH'] as const;

/** From the harmless to the grave. */
export function severityOf({ change }: Pick<Signal, 'change'>): number {
  switch (change.kind) {
    case 'risk-level-change':
      return RISK_ORDER.indexOf(change.current);
    case 'device-compliance-change':
      return Number(change.current === 'not-compliant');
    case 'suspension':
      return Number(change.current);
    case 'account':
      return ACCOUNT_ORDER.indexOf(change.current);
    case 'assurance-level-change':
      return Number(change.direction === 'decrease');
    case 'ceiling':
      return Number(change.grant !== undefined);
    case 'credential-change':
    case 'credential-change-required':
    case 'profile-change':
    case 'recovery-activated':
    case 'recovery-information-changed':
    case 'session-revoked':
    case 'token-claims-change':
      return 0;
  }
}

function isPurged({ change }: Fact): boolean {
  return change.kind === 'account' && change.current === 'purged';
}

/**
 * Whether a fact takes the place of another one of its matter. Events are often timed in whole seconds: of two at the
 * same time the one that was received later is newer, and where even that is the same, the more severe one stays.
 */
function replaces(fact: Fact, known: Fact): boolean {
  // What was purged is gone, whatever is said of it later.
  if (isPurged(fact) !== isPurged(known)) return isPurged(fact);
  if (fact.occurredAtMs !== known.occurredAtMs) return fact.occurredAtMs > known.occurredAtMs;
  if (fact.receivedAtMs !== known.receivedAtMs) return fact.receivedAtMs > known.receivedAtMs;
  const graver = severityOf(fact) - severityOf(known);
  // Of two that differ in nothing but what they say, all nodes take the same one.
  return graver === 0 ? fact.id > known.id : graver > 0;
}
