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
type Fact = Pick<Signal, 'id' | 'subject' | 'change' | 'occurredAtMs' | 'receivedAtMs'>;

/** Whether a signal ends the sessions that rest on a sign-in before it. */
export function isCutOff({ change }: Pick<Signal, 'change'>): boolean {
  return (
    change.kind === 'session-revoked' ||
    (change.kind === 'credential-change' &&
      (change.changeType === 'revoke' || change.changeType === 'delete'))
  );
}

/** Whether a sign-in is ended by a cut-off: what began at or before the event does not survive it. */
export function isCutOffBy(fact: Fact, subject: Subject): boolean {
  return isCutOff(fact) && matchesSubject(fact.subject, subject) && subject.signedInAtMs <= fact.occurredAtMs;
}

/**
 * Facts of one matter about one subject replace one another.
 *
 * A level or a flag is the judgement of its source: no source takes back what another one said. Of cut-offs, and of
 * changes of credentials, the latest says all that the earlier ones said, whoever said it.
 */
function matterOf(signal: Signal): string {
  const { change, source, subject } = signal;
  const about = selectorText(subject);
  switch (change.kind) {
    case 'risk-level-change':
      return JSON.stringify([change.kind, about, source.issuer, change.principal]);
    case 'device-compliance-change':
      return JSON.stringify([change.kind, about, source.issuer]);
    case 'credential-change':
    case 'session-revoked':
      // A credential that is added takes no cut-off back.
      return JSON.stringify([change.kind, about, isCutOff(signal)]);
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
      const { id, subject, change, occurredAtMs, receivedAtMs } = signal;
      const fact: Fact = { id, subject, change, occurredAtMs, receivedAtMs };
      const matter = matterOf(signal);
      const known = facts.get(matter);
      if (known !== undefined && !replaces(fact, known.fact)) return true;
      if (known === undefined && facts.size >= AUTHORITY_LIMITS.maxFacts) {
        completeFromMs = nowMs + AUTHORITY_LIMITS.factRetentionMs;
        return false;
      }
      facts.delete(matter);
      facts.set(matter, { fact, renewedAtMs: nowMs });
      if (known !== undefined) return true;
      for (const key of selectorKeys(subject)) {
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
        if (isCutOffBy(fact, subject)) return fact.id;
      }
      return undefined;
    },
  };
}
