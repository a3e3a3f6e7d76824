import assert from 'node:assert/strict';
import { createLocalJWKSet, jwtVerify } from 'jose';
import type { Json } from '../scripted/http.ts';
import { claimsOf, eventOf, headerOf } from '../scripted/scripted-receiver.ts';
import { EVENTS, METHOD, makeStream, pollFor } from './streams.ts';
import type { TransmitterModule, TransmitterStage } from './transmitter-module.ts';

const VERIFICATION = 'https://schemas.openid.net/secevent/ssf/event-type/verification';

/** What every token of a stream has to be. @see SSF 1.0 §4.1, CAEP interoperability profile §2.6 to §2.8 */
async function checkSet(text: string, configuration: Json, { keys }: TransmitterStage): Promise<void> {
  const header = headerOf(text);
  assert.equal(header['alg'], 'RS256');
  assert.equal(header['typ'], 'secevent+jwt');
  await jwtVerify(text, createLocalJWKSet((await keys()) as never));
  const claims = claimsOf(text);
  assert.equal(claims['iss'], configuration['iss']);
  assert.deepEqual(claims['aud'], configuration['aud']);
  assert(!('sub' in claims) && !('exp' in claims), 'neither sub nor exp');
  assert(typeof claims['jti'] === 'string' && claims['jti'] !== '', 'a jti');
  assert(Number(claims['iat']) <= Date.now() / 1000 + 1, 'iat is not in the future');
  assert.equal(Object.keys(claims['events'] as Json).length, 1, 'exactly one event');
  assert.equal(typeof (claims['sub_id'] as Json)['format'], 'string', 'a subject');
}

/** How tokens come. */
export const DELIVERY_MODULES: readonly TransmitterModule[] = [
  {
    name: 'verification by push: the authorization header comes to the character',
    async run(stage) {
      const { url, pushed } = stage.pushEndpoint('verbatim');
      const authorization = 'Custom  abc==, x="y"';
      const { id, verify, configuration } = await makeStream(stage, {
        method: METHOD.push,
        endpoint_url: url,
        authorization_header: authorization,
      });
      assert.equal((await verify('state-1')).status, 204);
      const push = await pushed.find('a verification event', ({ text }) => eventOf(text)[0] === VERIFICATION);
      assert.equal(push.authorization, authorization);
      assert.match(push.contentType ?? '', /^application\/secevent\+jwt$/);
      assert.match(push.accept ?? '', /application\/json/);
      await checkSet(push.text, configuration, stage);
      assert.deepEqual(eventOf(push.text)[1], { state: 'state-1' });
      assert.deepEqual(claimsOf(push.text)['sub_id'], { format: 'opaque', id });
    },
  },
  {
    name: 'verification by push: without an authorization header',
    async run(stage) {
      const { url, pushed } = stage.pushEndpoint('bare');
      const { verify } = await makeStream(stage, { method: METHOD.push, endpoint_url: url });
      assert.equal((await verify()).status, 204);
      const push = await pushed.find('a verification event', ({ text }) => eventOf(text)[0] === VERIFICATION);
      assert.equal(push.authorization, undefined);
      assert.deepEqual(eventOf(push.text)[1], {});
    },
  },
  {
    name: 'verification by poll: poll, acknowledge, nothing left',
    async run(stage) {
      const stream = await makeStream(stage);
      assert.equal((await stream.verify('state-2')).status, 204);
      const [[jti, text] = ['', '']] = Object.entries(await pollFor(stream, 1));
      await checkSet(text, stream.configuration, stage);
      assert.equal(claimsOf(text)['jti'], jti);
      assert.deepEqual(
        Object.keys((await stream.poll()).sets),
        [jti],
        'what is not acknowledged comes again',
      );
      const acknowledged = await stream.poll({ maxEvents: 0, returnImmediately: true, ack: [jti] });
      assert.deepEqual(acknowledged.sets, {}, 'a poll that only acknowledges');
      assert.deepEqual((await stream.poll()).sets, {});
    },
  },
  {
    name: 'polling: a poll is held until something is there',
    async run(stage) {
      const stream = await makeStream(stage);
      const held = stream.poll({});
      assert.equal((await stream.verify('state-3')).status, 204);
      const [text = ''] = Object.values((await held).sets);
      assert.equal(eventOf(text)[0], VERIFICATION);
    },
  },
  {
    name: 'polling: a token that is in setErrs does not come again',
    async run(stage) {
      const stream = await makeStream(stage);
      await stream.verify('state-4');
      const [jti = ''] = Object.keys(await pollFor(stream, 1));
      const setErrs = { [jti]: { err: 'invalid_request', description: 'made up' } };
      assert.deepEqual((await stream.poll({ returnImmediately: true, setErrs })).sets, {});
      assert.deepEqual((await stream.poll()).sets, {});
    },
  },
  {
    name: 'polling: the URL is one for each stream, and needs a token of its receiver',
    async run(stage) {
      const stream = await makeStream(stage);
      const none = await stage.ask('POST', pollUrl(stream.configuration), { token: null, body: {} });
      assert.equal(none.status, 401);
      assert.match(none.headers.get('WWW-Authenticate') ?? '', /^Bearer/);
      const stranger = await stage.token('ssf.manage', 'stranger');
      assert.equal(
        (await stage.ask('POST', pollUrl(stream.configuration), { token: stranger, body: {} })).status,
        404,
      );
      const other = await stage.ask('POST', stage.metadata['configuration_endpoint'], {
        token: stranger,
        body: { delivery: { method: METHOD.poll }, events_requested: EVENTS },
      });
      assert.notEqual(pollUrl(other.body as Json), pollUrl(stream.configuration));
    },
  },
  {
    name: 'status: paused holds, disabled drops',
    async run(stage) {
      const stream = await makeStream(stage);
      await stream.setStatus('paused');
      await stage.openAndRevokeSession();
      assert.deepEqual((await stream.poll()).sets, {}, 'a paused stream sends nothing');
      await stream.setStatus('enabled');
      const types = Object.values(await pollFor(stream, EVENTS.length)).map((text) => eventOf(text)[0]);
      assert.deepEqual(types.sort(), [...EVENTS].sort());
      await stream.poll({ returnImmediately: true, ack: Object.keys((await stream.poll()).sets) });
      await stream.setStatus('disabled');
      await stage.openAndRevokeSession();
      await stream.setStatus('enabled');
      assert.deepEqual((await stream.poll()).sets, {}, 'a disabled stream holds nothing');
    },
  },
  {
    name: 'CAEP: session-established and session-revoked of an agent session',
    async run(stage) {
      const { url, pushed } = stage.pushEndpoint('caep');
      const { configuration } = await makeStream(stage, { method: METHOD.push, endpoint_url: url });
      await stage.openAndRevokeSession();
      for (const type of EVENTS) {
        const { text } = await pushed.find(type, (push) => eventOf(push.text)[0] === type);
        await checkSet(text, configuration, stage);
        const [, event] = eventOf(text);
        assert.equal(typeof event['event_timestamp'], 'number');
        const subject = claimsOf(text)['sub_id'] as Json;
        assert.equal(subject['format'], 'complex');
        for (const member of ['user', 'session']) assert.equal(typeof subject[member], 'object', member);
        assert.equal(typeof claimsOf(text)['txn'], 'string');
      }
    },
  },
  {
    name: 'push: 5xx is tried again, 400 is not',
    async run(stage) {
      const endpoint = stage.pushEndpoint('failing');
      const { verify } = await makeStream(stage, { method: METHOD.push, endpoint_url: endpoint.url });
      endpoint.answer = () => ({ status: endpoint.pushed.all.length < 2 ? 503 : 202 });
      await verify('state-5');
      await endpoint.pushed.find('the second time', (push) => endpoint.pushed.all.indexOf(push) > 0);
      const [first, second] = endpoint.pushed.all;
      assert.equal(first?.text, second?.text);
      endpoint.answer = () => ({
        status: 400,
        headers: { 'Content-Language': 'en' },
        body: { err: 'invalid_request' },
      });
      await stage.openAndRevokeSession();
      await endpoint.pushed.find('the last event', ({ text }) => eventOf(text)[0] === EVENTS[0]);
      await new Promise((resolve) => setTimeout(resolve, 2_000));
      const texts = endpoint.pushed.all.slice(2).map(({ text }) => text);
      assert.equal(new Set(texts).size, texts.length, 'what was refused is not sent again');
    },
  },
];

function pollUrl(configuration: Json): string {
  return String((configuration['delivery'] as Json)['endpoint_url']);
}
