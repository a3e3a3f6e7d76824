import assert from 'node:assert/strict';
import { acknowledged } from './assertions.ts';
import { INTEROP_TYPES, SESSION_REVOKED } from './event-examples.ts';
import type { ReceiverModule } from './receiver-module.ts';

const anybody = (issuer: string) => ({ format: 'iss_sub', iss: issuer, sub: 'nobody-in-particular' });

/** What receivers do with the configuration of their streams. */
export const STREAM_MODULES: readonly ReceiverModule[] = [
  {
    name: 'happy path: a stream is made, verified and used',
    async run({ issuer, health }) {
      const { body } = await issuer.calls.find(
        'a request to create',
        ({ operation }) => operation === 'create',
      );
      assert.equal((body['delivery'] as { method?: unknown }).method, METHODS[issuer.script.delivery]);
      await issuer.calls.find('a request to verify', ({ operation }) => operation === 'verify');
      acknowledged(await issuer.verifications.find('a verdict', () => true), 'the verification event');
      acknowledged(
        await issuer.deliver({ eventType: SESSION_REVOKED, subject: anybody(issuer.issuer) }),
        'an event',
      );
      const { id } = await issuer.stream();
      assert.equal((await health()).streamId, id);
    },
  },
  {
    name: 'stream issuer mismatch: the stream is not used',
    script: { streamIssuer: 'https://somebody-else.example' },
    async run({ issuer, health }) {
      await issuer.calls.find('a request to create', ({ operation }) => operation === 'create');
      const verdict = await Promise.race([
        issuer.deliver({ eventType: SESSION_REVOKED, subject: anybody(issuer.issuer) }),
        new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), 3_000)),
      ]);
      assert(
        verdict === undefined || !verdict.acknowledged,
        'nothing of such a stream is to be acknowledged',
      );
      assert.notEqual((await health()).status, 'enabled');
      assert(!issuer.calls.all.some(({ operation }) => operation === 'verify'), 'it is not to be verified');
    },
  },
  {
    name: 'status update: stream-updated with a member that nobody knows',
    async run({ issuer, health }) {
      acknowledged(
        await issuer.changeStatus('paused', { reason: 'maintenance', until: 'tomorrow' }),
        'stream-updated',
      );
      assert.equal((await health()).status, 'paused');
      acknowledged(await issuer.changeStatus('enabled'), 'stream-updated');
      assert.equal((await health()).status, 'enabled');
    },
  },
  {
    name: 'transmitter-initiated status change: what was held comes after it',
    async run({ issuer }) {
      acknowledged(await issuer.changeStatus('paused'), 'stream-updated');
      const held = await issuer.sign({ eventType: SESSION_REVOKED, subject: anybody(issuer.issuer) });
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      acknowledged(await issuer.changeStatus('enabled'), 'stream-updated');
      acknowledged(await issuer.deliverSet(held), 'the event that was held');
    },
  },
  {
    name: 'CAEP interoperability profile: one stream with its events',
    async run({ issuer }) {
      const { body } = await issuer.calls.find(
        'a request to create',
        ({ operation }) => operation === 'create',
      );
      const requested = body['events_requested'] as readonly string[];
      assert.deepEqual(
        INTEROP_TYPES.filter((type) => !requested.includes(type)),
        [],
      );
      const events = [
        {},
        { credential_type: 'password', change_type: 'update' },
        { previous_status: 'compliant', current_status: 'not-compliant' },
        { principal: 'USER', current_level: 'LOW' },
      ];
      for (const [index, eventType] of INTEROP_TYPES.entries()) {
        const subject = { format: 'email', email: 'nobody@example.com' };
        const event = {
          ...events[index],
          event_timestamp: Math.floor(Date.now() / 1000),
          reason_admin: { en: 'x' },
        };
        acknowledged(await issuer.deliver({ eventType, event, subject }), eventType);
      }
      assert.equal(issuer.streams.all.length, 1);
    },
  },
  {
    name: 'access-token expiry: a new token, and the request again',
    async run({ issuer, verify }) {
      acknowledged(await issuer.verifications.find('a verdict', () => true), 'the verification event');
      // As long as a token of the OpenID suite's lives at least: nobody has to ask anew for one that is younger.
      await issuer.untilTokenIsOld(TOKEN_AGE_MS);
      const { issuedCount } = issuer.tokens;
      issuer.expireTokens();
      await verify();
      assert(issuer.tokens.expiredCount > 0, 'a token has expired');
      assert.equal(issuer.tokens.issuedCount, issuedCount + 1, 'one new token');
    },
  },
];

const TOKEN_AGE_MS = 10_000;

const METHODS = { push: 'urn:ietf:rfc:8935', poll: 'urn:ietf:rfc:8936' } as const;
