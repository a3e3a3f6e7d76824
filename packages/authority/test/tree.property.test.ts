import { fc, test as propertyTest } from '@fast-check/vitest';
import { isRtaError, type SessionId } from '@rta/core';
import { expect, test, vi } from 'vitest';
import { type Authority, covers, type Grant, type Session, type Signal, type Subject } from '../src/index.ts';
import { AUTHORITY_LIMITS } from '../src/limits.ts';
import {
  CAUSE,
  COPILOT,
  createTestAuthority,
  device,
  IDP,
  idOf,
  MAILER,
  REVOKED,
  risk,
  T0,
} from './fixture.ts';

// Rights must shrink downwards in a tree of any depth, so that it is tried in deeper ones than are allowed today.
vi.mock(import('../src/limits.ts'), async (original) => {
  const { AUTHORITY_LIMITS } = await original();
  const deep = { maxDelegationDepth: 3 };
  return { AUTHORITY_LIMITS: { ...AUTHORITY_LIMITS, ...deep } as unknown as typeof AUTHORITY_LIMITS };
});

const CONNECTIONS = ['c1', 'c2', 'c3'];
const USERS = ['alice', 'bob'];
const QUESTIONS = ['files.read', 'files.write', 'mail.send'].flatMap((action) =>
  ['/a', '/b'].map((resource) => [action, resource] as const),
);

const pattern = fc.constantFrom('*', '*', 'files.*', 'files.read', 'files.write', 'mail.*', 'mail.send');
const grant: fc.Arbitrary<Grant> = fc.record(
  {
    scope: fc.array(pattern, { minLength: 1, maxLength: 3 }),
    details: fc.array(
      fc.record(
        {
          actions: fc.array(pattern, { minLength: 1, maxLength: 2 }),
          locations: fc.array(fc.constantFrom('*', '/a', '/b'), { minLength: 1, maxLength: 2 }),
        },
        { requiredKeys: ['actions'], noNullPrototype: true },
      ),
      { minLength: 1, maxLength: 2 },
    ),
  },
  { requiredKeys: ['scope'], noNullPrototype: true },
);
const nth = fc.nat({ max: 20 });
const connection = fc.constantFrom(...CONNECTIONS);
/** What a client shows of itself, if anything. */
const certificate = fc.constantFrom(undefined, undefined, 0xc1, 0xc2);
const thumbprintOf = (shown: number | undefined): Uint8Array | undefined =>
  shown === undefined ? undefined : new Uint8Array(32).fill(shown);
/** Around the present: before, at the same time, after. */
const offsetMs = fc.integer({ min: -3, max: 3 });
const lifetimeMs = fc.constantFrom(2, 2_000, 100_000);
const sessions = [
  fc.record({
    kind: fc.constant('open'),
    user: fc.constantFrom(...USERS),
    certificate,
    grant,
    offsetMs,
    lifetimeMs,
  }),
  fc.record({ kind: fc.constant('delegate'), nth, grant, lifetimeMs }),
  fc.record({
    kind: fc.constant('bind'),
    nth,
    connection,
    certificate,
    // Against a challenge of now, or at a time of its own.
    provenMs: fc.constantFrom(undefined, undefined, -1_000, -1, 0, 1_000),
  }),
] as const;
const input = fc.oneof(
  // Trees are built more often than they are felled, so that there is something to fell.
  ...sessions,
  ...sessions,
  ...sessions,
  fc.record({ kind: fc.constant('release'), connection }),
  fc.record({ kind: fc.constant('narrow'), nth, grant }),
  fc.record({ kind: fc.constant('end'), nth }),
  fc.record({
    kind: fc.constant('signal'),
    user: fc.constantFrom(...USERS),
    change: fc.constantFrom(REVOKED, risk('LOW'), risk('HIGH'), device('compliant'), device('not-compliant')),
    source: fc.constantFrom(IDP, 'https://mdm.example'),
    offsetMs,
  }),
  fc.record({ kind: fc.constant('policy'), revision: fc.constantFrom('r1', 'r2') }),
  fc.record({ kind: fc.constant('wait'), durationMs: fc.constantFrom(-1, 1, 1_000, 3_000) }),
);
const rights = (session: Session): readonly boolean[] =>
  QUESTIONS.map(([action, resource]) => covers(session.grant, action, resource));

type Input = typeof input extends fc.Arbitrary<infer T> ? T : never;

/** What is known of one session without looking at the authority. */
interface Known {
  readonly id: SessionId;
  readonly parent: Known | undefined;
  readonly subject: Subject;
  readonly expiresAtMs: number;
  /** Each is a limit on its own rights: what was asked for, and what it was narrowed to. */
  readonly limits: Grant[];
  /** What it was opened with. */
  readonly certificate: number | undefined;
  connection: string | undefined;
  boundAtMs: number;
  ended: boolean;
  latest: Session;
  readonly oldTokens: Uint8Array[];
}

/** The same world, kept in the most simple-minded way: every answer is worked out from all that happened. */
function createWorld(): { act(input: Input): void; verify(): void } {
  const authority: Authority = createTestAuthority();
  const known: Known[] = [];
  const signals: Signal[] = [];
  let nowMs = T0;
  let policyRevision = 'r1';

  const expectedRights = (one: Known): readonly boolean[] =>
    QUESTIONS.map(
      ([action, resource]) =>
        one.limits.every((limit) => covers(limit, action, resource)) &&
        (one.parent === undefined || covers(one.parent.latest.grant, action, resource)),
    );
  const isOver = (one: Known): boolean => one.ended || (one.parent !== undefined && isOver(one.parent));

  const expectedAttributes = ({ sub }: Subject): unknown => {
    /** The last word of every source, then the worst of them. */
    const levels = (kind: 'risk-level-change' | 'device-compliance-change', order: readonly string[]) => {
      const last = new Map<string, { readonly level: number; readonly signal: Signal }>();
      for (const signal of signals) {
        const { change, subject, source } = signal;
        if (change.kind !== kind || subject.user?.by !== 'iss-sub' || subject.user.sub !== sub) continue;
        const level = order.indexOf(change.current);
        const before = last.get(source.issuer);
        const lead =
          before === undefined
            ? 1
            : signal.occurredAtMs - before.signal.occurredAtMs ||
              signal.receivedAtMs - before.signal.receivedAtMs ||
              level - before.level;
        if (lead > 0) last.set(source.issuer, { level, signal });
      }
      return last.size === 0 ? undefined : Math.max(...[...last.values()].map(({ level }) => level));
    };
    const risen = levels('risk-level-change', ['LOW', 'MEDIUM', 'HIGH']);
    const failing = levels('device-compliance-change', ['compliant', 'not-compliant']);
    return {
      ...(risen === undefined ? {} : { riskLevel: ['LOW', 'MEDIUM', 'HIGH'][risen] }),
      ...(failing === undefined ? {} : { deviceCompliant: failing === 0 }),
    };
  };

  const add = (
    session: Session,
    parent: Known | undefined,
    asked: Grant,
    shown: number | undefined,
  ): void => {
    // What its parent lacks now, it does not get later.
    const limits = parent === undefined ? [asked] : [asked, parent.latest.grant];
    known.push({
      id: session.id,
      parent,
      subject: session.subject,
      expiresAtMs: session.expiresAtMs,
      limits,
      certificate: shown,
      connection: undefined,
      boundAtMs: 0,
      ended: false,
      latest: session,
      oldTokens: [],
    });
  };

  const bind = (one: Known, what: Input & { readonly kind: 'bind' }): void => {
    const provenAtMs = what.provenMs === undefined ? undefined : nowMs + what.provenMs;
    const hasCertificate = one.certificate === undefined || one.certificate === what.certificate;
    const isNewest = provenAtMs === undefined || provenAtMs >= one.boundAtMs;
    try {
      const certificateThumbprint = thumbprintOf(what.certificate);
      authority.bind(one.id, { connection: what.connection, certificateThumbprint, provenAtMs }, nowMs);
    } catch (error) {
      const lives = !isOver(one) && nowMs < one.expiresAtMs;
      expect(lives && hasCertificate && isNewest, 'is refused for a reason').toBe(false);
      throw error;
    }
    expect([hasCertificate, isNewest]).toEqual([true, true]);
    one.connection = what.connection;
    one.boundAtMs = Math.max(nowMs, provenAtMs ?? nowMs);
  };

  const perform = (what: Input): void => {
    const one = 'nth' in what ? known[what.nth % Math.max(1, known.length)] : undefined;
    if ('nth' in what && one === undefined) return;
    const id = one?.id ?? idOf(0);
    switch (what.kind) {
      case 'open': {
        const subject: Subject = { issuer: IDP, sub: what.user, signedInAtMs: nowMs + what.offsetMs };
        const expiresAtMs = nowMs + what.lifetimeMs;
        const next = idOf(known.length + 1);
        const asked = { id: next, subject, actor: COPILOT, publicKey: new Uint8Array(32), expiresAtMs };
        const certificateThumbprint = thumbprintOf(what.certificate);
        const session = authority.open({ ...asked, certificateThumbprint, grant: what.grant }, nowMs);
        add(session, undefined, what.grant, what.certificate);
        // A sign-in that was revoked opens nothing.
        expect(signals.some((signal) => cutsOff(signal, subject))).toBe(false);
        break;
      }
      case 'delegate': {
        const asked = { id: idOf(known.length + 1), actor: MAILER, publicKey: new Uint8Array(32) };
        const expiresAtMs = nowMs + what.lifetimeMs;
        const child = authority.delegate(id, { ...asked, grant: what.grant, expiresAtMs }, nowMs);
        expect(child.expiresAtMs).toBeLessThanOrEqual(one?.expiresAtMs ?? 0);
        expect(child.depth).toBeLessThanOrEqual(AUTHORITY_LIMITS.maxDelegationDepth);
        add(child, one, what.grant, undefined);
        break;
      }
      case 'bind':
        if (one !== undefined) bind(one, what);
        break;
      case 'release':
        authority.release(what.connection, nowMs);
        for (const each of known) if (each.connection === what.connection) each.connection = undefined;
        break;
      case 'narrow':
        authority.narrow(id, what.grant, CAUSE, nowMs);
        one?.limits.push(what.grant);
        break;
      case 'end':
        authority.end(id, CAUSE, nowMs);
        if (one !== undefined) one.ended = true;
        break;
      case 'signal': {
        const signal: Signal = {
          id: `signal-${signals.length}`,
          source: { issuer: what.source, id: `${signals.length}` },
          subject: { user: { by: 'iss-sub', issuer: IDP, sub: what.user } },
          change: what.change,
          occurredAtMs: Math.min(nowMs, nowMs + what.offsetMs),
          receivedAtMs: nowMs,
        };
        authority.apply(signal, nowMs);
        signals.push(signal);
        for (const each of known) if (cutsOff(signal, each.subject)) each.ended = true;
        // None of the signals so far says anything new.
        const before = known.map((each) => authority.get(each.id)?.token);
        for (const again of signals) expect(authority.apply(again, nowMs)).toEqual([]);
        expect(known.map((each) => authority.get(each.id)?.token)).toEqual(before);
        break;
      }
      case 'policy':
        authority.setPolicyRevision(what.revision, CAUSE, nowMs);
        policyRevision = what.revision;
        break;
      case 'wait': {
        nowMs += what.durationMs;
        const due = new Set(authority.expire(nowMs).map(({ session }) => session.id));
        for (const each of known) {
          if (due.has(each.id)) {
            expect(nowMs).toBeGreaterThanOrEqual(each.expiresAtMs);
            each.ended = true;
          }
          // A second late at most.
          if (nowMs >= each.expiresAtMs + 1_000) expect(authority.get(each.id)).toBeUndefined();
        }
        break;
      }
    }
  };

  return {
    act(what) {
      const before = known.map(({ id }) => authority.get(id));
      try {
        perform(what);
      } catch (error) {
        // What is refused has changed nothing.
        if (!isRtaError(error)) throw error;
        expect(known.map(({ id }) => authority.get(id))).toEqual(before);
      }
    },

    verify() {
      for (const one of known) {
        const session = authority.get(one.id);
        const { latest } = one;
        expect(session === undefined, 'lives exactly as long as it may').toBe(isOver(one));
        if (session !== undefined) {
          if (one.parent !== undefined)
            expect(authority.get(one.parent.id), 'has a live parent').toBeDefined();
          if (Buffer.compare(session.token, latest.token) === 0) {
            expect(session.generation).toBe(latest.generation);
          } else {
            expect(session.generation, 'no change of token goes uncounted').toBeGreaterThan(
              latest.generation,
            );
            one.oldTokens.push(latest.token);
          }
          one.latest = session;
          // Parents come before their children, so that the parent's rights are those of now [I6].
          expect(rights(session)).toEqual(expectedRights(one));
          expect(session.attributes).toEqual(expectedAttributes(one.subject));
          expect(session.policyRevision).toBe(policyRevision);
          expect(session.connection).toBe(one.connection);
        }
        for (const connectionId of CONNECTIONS) {
          const passes = (token: Uint8Array): boolean =>
            authority.check(one.id, token, connectionId, nowMs).ok;
          // [I4], whatever the connection, and [I5].
          for (const old of one.oldTokens) expect(passes(old), 'old context is dead').toBe(false);
          const may = !isOver(one) && one.connection === connectionId && nowMs < one.expiresAtMs;
          expect(passes(one.latest.token), 'works where it is bound').toBe(may);
        }
        const children = known.filter(({ parent, id }) => parent === one && authority.get(id) !== undefined);
        expect(authority.childrenOf(one.id).map(({ id }) => id)).toEqual(children.map(({ id }) => id));
      }
      expect(authority.sessionCount).toBe(known.filter((one) => !isOver(one)).length);
    },
  };
}

function cutsOff({ change, source, subject, occurredAtMs }: Signal, { sub, signedInAtMs }: Subject): boolean {
  return (
    change.kind === 'session-revoked' &&
    subject.user?.by === 'iss-sub' &&
    subject.user.sub === sub &&
    // The clock of another issuer may be half a minute apart.
    signedInAtMs <= occurredAtMs + (source.issuer === IDP ? 0 : 30_000)
  );
}

test('a root takes a tree of four floors with it, and narrows it, at once [I6]', () => {
  const authority = createTestAuthority();
  const opened = { publicKey: new Uint8Array(32), expiresAtMs: T0 + 1_000, grant: { scope: ['files.*'] } };
  const subject: Subject = { issuer: IDP, sub: 'alice', signedInAtMs: T0 };
  authority.open({ ...opened, id: idOf(1), subject, actor: COPILOT }, T0);
  for (const depth of [1, 2, 3])
    authority.delegate(idOf(depth), { ...opened, id: idOf(depth + 1), actor: MAILER }, T0);

  const narrowed = authority.narrow(idOf(1), { scope: ['files.read'] }, CAUSE, T0);
  expect(narrowed.map(({ session }) => session.grant.scope.join())).toEqual([
    'files.read',
    'files.read',
    'files.read',
    'files.read',
  ]);
  const ended = authority.end(idOf(1), CAUSE, T0);
  expect(ended.map(({ kind, session }) => [kind, session.id])).toEqual(
    [1, 2, 3, 4].map((n) => ['ended', idOf(n)]),
  );
  expect(authority.sessionCount).toBe(0);
});

propertyTest.prop([fc.array(input, { minLength: 10, maxLength: 50, size: 'max' })], { numRuns: 100 })(
  'whatever happens in whatever order: [I4] old tokens are dead, [I5] a token works where it was bound last, with its certificate, and [I6] no session does or outlives what its ancestors may not',
  (inputs) => {
    const world = createWorld();
    for (const one of inputs) {
      world.act(one);
      world.verify();
    }
  },
);
