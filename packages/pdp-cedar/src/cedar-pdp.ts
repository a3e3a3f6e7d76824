import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Clock, isRtaError, type RtaError, systemClock } from '@rta/core';
import {
  type AccessRequest,
  closedDecision,
  createChangeFeed,
  type Decision,
  type EvaluateOptions,
  type PolicyDecisionPoint,
  timedOutDecision,
} from '@rta/pdp';
import type { CedarSource } from './cedar-source.ts';
import { decideBy } from './decide.ts';
import { cedarDiagnostics } from './diagnostics.ts';
import { openPolicyKeeper } from './engine.ts';
import { pdpCedarError } from './errors.ts';
import { PDP_CEDAR_LIMITS } from './limits.ts';
import { acceptFiles } from './policy-files.ts';
import { compilePolicySet } from './policy-set.ts';
import { createReloader } from './reloader.ts';

/** Settings of {@link createCedarPdp}. */
export interface CedarPdpOptions {
  readonly source: CedarSource;
  /** Entity type of actions, e.g. `RTA::Action`; `Action` by default. */
  readonly actionType?: string;
  readonly clock?: Clock;
}

/** Cedar as a PDP in this process; it answers at once. */
export interface CedarPdp extends PolicyDecisionPoint {
  evaluate(request: AccessRequest, options?: EvaluateOptions): Decision;
  /**
   * Loads the policies again, now. They are taken as a whole or refused as a whole, and those who watch hear of it.
   *
   * @throws RtaError what {@link createCedarPdp} throws, where the policies are refused: the old ones stay in force;
   *   `RTA_PDP_CEDAR_CLOSED`
   */
  reload(): Promise<void>;
}

/** Policies in force, and how to get rid of them. */
interface InForce {
  readonly revision: string;
  decide(request: AccessRequest): Decision;
  /** Whether the engine answers at all. */
  answers(): boolean;
  release(): void;
}

/**
 * Opens a PDP that evaluates Cedar policies in this process.
 *
 * Policies and schema are read, validated and prepared before the first answer, and again whenever the source
 * changes; an answer is always by one complete set, whose revision it bears. A set with a fault is refused, and the
 * one in force stays.
 *
 * @example
 * ```ts
 * const pdp = await createCedarPdp({ source: cedarFolder('policies') });
 * pdp.evaluate({
 *   subject: { type: 'User', id: 'alice' },
 *   action: { name: 'files.read' },
 *   resource: { type: 'File', id: 'reports/q3.txt' },
 * });
 * ```
 * @throws RtaError `RTA_PDP_CEDAR_SOURCE`, `_LIMIT`, `_POLICY`, `_DUPLICATE`, `_SCHEMA`, `_VALIDATION` or `_ENGINE`,
 *   whose message begins with file, line and column where there is one.
 * @throws TypeError where `actionType` is not the name of a type of actions.
 */
export async function createCedarPdp(options: CedarPdpOptions): Promise<CedarPdp> {
  const { source, actionType = 'Action', clock = systemClock } = options;
  if (!/^(?:[A-Za-z_]\w*::)*Action$/.test(actionType)) {
    throw new TypeError('actionType must be Action, or end in ::Action');
  }
  const keeper = openPolicyKeeper();
  const feed = createChangeFeed();
  let closed = false;
  let inForce: InForce | undefined;
  let refused: { readonly revision: string | undefined; readonly error: RtaError } | undefined;

  const refuse = (revision: string | undefined, thrown: unknown): RtaError => {
    const error = isRtaError(thrown)
      ? thrown
      : pdpCedarError('RTA_PDP_CEDAR_SOURCE', undefined, { cause: thrown });
    const isNews = refused?.error.message !== error.message;
    refused = { revision, error };
    if (!isNews) return error;
    const { code, message } = error;
    cedarDiagnostics.publish({
      kind: 'refused',
      source: source.name,
      revision: inForce?.revision,
      code,
      message,
    });
    if (inForce !== undefined) feed.emit({ kind: 'refused', revision: inForce.revision, error });
    return error;
  };

  const load = async (): Promise<void> => {
    let revision: string | undefined;
    try {
      const files = acceptFiles(await source.read());
      revision = files.revision;
      if (revision === inForce?.revision) {
        refused = undefined;
        return;
      }
      // What was refused once is refused again, without reading it all again.
      if (refused !== undefined && refused.revision === revision) throw refused.error;
      const set = await compilePolicySet(files, actionType);
      if (closed) throw pdpCedarError('RTA_PDP_CEDAR_CLOSED');
      const texts = new Map([...set.policies].map(([id, { text }]) => [id, text]));
      const prepared = keeper.prepare({ policies: texts, schema: set.schema?.text });
      const replaced = inForce;
      inForce = { revision, decide: decideBy(set, prepared, actionType), ...prepared };
      refused = undefined;
      replaced?.release();
      const { policies, warnings } = set;
      cedarDiagnostics.publish({
        kind: 'loaded',
        source: source.name,
        revision,
        policies: policies.size,
        warnings,
      });
      if (replaced !== undefined) feed.emit({ kind: 'policy', revision });
    } catch (error) {
      throw closed ? pdpCedarError('RTA_PDP_CEDAR_CLOSED') : refuse(revision, error);
    }
  };

  const revisionNow = (): string => inForce?.revision ?? 'cedar:none';
  const evaluate = (request: AccessRequest, { signal }: EvaluateOptions = {}): Decision => {
    if (closed || inForce === undefined) return closedDecision(revisionNow());
    if (signal?.aborted === true) return timedOutDecision(inForce.revision);
    return inForce.decide(request);
  };

  const reloader = createReloader(source, clock, load);
  const pdp: CedarPdp = {
    name: `cedar (${source.name})`,
    features: {
      synchronous: true,
      deterministic: true,
      watch: source.watch !== undefined,
      reasons: true,
      obligations: true,
    },
    get revision() {
      return revisionNow();
    },
    evaluate,
    async evaluateMany(requests, evaluateOptions) {
      const decisions: Decision[] = [];
      let turnStartMs = clock.monotonicMs();
      for (const request of requests) {
        // A loop that is held up is a revocation that waits.
        if (clock.monotonicMs() - turnStartMs >= PDP_CEDAR_LIMITS.maxTurnMs) {
          await nextTurn();
          turnStartMs = clock.monotonicMs();
        }
        decisions.push(evaluate(request, evaluateOptions));
      }
      return decisions;
    },
    watch: (onChange) => feed.watch(onChange),
    async reload() {
      if (closed) throw pdpCedarError('RTA_PDP_CEDAR_CLOSED');
      await reloader.reload();
    },
    async health() {
      if (closed || inForce === undefined) return { status: 'down', detail: 'RTA_PDP_CLOSED' };
      if (!inForce.answers()) return { status: 'down', detail: 'RTA_PDP_CEDAR_ENGINE' };
      return refused === undefined
        ? { status: 'up' }
        : { status: 'up', detail: `newer policies are refused: ${refused.error.message}` };
    },
    close() {
      if (!closed) {
        closed = true;
        reloader.close();
        feed.close();
        inForce?.release();
      }
      return Promise.resolve();
    },
    [Symbol.asyncDispose]: () => pdp.close(),
  };

  try {
    await reloader.reload();
  } catch (error) {
    await pdp.close();
    throw error;
  }
  return pdp;
}
