import type { Authority, SessionEffect } from '@rta/authority';
import type { Clock, Timer } from '@rta/core';
import { SERVER_LIMITS } from '../limits.ts';
import type { PushWindow } from './push-window.ts';

/** Sessions that are looked at in one turn: decisions go on between turns. */
const SESSIONS_PER_TURN = 16;

/**
 * Rounds of the event loop from one turn to the next. In a round Node.js reads 32 datagrams of a socket at most, and
 * each push brings one or two, besides what else peers say. On a node that is short of processor time, one round a
 * turn reads less than comes: what is acknowledged waits unread, is sent again by both sides, and at last those are
 * cut off who did acknowledge. A round in which nothing came takes microseconds.
 */
const ROUNDS_PER_TURN = 8;

/** Tells agents what happened, a few at a time. What happened is in force before: this is about who knows. */
export interface Settlement {
  /** Something has happened: those whom it concerns are told from now on. */
  begin(): void;
  /** There may be room again for those who wait. */
  goOn(): void;
  /** Resolves when everybody who is connected was told. */
  settled(): Promise<void>;
}

/**
 * Makes the settlement of a node. It writes the first pushes at once, and goes on as agents and network are seen to
 * take them.
 *
 * @param onEffects given what there is to do, in order.
 * @param onSettled told when nobody is left to be told of anything.
 */
export function createSettlement(options: {
  readonly authority: Pick<Authority, 'settle' | 'isSettled'>;
  readonly clock: Clock;
  readonly window: Pick<PushWindow, 'room'>;
  readonly onEffects: (effects: readonly SessionEffect[]) => void;
  readonly onSettled: () => void;
}): Settlement {
  const { authority, clock, window, onEffects, onSettled } = options;
  let running: PromiseWithResolvers<void> | undefined;
  let next: 'turn' | Timer | undefined;

  const turn = (): void => {
    next = undefined;
    const count = Math.min(SESSIONS_PER_TURN, window.room());
    const effects = count > 0 ? authority.settle(clock.now(), count) : [];
    if (effects.length > 0) onEffects(effects);
    if (!authority.isSettled) return goOn();
    onSettled();
    running?.resolve();
    running = undefined;
  };

  /** In the next turn, or when there is room again. */
  const goOn = (): void => {
    if (running === undefined || next === 'turn') return;
    if (window.room() > 0) {
      next?.cancel();
      next = 'turn';
      afterRounds(ROUNDS_PER_TURN, turn);
    } else {
      next ??= clock.after(SERVER_LIMITS.pushWaitMs, turn);
    }
  };

  return {
    begin() {
      if (running !== undefined) return;
      running = Promise.withResolvers();
      turn();
    },
    goOn,
    settled: () => running?.promise ?? Promise.resolve(),
  };
}

/** Calls back when the event loop has gone round so often: what came meanwhile has been read first. */
function afterRounds(count: number, callback: () => void): void {
  setImmediate(() => (count > 1 ? afterRounds(count - 1, callback) : callback()));
}
