import assert from 'node:assert/strict';
import { acknowledged, refused } from './assertions.ts';
import { EVENT_EXAMPLES, SESSION_REVOKED } from './event-examples.ts';
import type { ReceiverModule } from './receiver-module.ts';

const user = (issuer: string) => ({ format: 'iss_sub', iss: issuer, sub: 'nobody-in-particular' });

/** What receivers do with tokens. */
export const EVENT_MODULES: readonly ReceiverModule[] = [
  {
    name: 'verification: the state comes back',
    async run({ issuer }) {
      const { body } = await issuer.calls.find(
        'a request to verify',
        ({ operation }) => operation === 'verify',
      );
      assert(typeof body['state'] === 'string' && body['state'] !== '', 'a request to verify has a state');
      acknowledged(await issuer.verifications.find('a verdict', () => true), 'the state that was sent');
    },
  },
  {
    name: 'unsolicited verification: without a state',
    async run({ issuer }) {
      acknowledged(await issuer.sendVerification(undefined), 'a verification event without a state');
    },
  },
  {
    name: 'wrong state verification: invalid_state',
    async run({ issuer }) {
      await issuer.verifications.find('the verdict on the right state', () => true);
      refused(await issuer.sendVerification('nobody-sent-this'), 'invalid_state', 'a state that nobody sent');
    },
  },
  {
    name: 'wrong subject verification: invalid_state',
    async run({ issuer }) {
      const subject = { format: 'opaque', id: 'another-stream' };
      refused(await issuer.sendVerification(undefined, { subject }), 'invalid_state', 'another stream');
    },
  },
  {
    name: 'verification behind queued events: no order is assumed',
    script: {
      async onVerification(issuer, state) {
        for (let count = 0; count < 5; count += 1) {
          await issuer.deliver({ eventType: SESSION_REVOKED, subject: user(issuer.issuer) });
        }
        await issuer.sendVerification(state);
      },
    },
    async run({ issuer }) {
      acknowledged(await issuer.verifications.find('a verdict', () => true), 'the verification event');
    },
  },
  {
    name: 'supported events: 8 of CAEP, 14 of RISC',
    async run({ issuer }) {
      assert.equal(EVENT_EXAMPLES.length, 22);
      for (const { eventType, event, isOfIdentifier } of EVENT_EXAMPLES) {
        const subject = isOfIdentifier ? { format: 'email', email: 'old@example.com' } : user(issuer.issuer);
        acknowledged(await issuer.deliver({ eventType, event, subject }), eventType);
      }
    },
  },
  {
    name: 'unknown event type and unknown members: acknowledged',
    async run({ issuer }) {
      const subject = { ...user(issuer.issuer), nickname: 'x' };
      acknowledged(
        await issuer.deliver({ eventType: 'urn:example:secevent:nobody-knows', event: { a: [1] }, subject }),
        'an event of an unknown type',
      );
      acknowledged(
        await issuer.deliver({
          eventType: SESSION_REVOKED,
          event: { a: { b: 1 } },
          subject,
          claims: { ext: true },
        }),
        'an event with members that nobody knows',
      );
    },
  },
  {
    name: 'invalid SETs: corrupted signature, wrong iss, wrong aud, unknown kid',
    async run({ issuer, strangersKey }) {
      const script = { eventType: SESSION_REVOKED, subject: user(issuer.issuer) };
      refused(
        await issuer.deliver({ ...script, corruptSignature: true }),
        'invalid_key',
        'a corrupted signature',
      );
      refused(
        await issuer.deliver({ ...script, claims: { iss: 'https://somebody-else.example' } }),
        'invalid_issuer',
        'another issuer',
      );
      refused(
        await issuer.deliver({ ...script, claims: { aud: 'https://somebody-else.example' } }),
        'invalid_audience',
        'another audience',
      );
      refused(
        await issuer.deliver({ ...script, key: strangersKey }),
        'invalid_key',
        'a key that is not published',
      );
      acknowledged(await issuer.deliver(script), 'one that is in order, after those');
    },
  },
  {
    name: 'malformed SETs: typ, sub, exp, several events, no subject',
    async run({ issuer }) {
      const script = { eventType: SESSION_REVOKED, subject: user(issuer.issuer) };
      const twoEvents = { [SESSION_REVOKED]: {}, 'urn:example:another': {} };
      for (const [what, changes] of [
        ['typ JWT', { header: { typ: 'JWT' } }],
        ['with sub', { claims: { sub: 'x' } }],
        ['with exp', { claims: { exp: 4_102_444_800 } }],
        ['two events', { claims: { events: twoEvents } }],
        ['without sub_id', { claims: { sub_id: undefined } }],
        ['without iat', { claims: { iat: undefined } }],
      ] as const) {
        refused(await issuer.deliver({ ...script, ...changes }), 'invalid_request', what);
      }
    },
  },
  {
    name: 'redelivered SET: acknowledged again',
    async run({ issuer }) {
      const set = await issuer.sign({ eventType: SESSION_REVOKED, subject: user(issuer.issuer) });
      for (const time of ['first', 'second', 'third']) {
        acknowledged(await issuer.deliverSet(set), `the ${time} time`);
      }
    },
  },
  {
    name: 'removed-subject event: not an error',
    async run({ issuer }) {
      const subject = { format: 'email', email: 'was-never-there@example.com' };
      acknowledged(await issuer.deliver({ eventType: SESSION_REVOKED, subject }), 'an event about nobody');
    },
  },
];
