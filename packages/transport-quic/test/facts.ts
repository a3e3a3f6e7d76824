import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { onTestFinished } from 'vitest';
import type { QuicDiagnostic } from '../src/index.ts';

/** What listeners have published, in order. */
export type Facts = QuicDiagnostic[] & {
  /** Resolves when there is, or has been, a fact like this. */
  until(condition: (fact: QuicDiagnostic) => boolean): Promise<void>;
};

/** Notes what listeners publish until the test ends. */
export function listenToFacts(): Facts {
  const facts: QuicDiagnostic[] = [];
  const waiters: { condition: (fact: QuicDiagnostic) => boolean; resolve: () => void }[] = [];
  const note = (message: unknown): void => {
    const fact = message as QuicDiagnostic;
    facts.push(fact);
    for (const { condition, resolve } of waiters) if (condition(fact)) resolve();
  };
  subscribe('rta:transport-quic', note);
  onTestFinished(() => void unsubscribe('rta:transport-quic', note));
  return Object.assign(facts, {
    until: (condition: (fact: QuicDiagnostic) => boolean) =>
      new Promise<void>((resolve) => {
        if (facts.some(condition)) resolve();
        else waiters.push({ condition, resolve });
      }),
  });
}
