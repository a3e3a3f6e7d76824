import { describe, expect, it } from 'vitest';
import { ALICE, CAUSE, COPILOT, HOUR_MS, idOf, mint, T0 } from '../test/fixture.ts';
import { openSession, type Session, type SessionInput, type SessionSeed, step } from './session.ts';

const SEED: SessionSeed = {
  id: idOf(1),
  parent: undefined,
  depth: 0,
  subject: ALICE,
  actors: [COPILOT],
  publicKey: new Uint8Array(32),
  certificateThumbprint: undefined,
  createdAtMs: T0,
  expiresAtMs: T0 + HOUR_MS,
  ownGrant: { scope: ['files.*', 'mail.send'] },
  inheritedGrant: undefined,
  attributes: {},
  policyRevision: 'r1',
};
const OPEN = openSession(SEED, mint);
const after = (session: Session, ...inputs: readonly SessionInput[]): Session =>
  inputs.reduce((current, input) => step(current, input, T0 + 1, mint).session, session);

const BIND: SessionInput = { kind: 'bind', connection: 'c1' };
const MOVE: SessionInput = { kind: 'bind', connection: 'c2' };
const RELEASE: SessionInput = { kind: 'release', connection: 'c1' };
const RISE: SessionInput = { kind: 'change', to: { attributes: { riskLevel: 'HIGH' } }, cause: CAUSE };
const NO_CHANGE: SessionInput = { kind: 'change', to: { attributes: {} }, cause: CAUSE };
const END: SessionInput = { kind: 'end', cause: CAUSE };

const BOUND = after(OPEN, BIND);
const ENDED = after(BOUND, END);

describe('openSession', () => {
  it('makes the first generation, active, unbound, with a token of its own time', () => {
    const { generation, state, connection, issuedAtMs } = OPEN;
    expect({ generation, state, connection, issuedAtMs }).toEqual({
      generation: 1,
      state: 'active',
      connection: undefined,
      issuedAtMs: T0,
    });
    expect(OPEN.token).toEqual(mint(idOf(1), OPEN.contextHash, T0));
  });

  it('reaches what it was granted, in normal form', () => {
    const scope = ['b', 'a', 'a'];
    expect(openSession({ ...SEED, ownGrant: { scope } }, mint).grant).toEqual({ scope: ['a', 'b'] });
  });

  it('reaches no more than its ancestors do [I6]', () => {
    const inheritedGrant = { scope: ['files.read', 'calendar.*'] };
    expect(openSession({ ...SEED, inheritedGrant }, mint).grant).toEqual({ scope: ['files.read'] });
  });
});

describe('step', () => {
  // Every state and every input: the effects, and what the next state is.
  it.each<[string, Session, SessionInput, readonly string[], Partial<Session>]>([
    ['unbound, bind', OPEN, BIND, [], { connection: 'c1', generation: 1 }],
    ['unbound, release', OPEN, RELEASE, [], { connection: undefined, generation: 1 }],
    ['unbound, change', OPEN, RISE, ['changed'], { connection: undefined, generation: 2 }],
    ['unbound, no change', OPEN, NO_CHANGE, [], { connection: undefined, generation: 1 }],
    ['unbound, end', OPEN, END, ['ended'], { state: 'ended', generation: 2 }],
    ['bound, bind again', BOUND, BIND, [], { connection: 'c1', generation: 1 }],
    ['bound, bind elsewhere', BOUND, MOVE, ['displaced'], { connection: 'c2', generation: 1 }],
    ['bound, release', BOUND, RELEASE, [], { connection: undefined, generation: 1 }],
    ['bound, change', BOUND, RISE, ['changed'], { connection: 'c1', generation: 2 }],
    ['bound, no change', BOUND, NO_CHANGE, [], { connection: 'c1', generation: 1 }],
    ['bound, end', BOUND, END, ['ended'], { state: 'ended', connection: 'c1', generation: 2 }],
    ['moved, release of the old one', after(BOUND, MOVE), RELEASE, [], { connection: 'c2', generation: 1 }],
    ['ended, bind', ENDED, MOVE, [], { state: 'ended', connection: 'c1', generation: 2 }],
    ['ended, release', ENDED, RELEASE, [], { state: 'ended', connection: 'c1', generation: 2 }],
    ['ended, change', ENDED, RISE, [], { state: 'ended', attributes: {}, generation: 2 }],
    ['ended, no change', ENDED, NO_CHANGE, [], { state: 'ended', generation: 2 }],
    ['ended, end', ENDED, END, [], { state: 'ended', generation: 2 }],
  ])('%s', (_, session, input, effects, expected) => {
    const next = step(session, input, T0 + 1, mint);
    expect(next.effects.map(({ kind }) => kind)).toEqual(effects);
    expect(next.session).toMatchObject(expected);
    for (const effect of next.effects) expect(effect.session).toBe(next.session);
  });

  it('names the connection that was left', () => {
    expect(step(BOUND, MOVE, T0, mint).effects).toMatchObject([{ kind: 'displaced', connection: 'c1' }]);
  });

  it('never changes a state in place', () => {
    const before = structuredClone(BOUND);
    for (const input of [BIND, MOVE, RELEASE, RISE, NO_CHANGE, END]) step(BOUND, input, T0 + 1, mint);
    expect(BOUND).toEqual(before);
  });

  it('makes another token with every change of context [I4]', () => {
    const changed = after(BOUND, RISE);
    expect(changed.token).toEqual(mint(idOf(1), changed.contextHash, T0 + 1));
    expect(changed.contextHash).not.toEqual(BOUND.contextHash);
  });

  it.each([
    ['the clock has not moved', T0],
    ['the clock was set back', T0 - HOUR_MS],
  ])('makes another token also for a context that comes back, where %s [I4]', (_, nowMs) => {
    const risen = step(OPEN, RISE, nowMs, mint).session;
    const back = step(risen, NO_CHANGE, nowMs, mint).session;
    expect(back.contextHash).toEqual(OPEN.contextHash);
    expect(back.token).not.toEqual(OPEN.token);
    expect([risen.issuedAtMs, back.issuedAtMs]).toEqual([T0 + 1, T0 + 2]);
    expect(back.generation).toBe(3);
  });

  it.each<[string, SessionInput & { readonly kind: 'change' }]>([
    ['its own grant', { kind: 'change', to: { ownGrant: { scope: ['files.*'] } }, cause: CAUSE }],
    ['its inherited grant', { kind: 'change', to: { inheritedGrant: { scope: ['files.*'] } }, cause: CAUSE }],
  ])('cuts its rights with %s [I6]', (_, input) => {
    expect(step(OPEN, input, T0 + 1, mint).session.grant).toEqual({ scope: ['files.*'] });
  });

  it('keeps its rights where they are not what changes', () => {
    expect(after(OPEN, RISE).grant).toBe(OPEN.grant);
  });

  it('remembers what it inherits also where that changes nothing now', () => {
    const to = { inheritedGrant: { scope: ['*'] } };
    const { session, effects } = step(OPEN, { kind: 'change', to, cause: CAUSE }, T0 + 1, mint);
    expect(effects).toEqual([]);
    expect(session.inheritedGrant).toEqual({ scope: ['*'] });
    expect(session.token).toBe(OPEN.token);
  });
});
