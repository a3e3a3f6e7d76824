import type { JsonObject } from '@rta/core';
import { createFakeClock } from '@rta/testkit';
import { describe, expect, test } from 'vitest';
import { createAccessTokens } from '../../src/client/access-token.ts';
import { createAuthorizedFetch } from '../../src/client/authorized-fetch.ts';
import { createStreamClient, type StreamClient } from '../../src/client/stream-client.ts';
import { createTransmitterDirectory } from '../../src/client/transmitter-metadata.ts';
import { createGuardedFetch } from '../../src/index.ts';
import {
  AUDIENCE,
  openTransmitter,
  POLL,
  PUSH,
  type ScriptedTransmitter,
  SESSION_REVOKED,
} from './scripted-transmitter.ts';

function clientOf(transmitter: ScriptedTransmitter, audience?: string): StreamClient {
  const clock = createFakeClock();
  const { issuer } = transmitter;
  const fetch = createGuardedFetch({ clock, allowLoopbackHttp: true });
  const tokens = createAccessTokens({ issuer, authentication: { token: 'static' }, fetch, clock });
  return createStreamClient({
    issuer,
    audience,
    directory: createTransmitterDirectory({ issuer, fetch, clock }),
    fetch: createAuthorizedFetch({ fetch, tokens }),
  });
}

const JANE: JsonObject = { format: 'email', email: 'jane@example.com' };

describe('stream management', () => {
  test('happy path: create, read, update, replace, delete', async () => {
    await using transmitter = await openTransmitter();
    const client = clientOf(transmitter, AUDIENCE);
    const created = await client.create({
      delivery: {
        method: PUSH,
        endpointUrl: 'https://rta.example/ssf/events',
        authorizationHeader: 'Bearer s',
      },
      eventsRequested: [SESSION_REVOKED],
      description: 'RealTimeAuth',
    });
    expect(created).toEqual({
      streamId: 'stream-1',
      issuer: transmitter.issuer,
      audience: ['https://rta.example/ssf'],
      delivery: { method: 'urn:ietf:rfc:8935', endpointUrl: 'https://rta.example/ssf/events' },
      eventsRequested: [SESSION_REVOKED],
      description: 'RealTimeAuth',
    });
    expect(await client.read('stream-1')).toEqual(created);
    expect(await client.list()).toEqual([created]);
    expect(await client.update('stream-1', { description: 'other' })).toMatchObject({ description: 'other' });
    expect(await client.replace('stream-1', { delivery: { method: POLL } })).toMatchObject({
      delivery: { method: POLL, endpointUrl: `${transmitter.issuer}/poll/stream-1` },
    });
    await client.delete('stream-1');
    expect(await client.list()).toEqual([]);
    expect(transmitter.seen.map(({ route, body }) => [route, body])).toEqual([
      [
        'POST /streams',
        {
          delivery: {
            method: 'urn:ietf:rfc:8935',
            endpoint_url: 'https://rta.example/ssf/events',
            authorization_header: 'Bearer s',
          },
          events_requested: [SESSION_REVOKED],
          description: 'RealTimeAuth',
        },
      ],
      ['GET /streams', undefined],
      ['GET /streams', undefined],
      ['PATCH /streams', { stream_id: 'stream-1', description: 'other' }],
      ['PUT /streams', { stream_id: 'stream-1', delivery: { method: 'urn:ietf:rfc:8936' } }],
      ['DELETE /streams', undefined],
      ['GET /streams', undefined],
    ]);
    expect(transmitter.seen.every(({ authorization }) => authorization === 'Bearer static')).toBe(true);
  });

  test('status update, subjects, verification', async () => {
    await using transmitter = await openTransmitter();
    const client = clientOf(transmitter);
    await client.create({ delivery: { method: POLL } });
    expect(await client.setStatus('stream-1', 'paused', 'maintenance')).toBe('paused');
    expect(await client.status('stream-1')).toBe('paused');
    await client.addSubject('stream-1', JANE, { verified: true });
    await client.removeSubject('stream-1', JANE);
    await client.verify('stream-1', 'state-1');
    expect(transmitter.seen.slice(1).map(({ route, body }) => [route, body])).toEqual([
      ['POST /status', { stream_id: 'stream-1', status: 'paused', reason: 'maintenance' }],
      ['GET /status', undefined],
      ['POST /subjects:add', { stream_id: 'stream-1', subject: JANE, verified: true }],
      ['POST /subjects:remove', { stream_id: 'stream-1', subject: JANE }],
      ['POST /verify', { stream_id: 'stream-1', state: 'state-1' }],
    ]);
  });

  test.each([
    [400, 'RTA_SSF_STREAM_REFUSED', false],
    [401, 'RTA_SSF_STREAM_UNAUTHENTICATED', false],
    [403, 'RTA_SSF_STREAM_FORBIDDEN', false],
    [404, 'RTA_SSF_STREAM_UNKNOWN', false],
    [409, 'RTA_SSF_STREAM_CONFLICT', false],
    [429, 'RTA_SSF_STREAM_THROTTLED', true],
    [500, 'RTA_SSF_STREAM_UNAVAILABLE', true],
    [503, 'RTA_SSF_STREAM_UNAVAILABLE', true],
    [418, 'RTA_SSF_STREAM_ANSWER', false],
    [203, 'RTA_SSF_STREAM_ANSWER', false],
  ])('an answer with %i is %s, whatever was asked', async (status, code, retryable) => {
    await using transmitter = await openTransmitter();
    transmitter.intercept = ({ route }) =>
      route.includes('well-known') ? undefined : { status, headers: { 'retry-after': '7' } };
    const client = clientOf(transmitter);
    const all = await Promise.allSettled([
      client.create({}),
      client.read('stream-1'),
      client.list(),
      client.update('stream-1', {}),
      client.replace('stream-1', {}),
      client.delete('stream-1'),
      client.status('stream-1'),
      client.setStatus('stream-1', 'enabled'),
      client.addSubject('stream-1', JANE),
      client.removeSubject('stream-1', JANE),
      client.verify('stream-1'),
    ]);
    expect(all).toHaveLength(11);
    for (const one of all) {
      expect(one).toMatchObject({ reason: { code, retryable, details: { status, retryAfterMs: 7000 } } });
    }
  });

  test('what the transmitter does later (202) is not known yet', async () => {
    await using transmitter = await openTransmitter();
    const client = clientOf(transmitter);
    transmitter.intercept = ({ route }) => (route.includes('well-known') ? undefined : { status: 202 });
    expect(await client.update('stream-1', { description: 'x' })).toBeUndefined();
    expect(await client.replace('stream-1', {})).toBeUndefined();
    expect(await client.setStatus('stream-1', 'enabled')).toBeUndefined();
  });

  test('what the transmitter does not offer is said so', async () => {
    await using transmitter = await openTransmitter();
    transmitter.metadata['verification_endpoint'] = undefined;
    await expect(clientOf(transmitter).verify('stream-1')).rejects.toMatchObject({
      code: 'RTA_SSF_NOT_OFFERED',
      details: { endpoint: 'verificationEndpoint' },
    });
  });

  test('no token is sent after a redirect', async () => {
    await using elsewhere = await openTransmitter();
    await using transmitter = await openTransmitter();
    transmitter.intercept = ({ route }) =>
      route.includes('well-known')
        ? undefined
        : { status: 307, headers: { location: `${elsewhere.issuer}/streams` } };
    await expect(clientOf(transmitter).list()).rejects.toMatchObject({ code: 'RTA_SSF_REDIRECT' });
    expect(elsewhere.seen).toEqual([]);
  });
});

/** A stream that is in order. */
function good(transmitter: ScriptedTransmitter): Record<string, unknown> {
  return {
    stream_id: 'stream-1',
    iss: transmitter.issuer,
    aud: AUDIENCE,
    delivery: { method: POLL, endpoint_url: `${transmitter.issuer}/poll/stream-1` },
  };
}

describe('the description of a stream', () => {
  test.each([
    ['stream issuer mismatch', { iss: 'https://other.example' }, 'RTA_SSF_STREAM_ISSUER'],
    ['another audience', { aud: ['https://other.example'] }, 'RTA_SSF_STREAM_AUDIENCE'],
    ['no audience', { aud: [] }, 'RTA_SSF_STREAM_ANSWER'],
    ['no issuer', { iss: undefined }, 'RTA_SSF_STREAM_ANSWER'],
    ['no stream id', { stream_id: '' }, 'RTA_SSF_STREAM_ANSWER'],
    ['a stream id that is a number', { stream_id: 7 }, 'RTA_SSF_STREAM_ANSWER'],
    ['no delivery', { delivery: undefined }, 'RTA_SSF_STREAM_ANSWER'],
    ['event types that are no array', { events_delivered: {} }, 'RTA_SSF_STREAM_ANSWER'],
  ])('is not used: %s', async (_, wrong, code) => {
    await using transmitter = await openTransmitter();
    const json = { ...good(transmitter), ...wrong };
    transmitter.intercept = ({ route }) =>
      route === 'POST /streams'
        ? { status: 201, json }
        : route === 'GET /streams'
          ? { status: 200, json: [json] }
          : undefined;
    const client = clientOf(transmitter, AUDIENCE);
    await expect(client.create({})).rejects.toMatchObject({ code });
    expect(await client.list()).toEqual([]);
  });

  test('of another stream than was asked for is not used', async () => {
    await using transmitter = await openTransmitter();
    const json = good(transmitter);
    transmitter.intercept = ({ route }) => (route.endsWith(' /streams') ? { status: 200, json } : undefined);
    const client = clientOf(transmitter);
    await expect(client.read('stream-2')).rejects.toMatchObject({ code: 'RTA_SSF_STREAM_ANSWER' });
    await expect(client.update('stream-2', {})).rejects.toMatchObject({ code: 'RTA_SSF_STREAM_ANSWER' });
  });

  test('may hold times of any size, or none that can be used', async () => {
    await using transmitter = await openTransmitter();
    let times: object = { inactivity_timeout: 1e300, min_verification_interval: 60 };
    transmitter.intercept = ({ route }) =>
      route === 'GET /streams' ? { status: 200, json: { ...good(transmitter), ...times } } : undefined;
    const client = clientOf(transmitter);
    expect(await client.read('stream-1')).toMatchObject({
      inactivityTimeoutMs: 1e303,
      minVerificationIntervalMs: 60_000,
    });
    times = { inactivity_timeout: -1, min_verification_interval: 'soon' };
    expect(await client.read('stream-1')).not.toHaveProperty('inactivityTimeoutMs');
  });

  test.each(['not an array', { status: 200, json: {} }, { status: 200, text: '<html>' }])(
    'is not searched for in %j',
    async (answer) => {
      await using transmitter = await openTransmitter();
      transmitter.intercept = ({ route }) =>
        route === 'GET /streams'
          ? typeof answer === 'string'
            ? { status: 200, json: answer }
            : answer
          : undefined;
      await expect(clientOf(transmitter).list()).rejects.toMatchObject({ code: 'RTA_SSF_STREAM_ANSWER' });
    },
  );
});
