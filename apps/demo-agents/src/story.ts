import { setTimeout as sleep } from 'node:timers/promises';
import { isRtaError } from '@rta/core';
import { generateAgentKey } from '@rta/sdk';
import { type Agent, connectAgent, createAgent } from './agent.ts';
import { type AuditReport, readAudit } from './audit-report.ts';
import { createJwtAgent } from './jwt-agent.ts';
import { type Stage, setStage } from './stage.ts';
import type { Timeline } from './timeline.ts';

/** What the demo measured and found. */
export interface StoryResult {
  /** From the SET leaving the IdP to the signal in each agent. */
  readonly stoppedAfterMs: Readonly<Record<string, number>>;
  readonly audit: AuditReport;
}

const JWT_LIFETIME_SECONDS = 4;

/** Plays the story: a sign-in, five agents, one risk, one right taken back, one revocation. */
export async function playStory(timeline: Timeline): Promise<StoryResult> {
  const { tell, expect, chapter } = timeline;
  chapter('Setting the stage');
  await using stage = await setStage();
  tell('idp', `listens at ${stage.idp.issuer}`, 'ok', 'oidc-provider');
  tell('rta', `listens at ${stage.endpoint} (QUIC)`, 'ok', 'rta-server, in a process of its own');

  chapter('Alice signs in, and her agents get sessions of their own');
  const signIn = await stage.signIn();
  tell('alice', 'signed in: authorization code with PKCE', 'ok', `sub ${signIn.sub}`);
  await using team = await assembleTeam(stage, signIn.accessToken, timeline);
  const { copilot, researcher, writer, janitor, all } = team;
  const jwtAgent = await createJwtAgent(signIn.sub, JWT_LIFETIME_SECONDS);
  tell(
    'jwt-agent',
    'has a plain JWT, for contrast',
    'ok',
    `good for ${JWT_LIFETIME_SECONDS} s, whatever happens`,
  );

  chapter('Every tool call is decided');
  expect('the writer may write', (await writer.attempt('write', 'reports/q3.txt')) === 'done');
  expect('the researcher may read', (await researcher.attempt('read', 'reports/q3.txt')) === 'done');
  expect(
    'the researcher may not write: not delegated',
    (await researcher.attempt('write', 'reports/q3.txt')) === 'denied',
  );
  expect(
    'the writer may not delete: not delegated',
    (await writer.attempt('delete', 'reports/q3.txt')) === 'denied',
  );
  expect(
    'the co-pilot may not delete: policy',
    (await copilot.attempt('delete', 'reports/q3.txt')) === 'denied',
  );
  await writer.attempt('write', 'reports/old.txt');
  expect('the janitor may delete', (await janitor.attempt('delete', 'reports/old.txt')) === 'done');

  chapter('Alice is at risk: the IdP sends a CAEP risk-level-change, and rights shrink');
  await changeRisk(stage, all, 'HIGH', timeline);
  expect(
    'nobody writes while the risk is high',
    (await writer.attempt('write', 'reports/q3.txt')) === 'denied',
  );
  expect('reading goes on', (await researcher.attempt('read', 'reports/q3.txt')) === 'done');
  await changeRisk(stage, all, 'LOW', timeline);
  expect(
    'writing goes on when the risk is low',
    (await writer.attempt('write', 'reports/q3.txt')) === 'done',
  );

  chapter('The co-pilot takes rights back from an agent that it never met');
  await narrowBelow(team, timeline);

  chapter('The IdP revokes Alice in the middle of three tool calls');
  const writers = [copilot, writer, janitor];
  const calls = await Promise.all(writers.map((agent) => agent.startLongCall(`logs/${agent.name}.txt`)));
  tell(
    'agents',
    `${writers.map(({ name }) => name).join(', ')} are in the middle of long tool calls`,
    'info',
  );
  const signalled = all.map(
    (agent) =>
      new Promise<readonly [string, number]>((resolve) => {
        agent.session.signal.addEventListener('abort', () => resolve([agent.name, performance.now()]), {
          once: true,
        });
      }),
  );
  const { status, sentAtMs } = await stage.idp.sendSessionRevoked({
    sub: signIn.sub,
    reason: 'laptop stolen',
  });
  tell('idp', 'sent a signed session-revoked', 'change', `answered ${status}`);
  expect('the event was accepted', status === 202);
  const stoppedAfterMs = Object.fromEntries(
    (await Promise.all(signalled)).map(([name, atMs]) => [name, Math.round((atMs - sentAtMs) * 100) / 100]),
  );
  const outcomes = await Promise.all(calls.map((call) => call.stopped));
  expect(
    'every agent of Alice was told',
    Object.keys(stoppedAfterMs).length === all.length,
    Object.entries(stoppedAfterMs)
      .map(([name, ms]) => `${name} after ${ms} ms`)
      .join(', '),
  );
  expect(
    'every tool call stopped in the middle',
    outcomes.every(({ reason }) => reason === 'RTA_SDK_REVOKED'),
  );
  const linesWhenStopped = calls.map(({ lines }) => lines);

  chapter('Nothing brings them back');
  for (const agent of all) {
    expect(
      `the ${agent.name} can do nothing more`,
      (await codeOf(agent.attempt('read', 'reports/q3.txt'))) === 'RTA_SDK_REVOKED',
    );
  }
  const again = await codeOf(exchangeAgain(stage, signIn.accessToken));
  expect("Alice's old token opens no new session", again === 'RTA_AUTHORITY_SUBJECT_CUT_OFF', again);

  const jwtGoesOn = await jwtAgent.call();
  tell('jwt-agent', 'calls its API: let in', jwtGoesOn ? 'permit' : 'deny', 'nobody told it, nobody asked');
  expect('the plain JWT is still good after the revocation', jwtGoesOn);
  await sleep(Math.max(0, jwtAgent.expiresAtMs - Date.now()) + 50);
  const jwtAfterExp = await jwtAgent.call();
  tell('jwt-agent', 'calls its API: refused', jwtAfterExp ? 'permit' : 'deny', 'its `exp` has come');
  expect('the plain JWT ends with its exp, not before', !jwtAfterExp);
  expect(
    'no tool call wrote after it was stopped',
    calls.every(({ lines }, i) => lines === linesWhenStopped[i]),
  );

  chapter('Alice signs in again, and the IdP revokes her over QUIC');
  await revokeOverQuic(stage, timeline);

  chapter('Who did what for whom');
  const audit = await readAudit(stage.auditFile);
  expect('the audit log is unbroken', audit.chainHolds, `${audit.records} records`);
  return { stoppedAfterMs, audit };
}

/** The same event by another way: on a connection that is open already, to the port of the agents. */
async function revokeOverQuic(stage: Stage, { tell, expect }: Timeline): Promise<void> {
  const { accessToken: subjectToken, sub } = await stage.signIn();
  await using client = await connectAgent(stage);
  const session = await client.exchange({ subjectToken, agent: { id: 'co-pilot', type: 'copilot' } });
  tell('co-pilot', 'exchanged the token of the new sign-in', 'ok', session.scope.join(' '));
  const stopped = new Promise<number>((resolve) => {
    session.signal.addEventListener('abort', () => resolve(performance.now()), { once: true });
  });
  const { jti, set } = await stage.idp.signEvent({
    type: 'https://schemas.openid.net/secevent/caep/event-type/session-revoked',
    subject: { format: 'iss_sub', iss: stage.idp.issuer, sub },
    event: { reason_admin: { en: 'laptop stolen' } },
  });
  const sentAtMs = performance.now();
  await stage.sender.send(jti, set);
  tell('idp', 'sent a signed session-revoked over QUIC', 'change', 'acknowledged');
  const afterMs = Math.round(((await stopped) - sentAtMs) * 100) / 100;
  expect(
    'the same revocation over QUIC stops the agent',
    isRtaError(session.signal.reason, 'RTA_SDK_REVOKED'),
    `after ${afterMs} ms`,
  );
}

/** The writer has a helper, deep down in the tree; the co-pilot finds it, narrows it, and ends it. */
async function narrowBelow(team: Team, { tell, expect }: Timeline): Promise<void> {
  const { copilot, writer } = team;
  const helper = await team.delegate(writer, 'helper', 'writer');
  expect('the helper may write', (await helper.attempt('write', 'reports/q3.txt')) === 'done');

  const below = await copilot.session.descendants();
  const names = below.map(({ agent }) => agent.id);
  expect(
    'the co-pilot sees everybody below it',
    names.toSorted().join() === 'helper,researcher,writer',
    names.join(', '),
  );
  const lost = new Promise<readonly string[]>((resolve) => {
    helper.session.on('context', (change) => resolve(change.lost ?? []));
  });
  await copilot.session.narrow(helper.session.id, { scope: ['files.read'] });
  tell('co-pilot', 'left the helper reading, and nothing else', 'change');
  expect('the helper is told what it lost', (await lost).join() === 'files.write');
  expect('the helper writes no more', (await helper.attempt('write', 'reports/q3.txt')) === 'denied');
  expect('the helper goes on reading', (await helper.attempt('read', 'reports/q3.txt')) === 'done');
  expect('the writer has lost nothing', (await writer.attempt('write', 'reports/q3.txt')) === 'done');

  const ended = new Promise<void>((resolve) => {
    helper.session.signal.addEventListener('abort', () => resolve(), { once: true });
  });
  await copilot.session.endDescendant(helper.session.id);
  await ended;
  expect(
    'the helper is done when the co-pilot says so',
    (await codeOf(helper.attempt('read', 'reports/q3.txt'))) === 'RTA_SDK_REVOKED',
  );
}

interface Team extends AsyncDisposable {
  readonly copilot: Agent;
  readonly researcher: Agent;
  readonly writer: Agent;
  readonly janitor: Agent;
  readonly all: readonly Agent[];
  /** Starts an agent below another one: with these rights, or with all that the other one has. */
  delegate(from: Agent, name: string, type: string, scope?: readonly string[]): Promise<Agent>;
}

/**
 * The co-pilot exchanges Alice's token and delegates to researcher and writer, who never see it; the janitor
 * exchanges it itself. Each has a key and a connection of its own.
 */
async function assembleTeam(stage: Stage, subjectToken: string, timeline: Timeline): Promise<Team> {
  await using started = new AsyncDisposableStack();
  let running: AsyncDisposableStack = started;
  const { tools } = stage;
  const enlist = (options: Omit<Parameters<typeof createAgent>[0], 'tools' | 'timeline'>): Agent =>
    running.use(createAgent({ ...options, tools, timeline }));

  const copilotClient = await connectAgent(stage);
  const copilot = enlist({
    name: 'co-pilot',
    client: copilotClient,
    session: await copilotClient.exchange({ subjectToken, agent: { id: 'co-pilot', type: 'copilot' } }),
  });
  timeline.tell('co-pilot', 'exchanged the token', 'ok', copilot.session.scope.join(' '));

  const delegate: Team['delegate'] = async (from, name, type, scope) => {
    const key = generateAgentKey();
    const { session } = await from.session.delegate({
      agent: { id: name, type },
      ...(scope === undefined ? {} : { scope }),
      publicKey: key.publicKey,
    });
    const client = await connectAgent(stage);
    const agent = enlist({ name, client, session: await client.bind({ session, key }) });
    timeline.tell(
      name,
      `bound the session that the ${from.name} delegated`,
      'ok',
      agent.session.scope.join(' '),
    );
    return agent;
  };
  const researcher = await delegate(copilot, 'researcher', 'researcher', ['files.read']);
  const writer = await delegate(copilot, 'writer', 'writer', ['files.read', 'files.write']);

  const janitorClient = await connectAgent(stage);
  const janitor = enlist({
    name: 'janitor',
    client: janitorClient,
    session: await janitorClient.exchange({ subjectToken, agent: { id: 'janitor', type: 'janitor' } }),
  });
  timeline.tell('janitor', 'exchanged the token itself', 'ok', janitor.session.scope.join(' '));

  running = started.move();
  return {
    copilot,
    researcher,
    writer,
    janitor,
    all: [copilot, researcher, writer, janitor],
    delegate,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** Sends a risk-level-change and waits until every agent has its new token. */
async function changeRisk(
  stage: Stage,
  agents: readonly Agent[],
  current: 'LOW' | 'HIGH',
  timeline: Timeline,
): Promise<void> {
  const before = agents.map(({ session }) => session.generation);
  const changed = agents.map(
    ({ session }) =>
      new Promise<void>((resolve) => {
        const stop = session.on('context', () => {
          stop();
          resolve();
        });
      }),
  );
  const { status } = await stage.idp.sendRiskLevelChange({
    sub: 'alice',
    current,
    reason: 'seen in two countries',
  });
  timeline.tell('idp', `sent a signed risk-level-change: ${current}`, 'change', `answered ${status}`);
  await Promise.all(changed);
  timeline.expect(
    'every agent has a new token',
    agents.every(({ session }, i) => session.generation === (before[i] ?? 0) + 1),
  );
}

async function exchangeAgain(stage: Stage, subjectToken: string): Promise<void> {
  await using client = await connectAgent(stage);
  await client.exchange({ subjectToken, agent: { id: 'co-pilot', type: 'copilot' } });
}

/** The code that something fails with: the server's, where the server refused. */
async function codeOf(attempt: Promise<unknown>): Promise<string> {
  try {
    await attempt;
    return 'none';
  } catch (error) {
    if (!isRtaError(error)) throw error;
    const { serverCode } = error.details;
    return typeof serverCode === 'string' ? serverCode : error.code;
  }
}
