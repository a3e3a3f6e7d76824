import { repeat } from '../wire.ts';
import type { RefusedStream, VectorValue } from './format.ts';
import { cbor, SESSION, TOKEN_96 } from './frames.ts';
import { message } from './refusals.ts';

const members = (name: string, type: string, value: VectorValue): RefusedStream =>
  message(name, type, cbor(value));

/** Maps with a member too many, too few, or that is not as specified. */
export function refusedMembers(): RefusedStream[] {
  const bind = { session: SESSION, signature: { bytes: repeat('e5', 64) } };
  const resume = { ...bind, nonce: { bytes: repeat('f6', 16) }, issuedAtMs: 0 };
  const delegate = { token: TOKEN_96, agent: { id: 'a' }, scope: [], key: { bytes: repeat('c3', 32) } };
  const limited = (limits: VectorValue): VectorValue => ({
    ...delegate,
    authorizationDetails: [{ type: 'rta_action', actions: ['a'], limits }],
  });
  const bound = { session: SESSION, token: TOKEN_96, generation: 1, expiresAtMs: 1, scope: [] };
  const listed = {
    session: SESSION,
    parent: SESSION,
    agent: { id: 'a' },
    state: 'active',
    scope: [],
    expiresAtMs: 1,
    connected: true,
  };
  const narrow = { token: TOKEN_96, session: SESSION, scope: [] };
  const context = {
    ...narrow,
    generation: 2,
    state: 'active',
    gained: [],
    lost: [],
    attributes: {},
    cause: { kind: 'a', change: 'a' },
  };
  const approval = { session: SESSION, id: 'a-1', state: 'approved' };
  return [
    members('a member that is not known', 'ping', { a: 1 }),
    members('a member that is missing', 'bind', { session: SESSION }),
    members('null for a member that may be missing', 'delegate', { ...delegate, lifetimeMs: null }),
    members('a lifetime of 0', 'delegate', { ...delegate, lifetimeMs: 0 }),
    members('a key of 31 bytes', 'delegate', { ...delegate, key: { bytes: repeat('c3', 31) } }),
    members('a member of the agent that is not known', 'delegate', {
      ...delegate,
      agent: { id: 'a', admin: true },
    }),
    members('authorization details of another type', 'delegate', {
      ...delegate,
      authorizationDetails: [{ type: 'other', actions: [] }],
    }),
    members('bytes for a list', 'delegate', { ...delegate, scope: { bytes: '61' } }),
    members('129 scopes', 'delegate', { ...delegate, scope: Array.from({ length: 129 }, () => 'a') }),
    members('an empty scope', 'delegate', { ...delegate, scope: [''] }),
    members('a currency of two letters', 'delegate', limited({ currency: 'EU', maxAmount: 1 })),
    members('a currency in small letters', 'delegate', limited({ currency: 'eur', maxAmount: 1 })),
    members('an amount with a fraction', 'delegate', limited({ currency: 'EUR', maxAmount: 1.5 })),
    members('an amount below 0', 'delegate', limited({ currency: 'EUR', totalAmount: -1 })),
    members('a count that is a text', 'delegate', limited({ totalCount: '1' })),
    members('a limit that is not known', 'delegate', limited({ maxCount: 1 })),
    members('limits of null', 'delegate', limited(null)),
    members('a number for a truth value', 'delegate', { ...delegate, detached: 1 }),
    members('a rate of 0', 'delegate', { ...delegate, budget: { requestsPerSecond: 0 } }),
    members('a budget with a fraction of a permit', 'delegate', { ...delegate, budget: { totalCount: 1.5 } }),
    members('a budget with a member that is not known', 'delegate', { ...delegate, budget: { perDay: 1 } }),
    members('without its state', 'bound', bound),
    members('a state that is not known', 'bound', { ...bound, state: 'ended' }),
    members('a session that is null', 'end', { token: TOKEN_96, session: null }),
    members('after a number', 'list', { token: TOKEN_96, after: 1 }),
    members('a limit that is asked for', 'list', { token: TOKEN_96, limit: 10 }),
    members('65 sessions', 'listed', { sessions: Array.from({ length: 65 }, () => listed), more: true }),
    members('without a word on whether there are more', 'listed', { sessions: [] }),
    members('a session without a parent', 'listed', {
      sessions: [
        {
          session: SESSION,
          agent: { id: 'a' },
          state: 'active',
          scope: [],
          expiresAtMs: 1,
          connected: true,
        },
      ],
      more: false,
    }),
    members('a session with its token', 'listed', {
      sessions: [{ ...listed, token: TOKEN_96 }],
      more: false,
    }),
    members('a session that is nearly connected', 'listed', {
      sessions: [{ ...listed, connected: 1 }],
      more: false,
    }),
    members('without a scope', 'narrow', { token: TOKEN_96, session: SESSION }),
    members('without a session', 'narrow', { token: TOKEN_96, scope: [] }),
    members('a longer life', 'narrow', { ...narrow, lifetimeMs: 1 }),
    members('a generation below 0', 'narrowed', { session: SESSION, generation: -1, scope: [] }),
    members('a state that is not known', 'context', { ...context, state: 'paused' }),
    members('an empty right that was lost', 'context', { ...context, lost: [''] }),
    members('129 rights that were gained', 'context', {
      ...context,
      gained: Array.from({ length: 129 }, () => 'a'),
    }),
    members('a state that is not known', 'approval', { ...approval, state: 'open' }),
    members('an empty id', 'approval', { ...approval, id: '' }),
    members('who decided', 'approval', { ...approval, by: 'bob' }),
    members('a token of 97 bytes', 'end', { token: { bytes: repeat('a1', 97) } }),
    members('a signature of 63 bytes', 'bind', { ...bind, signature: { bytes: repeat('e5', 63) } }),
    members('without a nonce', 'resume', { ...bind, issuedAtMs: 0 }),
    members('a nonce of 15 bytes', 'resume', { ...resume, nonce: { bytes: repeat('f6', 15) } }),
    members('a nonce of 32 bytes', 'resume', { ...resume, nonce: { bytes: repeat('f6', 32) } }),
    members('a nonce that is a text', 'resume', { ...resume, nonce: repeat('f6', 8) }),
    members('a time before 1970', 'resume', { ...resume, issuedAtMs: -1 }),
    members('a time with a fraction', 'resume', { ...resume, issuedAtMs: 1.5 }),
    members('a signature of 65 bytes', 'resume', { ...resume, signature: { bytes: repeat('e5', 65) } }),
    members('a challenge as well', 'resume', { ...resume, challenge: { bytes: repeat('d4', 32) } }),
    members('a session id of 21 characters', 'bind', { ...bind, session: SESSION.slice(1) }),
    members('a session id with spare bits', 'bind', { ...bind, session: `${SESSION.slice(0, 21)}x` }),
    members('a generation of 2^32', 'ack', { session: SESSION, generation: 2 ** 32 }),
    members('a parameter without a value', 'exchange', { parameters: [['scope', '']], proof: 'p' }),
    members('a parameter of three parts', 'exchange', { parameters: [['a', 'b', 'c']], proof: 'p' }),
  ];
}
