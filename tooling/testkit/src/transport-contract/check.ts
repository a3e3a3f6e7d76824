import assert from 'node:assert/strict';
import { isRtaError } from '@rta/core';
import type { TransportConnection, TransportErrorCode, TransportLimits } from '@rta/transport';

/** A connection, both ends in this process. */
export interface TransportContractPair {
  readonly client: TransportConnection;
  readonly server: TransportConnection;
  /** Closes both ends, and whatever was opened for them. */
  close(): Promise<void>;
}

/** The transport that the suite is run against. */
export interface TransportContractEnv {
  readonly name: string;
  /** Opens a connection whose ends both have these limits, and the defaults for the rest. */
  open(limits?: Partial<TransportLimits>): Promise<TransportContractPair>;
  /** Milliseconds after which something that has not happened counts as not happening; 5000 by default. */
  readonly patienceMs?: number;
}

/** One promise of the port, and how to see that a transport keeps it. */
export interface TransportCheck {
  /** The promise, as a sentence. */
  readonly name: string;
  /** Rejects where the promise is broken. */
  run(env: TransportContractEnv): Promise<void>;
}

const DEFAULT_PATIENCE_MS = 5_000;

/** Makes a check that opens a connection and closes it, whatever becomes of the check. */
export function transportCheck(
  name: string,
  look: (pair: TransportContractPair) => Promise<void>,
  limits?: Partial<TransportLimits>,
): TransportCheck {
  return {
    name,
    async run(env) {
      const patienceMs = env.patienceMs ?? DEFAULT_PATIENCE_MS;
      const pair = await within(patienceMs, 'a connection opens', env.open(limits));
      try {
        await within(patienceMs, name, look(pair));
      } finally {
        await within(patienceMs, 'the ends close', pair.close());
      }
    },
  };
}

/** Runs an action that must fail with this code. */
export function assertThrows(code: TransportErrorCode, action: () => unknown): void {
  assert.throws(action, (error) => {
    assert.ok(isRtaError(error), `not an RtaError: ${String(error)}`);
    assert.equal(error.code, code);
    return true;
  });
}

/** Gives the event loop some turns, so that what is under way within this process arrives. */
export async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

async function within<Value>(patienceMs: number, what: string, promise: Promise<Value>): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new assert.AssertionError({ message: `waited in vain: ${what}` })),
      patienceMs,
    );
  });
  try {
    return await Promise.race([promise, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
