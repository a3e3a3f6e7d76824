import { canonicalText, contextHash, type Suspension } from '../context.ts';
import { type Grant, intersectGrants } from '../grant/grant.ts';
import type { Mint, Session } from '../session.ts';
import type { Standing } from '../subjects/standing.ts';

/** Everything that a session's context follows from, but for what never changes. */
export interface Circumstances {
  /** In normal form. */
  readonly ownGrant: Grant;
  /** As it is now; undefined for the first session of a tree. */
  readonly parent: Session | undefined;
  /** Change by which the parent's agent is away for too long; undefined where it is not, or need not be there. */
  readonly parentAbsence: string | undefined;
  readonly standing: Standing;
  /** The risk level from which sessions are suspended; undefined for none. */
  readonly suspendAtRisk: 'MEDIUM' | 'HIGH' | undefined;
  readonly policyRevision: string;
}

/** How tokens are made. */
export interface Minting {
  readonly mint: Mint;
  /** Makes a new token also where the context is as it was. */
  readonly anew: boolean;
}

/**
 * The session in its present circumstances; the same object where they make no difference.
 *
 * A new context is a new generation with a new token. A context may come back, and so soon that the clock has not
 * moved, or has been set back: its token is new all the same. What was out of date once stays out of date
 * (invariant I4).
 */
export function derive(
  session: Session,
  circumstances: Circumstances,
  { mint, anew }: Minting,
  nowMs: number,
): Session {
  const next = inCircumstances(session, circumstances);
  const isSame = isSameContext(session, next);
  if (isSame && !anew) return isUnchanged(session, next) ? session : { ...session, ...next };
  const issuedAtMs = Math.max(nowMs, session.issuedAtMs + 1);
  const hash = isSame ? session.contextHash : hashOf(session, next);
  return {
    ...session,
    ...next,
    generation: session.generation + 1,
    contextHash: hash,
    issuedAtMs,
    token: mint(session.id, hash, issuedAtMs),
  };
}

/** What of a session follows from its circumstances. */
type Derived = Pick<
  Session,
  'state' | 'ownGrant' | 'grant' | 'attributes' | 'evidence' | 'suspensions' | 'policyRevision'
>;

/** What a session starts from, before its circumstances are known. */
export type SessionSeed = Omit<Session, keyof Derived | 'contextHash' | 'token' | 'connection'>;

/** A session that is bound to no connection yet, with the token of its generation. */
export function openSession(seed: SessionSeed, circumstances: Circumstances, mint: Mint): Session {
  const derived = inCircumstances(undefined, circumstances);
  const hash = hashOf(seed, derived);
  return {
    ...seed,
    ...derived,
    contextHash: hash,
    token: mint(seed.id, hash, seed.issuedAtMs),
    connection: undefined,
  };
}

function hashOf({ id, subject, actors }: SessionSeed, derived: Derived): Uint8Array {
  const { grant, attributes, suspensions, policyRevision } = derived;
  return contextHash({ session: id, subject, actors, grant, attributes, suspensions, policyRevision });
}

function inCircumstances(before: Session | undefined, circumstances: Circumstances): Derived {
  const { ownGrant, standing, policyRevision } = circumstances;
  const suspensions = suspensionsIn(circumstances);
  return {
    state: suspensions.length === 0 ? 'active' : 'suspended',
    ownGrant,
    grant: grantIn(before?.grant, circumstances),
    attributes: standing.attributes,
    evidence: standing.evidence,
    suspensions,
    policyRevision,
  };
}

/** The session's own grant, cut to what its ancestors reach and to the ceilings (invariant I6). */
function grantIn(before: Grant | undefined, { ownGrant, parent, standing }: Circumstances): Grant {
  let grant = parent === undefined ? ownGrant : cut(ownGrant, parent.grant);
  for (const ceiling of standing.ceilings) grant = cut(grant, ceiling.grant);
  // One object as long as it says the same: what was made of it is then still good.
  return before !== undefined && isSameText(before, grant) ? before : grant;
}

/** Results that are remembered for one grant: mostly, those below one session ask for the same. */
const MAX_CUTS = 8;
const cuts = new WeakMap<Grant, Map<string, Grant>>();

function cut(grant: Grant, to: Grant): Grant {
  if (grant === to) return grant;
  let known = cuts.get(to);
  if (known === undefined) {
    known = new Map();
    cuts.set(to, known);
  }
  const text = canonicalText(grant);
  let both = known.get(text);
  if (both === undefined) {
    both = intersectGrants(grant, to);
    if (known.size >= MAX_CUTS) known.clear();
    known.set(text, both);
  }
  return both;
}

const NONE: readonly Suspension[] = [];

/** Every reason once, in order: what makes no difference must not look like one. */
function suspensionsIn(circumstances: Circumstances): readonly Suspension[] {
  const { parent, parentAbsence, standing, suspendAtRisk } = circumstances;
  const found = [...(parent?.suspensions ?? []), ...standing.suspensions];
  if (parentAbsence !== undefined) found.push({ kind: 'parent-absent', change: parentAbsence });
  const { riskLevel } = standing.attributes;
  const isRisk = riskLevel === 'HIGH' || (riskLevel === 'MEDIUM' && suspendAtRisk === 'MEDIUM');
  if (suspendAtRisk !== undefined && isRisk) {
    found.push({ kind: 'risk', change: standing.evidence.riskLevel?.change ?? '' });
  }
  if (found.length === 0) return NONE;
  const unique = new Map(found.map((one) => [`${one.kind} ${one.change}`, one]));
  // Often they are those of the parent: one list, of which one text is made.
  if (parent?.suspensions.length === unique.size) return parent.suspensions;
  return [...unique].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
}

/** Whether two sessions that differ in nothing else have the same context hash. */
function isSameContext(before: Derived, after: Derived): boolean {
  return (
    before.grant === after.grant &&
    before.policyRevision === after.policyRevision &&
    isSameText(before.attributes, after.attributes) &&
    isSameText(before.suspensions, after.suspensions)
  );
}

function isSameText(one: object, other: object): boolean {
  return one === other || canonicalText(one) === canonicalText(other);
}

function isUnchanged(before: Derived, after: Derived): boolean {
  return before.ownGrant === after.ownGrant && before.evidence === after.evidence;
}
