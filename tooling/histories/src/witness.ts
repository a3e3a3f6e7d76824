import { covers, type Session, type SessionEffect } from '@rta/authority';
import type { SessionId } from '@rta/core';
import { CONNECTIONS } from './input.ts';
import type { Kept } from './kept.ts';
import { expectedOf, isLive, isOver, type Known, type Model, QUESTIONS } from './model.ts';
import { must, mustEqual } from './must.ts';

/** Compares what an authority says, and what it has the world told, with what it should. */
export interface Witness {
  /** Asks for a session, and tries its tokens. */
  look(one: Known): void;
  /** Compares a session with what it should be now. */
  compare(one: Known, session: Session): void;
  /** Hears what the world is told. */
  hear(effects: readonly SessionEffect[]): void;
  /** What the context of a session rests on, as a text. */
  restsOf(one: Known): string;
  /** Has everybody told everything, and compares all sessions. */
  conclude(): void;
}

const NO_MONEY = { value: 0, currency: 'EUR' };
const isSame = (one: Uint8Array, other: Uint8Array): boolean => Buffer.compare(one, other) === 0;

/** Makes a witness of one history. */
export function createWitness(kept: Kept, model: Model): Witness {
  const { known } = model;

  const restsOf = (one: Known): string => JSON.stringify([expectedOf(model, one), model.policyRevision]);

  const look = (one: Known): void => {
    const { authority } = kept;
    const { nowMs } = model;
    const session = authority.get(one.id, nowMs);
    mustEqual(session !== undefined, isLive(model, one), 'lives exactly as long as it may');
    if (session !== undefined) compare(one, session);
    for (const connection of CONNECTIONS) {
      const passes = (token: Uint8Array): boolean => authority.check(one.id, token, connection, nowMs).ok;
      // I4, whatever the connection.
      must(!one.dead.some(passes), 'what was out of date stays so');
      // I5, and I1: neither what has ended nor what is suspended.
      const may = session?.state === 'active' && one.connection === connection;
      mustEqual(passes(one.seen.session.token), may, 'works where it is bound');
    }
  };

  const compare = (one: Known, session: Session): void => {
    const { reaches, risk, device, suspended } = expectedOf(model, one);
    // I6: for the grant is that of all ancestors together.
    const asked = { resourceId: '/a', amount: NO_MONEY };
    mustEqual(
      QUESTIONS.map((action) => covers(session.grant, { ...asked, action })),
      reaches,
      'QUESTIONS.map((action) => covers(session',
    );
    mustEqual(session.state, suspended ? 'suspended' : 'active', 'session.state');
    mustEqual(
      ['LOW', 'MEDIUM', 'HIGH'].indexOf(session.attributes.riskLevel ?? ''),
      risk,
      '[LOW, MEDIUM, HIGH].indexOf(sessio',
    );
    mustEqual(
      [true, false].indexOf(session.attributes.deviceCompliant ?? (undefined as never)),
      device,
      '[true, false].indexOf(session.attributes',
    );
    mustEqual(session.policyRevision, model.policyRevision, 'session.policyRevision');
    mustEqual(session.connection, one.connection, 'session.connection');
    const rests = restsOf(one);
    const before = one.seen;
    if (isSame(before.session.token, session.token)) {
      mustEqual(rests, before.rests, 'another context has another token');
      mustEqual(session.generation, before.session.generation, 'session.generation');
    } else {
      must(session.generation > before.session.generation, 'no token goes uncounted');
      one.dead.push(before.session.token);
    }
    one.seen = { session, rests };
  };

  const hear = (effects: readonly SessionEffect[]): void => {
    kept.told(effects, model.nowMs);
    for (const effect of effects) {
      const one = known.find(({ id }) => id === effect.session.id);
      if (one === undefined) throw new Error('told of a session that nobody opened');
      must(!one.toldOver, 'nobody is told of anything after the end');
      if (effect.kind === 'ended') {
        one.toldOver = true;
        // It may have reached its time within the last second.
        must(isOver(model, one) || !isLive(model, one), 'ends for a reason');
        one.over = true;
      } else if (effect.kind === 'changed') {
        mustEqual(effect.before.generation, one.told.generation, 'follows what was told last');
        must(effect.session.generation > one.told.generation, 'is news');
        one.told = effect.session;
      }
    }
  };

  const conclude = (): void => {
    const { authority } = kept;
    hear(authority.settle(model.nowMs));
    must(authority.isSettled, 'authority.isSettled');
    for (const one of known) {
      look(one);
      // I2: whatever happened, everybody was told of it.
      const ended = isOver(model, one);
      if (ended) must(one.toldOver, 'is told of its end');
      else if (isLive(model, one)) {
        must(isSame(one.told.token, one.seen.session.token), 'is told how things stand');
      }
      const below = known.filter(({ parent }) => parent === one).filter((each) => isLive(model, each));
      mustEqual(
        authority
          .childrenOf(one.id, model.nowMs)
          .map(({ id }) => id)
          .toSorted(),
        idsOf(below),
        'authority .childrenOf(one.id, model.nowM',
      );
    }
    mustEqual(
      authority.sessionCount,
      known.filter((one) => !isOver(model, one)).length,
      'authority.sessionCount',
    );
  };

  return { look, compare, hear, restsOf, conclude };
}

/** The ids of sessions, in the order of ids. */
export const idsOf = (all: readonly { readonly id: SessionId }[]): readonly SessionId[] =>
  all.map(({ id }) => id).toSorted();
