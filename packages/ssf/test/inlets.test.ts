import { type JsonObject, utf8 } from '@rta/core';
import { describe, expect, test } from 'vitest';
import type { PushResponse } from '../src/index.ts';
import { AUDIENCE, type Bench, claims, ISSUER, JWKS, makeKey, openBench, sign } from './fixture.ts';

const PARTNER = 'https://partner.example';

function pushMany(bench: Bench, body: unknown, parts: { contentType?: string } = {}): Promise<PushResponse> {
  return bench.receiver.receiveMultiPush({
    contentType: parts.contentType ?? 'application/json',
    authorization: undefined,
    body: utf8(typeof body === 'string' ? body : JSON.stringify(body)),
  });
}

const answerOf = ({ body }: PushResponse): unknown => JSON.parse(body ?? 'null');

const verification = (state: string, id: string): JsonObject =>
  claims({
    aud: 'https://new.example',
    sub_id: { format: 'opaque', id },
    events: { 'https://schemas.openid.net/secevent/ssf/event-type/verification': { state } },
  });

const scoped = async (
  subject: JsonObject,
  limits: { tenants?: readonly string[] } = {},
): Promise<unknown> => {
  await using bench = openBench({ transmitter: limits });
  await bench.send(claims({ sub_id: subject }));
  return bench.events[0]?.subject ?? bench.published[0];
};

describe('several tokens in one request', () => {
  test('are acknowledged and refused one by one', async () => {
    await using bench = openBench();
    const response = await pushMany(bench, {
      sets: {
        a: await sign(claims({ jti: 'a' })),
        b: await sign(claims({ jti: 'b', aud: 'https://other.example' })),
        c: 'garbage',
        d: await sign(claims({ jti: 'd', sub_id: { format: 'iss_sub', iss: PARTNER, sub: 'x' } })),
      },
    });
    expect(response.status).toBe(202);
    expect(response.headers).toEqual({ 'Content-Type': 'application/json', 'Content-Language': 'en' });
    expect(answerOf(response)).toEqual({
      ack: ['a', 'd'],
      setErrs: {
        b: { err: 'invalid_audience', description: expect.stringMatching(/./) },
        c: { err: 'invalid_request', description: expect.stringMatching(/./) },
      },
    });
    expect(bench.events.map(({ jti }) => jti)).toEqual(['a']);
    expect(bench.published.map(({ way }) => way)).toEqual(Array(4).fill('multi-push'));
  });

  test('may be none', async () => {
    await using bench = openBench();
    expect(await pushMany(bench, { sets: {} })).toEqual({
      status: 202,
      headers: { 'Content-Type': 'application/json' },
      body: '{"ack":[]}',
    });
  });

  test('are neither acknowledged nor refused where they cannot be judged now', async () => {
    await using bench = openBench({ accept: () => Promise.reject(new Error('the broker is down')) });
    const response = await pushMany(bench, { sets: { a: await sign(claims({ jti: 'a' })) } });
    expect(answerOf(response)).toEqual({ ack: [] });
  });

  test('go under their own names', async () => {
    await using bench = openBench();
    const response = await pushMany(bench, { sets: { other: await sign(claims({ jti: 'a' })) } });
    expect(answerOf(response)).toMatchObject({ ack: [], setErrs: { other: { err: 'invalid_request' } } });
    expect(bench.events).toEqual([]);
  });

  test.each<[string, unknown, number]>([
    ['no JSON', '{', 400],
    ['no sets', {}, 400],
    ['sets that are a list', { sets: [] }, 400],
    ['a set that is no text', { sets: { a: 1 } }, 400],
    ['two sets of one name', '{"sets":{"a":"x","a":"y"}}', 400],
    [
      'more than a hundred',
      { sets: Object.fromEntries(Array.from({ length: 101 }, (_, i) => [i, ''])) },
      413,
    ],
    ['more than a megabyte', `{"sets":{"a":"${'x'.repeat(1_048_576)}"}}`, 413],
  ])('are refused as a whole: %s', async (_case, body, status) => {
    await using bench = openBench();
    expect((await pushMany(bench, body)).status).toBe(status);
  });

  test('come as JSON, and one that is too large is refused by itself', async () => {
    await using bench = openBench();
    expect((await pushMany(bench, {}, { contentType: 'application/secevent+jwt' })).status).toBe(415);
    const response = await pushMany(bench, { sets: { a: 'x'.repeat(65_537) } });
    expect(answerOf(response)).toMatchObject({ setErrs: { a: { err: 'invalid_request' } } });
  });

  test('come from who may push', async () => {
    await using bench = openBench({ transmitter: { authorizationHeader: 'Bearer secret' } });
    expect((await pushMany(bench, { sets: {} })).status).toBe(401);
  });
});

describe('[R28] the same token by another way', () => {
  test('has one effect and the same verdict', async () => {
    await using bench = openBench();
    const set = await sign(claims({ jti: 'a' }));
    expect(await bench.receiver.receive(utf8(set), { way: 'quic' })).toEqual({
      outcome: 'accepted',
      jti: 'a',
    });
    expect(await bench.receiver.receive(set, { way: 'poll' })).toEqual({ outcome: 'duplicate', jti: 'a' });
    expect((await bench.push(set)).status).toBe(202);
    expect(bench.events.length).toBe(1);
  });

  test('is of the issuer of the stream', async () => {
    await using bench = openBench();
    const set = await sign(claims());
    const verdict = await bench.receiver.receive(set, { way: 'quic', issuer: PARTNER });
    expect(verdict).toMatchObject({ outcome: 'refused', err: 'invalid_issuer' });
    expect(await bench.receiver.receive(set, { way: 'quic', issuer: ISSUER })).toMatchObject({
      outcome: 'accepted',
    });
  });

  test('is refused with what the transmitter is told, or with nothing where it is to come again', async () => {
    await using bench = openBench();
    const bad = await bench.receiver.receive('x', { way: 'poll' });
    expect(bad).toMatchObject({ outcome: 'refused', err: 'invalid_request' });
    await bench.receiver.close();
    const later = await bench.receiver.receive(await sign(claims()), { way: 'poll' });
    expect(later).toMatchObject({ outcome: 'refused', err: undefined, error: { code: 'RTA_SSF_CLOSED' } });
  });
});

describe('transmitters may be registered while the receiver runs', () => {
  test('a new one, and one that is gone', async () => {
    const key = await makeKey('ES256');
    await using bench = openBench();
    const set = await sign(claims({ iss: PARTNER, sub_id: { format: 'opaque', id: 'x' } }), { key });
    expect((await bench.push(set)).status).toBe(400);
    bench.receiver.register({ issuer: PARTNER, audience: AUDIENCE, jwks: { keys: [key.jwk] } });
    expect((await bench.push(set)).status).toBe(202);
    bench.receiver.unregister(PARTNER);
    expect((await bench.push(set)).status).toBe(400);
  });

  test('one with another audience, which keeps what was asked of it', async () => {
    await using bench = openBench();
    bench.receiver.expectVerification(ISSUER, 'state-1', 'stream-1');
    bench.receiver.register({ issuer: ISSUER, audience: 'https://new.example', jwks: JWKS });
    expect((await bench.send(claims())).status).toBe(400);
    expect((await bench.send(verification('state-2', 'stream-1'))).status).toBe(400);
    expect((await bench.send(verification('state-1', 'stream-2'))).status).toBe(400);
    expect((await bench.send(verification('state-1', 'stream-1'))).status).toBe(202);
  });

  test('not with options that are of no use, and then the old ones stand', async () => {
    await using bench = openBench();
    expect(() => bench.receiver.register({ issuer: ISSUER, audience: [], jwks: JWKS })).toThrow(TypeError);
    expect((await bench.send(claims())).status).toBe(202);
  });
});

describe("the limits of a transmitter's word", () => {
  const jane = { format: 'iss_sub', iss: ISSUER, sub: 'jane' };
  const foreign = { format: 'iss_sub', iss: PARTNER, sub: 'joe' };

  test('aliases at other issuers are left out, and aliases of nothing else have no effect', async () => {
    expect(await scoped({ format: 'aliases', identifiers: [jane, foreign] })).toEqual({
      format: 'aliases',
      identifiers: [jane],
    });
    expect(await scoped({ format: 'aliases', identifiers: [foreign] })).toMatchObject({
      why: 'subject-issuer',
    });
  });

  test.each<[string, JsonObject]>([
    ['token', { format: 'jwt_id', iss: PARTNER, jti: 'j' }],
    ['assertion', { format: 'saml_assertion_id', issuer: PARTNER, assertion_id: 'a' }],
    ['application', { format: 'complex', user: jane, application: foreign }],
  ])('a %s of another issuer has no effect', async (_case, subject) => {
    expect(await scoped(subject)).toMatchObject({ why: 'subject-issuer' });
  });

  test('a tenant that it does not speak for has no effect', async () => {
    const of = (tenant: JsonObject): JsonObject => ({ format: 'complex', user: jane, tenant });
    const tenants = ['t-1'];
    expect(await scoped(of({ format: 'opaque', id: 't-1' }), { tenants })).toMatchObject({
      format: 'complex',
    });
    expect(await scoped(of({ ...jane, sub: 't-1' }), { tenants })).toMatchObject({ format: 'complex' });
    for (const tenant of [
      { format: 'opaque', id: 't-2' },
      { format: 'email', email: 't-1@x.example' },
    ]) {
      expect(await scoped(of(tenant), { tenants })).toMatchObject({ why: 'subject-tenant' });
    }
  });
});
