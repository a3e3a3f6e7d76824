import type { Session, Signal, Subject } from '@rta/authority';
import type { SessionId } from '@rta/core';
import { IDP } from './words.ts';

/** What is asked of every session: the scopes of histories tell these apart. */
export const QUESTIONS = ['files.read', 'files.write', 'mail.send', 'mail.read'] as const;

/** One session, and what happened to it itself. */
export interface Known {
  readonly number: number;
  readonly id: SessionId;
  readonly parent: Known | undefined;
  readonly subject: Subject;
  readonly agent: string;
  readonly openedAtMs: number;
  readonly expiresAtMs: number;
  readonly detached: boolean;
  /** Scopes that it was opened with and narrowed to: it is within each of them. */
  readonly scopes: (readonly string[])[];
  readonly totals: { readonly permits: number; readonly count: number; readonly amount: number | undefined };
  /** Amounts of the permits that it had itself. */
  readonly permits: number[];
  /** It was ended by name, reached its time, or was not there any more after a restart. */
  over: boolean;
  connection: string | undefined;
  /** Since when its agent is away; undefined where it is there, never was, or is known to be missing. */
  awaySinceMs: number | undefined;
  missing: boolean;
  /** As somebody saw it last, and what it rested on then. */
  seen: { readonly session: Session; readonly rests: string };
  /** As the world was told of it last. */
  told: Session;
  toldOver: boolean;
  /** Tokens that must not be good again. */
  readonly dead: Uint8Array[];
}

/** All that has happened, as a list; every answer is worked out from it anew. */
export interface Model {
  readonly known: Known[];
  readonly signals: Signal[];
  /** Those of them that nothing newer took the place of. */
  words: readonly Signal[];
  readonly suspendAtRisk: 'MEDIUM' | 'HIGH' | undefined;
  nowMs: number;
  policyRevision: string;
}

/** What a session rests on, as it should be. */
export interface Expected {
  readonly reaches: readonly boolean[];
  readonly risk: number;
  readonly device: number;
  readonly suspended: boolean;
}

const RISK = ['LOW', 'MEDIUM', 'HIGH'] as const;
const DEVICE = ['compliant', 'not-compliant'] as const;
/** In histories a foreign clock may be half a minute apart. */
const SKEW_MS = 30_000;
const ABSENCE_MS = 30_000;

const matches = (scope: readonly string[], action: string): boolean =>
  scope.some((name) => (name.endsWith('*') ? action.startsWith(name.slice(0, -1)) : name === action));

/** Whether a signal speaks of a session itself. */
function concerns({ subject: named }: Signal, { subject, agent, id }: Known): boolean {
  const { user, tenant, actor, session } = named;
  if (user !== undefined && (user.by !== 'iss-sub' || user.sub !== subject.sub)) return false;
  if (tenant !== undefined && tenant.id !== subject.tenantId) return false;
  return (actor === undefined || actor.id === agent) && (session === undefined || session.id === id);
}

/** Whether a signal ends what began before it: sessions, where it names agents or sessions, and else sign-ins. */
function cutsOff(signal: Signal, one: Known): boolean {
  if (signal.change.kind !== 'session-revoked' || !concerns(signal, one)) return false;
  const { occurredAtMs, source, subject } = signal;
  if (subject.actor !== undefined || subject.session !== undefined) return one.openedAtMs <= occurredAtMs;
  return one.subject.signedInAtMs <= occurredAtMs + (source.issuer === IDP ? 0 : SKEW_MS);
}

/** Whether a session has ended, for good, whatever the clock says. */
export function isOver(model: Model, one: Known): boolean {
  if (one.over || model.signals.some((signal) => cutsOff(signal, one))) return true;
  return one.parent !== undefined && isOver(model, one.parent);
}

/** Whether a session may be used at all now. */
export function isLive(model: Model, one: Known): boolean {
  return model.nowMs < one.expiresAtMs && !isOver(model, one);
}

const rank = ({ change }: Signal): number => {
  switch (change.kind) {
    case 'risk-level-change':
      return RISK.indexOf(change.current);
    case 'device-compliance-change':
      return DEVICE.indexOf(change.current);
    case 'suspension':
      return Number(change.current);
    case 'ceiling':
      return Number(change.grant !== undefined);
    default:
      return 0;
  }
};

const isNewer = (one: Signal, other: Signal): boolean => {
  const order =
    one.occurredAtMs - other.occurredAtMs || one.receivedAtMs - other.receivedAtMs || rank(one) - rank(other);
  return order === 0 ? one.id > other.id : order > 0;
};

/** The last word of every source on every matter. */
export function lastWords(signals: readonly Signal[]): readonly Signal[] {
  const last = new Map<string, Signal>();
  for (const signal of signals) {
    const matter = JSON.stringify([signal.change.kind, signal.source.issuer, signal.subject]);
    const before = last.get(matter);
    if (before === undefined || isNewer(signal, before)) last.set(matter, signal);
  }
  return [...last.values()];
}

/** What a session should be now: within its parent, and then what is said of itself. */
export function expectedOf(model: Model, one: Known): Expected {
  const above = one.parent === undefined ? undefined : expectedOf(model, one.parent);
  const limits = [...one.scopes];
  let risk = above?.risk ?? -1;
  let device = above?.device ?? -1;
  let suspended = above?.suspended === true || (one.parent?.missing === true && !one.detached);
  for (const signal of model.words) {
    if (!concerns(signal, one)) continue;
    const { change } = signal;
    if (change.kind === 'risk-level-change') risk = Math.max(risk, RISK.indexOf(change.current));
    if (change.kind === 'device-compliance-change') device = Math.max(device, DEVICE.indexOf(change.current));
    if (change.kind === 'suspension') suspended ||= change.current;
    if (change.kind === 'ceiling' && change.grant !== undefined) limits.push(change.grant.scope);
  }
  if (model.suspendAtRisk !== undefined) suspended ||= risk >= RISK.indexOf(model.suspendAtRisk);
  const reaches = QUESTIONS.map(
    (action, at) => above?.reaches[at] !== false && limits.every((limit) => matches(limit, action)),
  );
  return { reaches, risk, device, suspended };
}

/** Whether one more permit has room in a session and in all above it. */
export function hasRoom(model: Model, one: Known, amount: number | undefined): boolean {
  const { permits, count, amount: total } = one.totals;
  const spent = model.known.filter((each) => isWithin(each, one)).flatMap((each) => each.permits);
  if (spent.length >= permits || spent.length >= count) return false;
  // Where amounts are limited, what moves none may not happen.
  if (total !== undefined && amount === undefined) return false;
  if (total !== undefined && spent.reduce((sum, each) => sum + each, amount ?? 0) > total) return false;
  return one.parent === undefined || hasRoom(model, one.parent, amount);
}

const isWithin = (one: Known | undefined, top: Known): boolean =>
  one !== undefined && (one === top || isWithin(one.parent, top));

/** What the clock does when somebody looks at it: sessions reach their time, and agents are missed. */
export function sweep({ known, nowMs }: Model): void {
  for (const one of known) {
    if (nowMs >= one.expiresAtMs + 1_000) one.over = true;
    if (one.awaySinceMs === undefined) continue;
    one.awaySinceMs = Math.min(one.awaySinceMs, nowMs);
    if (nowMs < one.awaySinceMs + ABSENCE_MS) continue;
    one.awaySinceMs = undefined;
    one.missing = true;
  }
}
