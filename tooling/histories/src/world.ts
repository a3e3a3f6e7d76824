import type { Grant, Session, SubjectSelector } from '@rta/authority';
import { isRtaError } from '@rta/core';
import { type Input, type Named, TENANTS } from './input.ts';
import type { Kept } from './kept.ts';
import { expectedOf, hasRoom, isLive, type Known, lastWords, type Model, sweep } from './model.ts';
import { must, mustEqual } from './must.ts';
import { createRandom } from './random.ts';
import { createWitness, idsOf } from './witness.ts';
import { CAUSE, IDP, idOf, T0 } from './words.ts';

/** A history as it happens, to an authority and to the model of it. */
export interface World {
  /** Lets something happen, and has the authority give the account of itself that it should. */
  act(input: Input): void | Promise<void>;
  /** Tells everybody everything, and compares all sessions. */
  conclude(): void;
}

const KEY = new Uint8Array(32);
/** How long a node is away: no token is made in the millisecond of one that was made before. */
const RESTART_MS = 1_000;
const EUR = (value: number): { readonly value: number; readonly currency: string } => ({
  value,
  currency: 'EUR',
});

/** Makes a world in which nothing has happened yet. */
export function createWorld(kept: Kept, suspendAtRisk: 'MEDIUM' | 'HIGH' | undefined): World {
  const known: Known[] = [];
  const model: Model = { known, signals: [], words: [], suspendAtRisk, nowMs: T0, policyRevision: 'r1' };

  const witness = createWitness(kept, model);
  const { look, compare, hear, restsOf } = witness;

  const add = (
    session: Session,
    parent: Known | undefined,
    parts: Pick<Known, 'scopes' | 'totals' | 'detached'>,
  ): Known => {
    const { id, subject, createdAtMs, expiresAtMs } = session;
    const one: Known = {
      ...parts,
      number: known.length,
      id,
      parent,
      subject,
      agent: session.actors.at(-1)?.id ?? '',
      openedAtMs: createdAtMs,
      expiresAtMs,
      permits: [],
      over: false,
      connection: undefined,
      awaySinceMs: undefined,
      missing: false,
      seen: { session, rests: '' },
      told: session,
      toldOver: false,
      dead: [],
    };
    known.push(one);
    one.seen = { session, rests: restsOf(one) };
    compare(one, session);
    kept.keep({ session }, model.nowMs);
    must(isLive(model, one), 'opens what may live');
    return one;
  };

  const selectorOf = (named: Named): SubjectSelector => {
    if (named === 'everyone') return { everyone: true };
    if ('nth' in named) return { session: { id: known[named.nth % known.length]?.id ?? idOf(0) } };
    if ('tenant' in named) return { tenant: { id: TENANTS[named.tenant], issuers: [IDP] } };
    const actor = named.agent === undefined ? {} : { actor: { id: named.agent } };
    return 'user' in named ? { user: { by: 'iss-sub', issuer: IDP, sub: named.user }, ...actor } : actor;
  };

  const open = (input: Input & { readonly kind: 'open' }): void => {
    const { user, agent, asked, totalCount } = input;
    const { nowMs } = model;
    const limits = limitsOf(asked);
    const grant: Grant = {
      scope: asked.scope,
      ...(limits === undefined ? {} : { details: [{ actions: ['*'], limits }] }),
    };
    const number = known.length + 1;
    const session = kept.authority.open(
      {
        id: idOf(number),
        subject: { issuer: IDP, sub: user, tenantId: TENANTS[user], signedInAtMs: nowMs + input.signedInMs },
        actor: { id: agent, keyThumbprint: `key-${number}` },
        publicKey: KEY,
        grant,
        expiresAtMs: nowMs + input.lifetimeMs,
        ...(totalCount === undefined ? {} : { budget: { totalCount } }),
      },
      nowMs,
    );
    const totals = {
      permits: totalCount ?? Infinity,
      count: asked.totalCount ?? Infinity,
      amount: asked.totalAmount,
    };
    add(session, undefined, { scopes: [asked.scope], totals, detached: false });
  };

  const delegate = (from: Known, input: Input & { readonly kind: 'delegate' }): void => {
    const { agent, scope, detached, totalCount } = input;
    const { authority } = kept;
    const { nowMs } = model;
    let parent = from;
    for (let step = 0; step < input.length; step++) {
      const number = known.length + 1;
      const above = authority.get(parent.id, nowMs)?.grant;
      const details = above?.details === undefined ? {} : { details: above.details };
      const asked = {
        id: idOf(number),
        actor: { id: agent, keyThumbprint: `key-${number}` },
        publicKey: KEY,
        ...(scope === undefined ? {} : { grant: { scope, ...details } }),
        expiresAtMs: nowMs + input.lifetimeMs,
        detached,
        ...(totalCount === undefined ? {} : { budget: { totalCount } }),
      };
      const mayAtAll = isLive(model, parent) && !expectedOf(model, parent).suspended;
      const session = authority.delegate(parent.id, asked, nowMs);
      must(mayAtAll, 'delegates only what lives, and is not suspended');
      must(session.depth <= 10, 'session.depth');
      must(session.expiresAtMs <= parent.expiresAtMs, 'session.expiresAtMs');
      // What its parent lacks now, it does not get later.
      const scopes = [scope ?? above?.scope ?? [], above?.scope ?? []];
      const { count, amount } = parent.totals;
      parent = add(session, parent, {
        scopes,
        totals: { permits: totalCount ?? Infinity, count, amount },
        detached,
      });
    }
  };

  const restart = async (order: number): Promise<void> => {
    // The effects that nobody took are lost: who comes back learns how things stand.
    const random = createRandom(order);
    const shuffle = <T>(all: readonly T[]): readonly T[] =>
      all
        .map((one) => ({ one, at: random.below(1_000_000) }))
        .sort((a, b) => a.at - b.at)
        .map(({ one }) => one);
    model.nowMs += RESTART_MS;
    const before = known.filter((one) => isLive(model, one));
    await kept.restore(model.nowMs, model.policyRevision, shuffle);
    comeBack(before);
  };

  const comeBack = (before: readonly Known[]): void => {
    for (const one of known) {
      one.connection = undefined;
      one.missing = false;
      one.awaySinceMs = undefined;
      if (!before.includes(one)) {
        one.over = true;
        one.toldOver = true;
        continue;
      }
      one.awaySinceMs = model.nowMs;
      one.dead.push(one.seen.session.token, one.told.token);
      const session = kept.authority.get(one.id, model.nowMs);
      must(session !== undefined, 'goes on');
      if (session === undefined) continue;
      must(session.generation > one.seen.session.generation, 'session.generation');
      one.told = session;
      one.seen = { session, rests: restsOf(one) };
    }
  };

  const bind = (one: Known, connection: string): void => {
    const { session, effects } = kept.authority.bind(one.id, { connection }, model.nowMs);
    kept.bound(session, model.nowMs);
    const left = one.connection === undefined || one.connection === connection ? [] : [one.connection];
    mustEqual(
      effects.map((effect) => effect.kind === 'displaced' && effect.connection),
      left,
      'effects.map((effect) => effect.kind === ',
    );
    one.connection = connection;
    one.awaySinceMs = undefined;
    one.missing = false;
  };

  const release = (connection: string): void => {
    const released = kept.authority.release(connection, model.nowMs).map(({ id }) => id);
    const held = known.filter((one) => one.connection === connection && !one.toldOver);
    mustEqual(released.toSorted(), idsOf(held.filter((one) => isLive(model, one))), 'released.toSorted()');
    for (const one of held) {
      one.connection = undefined;
      if (isLive(model, one)) one.awaySinceMs = model.nowMs;
    }
  };

  const wait = (durationMs: number): void => {
    const { nowMs } = model;
    // A clock that is set back over the end of a session would leave open whether that is over.
    const isUnclear = known.some(
      ({ expiresAtMs }) => durationMs < 0 && nowMs >= expiresAtMs && nowMs + durationMs < expiresAtMs,
    );
    if (isUnclear) return;
    model.nowMs += durationMs;
    kept.authority.expire(model.nowMs);
    sweep(model);
  };

  const signal = (input: Input & { readonly kind: 'signal' }): void => {
    const number = `${model.signals.length}`.padStart(3, '0');
    const happened = {
      id: `signal-${number}`,
      source: { issuer: input.source, id: number },
      subject: selectorOf(input.named),
      change: input.change,
      occurredAtMs: model.nowMs - input.agoMs,
      receivedAtMs: model.nowMs,
    };
    kept.authority.apply(happened, model.nowMs);
    kept.keep({ signal: happened }, model.nowMs);
    model.signals.push(happened);
    model.words = lastWords(model.signals);
  };

  const spend = (one: Known, amount: number | undefined): void => {
    if (!isLive(model, one)) return;
    const asked = {
      action: 'files.read',
      resourceId: '/a',
      amount: amount === undefined ? undefined : EUR(amount),
    };
    const isSpent = kept.authority.spend(one.id, asked);
    // I6: what a session may spend, it and those below it spend together.
    mustEqual(isSpent, hasRoom(model, one, amount), 'spends where there is room');
    if (!isSpent) return;
    one.permits.push(amount ?? 0);
    kept.spent(model.nowMs);
  };

  const perform = (input: Input): void | Promise<void> => {
    const { authority } = kept;
    if ('nth' in input) {
      const one = nthOf(input.nth);
      return one === undefined ? undefined : performOn(one, input);
    }
    switch (input.kind) {
      case 'open':
        return open(input);
      case 'release':
        return release(input.connection);
      case 'signal':
        return signal(input);
      case 'policy':
        authority.setPolicyRevision(input.revision, CAUSE);
        model.policyRevision = input.revision;
        return;
      case 'remint':
        authority.remint(CAUSE);
        for (const each of known) each.dead.push(each.seen.session.token);
        return;
      case 'wait':
        return wait(input.durationMs);
      case 'settle':
        return hear(authority.settle(model.nowMs, input.maxCount));
      case 'restart':
        return restart(input.order);
    }
  };

  const performOn = (one: Known, input: Extract<Input, { readonly nth: number }>): void => {
    const { authority } = kept;
    const { nowMs, signals } = model;
    switch (input.kind) {
      case 'delegate':
        return delegate(one, input);
      case 'bind':
        return bind(one, input.connection);
      case 'spend':
        return spend(one, input.amount);
      case 'narrow': {
        const { details } = authority.live(one.id, nowMs).ownGrant;
        const to = { scope: input.scope, ...(details === undefined ? {} : { details }) };
        const session = authority.narrow(one.id, to, CAUSE, nowMs);
        kept.keep({ session }, nowMs);
        one.scopes.push(input.scope);
        return;
      }
      case 'end':
        authority.end(one.id, CAUSE);
        kept.keep({ ended: one.id }, nowMs);
        one.over = true;
        return;
      case 'ask':
        return look(one);
      case 'repeat': {
        const again = signals[input.nth % Math.max(1, signals.length)];
        if (again === undefined) return;
        authority.apply(again, nowMs);
        kept.keep({ signal: again }, nowMs);
        return;
      }
    }
  };

  const nthOf = (nth: number): Known | undefined => known[nth % Math.max(1, known.length)];

  const checkRefusal = (code: string, input: Input): void => {
    const one = 'nth' in input ? nthOf(input.nth) : undefined;
    // A chain may have begun, and been refused further down.
    if (one === undefined || input.kind === 'delegate' || input.kind === 'end') return;
    const isGone = code === 'RTA_AUTHORITY_SESSION_ENDED' || code === 'RTA_AUTHORITY_SESSION_UNKNOWN';
    mustEqual(isGone, !isLive(model, one), 'is refused as over where it is');
  };

  return {
    act(input) {
      try {
        return perform(input);
      } catch (error) {
        // What is refused has changed nothing: the next look would find out.
        if (!isRtaError(error)) throw error;
        checkRefusal(error.code, input);
      }
    },
    conclude: witness.conclude,
  };
}

function limitsOf({
  totalCount,
  totalAmount,
}: {
  readonly totalCount?: number;
  readonly totalAmount?: number;
}) {
  if (totalCount === undefined && totalAmount === undefined) return undefined;
  return {
    ...(totalCount === undefined ? {} : { totalCount }),
    ...(totalAmount === undefined ? {} : { totalAmount, currency: 'EUR' }),
  };
}
