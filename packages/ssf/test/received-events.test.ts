import type { JsonObject } from '@rta/core';
import { describe, expect, test } from 'vitest';
import { SSF_EVENTS } from '../src/index.ts';
import {
  CAEP,
  claims,
  errorOf,
  eventClaims,
  ISSUER,
  NOW_MS,
  NOW_SECONDS,
  openBench,
  SESSION_REVOKED,
} from './fixture.ts';

const JANE = { format: 'iss_sub', iss: ISSUER, sub: 'jane' };
const PARTNER = 'https://partner.example';

const verification = (event: JsonObject, id = 'stream-1'): JsonObject =>
  eventClaims(SSF_EVENTS.verification, event, { sub_id: { format: 'opaque', id } });
const revoked = (timestamp: number): JsonObject =>
  eventClaims(SESSION_REVOKED, { event_timestamp: timestamp });
const riskAt = (level: string, agoSeconds: number): JsonObject =>
  eventClaims(`${CAEP}risk-level-change`, {
    principal: 'USER',
    current_level: level,
    event_timestamp: NOW_SECONDS - agoSeconds,
  });

describe('[R15] when it happened', () => {
  test.each([
    ['the time of the event', revoked(NOW_SECONDS - 60), 1_767_225_540_000],
    ['a fraction of a second', revoked(NOW_SECONDS - 0.0005), 1_767_225_599_999],
    ['a time after iat', { ...revoked(NOW_SECONDS - 5), iat: NOW_SECONDS - 10 }, 1_767_225_595_000],
    ['long ago', revoked(0), 0],
    ['the far future counts as now', revoked(1e12), 1_767_225_600_000],
    ['a time in milliseconds by mistake counts as now', revoked(NOW_MS), 1_767_225_600_000],
    ['the largest number counts as now', revoked(Number.MAX_VALUE), 1_767_225_600_000],
    [
      'without a time of the event, iat',
      { ...eventClaims(SESSION_REVOKED, {}), iat: NOW_SECONDS - 7 },
      1_767_225_593_000,
    ],
    [
      'an iat a little ahead counts as now',
      { ...eventClaims(SESSION_REVOKED, {}), iat: NOW_SECONDS + 9 },
      1_767_225_600_000,
    ],
  ])('%s', async (_case, payload, occurredAtMs) => {
    await using bench = openBench();
    expect((await bench.send(payload)).status).toBe(202);
    expect(bench.events).toMatchObject([{ occurredAtMs, receivedAtMs: 1_767_225_600_000 }]);
  });
});

describe('[R24] a late event keeps its own time, by which a newer one outweighs it', () => {
  test('LOW and compliant that arrive after HIGH and not-compliant are older', async () => {
    await using bench = openBench();
    await bench.send(riskAt('HIGH', 10));
    bench.clock.advance(5_000);
    await bench.send(riskAt('LOW', 20));
    expect(bench.events.map(({ occurredAtMs, receivedAtMs }) => [occurredAtMs, receivedAtMs])).toEqual([
      [1_767_225_590_000, 1_767_225_600_000],
      [1_767_225_580_000, 1_767_225_605_000],
    ]);
  });
});

describe('[R22] members of a complex subject that must be understood', () => {
  const subject = {
    format: 'complex',
    user: JANE,
    cell: { format: 'opaque', id: 'c-1' },
    group: { format: 'shoe_size', value: 43 },
  };

  test.each([['cell'], ['group']])(
    'an event with a critical %s, which nobody knows, is not accepted',
    async (critical) => {
      await using bench = openBench({ transmitter: { criticalSubjectMembers: ['user', critical] } });
      expect((await bench.send(claims({ sub_id: subject }))).status).toBe(202);
      expect(bench.events).toEqual([]);
      expect(bench.published).toMatchObject([{ outcome: 'no-effect', why: 'subject-critical' }]);
    },
  );

  test('those that are understood are no hindrance', async () => {
    await using bench = openBench({ transmitter: { criticalSubjectMembers: ['user', 'session', 'device'] } });
    await bench.send(claims({ sub_id: subject }));
    expect(bench.events.length).toBe(1);
  });
});

describe('a valid signature is not authority', () => {
  test.each<[string, JsonObject]>([
    ['a user', { format: 'iss_sub', iss: PARTNER, sub: 'joe' }],
    [
      'a user whose issuer only looks like its own',
      { format: 'iss_sub', iss: ISSUER.slice(0, -1), sub: 'joe' },
    ],
    ['a device', { format: 'complex', user: JANE, device: { format: 'iss_sub', iss: PARTNER, sub: 'd-1' } }],
    ['a session', { format: 'complex', session: { format: 'iss_sub', iss: PARTNER, sub: 's-1' } }],
  ])(
    'an event about %s of an issuer that the transmitter does not speak for has no effect',
    async (_case, subject) => {
      await using bench = openBench();
      expect(await bench.send(claims({ sub_id: subject }))).toEqual({ status: 202, headers: {}, body: null });
      expect(bench.events).toEqual([]);
      expect(bench.published).toMatchObject([{ outcome: 'no-effect', why: 'subject-issuer' }]);
    },
  );

  test('a transmitter may be given the users of others, and then not its own', async () => {
    await using bench = openBench({ transmitter: { subjectIssuers: [PARTNER] } });
    await bench.send(claims({ sub_id: { format: 'iss_sub', iss: PARTNER, sub: 'joe' } }));
    await bench.send(claims({ sub_id: { format: 'email', email: 'joe@x.example' } }));
    await bench.send(claims());
    expect(bench.events.map(({ subject }) => subject)).toEqual([
      { format: 'iss_sub', iss: PARTNER, sub: 'joe' },
      { format: 'email', email: 'joe@x.example' },
    ]);
  });

  test('an event type that the transmitter may not send has no effect', async () => {
    await using bench = openBench({ transmitter: { eventTypes: [`${CAEP}risk-level-change`] } });
    expect((await bench.send(claims())).status).toBe(202);
    expect(bench.published).toMatchObject([{ outcome: 'no-effect', why: 'event-type-not-allowed' }]);
    await bench.send(eventClaims(`${CAEP}risk-level-change`, { principal: 'USER', current_level: 'LOW' }));
    expect(bench.events.map(({ event }) => event.type)).toEqual([`${CAEP}risk-level-change`]);
  });
});

describe('[R21] verification', () => {
  const refusedState = [400, 'invalid_state'];

  test('the state that was asked for is acknowledged, again and late', async () => {
    await using bench = openBench({ transmitter: { streamId: 'stream-1' } });
    bench.receiver.expectVerification(ISSUER, 'state-1');
    bench.receiver.expectVerification(ISSUER, 'state-2');
    bench.clock.advance(3_600_000);
    for (const state of ['state-2', 'state-1', 'state-1']) {
      expect((await bench.send(verification({ state }))).status).toBe(202);
    }
    expect(bench.events).toEqual([]);
    expect(bench.published[0]).toMatchObject({ outcome: 'no-effect', why: 'stream' });
  });

  test('another state is refused with invalid_state', async () => {
    await using bench = openBench({ transmitter: { streamId: 'stream-1' } });
    bench.receiver.expectVerification(ISSUER, 'state-1');
    for (const state of ['state-2', '', 'STATE-1']) {
      const response = await bench.send(verification({ state }));
      expect([response.status, errorOf(response)]).toEqual(refusedState);
    }
  });

  test('no state is acknowledged: the transmitter verifies by itself', async () => {
    await using bench = openBench({ transmitter: { streamId: 'stream-1' } });
    bench.receiver.expectVerification(ISSUER, 'state-1');
    expect((await bench.send(verification({}))).status).toBe(202);
  });

  test('any state is acknowledged where nobody asked through this receiver', async () => {
    await using bench = openBench();
    expect((await bench.send(verification({ state: 'by hand' }))).status).toBe(202);
  });

  test('another stream is refused with invalid_state', async () => {
    await using bench = openBench({ transmitter: { streamId: 'stream-1' } });
    for (const payload of [
      verification({}, 'stream-2'),
      eventClaims(SSF_EVENTS.verification, {}, { sub_id: { ...JANE, id: 'stream-1' } }),
    ]) {
      const response = await bench.send(payload);
      expect([response.status, errorOf(response)]).toEqual(refusedState);
    }
  });

  test('a state that is no text is refused', async () => {
    await using bench = openBench();
    expect(errorOf(await bench.send(verification({ state: 7 })))).toBe('invalid_request');
  });

  test('of many requests the newest sixteen are remembered', async () => {
    await using bench = openBench();
    for (let index = 1; index <= 17; index++) bench.receiver.expectVerification(ISSUER, `state-${index}`);
    expect((await bench.send(verification({ state: 'state-1' }))).status).toBe(400);
    expect((await bench.send(verification({ state: 'state-2' }))).status).toBe(202);
  });

  test('it is received from a transmitter whose event types do not name it', async () => {
    await using bench = openBench({ transmitter: { eventTypes: [SESSION_REVOKED] } });
    expect((await bench.send(verification({}))).status).toBe(202);
  });

  test('nothing can be asked of a transmitter that is not registered', async () => {
    await using bench = openBench();
    expect(() => bench.receiver.expectVerification(PARTNER, 'state-1')).toThrow(TypeError);
  });
});

describe('what is carried along', () => {
  test('the transaction', async () => {
    await using bench = openBench();
    await bench.send(claims({ jti: 'a', txn: 'txn-7' }));
    const { txn: _txn, ...rest } = claims({ jti: 'b' });
    await bench.send(rest);
    expect(bench.events.map(({ jti, txn }) => [jti, txn])).toEqual([
      ['a', 'txn-7'],
      ['b', undefined],
    ]);
  });
});
