import type { SessionId } from '@rta/core';
import type { Subject } from '../context.ts';
import { AUTHORITY_LIMITS } from '../limits.ts';
import { type Fact, factOf, isCutOff, isLasting, matterOf, newerFact } from './fact.ts';
import type { Signal } from './signal.ts';
import { type Standing, standingOf } from './standing.ts';
import {
  agentKeys,
  matchesParty,
  namesAgent,
  type Party,
  type SubjectKey,
  selectorKeys,
  subjectKeys,
} from './subject-match.ts';

/**
 * What is known of subjects: cut-offs, levels, ceilings. Kept per subject and not per session, so that a session that
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
  /**
   * What holds for a session: for the first of a tree all that is known, for one below what is known of it and its
   * agent, on top of what holds for its parent.
   */
  standingOf(party: Party, parent: Standing | undefined): Standing;
  /** Id of a signal that ended the sign-in or the session; undefined where none did. */
  cutOffOf(party: Party, isFirst: boolean, openedAtMs: number): string | undefined;
  /**
   * Id of a signal about this person that ended their sign-in or blocks their account, whatever it is used for; undefined
   * where none did. What
   * ends the sessions of whole organizations is about agents, and leaves those who can undo it.
   */
  signInCutOffOf(subject: Subject): string | undefined;
}

/** Whether a signal ends a session: what began at or before the event does not survive it. */
export function isCutOffBy(signal: Signal, party: Party, openedAtMs: number): boolean {
  return endsSession(factOf(signal), party, openedAtMs);
}

/**
 * A sign-in is dated by its issuer's clock, so it is compared with the event by that clock. Where another issuer
 * speaks, the two clocks may be apart: then what follows closely is taken as before (invariant I1). Agents and
 * sessions are of this server, and so is the clock that they are dated by.
 */
function endsSession(fact: Fact, party: Party, openedAtMs: number): boolean {
  if (!isCutOff(fact) || !matchesParty(fact.subject, party)) return false;
  if (namesAgent(fact.subject)) return openedAtMs <= fact.occurredAtMs;
  return party.subject.signedInAtMs <= fact.sourceTimeMs + skewMs(fact, party.subject);
}

/** Nobody's: no signal names them. */
const NO_AGENT = { actor: { id: '' }, session: '' as SessionId };

/** Whether the person has no account any more, or not for now. */
function blocksAccount({ change, subject }: Fact, party: Party): boolean {
  return change.kind === 'account' && change.current !== 'enabled' && matchesParty(subject, party);
}

const isOfPerson = ({ subject: { user, idpSession, idpToken, device } }: Fact): boolean =>
  [user, idpSession, idpToken, device].some((member) => member !== undefined);

function skewMs({ source }: Fact, { issuer }: Subject): number {
  return source.issuer === issuer ? 0 : AUTHORITY_LIMITS.foreignClockSkewMs;
}

/** Makes an empty memory of facts. */
export function createSubjectFacts(): SubjectFacts {
  const facts = new Map<string, Fact>();
  // When those that are forgotten one day were renewed, the oldest first.
  const renewedAtMs = new Map<string, number>();
  const mattersByKey = new Map<SubjectKey, Set<string>>();
  let completeFromMs = Number.NEGATIVE_INFINITY;

  const forgetExpired = (nowMs: number): void => {
    for (const [matter, atMs] of renewedAtMs) {
      // Written so that at a time that is no number nothing is forgotten.
      if (!(atMs + AUTHORITY_LIMITS.factRetentionMs <= nowMs)) return;
      renewedAtMs.delete(matter);
      const fact = facts.get(matter);
      facts.delete(matter);
      for (const key of fact === undefined ? [] : selectorKeys(fact.subject)) {
        const matters = mattersByKey.get(key);
        matters?.delete(matter);
        if (matters?.size === 0) mattersByKey.delete(key);
      }
    }
  };

  function* factsUnder(keys: readonly SubjectKey[], party: Party): Generator<Fact> {
    for (const key of keys) {
      for (const matter of mattersByKey.get(key) ?? []) {
        const fact = facts.get(matter);
        if (fact !== undefined && matchesParty(fact.subject, party)) yield fact;
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
      if (known === undefined && facts.size >= AUTHORITY_LIMITS.maxFacts) {
        completeFromMs = nowMs + AUTHORITY_LIMITS.factRetentionMs;
        return false;
      }
      const fact = newerFact(factOf(signal), known);
      facts.set(matter, fact);
      renewedAtMs.delete(matter);
      if (!isLasting(fact)) renewedAtMs.set(matter, nowMs);
      for (const key of known === undefined ? selectorKeys(signal.subject) : []) {
        const matters = mattersByKey.get(key);
        if (matters === undefined) mattersByKey.set(key, new Set([matter]));
        else matters.add(matter);
      }
      return true;
    },
    isComplete: (nowMs) => nowMs >= completeFromMs,
    standingOf(party, parent) {
      const ofAgent = agentKeys(party);
      const keys = parent === undefined ? [...subjectKeys(party.subject), ...ofAgent] : ofAgent;
      // Of most sessions below others nobody ever says anything.
      return standingOf(keys.some((key) => mattersByKey.has(key)) ? factsUnder(keys, party) : [], parent);
    },
    cutOffOf(party, isFirst, openedAtMs) {
      const keys = agentKeys(party);
      for (const fact of factsUnder(isFirst ? [...subjectKeys(party.subject), ...keys] : keys, party)) {
        if (endsSession(fact, party, openedAtMs)) return fact.id;
      }
      return undefined;
    },
    signInCutOffOf(subject) {
      for (const key of subjectKeys(subject)) {
        for (const matter of mattersByKey.get(key) ?? []) {
          const fact = facts.get(matter);
          if (fact === undefined || !isOfPerson(fact)) continue;
          const party = { ...NO_AGENT, subject };
          if (endsSession(fact, party, 0) || blocksAccount(fact, party)) return fact.id;
        }
      }
      return undefined;
    },
  };
}
