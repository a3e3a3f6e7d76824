import { randomUUID } from 'node:crypto';
import { type Clock, isRtaError, type RtaError } from '@rta/core';
import { storeError } from '@rta/store';
import { type HostAndPort, parseMove, parseRedisUrl, type RedisAddress } from './address.ts';
import { type Argument, type Connection, dialRedis } from './connection.ts';
import { redisStoreDiagnostics } from './diagnostics.ts';
import { redisStoreError } from './errors.ts';
import { examine, type Vouched } from './examination.ts';
import type { RedisStoreLimits } from './limits.ts';
import { type Link, openLink } from './link.ts';
import type { KeyNames } from './names.ts';
import { listOf, numberOf, textOf } from './reply.ts';
import { translated } from './reply-error.ts';
import { CHECK_FENCE, OPEN_FENCE } from './scripts/fence.ts';
import { SWEEP_EXPIRED } from './scripts/records.ts';
import type { Script } from './scripts/script.ts';

/** The layout of the keys; another one is not read. */
const FORMAT = '1';

/** What a script answered: how it went, and what it gave. */
export interface Answer {
  readonly status: string;
  readonly values: readonly unknown[];
}

/** Runs scripts, and keeps account of what Redis has acknowledged to this node: it must never know of less. */
export interface Ledger {
  readonly durable: boolean;
  /**
   * Runs a script; what it wrote is on as many replicas as were asked for when this resolves.
   *
   * @throws RtaError `RTA_STORE_LOST` from the moment on that Redis knows of less than it acknowledged;
   *   `RTA_STORE_UNAVAILABLE`, `RTA_STORE_FULL`, `RTA_STORE_REFUSED`, `RTA_STORE_UNSAFE`, `RTA_STORE_CLOSED`.
   */
  run(script: Script, keys: readonly string[], args: readonly Argument[]): Promise<Answer>;
  /** What the scripts need to sweep: ARGV[5] and ARGV[6] of those that write. */
  sweeping(): readonly [beforeMs: number, count: number];
  /** @throws RtaError `RTA_STORE_CLOSED`, `RTA_STORE_LOST` */
  checkOpen(): void;
  close(): Promise<void>;
}

/** What a ledger is opened with. */
export interface LedgerOptions {
  readonly address: RedisAddress;
  readonly names: KeyNames;
  readonly node: string;
  readonly clock: Clock;
  readonly limits: RedisStoreLimits;
  readonly vouched: Vouched;
  readonly requireDurable: boolean;
  readonly waitReplicas: number;
  readonly acceptLoss: string | undefined;
}

/** @throws RtaError as {@link Ledger.run} does. */
export async function openLedger(options: LedgerOptions): Promise<Ledger> {
  const { address, names, node, clock, limits, vouched, requireDurable, waitReplicas, acceptLoss } = options;
  const field = `w:${node}`;
  // What this loss is called, if this store is the one that finds it.
  const lossName = randomUUID();
  let epoch: string | undefined;
  let acknowledged = 0;
  let durable: boolean | undefined;
  let lost: RtaError | undefined;
  let closing: Promise<void> | undefined;
  let link: Link | undefined;

  const checkOpen = (): void => {
    if (closing !== undefined) throw storeError('RTA_STORE_CLOSED');
    if (lost !== undefined) throw lost;
  };

  const lose = (lossId: string): RtaError => {
    if (lost === undefined) {
      lost = redisStoreError('RTA_STORE_LOST', undefined, { details: { lossId } });
      redisStoreDiagnostics.publish({ kind: 'lost', node, lossId });
      // It does not come back: nothing more is asked of Redis.
      void link?.close(lost);
    }
    return lost;
  };

  /** Waits until enough replicas have what was written over the connection. */
  const confirm = async (connection: Connection): Promise<void> => {
    if (waitReplicas === 0) return;
    const replicas = await connection.awaitReplicas(waitReplicas);
    if (replicas >= waitReplicas) return;
    // Perhaps they follow another by now: whoever is the primary is found by connecting anew.
    connection.disconnect();
    throw storeError('RTA_STORE_UNAVAILABLE', 'too few replicas have the write', {
      details: { replicas, needed: waitReplicas },
    });
  };

  const runOver = async (
    connection: Connection,
    script: Script,
    keys: readonly string[],
    args: readonly Argument[],
  ): Promise<Answer> => {
    const all = [field, epoch ?? '', acknowledged, lossName, ...args];
    const reply = listOf(await connection.run(script, [names.fence, ...keys], all));
    const [status, count, ...values] = reply;
    if (status === 'lost') throw lose(textOf(values[0]));
    const written = numberOf(count);
    if (written > 0) {
      await confirm(connection);
      acknowledged = Math.max(acknowledged, written);
    }
    return { status: textOf(status), values };
  };

  /** The first connection opens the store; each later one finds out whether it is still the same. */
  const openFence = async (connection: Connection): Promise<void> => {
    const args = [field, FORMAT, randomUUID(), acceptLoss ?? ''];
    const [status, count, value] = listOf(await connection.run(OPEN_FENCE, [names.fence], args));
    if (status === 'lost') throw lose(textOf(value));
    if (status === 'format') {
      throw storeError('RTA_STORE_MALFORMED', `the keys have format ${textOf(value)}, not ${FORMAT}`);
    }
    await confirm(connection);
    epoch = textOf(value);
    acknowledged = numberOf(count);
  };

  /** Connects to what can keep the store, as far as it still is what it was. */
  const dialOnce = async (instead: HostAndPort | undefined, signal: AbortSignal): Promise<Connection> => {
    const connection = await dialRedis(address, instead, limits, signal);
    try {
      const nowDurable = await examine(connection, vouched);
      if ((requireDurable || durable === true) && !nowDurable) {
        throw redisStoreError(
          'RTA_STORE_UNSAFE',
          'Redis must have `appendonly yes` and `appendfsync always`',
        );
      }
      if (epoch === undefined) await openFence(connection);
      else await runOver(connection, CHECK_FENCE, [], []);
      durable ??= nowDurable;
      redisStoreDiagnostics.publish({ kind: 'connected', node, durable: nowDurable });
      return connection;
    } catch (error) {
      connection.disconnect();
      throw error;
    }
  };

  /** All keys are in one slot of a cluster: one node has them, and the others say which. */
  const dial = async (signal: AbortSignal): Promise<Connection> => {
    let instead: HostAndPort | undefined;
    for (let moves = 0; ; moves++) {
      try {
        return await dialOnce(instead, signal);
      } catch (error) {
        const { host } = instead ?? parseRedisUrl(address.url);
        instead = parseMove(String(translated(error).details['movedTo'] ?? ''), host);
        if (instead === undefined || moves === limits.moveCount) throw error;
      }
    }
  };

  link = await openLink({
    dial,
    clock,
    limits,
    onEnd: () => redisStoreDiagnostics.publish({ kind: 'disconnected', node }),
    onFailure: ({ code, message }) =>
      redisStoreDiagnostics.publish({ kind: 'unreachable', node, code, message }),
  });

  const opened = link;

  const sweeping = (): readonly [number, number] => [
    clock.now() - limits.clockToleranceMs,
    limits.sweepCount,
  ];

  return {
    durable: durable ?? false,
    sweeping,
    checkOpen,
    async run(script, keys, args) {
      checkOpen();
      const characters = args.reduce<number>((sum, argument) => sum + String(argument).length, 0);
      return opened.use(characters, async (connection) => {
        try {
          return await runOver(connection, script, keys, args);
        } catch (error) {
          if (!isRtaError(error, 'RTA_STORE_FULL')) throw error;
          // Nothing was written. What has expired makes room, perhaps.
          await runOver(connection, SWEEP_EXPIRED, names.expiring, sweeping());
          return runOver(connection, script, keys, args);
        }
      });
    },
    close() {
      closing ??= opened.close(storeError('RTA_STORE_CLOSED'));
      return closing;
    },
  };
}
