import { fc, test } from '@fast-check/vitest';
import { auditHash } from '@rta/audit';
import { createMemoryStore, type Store } from '@rta/store';
import { createFakeClock } from '@rta/testkit';
import { expect } from 'vitest';
import { bindMessage, rawSession } from './raw-agent.ts';
import {
  type BoundAgent,
  codeOfReturn,
  comeBack,
  delegateTo,
  type MortalStore,
  mortalStore,
  signalAbout,
} from './restart-fixture.ts';
import { startSigningIssuer } from './signing-issuer.ts';
import { ISSUER, startTestIdp, startTestServer, type TestServer } from './test-server.ts';

const idp = await startTestIdp();
const carols = await startSigningIssuer(ISSUER);
const { issuer } = carols.trusted;

/** Something that is done with one of the sessions that there are. */
interface Step {
  readonly kind: 'exchange' | 'delegate' | 'narrow' | 'end' | 'revoke';
  readonly at: number;
}

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom('exchange', 'delegate', 'delegate', 'narrow', 'end', 'revoke'),
  at: fc.nat({ max: 30 }),
});

/** A session as those outside may expect it. */
interface Expected {
  readonly agent: BoundAgent;
  readonly parent: Expected | undefined;
  readonly sub: string;
  /** `asked`: somebody has asked for its end, and got no answer. */
  end: 'no' | 'asked' | 'yes';
  narrow: 'no' | 'asked' | 'yes';
}

/** The answer; undefined where the process is killed before it comes. */
async function answerOf<Answer>(work: Promise<Answer>, { died }: MortalStore): Promise<Answer | undefined> {
  const killed = died.then(async () => {
    // What was on its way when it was killed may still arrive.
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  });
  // When the process is cleared away, who waited for it gets an error, which is no answer.
  work.catch(() => undefined);
  return Promise.race([work, killed.then(() => undefined)]);
}

/** Its current token: what changed since has replaced the one from before. */
async function tokenOf({ ask, connection, welcome, session, key }: BoundAgent): Promise<Uint8Array> {
  const message = bindMessage(connection, welcome.challenge, session, key);
  return (await ask('bind', message, 'bound')).token;
}

/** Does something; what it did is in what is expected, as far as it was answered. */
async function take(
  t: TestServer,
  mortal: MortalStore,
  expected: Expected[],
  { kind, at }: Step,
  number: number,
): Promise<void> {
  const living = expected.filter((one) => lineOf(one).every(({ end }) => end === 'no'));
  const one = living[at % living.length];
  if (kind === 'exchange' || one === undefined) {
    const sub = `user-${number}`;
    const subjectToken = carols.sign(t.clock.now(), { sub });
    const agent = await answerOf(rawSession(t.rawConnect(), subjectToken), mortal);
    if (agent !== undefined) expected.push({ agent, parent: undefined, sub, end: 'no', narrow: 'no' });
    return;
  }
  if (kind === 'revoke') {
    const concerned = expected.filter(({ sub, end }) => sub === one.sub && end === 'no');
    for (const each of concerned) each.end = 'asked';
    t.clock.advance(1);
    const signal = signalAbout(t, `revoke-${number}`, { kind: 'session-revoked' }, { issuer, sub: one.sub });
    const raised = t.server.signal(signal).then(() => true);
    if (await answerOf(raised, mortal)) for (const each of concerned) each.end = 'yes';
    return;
  }
  const token = await tokenOf(one.agent);
  if (kind === 'delegate') {
    const parent = { ask: one.agent.ask, bound: { ...one.agent.bound, token } };
    const child = delegateTo(parent, `agent-${number}`).then((saved) => comeBack(t, saved));
    const agent = await answerOf(child, mortal);
    if (agent !== undefined) expected.push({ agent, parent: one, sub: one.sub, end: 'no', narrow: 'no' });
    return;
  }
  // Those above take rights away; where there is nobody above, the agent itself is done.
  if (kind === 'narrow' && one.parent !== undefined) {
    if (one.narrow === 'no') one.narrow = 'asked';
    const message = {
      token: await tokenOf(one.parent.agent),
      session: one.agent.session,
      scope: ['files.read'],
    };
    if (await answerOf(one.parent.agent.ask('narrow', message, 'narrowed'), mortal)) one.narrow = 'yes';
    return;
  }
  one.end = 'asked';
  if (await answerOf(one.agent.ask('end', { token }, 'ended'), mortal)) one.end = 'yes';
}

/** A session, and all above it. */
function lineOf(one: Expected): readonly Expected[] {
  return one.parent === undefined ? [one] : [one, ...lineOf(one.parent)];
}

/** What became of a session, as its agent sees it. */
async function fateOf(t: TestServer, one: Expected): Promise<string> {
  const code = await codeOfReturn(t, one.agent).catch(() => 'bound');
  return code === 'bound' ? (await comeBack(t, one.agent)).bound.scope.join(' ') : code;
}

/** What may have become of it. */
function fatesOf(one: Expected): readonly string[] {
  const line = lineOf(one);
  const gone = ['RTA_AUTHORITY_SESSION_UNKNOWN', 'RTA_AUTHORITY_SESSION_ENDED'];
  if (line.some(({ end }) => end === 'yes')) return gone;
  const isNarrow = line.some(({ narrow }) => narrow === 'yes');
  const mayBeNarrow = line.some(({ narrow }) => narrow !== 'no');
  return [
    ...(isNarrow ? [] : ['files.read files.write']),
    ...(mayBeNarrow ? ['files.read'] : []),
    ...(line.some(({ end }) => end === 'asked') ? gone : []),
  ];
}

async function expectWholeAuditLog({ audit }: Store): Promise<void> {
  let hash = '';
  let sequence = 0;
  for await (const row of audit.read()) {
    sequence += 1;
    hash = auditHash(hash, row.line);
    expect(row).toMatchObject({ sequence, hash });
  }
}

test.prop([fc.array(step, { minLength: 3, maxLength: 12 }), fc.nat({ max: 90 })], { numRuns: 30 })(
  'nothing that was answered is lost, at whatever write the server is killed',
  async (steps, killedAtWrite) => {
    const clock = createFakeClock(Date.now());
    const store = createMemoryStore({ clock });
    const mortal = mortalStore(store, killedAtWrite);
    const before = await startTestServer({ idp, clock, store: mortal.store, issuers: [carols.trusted] });
    let isDead = false;
    void mortal.died.then(() => {
      isDead = true;
    });
    const expected: Expected[] = [];
    for (const [number, one] of steps.entries()) {
      if (!isDead) await take(before, mortal, expected, one, number);
    }
    mortal.kill();

    await using after = await startTestServer({ idp, clock, store, issuers: [carols.trusted] });

    for (const one of expected) expect(fatesOf(one)).toContain(await fateOf(after, one));
    await expectWholeAuditLog(store);
    mortal.bury();
    await before[Symbol.asyncDispose]();
  },
);
