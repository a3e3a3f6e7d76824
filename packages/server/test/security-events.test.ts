import type { JsonObject } from '@rta/core';
import { CAEP_EVENTS, RISC_EVENTS, SCIM_EVENTS } from '@rta/ssf';
import { beforeAll, describe, expect, test } from 'vitest';
import { READ } from './raw-agent.ts';
import {
  ISSUER,
  nextAuditRecord,
  PUSH_SECRET,
  startTestIdp,
  startTestServer,
  type TestServer,
} from './test-server.ts';

const idp = await startTestIdp();
// Sets are signed for this audience, and carried by hand.
beforeAll(() => idp.deliverTo({ endpointUrl: 'http://127.0.0.1:9/ssf/events', audience: ISSUER }));
const alice = { format: 'iss_sub', iss: idp.issuer, sub: 'alice' };

const sign = async (type: string, event: JsonObject = {}): Promise<string> =>
  (await idp.signEvent({ type, event, subject: alice, txn: 'txn-7' })).set;

/** Pushes several tokens at once, and resolves when they are in force. */
async function push(server: TestServer, ...sets: readonly string[]): Promise<unknown> {
  const byId = sets.map((set) => {
    const payload = JSON.parse(Buffer.from(set.split('.')[1] ?? '', 'base64url').toString()) as {
      jti: string;
    };
    return [payload.jti, set] as const;
  });
  const response = await server.server.http.request(`${ISSUER}/ssf/events`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Authorization: PUSH_SECRET },
    body: JSON.stringify({ sets: Object.fromEntries(byId) }),
  });
  expect(response.status).toBe(202);
  return response.json();
}

/** Signs, pushes, and waits until the last of its signals is in force. */
async function tell(
  server: TestServer,
  cause: string,
  ...event: Parameters<typeof sign>
): Promise<Record<string, unknown>> {
  const applied = nextAuditRecord((record) => record['kind'] === 'signal' && record['cause'] === cause);
  await push(server, await sign(...event));
  return applied;
}

describe('an account that is disabled', () => {
  test('ends the sessions', async () => {
    await using own = await startTestServer({ idp });
    const { session } = await own.openSession();
    const fired = new Promise((resolve) => {
      session.signal.addEventListener('abort', resolve);
    });

    await tell(own, 'account', RISC_EVENTS.accountDisabled, { reason: 'hijacking' });

    await fired;
    expect(own.server.openSessions).toBe(0);
  });

  test('opens none until it is enabled', async () => {
    await using own = await startTestServer({ idp });
    const nowMs = own.clock.now();
    await own.server.signal({
      id: 'disabled',
      source: { issuer: idp.issuer, id: 'disabled' },
      subject: { user: { by: 'iss-sub', issuer: idp.issuer, sub: 'alice' } },
      change: { kind: 'account', current: 'disabled' },
      occurredAtMs: nowMs - 5_000,
      receivedAtMs: nowMs,
    });
    await expect(own.openSession()).rejects.toMatchObject({
      message: expect.stringContaining('RTA_AUTHORITY_ACCOUNT_DISABLED'),
    });

    await tell(own, 'account', SCIM_EVENTS.activate);

    const { session } = await own.openSession();
    expect(await session.authorize(READ)).toMatchObject({ permitted: true });
  });

  test('carries the transaction of the event to all that follows from it', async () => {
    await using own = await startTestServer({ idp });
    await own.openSession();
    const applied = await tell(own, 'account', RISC_EVENTS.accountPurged);
    expect(applied).toMatchObject({ txn: 'txn-7', detail: { source: idp.issuer } });
    expect(String(applied['change'])).toMatch(/^set:[\w-]{43}#account$/);
    expect((await own.audit()).filter(({ kind }) => kind === 'signal' || kind === 'end')).toEqual([
      expect.objectContaining({ kind: 'end', txn: 'txn-7' }),
      expect.objectContaining({ kind: 'signal', cause: 'session-revoked', txn: 'txn-7' }),
      expect.objectContaining({ kind: 'signal', cause: 'account', txn: 'txn-7' }),
    ]);
  });
});

describe('what is put into context', () => {
  test('reaches the agent with a new token, claims by name', async () => {
    await using own = await startTestServer({ idp });
    const { session } = await own.openSession();
    const attributes: unknown[] = [];
    session.on('context', (context) => attributes.push(context.attributes));

    await tell(own, 'token-claims-change', CAEP_EVENTS.tokenClaimsChange, { claims: { role: 'ro' } });

    expect(await session.authorize(READ)).toMatchObject({ permitted: true, generation: 2 });
    await expect.poll(() => attributes).toEqual([{ claims: { role: 'ro' } }]);
  });

  test('is in the audit log by name and time, and claims are not', async () => {
    await using own = await startTestServer({ idp });
    const { session } = await own.openSession();
    await tell(own, 'recovery-activated', RISC_EVENTS.recoveryActivated);
    await tell(own, 'token-claims-change', CAEP_EVENTS.tokenClaimsChange, { claims: { secret: 'hush' } });
    await session.authorize(READ);
    const records = await own.audit();
    expect(records.find(({ kind }) => kind === 'decision')).toMatchObject({
      posture: { recoveryActivatedAtMs: expect.any(Number) },
    });
    expect(JSON.stringify(records)).not.toContain('hush');
  });
});

test('a lower assurance asks those to sign in again who did before', async () => {
  await using own = await startTestServer({ idp });
  const { session } = await own.openSession();
  own.clock.advance(60_000);
  await tell(own, 'assurance-level-change', CAEP_EVENTS.assuranceLevelChange, {
    namespace: 'NIST-AAL',
    previous_level: 'nist-aal2',
    current_level: 'nist-aal1',
  });
  expect(await session.authorize(READ)).toMatchObject({
    permitted: false,
    cause: 'step-up-required',
    stepUp: { maxAgeS: expect.any(Number) },
  });
});

test('an event that changes nothing here is on record, without a name', async () => {
  await using own = await startTestServer({ idp });
  const recorded = await tell(own, 'session-established', CAEP_EVENTS.sessionEstablished, { acr: 'AAL2' });
  expect(recorded).toMatchObject({
    outcome: 'ok',
    txn: 'txn-7',
    detail: { source: idp.issuer, sessions: 0, subject: expect.stringMatching(/^[\w-]{43}$/) },
  });
  expect(JSON.stringify(recorded)).not.toContain('alice');
});

test('several tokens in one request: each is judged by itself', async () => {
  await using own = await startTestServer({ idp });
  const good = await sign(CAEP_EVENTS.sessionPresented);
  const bad = `${(await sign(CAEP_EVENTS.sessionPresented)).slice(0, -8)}AAAAAAAA`;
  const answer = (await push(own, good, bad)) as { ack: string[]; setErrs: Record<string, unknown> };
  expect(answer.ack.length).toBe(1);
  expect(Object.values(answer.setErrs)).toEqual([expect.objectContaining({ err: 'invalid_key' })]);
});
