import type { Attributes, Subject } from './context.ts';
import { AUTHORITY_LIMITS } from './limits.ts';
import type { Signal } from './signal.ts';
import { matchesSubject, type SubjectKey, selectorKeys, selectorText, subjectKeys } from './subject-match.ts';

/**
 * What is known of subjects: cut-offs, levels, flags. Kept per subject and not per session, so that a session that
 * is offline when its user is revoked is over when it returns, and one that is opened later starts from the truth.
 */
export interface SubjectFacts {
  readonly size: number;
  /**
   * Takes a signal to heart. The newer of two facts about the same subject and matter stays, whatever the order in
   * which they arrive.
   *
   * @returns false where there is no room for it. Then {@link SubjectFacts.isComplete} says no.
   */
  remember(signal: Signal, nowMs: number): boolean;
  /** Whether everything that was to be remembered is: otherwise the lack of a cut-off means nothing. */
  isComplete(nowMs: number): boolean;
  /** The attributes in force for a subject; where several facts speak of it, the most severe. */
  attributesOf(subject: Subject): Attributes;
  /** Id of a signal that ended this subject's sign-in; undefined where none did. */
  cutOffOf(subject: Subject): string | undefined;
}

/** The part of a signal that decides. The rest, like its reason, is not worth a month of memory. */
interface Fact extends Pick<Signal, 'id' | 'subject' | 'change' | 'occurredAtMs' | 'receivedAtMs'> {
  /** Whose clock `sourceTimeMs` is by. */
  readonly issuer: string;
  readonly sourceTimeMs: number;
}

function factOf({ id, subject, change, occurredAtMs, receivedAtMs, source, sourceTimeMs }: Signal): Fact {
  const { issuer } = source;
  return {
    id,
    subject,
    change,
    occurredAtMs,
    receivedAtMs,
    issuer,
    sourceTimeMs: sourceTimeMs ?? occurredAtMs,
  };
}

/** Whether a signal ends the sessions that rest on a sign-in before it. */
export function isCutOff({ change }: Pick<Signal, 'change'>): boolean {
  return (
    change.kind === 'session-revoked' ||
    (change.kind === 'credential-change' &&
      (change.changeType === 'revoke' || change.changeType === 'delete'))
  );
}

/** Whether a sign-in is ended by a cut-off: what began at or before the event does not survive it. */
export function isCutOffBy(signal: Signal, subject: Subject): boolean {
  return endsSignIn(factOf(signal), subject);
}

/**
 * The sign-in is dated by its issuer's clock, so it is compared with the event by that clock. Where another issuer
 * speaks, the two clocks may be apart: then what follows closely is taken as before (invariant I1).
 */
function endsSignIn(fact: Fact, subject: Subject): boolean {
  if (!isCutOff(fact) || !matchesSubject(fact.subject, subject)) return false;
  const skewMs = fact.issuer === subject.issuer ? 0 : AUTHORITY_LIMITS.foreignClockSkewMs;
  return subject.signedInAtMs <= fact.sourceTimeMs + skewMs;
}

/** The newer of two facts of one matter; a cut-off keeps all that either cut off. */
function merged(fact: Fact, known: Fact): Fact {
  const newer = replaces(fact, known) ? fact : known;
  return isCutOff(newer)
    ? { ...newer, sourceTimeMs: Math.max(fact.sourceTimeMs, known.sourceTimeMs) }
    : newer;
}

/**
 * Facts of one matter about one subject replace one another. What one source said no other takes back, and what each
 * said is by its own clock: so every source has matters of its own.
 */
function matterOf(signal: Signal): string {
  const { change, source, subject } = signal;
  const about = [change.kind, selectorText(subject), source.issuer];
  switch (change.kind) {
    case 'risk-level-change':
      return JSON.stringify([...about, change.principal]);
    case 'device-compliance-change':
      return JSON.stringify(about);
    case 'credential-change':
    case 'session-revoked':
      // A credential that is added takes no cut-off back.
      return JSON.stringify([...about, isCutOff(signal)]);
  }
}

const RISK_ORDER = ['LOW', 'MEDIUM', 'HIGH'] as const;

function severityOf({ change }: Fact): number {
  if (change.kind === 'risk-level-change') return RISK_ORDER.indexOf(change.current);
  if (change.kind === 'device-compliance-change') return Number(change.current === 'not-compliant');
  return 0;
}

/**
 * Whether a fact takes the place of another one of its matter. Events are often timed in whole seconds: of two at the
 * same time the one that was received later is newer, and where even that is the same, the more severe one stays.
 */
function replaces(fact: Fact, known: Fact): boolean {
  if (fact.occurredAtMs !== known.occurredAtMs) return fact.occurredAtMs > known.occurredAtMs;
  if (fact.receivedAtMs !== known.receivedAtMs) return fact.receivedAtMs > known.receivedAtMs;
  return severityOf(fact) > severityOf(known);
}

/** Makes an empty memory of facts. */
export function createSubjectFacts(): SubjectFacts {
  // By matter, in the order in which they were last renewed, to forget the expired ones from the front.
  const facts = new Map<string, { readonly fact: Fact; readonly renewedAtMs: number }>();
  const mattersByKey = new Map<SubjectKey, Set<string>>();
  let completeFromMs = Number.NEGATIVE_INFINITY;

  const forgetExpired = (nowMs: number): void => {
    for (const [matter, { fact, renewedAtMs }] of facts) {
      if (renewedAtMs + AUTHORITY_LIMITS.factRetentionMs > nowMs) return;
      facts.delete(matter);
      for (const key of selectorKeys(fact.subject)) {
        const matters = mattersByKey.get(key);
        matters?.delete(matter);
        if (matters?.size === 0) mattersByKey.delete(key);
      }
    }
  };

  function* factsOf(subject: Subject): Generator<Fact> {
    for (const key of subjectKeys(subject)) {
      for (const matter of mattersByKey.get(key) ?? []) {
        const fact = facts.get(matter)?.fact;
        if (fact !== undefined && matchesSubject(fact.subject, subject)) yield fact;
      }
    }
  }

  return {
    get size() {
      return facts.size;
    },
    remember(signal, nowMs) {
      forgetExpired(nowMs);
      const matter = matterOf(signal);
      const known = facts.get(matter);
      const fact = known === undefined ? factOf(signal) : merged(factOf(signal), known.fact);
      if (known === undefined && facts.size >= AUTHORITY_LIMITS.maxFacts) {
        completeFromMs = nowMs + AUTHORITY_LIMITS.factRetentionMs;
        return false;
      }
      facts.delete(matter);
      facts.set(matter, { fact, renewedAtMs: nowMs });
      if (known !== undefined) return true;
      for (const key of selectorKeys(signal.subject)) {
        const matters = mattersByKey.get(key);
        if (matters === undefined) mattersByKey.set(key, new Set([matter]));
        else matters.add(matter);
      }
      return true;
    },
    isComplete: (nowMs) => nowMs >= completeFromMs,
    attributesOf(subject) {
      let risk = -1;
      let deviceCompliant: boolean | undefined;
      let credentialChangedAtMs: number | undefined;
      for (const { change, occurredAtMs } of factsOf(subject)) {
        switch (change.kind) {
          case 'risk-level-change':
            risk = Math.max(risk, RISK_ORDER.indexOf(change.current));
            break;
          case 'device-compliance-change':
            deviceCompliant = deviceCompliant !== false && change.current === 'compliant';
            break;
          case 'credential-change':
            credentialChangedAtMs = Math.max(credentialChangedAtMs ?? 0, occurredAtMs);
            break;
          case 'session-revoked':
            break;
        }
      }
      const riskLevel = RISK_ORDER[risk];
      return {
        ...(riskLevel === undefined ? {} : { riskLevel }),
        ...(deviceCompliant === undefined ? {} : { deviceCompliant }),
        ...(credentialChangedAtMs === undefined ? {} : { credentialChangedAtMs }),
      };
    },
    cutOffOf(subject) {
      for (const fact of factsOf(subject)) {
        if (endsSignIn(fact, subject)) return fact.id;
      }
      return undefined;
    },
  };
}
