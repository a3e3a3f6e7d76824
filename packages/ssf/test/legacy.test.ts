import type { JsonObject } from '@rta/core';
import { describe, expect, test } from 'vitest';
import { LEGACY_SHAPES, type LegacyShape, OAUTH_EVENTS, RISC_EVENTS, SSF_EVENTS } from '../src/index.ts';
import { claims, errorOf, eventClaims, ISSUER, openBench, sign, without } from './fixture.ts';

const SSE = 'https://schemas.openid.net/secevent/sse/event-type/';

/** A token as Google sends it: the subject in the event, by the names of the first drafts. */
const google = (subject: JsonObject): JsonObject => ({
  ...without('sub_id', 'txn'),
  events: { [RISC_EVENTS.accountDisabled]: { subject, reason: 'hijacking' } },
});
const others = (shape: LegacyShape): readonly LegacyShape[] => LEGACY_SHAPES.filter((one) => one !== shape);

describe('the subject in the event', () => {
  test.each<[string, JsonObject, JsonObject]>([
    [
      'issuer and subject',
      { subject_type: 'iss-sub', iss: ISSUER, sub: 'jane' },
      { format: 'iss_sub', iss: ISSUER, sub: 'jane' },
    ],
    [
      'claims of an ID token',
      { subject_type: 'id_token_claims', iss: ISSUER, sub: 'jane', email: 'j@x.example' },
      { format: 'iss_sub', iss: ISSUER, sub: 'jane' },
    ],
    ['an email', { subject_type: 'email', email: 'j@x.example' }, { format: 'email', email: 'j@x.example' }],
    [
      'a phone number',
      { subject_type: 'phone', phone: '+12065550123' },
      { format: 'phone_number', phone_number: '+12065550123' },
    ],
    ['a format of today', { format: 'opaque', id: 'x' }, { format: 'opaque', id: 'x' }],
  ])('%s is read where it is switched on', async (_case, subject, expected) => {
    await using bench = openBench({ transmitter: { legacy: ['subject-in-event'] } });
    expect((await bench.send(google(subject))).status).toBe(202);
    expect(bench.events.map((event) => event.subject)).toEqual([expected]);
  });

  test('is refused where it is not, whatever else is', async () => {
    await using bench = openBench({ transmitter: { legacy: others('subject-in-event') } });
    const response = await bench.send(google({ subject_type: 'email', email: 'j@x.example' }));
    expect([response.status, errorOf(response)]).toEqual([400, 'invalid_request']);
  });

  test('is passed over where there is a subject of today', async () => {
    await using bench = openBench({ transmitter: { legacy: true } });
    const event = { subject: { subject_type: 'email', email: 'other@x.example' } };
    await bench.send(eventClaims(RISC_EVENTS.accountDisabled, event));
    expect(bench.events.map((one) => one.subject)).toEqual([{ format: 'iss_sub', iss: ISSUER, sub: 'jane' }]);
  });

  test('opens no users of other issuers', async () => {
    await using bench = openBench({ transmitter: { legacy: true } });
    await bench.send(google({ subject_type: 'iss-sub', iss: 'https://other.example', sub: 'jane' }));
    expect(bench.published).toMatchObject([{ outcome: 'no-effect', why: 'subject-issuer' }]);
  });
});

describe('event types of streams', () => {
  const stream = { sub_id: { format: 'opaque', id: 'stream-1' } };

  test.each([`${SSE}verification`, 'https://schemas.openid.net/secevent/risc/event-type/verification'])(
    '%s is a verification where it is switched on',
    async (type) => {
      await using bench = openBench({ transmitter: { legacy: ['event-types'] } });
      await bench.send(eventClaims(type, { state: 's' }, stream));
      expect(bench.streamEvents.map(({ event }) => event)).toEqual([
        { type: SSF_EVENTS.verification, value: { state: 's' } },
      ]);
    },
  );

  test('they are unknown where they are not', async () => {
    await using bench = openBench({ transmitter: { legacy: others('event-types') } });
    await bench.send(eventClaims(`${SSE}stream-updated`, { status: 'paused' }, stream));
    expect(bench.streamEvents).toEqual([]);
    expect(bench.events.map(({ event }) => event.type)).toEqual([`${SSE}stream-updated`]);
  });
});

test('events of the OAuth draft are known where they are switched on', async () => {
  await using bench = openBench({ transmitter: { legacy: ['oauth-events'] } });
  await bench.send(eventClaims(OAUTH_EVENTS.tokensRevoked, {}));
  expect(bench.events.map(({ event }) => event)).toEqual([{ type: OAUTH_EVENTS.tokensRevoked, value: {} }]);
});

describe('another type in the header', () => {
  test.each([undefined, 'JWT'])('%s is taken where it is switched on, and refused where not', async (typ) => {
    const set = await sign(claims(), { header: { typ } });
    await using old = openBench({ transmitter: { legacy: ['header-type'] } });
    expect((await old.push(set)).status).toBe(202);
    await using strict = openBench({ transmitter: { legacy: others('header-type') } });
    expect(errorOf(await strict.push(set))).toBe('invalid_request');
  });

  test('does not make an ID token an event: that expires, and has none', async () => {
    await using bench = openBench({ transmitter: { legacy: true } });
    const { events: _events, ...idToken } = claims();
    for (const payload of [{ ...claims(), exp: 1 }, { ...claims(), sub: 'jane' }, idToken]) {
      expect((await bench.send(payload, { header: { typ: 'JWT' } })).status).toBe(400);
    }
  });
});

test('a shape that does not exist is refused', () => {
  expect(() => openBench({ transmitter: { legacy: ['everything' as LegacyShape] } })).toThrow(TypeError);
});
