import assert from 'node:assert/strict';
import type { Json } from '../scripted/http.ts';
import { EVENTS, METHOD, makeStream } from './streams.ts';
import type { TransmitterModule } from './transmitter-module.ts';

const stream = { delivery: { method: METHOD.poll }, events_requested: EVENTS };

/** Metadata, authorization, and the management of streams. */
export const MANAGEMENT_MODULES: readonly TransmitterModule[] = [
  {
    name: 'metadata: required members, URLs, issuer',
    async run({ issuer, metadata, keys }) {
      assert.equal(metadata['issuer'], issuer);
      assert.equal(metadata['spec_version'], '1_0');
      for (const name of ['jwks_uri', 'configuration_endpoint', 'status_endpoint', 'verification_endpoint']) {
        assert.equal(new URL(String(metadata[name])).protocol, 'https:', name);
      }
      const methods = metadata['delivery_methods_supported'] as readonly string[];
      assert(methods.includes(METHOD.push) && methods.includes(METHOD.poll), 'push and poll');
      const schemes = metadata['authorization_schemes'] as readonly Json[];
      assert(
        schemes.some(({ spec_urn: urn }) => urn === 'urn:ietf:rfc:6749'),
        'OAuth 2.0',
      );
      const { keys: published } = await keys();
      assert(
        published.some(({ kty }) => kty === 'RSA'),
        'an RSA key',
      );
      assert(!published.some((key) => 'd' in key || 'k' in key), 'no private keys');
    },
  },
  {
    name: 'authorization: no token, a token in the query, an invalid token',
    async run({ ask, metadata, token }) {
      const url = String(metadata['configuration_endpoint']);
      const none = await ask('GET', url, { token: null });
      assert.equal(none.status, 401);
      assert.match(none.headers.get('WWW-Authenticate') ?? '', /^Bearer/);
      const inQuery = await ask('GET', `${url}?access_token=${await token()}`, { token: null });
      assert.equal(inQuery.status, 401);
      const invalid = await ask('GET', url, { token: 'x'.repeat(64) });
      assert.equal(invalid.status, 401);
      assert.match(invalid.headers.get('WWW-Authenticate') ?? '', /error="invalid_token"/);
    },
  },
  {
    name: 'authorization: a token for reading makes no stream, and sees no secrets',
    async run(stage) {
      const { ask, metadata, token } = stage;
      const read = await token('ssf.read');
      const refused = await ask('POST', metadata['configuration_endpoint'], { body: stream, token: read });
      assert.equal(refused.status, 403);
      assert.match(refused.headers.get('WWW-Authenticate') ?? '', /insufficient_scope/);
      const { url } = stage.pushEndpoint('secret');
      const delivery = { method: METHOD.push, endpoint_url: url, authorization_header: 'Bearer very-secret' };
      const { id } = await makeStream(stage, delivery);
      const seen = await ask('GET', `${String(metadata['configuration_endpoint'])}?stream_id=${id}`, {
        token: read,
      });
      assert.equal(seen.status, 200);
      assert(!JSON.stringify(seen.body).includes('very-secret'), 'the authorization header is a secret');
    },
  },
  {
    name: 'stream control: create, read, update, replace, delete',
    async run(stage) {
      const { ask, metadata } = stage;
      const endpoint = String(metadata['configuration_endpoint']);
      const { id, configuration } = await makeStream(stage);
      assert.equal(configuration['iss'], stage.issuer);
      const delivered = configuration['events_delivered'] as readonly string[];
      assert.deepEqual([...delivered].sort(), [...EVENTS].sort());
      const one = await ask('GET', `${endpoint}?stream_id=${id}`);
      assert.equal((one.body as Json)['stream_id'], id);
      const all = await ask('GET', endpoint);
      assert(
        (all.body as readonly Json[]).some(({ stream_id: each }) => each === id),
        'it is in the list',
      );
      const updated = await ask('PATCH', endpoint, { body: { stream_id: id, description: 'updated' } });
      assert([200, 202].includes(updated.status));
      assert.equal((updated.body as Json)['description'], 'updated');
      const replaced = await ask('PUT', endpoint, {
        body: { stream_id: id, delivery: configuration['delivery'], events_requested: EVENTS.slice(0, 1) },
      });
      assert([200, 202].includes(replaced.status));
      assert.deepEqual((replaced.body as Json)['events_delivered'], EVENTS.slice(0, 1));
      assert.equal((replaced.body as Json)['description'], undefined, 'what is not there is deleted');
      assert.equal((await ask('DELETE', `${endpoint}?stream_id=${id}`)).status, 204);
      assert.equal((await ask('GET', `${endpoint}?stream_id=${id}`)).status, 404);
    },
  },
  {
    name: 'stream control: broken input is 400',
    async run({ ask, metadata }) {
      const endpoint = metadata['configuration_endpoint'];
      for (const body of [
        '{',
        '[]',
        { ...stream, events_requested: 'all' },
        { ...stream, delivery: { method: 'urn:example:pigeon' } },
        { ...stream, delivery: { method: METHOD.push } },
        { ...stream, delivery: { method: METHOD.push, endpoint_url: 'not a URL' } },
        {
          ...stream,
          delivery: {
            method: METHOD.push,
            endpoint_url: 'https://127.0.0.1:1/',
            authorization_header: 'a\r\nb',
          },
        },
      ]) {
        assert.equal((await ask('POST', endpoint, { body })).status, 400, JSON.stringify(body));
      }
    },
  },
  {
    name: 'stream control: a second stream is made or is a conflict',
    async run(stage) {
      await makeStream(stage);
      const { status } = await stage.ask('POST', stage.metadata['configuration_endpoint'], { body: stream });
      assert([201, 409].includes(status), `status ${status}`);
    },
  },
  {
    name: 'stream control: an unknown stream, and the stream of another receiver, are 404',
    async run(stage) {
      const { ask, metadata, token } = stage;
      const { id } = await makeStream(stage);
      const stranger = await token('ssf.manage', 'stranger');
      for (const [streamId, by] of [
        ['nobody-made-this', undefined],
        [id, stranger],
      ] as const) {
        const request = by === undefined ? {} : { token: by };
        const one = await ask(
          'GET',
          `${String(metadata['configuration_endpoint'])}?stream_id=${streamId}`,
          request,
        );
        const status = await ask(
          'GET',
          `${String(metadata['status_endpoint'])}?stream_id=${streamId}`,
          request,
        );
        const verify = await ask('POST', metadata['verification_endpoint'], {
          ...request,
          body: { stream_id: streamId },
        });
        const gone = await ask(
          'DELETE',
          `${String(metadata['configuration_endpoint'])}?stream_id=${streamId}`,
          request,
        );
        assert.deepEqual([one.status, status.status, verify.status, gone.status], [404, 404, 404, 404]);
      }
    },
  },
  {
    name: 'subjects: added and removed',
    async run(stage) {
      const { ask, metadata } = stage;
      const { id } = await makeStream(stage);
      const body = { stream_id: id, subject: { format: 'email', email: 'somebody@example.com' } };
      assert.equal((await ask('POST', metadata['add_subject_endpoint'], { body })).status, 200);
      assert.equal((await ask('POST', metadata['remove_subject_endpoint'], { body })).status, 204);
      const malformed = { stream_id: id, subject: { email: 'somebody@example.com' } };
      assert.equal((await ask('POST', metadata['add_subject_endpoint'], { body: malformed })).status, 400);
    },
  },
  {
    name: 'status: read and set',
    async run(stage) {
      const { ask, metadata } = stage;
      const { id, setStatus } = await makeStream(stage);
      const read = async (): Promise<unknown> =>
        ((await ask('GET', `${String(metadata['status_endpoint'])}?stream_id=${id}`)).body as Json)['status'];
      assert.equal(await read(), 'enabled');
      assert([200, 202].includes((await setStatus('paused')).status));
      assert.equal(await read(), 'paused');
      assert.equal((await setStatus('asleep')).status, 400);
      assert([200, 202].includes((await setStatus('enabled')).status));
      assert.equal(await read(), 'enabled');
    },
  },
];
