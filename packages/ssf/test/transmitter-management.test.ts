import { describe, expect, test } from 'vitest';
import { openTransmitterBench, revoked, textOf } from './transmitter-bench.ts';

const PUSH = 'urn:ietf:rfc:8935';
const POLL = 'urn:ietf:rfc:8936';
const REVOKED = 'https://schemas.openid.net/secevent/caep/event-type/session-revoked';
const RISK = 'https://schemas.openid.net/secevent/caep/event-type/risk-level-change';

describe('metadata', () => {
  test('tells where everything is, under the issuer', async () => {
    await using bench = await openTransmitterBench();
    const { status, body } = await bench.ask('GET', '/.well-known/ssf-configuration', undefined, null);
    expect(status).toBe(200);
    expect(body).toEqual({
      spec_version: '1_0',
      issuer: 'https://rta.example',
      jwks_uri: 'https://rta.example/ssf/jwks.json',
      delivery_methods_supported: [PUSH, POLL],
      configuration_endpoint: 'https://rta.example/ssf/streams',
      status_endpoint: 'https://rta.example/ssf/status',
      add_subject_endpoint: 'https://rta.example/ssf/subjects:add',
      remove_subject_endpoint: 'https://rta.example/ssf/subjects:remove',
      verification_endpoint: 'https://rta.example/ssf/verify',
      authorization_schemes: [{ spec_urn: 'urn:ietf:rfc:6749' }, { spec_urn: 'urn:ietf:rfc:6750' }],
      critical_subject_members: [],
      default_subjects: 'ALL',
    });
  });

  test('stands between the host and the path of the issuer', async () => {
    await using bench = await openTransmitterBench({ issuer: 'https://rta.example/tenant/' });
    const { status, body } = await bench.ask('GET', '/.well-known/ssf-configuration/tenant');
    expect(status).toBe(200);
    expect(body['issuer']).toBe('https://rta.example/tenant/');
    expect(body['configuration_endpoint']).toBe('https://rta.example/tenant/ssf/streams');
  });

  test('publishes the public half of the keys and nothing else of them', async () => {
    await using bench = await openTransmitterBench();
    const { body } = await bench.ask('GET', '/ssf/jwks.json', undefined, null);
    const [key] = body['keys'] as Record<string, unknown>[];
    expect(Object.keys(key ?? {}).sort()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use']);
    expect(key).toMatchObject({ alg: 'RS256', kid: 'key-1', kty: 'RSA', use: 'sig' });
  });
});

describe('authorization (T2, T4)', () => {
  test('a request without a token is asked for one', async () => {
    await using bench = await openTransmitterBench();
    const { status, headers } = await bench.ask('GET', '/ssf/streams', undefined, null);
    expect(status).toBe(401);
    expect(headers.get('WWW-Authenticate')).toBe('Bearer realm="security events"');
  });

  test('a token that is not good is refused by name', async () => {
    await using bench = await openTransmitterBench();
    const { status, headers } = await bench.ask('GET', '/ssf/streams', undefined, 'wrong');
    expect(status).toBe(401);
    expect(headers.get('WWW-Authenticate')).toBe('Bearer realm="security events", error="invalid_token"');
  });

  test('a token in the URL counts as none', async () => {
    await using bench = await openTransmitterBench();
    const { status } = await bench.ask('GET', '/ssf/streams?access_token=manage-a', undefined, null);
    expect(status).toBe(401);
  });

  test('a token without the scopes may not read', async () => {
    await using bench = await openTransmitterBench();
    const { status, headers } = await bench.ask('GET', '/ssf/streams', undefined, 'none-a');
    expect(status).toBe(403);
    expect(headers.get('WWW-Authenticate')).toBe(
      'Bearer realm="security events", error="insufficient_scope", scope="ssf.read"',
    );
  });

  test('a token that may only read changes nothing', async () => {
    await using bench = await openTransmitterBench();
    const id = await bench.stream();
    const body = { stream_id: id, status: 'disabled', subject: { format: 'opaque', id: 'x' } };
    const asked = await Promise.all([
      bench.ask('POST', '/ssf/streams', {}, 'read-a'),
      bench.ask('PATCH', '/ssf/streams', body, 'read-a'),
      bench.ask('PUT', '/ssf/streams', body, 'read-a'),
      bench.ask('DELETE', `/ssf/streams?stream_id=${id}`, undefined, 'read-a'),
      bench.ask('POST', '/ssf/status', body, 'read-a'),
      bench.ask('POST', '/ssf/subjects:add', body, 'read-a'),
      bench.ask('POST', '/ssf/subjects:remove', body, 'read-a'),
      bench.ask('POST', '/ssf/verify', body, 'read-a'),
    ]);
    expect(asked.map(({ status }) => status)).toEqual([403, 403, 403, 403, 403, 403, 403, 403]);
    expect((await bench.ask('GET', `/ssf/status?stream_id=${id}`)).body['status']).toBe('enabled');
  });

  test('a token that may only read is not shown the secret of the push endpoint', async () => {
    await using bench = await openTransmitterBench({ allowPrivateAddresses: true });
    const delivery = {
      method: PUSH,
      endpoint_url: 'https://127.0.0.1:9/events',
      authorization_header: 'Bearer s',
    };
    const id = await bench.stream({ delivery });
    const read = await bench.ask('GET', `/ssf/streams?stream_id=${id}`, undefined, 'read-a');
    expect(read.body['delivery']).toEqual({ method: PUSH, endpoint_url: 'https://127.0.0.1:9/events' });
    const all = await bench.ask('GET', '/ssf/streams', undefined, 'read-a');
    expect(JSON.stringify(all.body)).not.toContain('Bearer s');
    const managed = await bench.ask('GET', `/ssf/streams?stream_id=${id}`);
    expect(managed.body['delivery']).toEqual(delivery);
  });

  test("another receiver's stream is one that is not there", async () => {
    await using bench = await openTransmitterBench();
    const id = await bench.stream();
    const body = { stream_id: id, status: 'disabled', subject: { format: 'opaque', id: 'x' } };
    const asked = await Promise.all([
      bench.ask('GET', `/ssf/streams?stream_id=${id}`, undefined, 'manage-b'),
      bench.ask('PATCH', '/ssf/streams', body, 'manage-b'),
      bench.ask('PUT', '/ssf/streams', body, 'manage-b'),
      bench.ask('DELETE', `/ssf/streams?stream_id=${id}`, undefined, 'manage-b'),
      bench.ask('GET', `/ssf/status?stream_id=${id}`, undefined, 'manage-b'),
      bench.ask('POST', '/ssf/status', body, 'manage-b'),
      bench.ask('POST', '/ssf/subjects:add', body, 'manage-b'),
      bench.ask('POST', '/ssf/subjects:remove', body, 'manage-b'),
      bench.ask('POST', '/ssf/verify', body, 'manage-b'),
      bench.ask('POST', `/ssf/poll/${id}`, {}, 'manage-b'),
    ]);
    expect(asked.map(({ status }) => status)).toEqual([404, 404, 404, 404, 404, 404, 404, 404, 404, 404]);
    expect((await bench.ask('GET', '/ssf/streams', undefined, 'manage-b')).body).toEqual([]);
  });

  test('while nobody can say who asks, everybody is told to come again', async () => {
    await using bench = await openTransmitterBench({
      authorize: async () => {
        throw new Error('the identity provider does not answer');
      },
    });
    const { status, headers } = await bench.ask('GET', '/ssf/streams');
    expect(status).toBe(503);
    expect(headers.get('Retry-After')).toBe('5');
  });
});

describe('stream control (T2)', () => {
  test('a stream is created as it was asked for, with an audience of its own', async () => {
    await using bench = await openTransmitterBench();
    const asked = { events_requested: [REVOKED, 'urn:example:other'], description: 'mine' };
    const { status, body } = await bench.ask('POST', '/ssf/streams', asked);
    const id = textOf(body['stream_id']);
    expect(status).toBe(201);
    expect(body).toEqual({
      stream_id: id,
      iss: 'https://rta.example',
      aud: `https://rta.example/ssf/streams/${id}`,
      events_supported: [REVOKED, RISK],
      events_requested: [REVOKED, 'urn:example:other'],
      events_delivered: [REVOKED],
      delivery: { method: POLL, endpoint_url: `https://rta.example/ssf/poll/${id}` },
      description: 'mine',
      min_verification_interval: 5,
    });
    expect((await bench.ask('GET', `/ssf/streams?stream_id=${id}`)).body).toEqual(body);
    expect((await bench.ask('GET', '/ssf/streams')).body).toEqual([body]);
  });

  test('no more streams than may be', async () => {
    await using bench = await openTransmitterBench({ limits: { streamsPerReceiverCount: 1 } });
    await bench.stream();
    expect((await bench.ask('POST', '/ssf/streams', {})).status).toBe(409);
    expect((await bench.ask('POST', '/ssf/streams', {}, 'manage-b')).status).toBe(201);
  });

  test('an update changes what it says and leaves the rest', async () => {
    await using bench = await openTransmitterBench();
    const id = await bench.stream({ events_requested: [REVOKED], description: 'before' });
    const { status, body } = await bench.ask('PATCH', '/ssf/streams', {
      stream_id: id,
      description: 'after',
    });
    expect(status).toBe(200);
    expect(body).toMatchObject({ description: 'after', events_requested: [REVOKED] });
  });

  test('a replacement deletes what it does not say', async () => {
    await using bench = await openTransmitterBench();
    const id = await bench.stream({ events_requested: [REVOKED], description: 'before' });
    const { status, body } = await bench.ask('PUT', '/ssf/streams', {
      stream_id: id,
      events_requested: [RISK],
      delivery: { method: POLL },
    });
    expect(status).toBe(200);
    expect(body).not.toHaveProperty('description');
    expect(body['events_delivered']).toEqual([RISK]);
  });

  test('a configuration that was read can be sent back', async () => {
    await using bench = await openTransmitterBench();
    const { body } = await bench.ask('POST', '/ssf/streams', { description: 'mine' });
    const { status, body: after } = await bench.ask('PUT', '/ssf/streams', body);
    expect(status).toBe(200);
    expect(after).toEqual(body);
  });

  test.each([
    ['iss', 'https://other.example'],
    ['aud', 'https://rta.example/ssf/streams/other'],
    ['events_supported', []],
    ['events_delivered', [REVOKED]],
    ['min_verification_interval', 0],
    ['inactivity_timeout', 60],
  ])('%s is for the transmitter to set', async (name, value) => {
    await using bench = await openTransmitterBench();
    const id = await bench.stream();
    expect((await bench.ask('PATCH', '/ssf/streams', { stream_id: id, [name]: value })).status).toBe(400);
  });

  test('what was deleted is not there', async () => {
    await using bench = await openTransmitterBench();
    const id = await bench.stream();
    await bench.transmitter.emit(revoked('jane'));
    expect((await bench.ask('DELETE', `/ssf/streams?stream_id=${id}`)).status).toBe(204);
    expect((await bench.ask('GET', `/ssf/streams?stream_id=${id}`)).status).toBe(404);
    expect((await bench.ask('DELETE', `/ssf/streams?stream_id=${id}`)).status).toBe(404);
    const left: string[] = [];
    for await (const [key] of bench.store.outbox.entries()) left.push(key);
    expect(left).toEqual([]);
  });

  test.each([
    ['text that is no JSON', '{'],
    ['an array', '[]'],
    ['a member that stands twice', '{"description":"a","description":"b"}'],
    ['events that are no list', { events_requested: REVOKED }],
    ['a delivery method that nobody knows', { delivery: { method: 'urn:example:pigeon' } }],
    ['a push without an endpoint', { delivery: { method: PUSH } }],
    ['an endpoint for polls', { delivery: { method: POLL, endpoint_url: 'https://a.example/' } }],
    ['null for a delivery', { delivery: null }],
  ])('%s makes no stream', async (_what, body) => {
    await using bench = await openTransmitterBench();
    expect((await bench.ask('POST', '/ssf/streams', body)).status).toBe(400);
    expect(bench.transmitter.streams()).toEqual([]);
  });

  test('a body beyond the limit is not read', async () => {
    await using bench = await openTransmitterBench();
    const { status } = await bench.ask('POST', '/ssf/streams', { description: 'x'.repeat(65_536) });
    expect(status).toBe(413);
  });

  test('a method that a resource does not have', async () => {
    await using bench = await openTransmitterBench();
    const { status, headers } = await bench.ask('DELETE', '/ssf/status');
    expect(status).toBe(405);
    expect(headers.get('Allow')).toBe('GET, POST');
  });

  test('a delivery method that is switched off makes no stream', async () => {
    await using bench = await openTransmitterBench({ deliveryMethods: [PUSH] });
    expect((await bench.ask('POST', '/ssf/streams', {})).status).toBe(400);
  });
});

describe('push endpoints (T3)', () => {
  test.each([
    ['http', 'http://receiver.example/events'],
    ['the loopback interface', 'https://127.0.0.1/events'],
    ['the loopback interface by name', 'https://localhost/events'],
    ['the loopback interface in IPv6', 'https://[::1]/events'],
    ['an IPv4 address inside of IPv6', 'https://[::ffff:10.0.0.1]/events'],
    ['NAT64 of a private address', 'https://[64:ff9b::10.0.0.1]/events'],
    ['the metadata service of a cloud', 'https://169.254.169.254/latest'],
    ['a number that is an address', 'https://2130706433/events'],
    ['a private address', 'https://10.1.2.3/events'],
    ['a unique local address', 'https://[fd00::1]/events'],
    ['user and password', 'https://user:password@198.51.100.1/events'],
    ['a fragment', 'https://8.8.8.8/events#here'],
    ['a file', 'file:///etc/passwd'],
    ['no URL', 'receiver'],
  ])('%s is refused when the stream is made and when it is changed', async (_what, endpoint) => {
    await using bench = await openTransmitterBench({ allowLoopbackHttp: false });
    const delivery = { method: PUSH, endpoint_url: endpoint };
    expect((await bench.ask('POST', '/ssf/streams', { delivery })).status).toBe(400);
    const id = await bench.stream();
    expect((await bench.ask('PATCH', '/ssf/streams', { stream_id: id, delivery })).status).toBe(400);
    expect((await bench.ask('PUT', '/ssf/streams', { stream_id: id, delivery })).status).toBe(400);
  });

  test.each([
    ['a line end', 'Bearer a\r\nX-Other: b'],
    ['a line feed', 'Bearer a\nb'],
    ['letters beyond ASCII', 'Bearer ä'],
    ['a null character', 'Bearer a\u0000'],
    ['nothing', ''],
    ['a space at its end', 'Bearer a '],
  ])('%s is no authorization header', async (_what, header) => {
    await using bench = await openTransmitterBench();
    const delivery = { method: PUSH, endpoint_url: 'https://8.8.8.8/', authorization_header: header };
    expect((await bench.ask('POST', '/ssf/streams', { delivery })).status).toBe(400);
  });
});

describe('subjects', () => {
  const user = { format: 'iss_sub', iss: 'https://idp.example', sub: 'jane' };

  test('events about everybody go out where nobody was removed', async () => {
    await using bench = await openTransmitterBench();
    const id = await bench.stream();
    await bench.transmitter.emit(revoked('jane'));
    expect((await bench.poll(id)).claims).toHaveLength(1);
  });

  test('events about who was removed do not, until they are added again', async () => {
    await using bench = await openTransmitterBench();
    const id = await bench.stream();
    const removed = await bench.ask('POST', '/ssf/subjects:remove', { stream_id: id, subject: user });
    expect(removed.status).toBe(204);
    await bench.transmitter.emit(revoked('jane'));
    await bench.transmitter.emit(revoked('joe'));
    expect((await bench.poll(id)).claims.map((claims) => claims['sub_id'])).toEqual([revoked('joe').subject]);
    const added = await bench.ask('POST', '/ssf/subjects:add', {
      stream_id: id,
      subject: user,
      verified: true,
    });
    expect(added.status).toBe(200);
    expect(added.body).toEqual({});
    await bench.transmitter.emit(revoked('jane'));
    expect((await bench.poll(id)).claims).toHaveLength(2);
  });

  test('where nobody is included by default, only who was added', async () => {
    await using bench = await openTransmitterBench({ defaultSubjects: 'NONE' });
    const id = await bench.stream();
    await bench.transmitter.emit(revoked('jane'));
    await bench.ask('POST', '/ssf/subjects:add', {
      stream_id: id,
      subject: { format: 'complex', user, device: { format: 'opaque', id: 'phone' } },
    });
    await bench.transmitter.emit(revoked('jane'));
    await bench.transmitter.emit(revoked('joe'));
    expect((await bench.poll(id)).claims.map((claims) => claims['sub_id'])).toEqual([
      revoked('jane').subject,
    ]);
  });

  test('a complex subject that shares no member with the event is another one', async () => {
    await using bench = await openTransmitterBench({ defaultSubjects: 'NONE' });
    const id = await bench.stream();
    const subject = { format: 'complex', device: { format: 'opaque', id: 'phone' } };
    await bench.ask('POST', '/ssf/subjects:add', { stream_id: id, subject });
    await bench.transmitter.emit(revoked('jane'));
    expect((await bench.poll(id)).claims).toEqual([]);
  });

  test('a subject that is not shaped as its format demands is refused', async () => {
    await using bench = await openTransmitterBench();
    const id = await bench.stream();
    const subject = { format: 'iss_sub', iss: 'https://idp.example' };
    expect((await bench.ask('POST', '/ssf/subjects:add', { stream_id: id, subject })).status).toBe(400);
  });

  test('no more subjects than may be', async () => {
    await using bench = await openTransmitterBench({ limits: { subjectsPerStreamCount: 1 } });
    const id = await bench.stream();
    const remove = (name: string) =>
      bench.ask('POST', '/ssf/subjects:remove', { stream_id: id, subject: { format: 'opaque', id: name } });
    expect((await remove('one')).status).toBe(204);
    expect((await remove('one')).status).toBe(204);
    expect((await remove('two')).status).toBe(409);
  });

  test('survive a restart', async () => {
    await using before = await openTransmitterBench();
    const id = await before.stream();
    await before.ask('POST', '/ssf/subjects:remove', { stream_id: id, subject: user });
    await before.transmitter.close();
    await using after = await openTransmitterBench({ store: before.store, fakeClock: before.clock });
    await after.transmitter.emit(revoked('jane'));
    expect((await after.poll(id)).claims).toEqual([]);
  });
});

describe('verification', () => {
  test('echoes the state, names the stream, and comes not too often', async () => {
    await using bench = await openTransmitterBench();
    const id = await bench.stream({ events_requested: [] });
    expect((await bench.ask('POST', '/ssf/verify', { stream_id: id, state: 'abc' })).status).toBe(204);
    const tooSoon = await bench.ask('POST', '/ssf/verify', { stream_id: id });
    expect(tooSoon.status).toBe(429);
    expect(tooSoon.headers.get('Retry-After')).toBe('5');
    bench.clock.advance(5_000);
    expect((await bench.ask('POST', '/ssf/verify', { stream_id: id })).status).toBe(204);
    const type = 'https://schemas.openid.net/secevent/ssf/event-type/verification';
    expect((await bench.poll(id)).claims).toMatchObject([
      { sub_id: { format: 'opaque', id }, events: { [type]: { state: 'abc' } } },
      { sub_id: { format: 'opaque', id }, events: { [type]: {} } },
    ]);
  });

  test('is refused where the stream is disabled', async () => {
    await using bench = await openTransmitterBench();
    const id = await bench.stream();
    await bench.ask('POST', '/ssf/status', { stream_id: id, status: 'disabled' });
    expect((await bench.ask('POST', '/ssf/verify', { stream_id: id })).status).toBe(400);
  });
});
