import {
  bstr,
  bytes8,
  bytes16,
  frame,
  int,
  list,
  map,
  NULL,
  repeat,
  TRUE,
  text16,
  tstr,
  uint,
} from '../wire.ts';
import { cbor, SESSION, TOKEN_96, TYPES } from './accepted.ts';
import type { RefusedStream, VectorValue } from './format.ts';

const PING = frame(0x0b, 1, map());
const TOKEN = repeat('a1', 96);

const refuse = (code: string, name: string, stream: string): RefusedStream => ({ name, stream, code });
const message = (name: string, type: string, body: string): RefusedStream =>
  refuse('RTA_PROTOCOL_MESSAGE', `${type.toUpperCase()}: ${name}`, frame(TYPES[type] ?? 0, 1, body));

function refusedFrames(): RefusedStream[] {
  return [
    ...[0x00, 0x0e, 0x10, 0x23, 0x33, 0xff].map((type) =>
      refuse('RTA_PROTOCOL_FRAME_TYPE', `type ${uint(type, 1)}`, frame(type, 1, map())),
    ),
    refuse(
      'RTA_PROTOCOL_FRAME_TYPE',
      'a type that is not known, behind a good frame',
      PING + frame(0x7f, 1, ''),
    ),
    refuse(
      'RTA_PROTOCOL_FRAME_TYPE',
      'a type that is not known, announcing too much',
      frame(0x7f, 1, '', 65_537),
    ),
    refuse(
      'RTA_PROTOCOL_FRAME_TOO_LARGE',
      'a body of 65537 bytes, by its header alone',
      frame(0x03, 1, '', 65_537),
    ),
    refuse(
      'RTA_PROTOCOL_FRAME_TOO_LARGE',
      'a body of 2^24 − 1 bytes, by its header alone',
      frame(0x20, 1, '', 0xff_ffff),
    ),
    refuse(
      'RTA_PROTOCOL_FRAME_TOO_LARGE',
      'a length and a request id that are wrong',
      frame(0x0b, 0, '', 65_537),
    ),
    refuse('RTA_PROTOCOL_REQUEST_ID', 'PING with 0', frame(0x0b, 0, map())),
    refuse('RTA_PROTOCOL_REQUEST_ID', 'DECISION with 0, by its header alone', frame(0x21, 0, '', 17)),
    refuse('RTA_PROTOCOL_REQUEST_ID', 'GOAWAY with 1', frame(0x0d, 1, cbor({ reason: '', withinMs: 0 }))),
    refuse('RTA_PROTOCOL_FRAME_CUT_OFF', 'a header of 7 bytes', PING.slice(0, 14)),
    refuse('RTA_PROTOCOL_FRAME_CUT_OFF', 'a header without its body', frame(0x31, 1, '', 1)),
    refuse('RTA_PROTOCOL_FRAME_CUT_OFF', 'a body without its last byte', PING + frame(0x31, 1, 'a1', 2)),
  ];
}

const resumeWithTime = (time: string): string =>
  map(
    ['nonce', bstr(repeat('f6', 16))],
    ['session', tstr(SESSION)],
    ['signature', bstr(repeat('e5', 64))],
    ['issuedAtMs', time],
  );

function refusedCbor(): RefusedStream[] {
  const pong = (name: string, number: string): RefusedStream => message(name, 'pong', map(['nowMs', number]));
  const hello = (name: string, text: string): RefusedStream => message(name, 'hello', map(['client', text]));
  const push = (name: string, attributes: string): RefusedStream =>
    message(
      name,
      'context',
      map(
        ['cause', cbor({ kind: 'a', change: 'a' })],
        ['scope', list()],
        ['token', bstr(TOKEN)],
        ['session', tstr(SESSION)],
        ['attributes', attributes],
        ['generation', int(1)],
      ),
    );
  return [
    message('no body', 'ping', ''),
    message('two bodies', 'ping', map() + map()),
    message('a list', 'ping', list()),
    message('a time of 2^53', 'resume', resumeWithTime(int(2n ** 53n))),
    message('a time as a float', 'resume', resumeWithTime('fb4279b76daa800000')),
    message('null', 'ping', NULL),
    message('a map of indefinite length', 'ping', 'bfff'),
    message('the count of members in too many bytes', 'ping', 'b800'),
    message('a tag in front', 'ping', `d9d9f7${map()}`),
    pong('an integer in too many bytes', `1900ff`),
    pong('a float with the value of an integer', 'f93c00'),
    pong('a bignum', 'c2420100'),
    pong('2^53', int(2n ** 53n)),
    pong('−1', int(-1)),
    pong('1.5', 'f93e00'),
    pong('a text of digits', tstr('1')),
    message('a member twice', 'pong', map(['nowMs', int(1)], ['nowMs', int(1)])),
    hello('UTF-8 with an overlong character', '62c0af'),
    hello('UTF-8 with half of a surrogate pair', '63eda080'),
    hello('a byte order mark in front', `64efbbbf61`),
    hello('a text of indefinite length', '7f6161ff'),
    hello('a text of 1025 bytes', tstr('a'.repeat(1_025))),
    hello('a text of 1025 bytes in 513 characters', tstr(`${'ü'.repeat(512)}a`)),
    hello('bytes for a text', bstr('61')),
    message('members out of order', 'ack', map(['generation', int(1)], ['session', tstr(SESSION)])),
    push('attributes with NaN', map(['a', 'f97e00'])),
    push('attributes with an infinity', map(['a', 'f97c00'])),
    push('attributes with −0', map(['a', 'f98000'])),
    push('attributes with a float in too many bytes', map(['a', 'fb3ff8000000000000'])),
    push('attributes with undefined', map(['a', 'f7'])),
    push('attributes with a simple value', map(['a', 'e0'])),
    push('attributes with bytes', map(['a', bstr('00')])),
    push('attributes with a number as a key', `a1${int(1)}${int(1)}`),
    push('attributes with the member __proto__', map(['__proto__', map(['admin', TRUE])])),
    push('attributes of which the innermost is on level 17', map(['a', `${'81'.repeat(14)}80`])),
  ];
}

const members = (name: string, type: string, value: VectorValue): RefusedStream =>
  message(name, type, cbor(value));

function refusedMembers(): RefusedStream[] {
  const bind = { session: SESSION, signature: { bytes: repeat('e5', 64) } };
  const resume = { ...bind, nonce: { bytes: repeat('f6', 16) }, issuedAtMs: 0 };
  const delegate = { token: TOKEN_96, agent: { id: 'a' }, scope: [], key: { bytes: repeat('c3', 32) } };
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

function refusedAuthorize(): RefusedStream[] {
  const good = {
    token: bytes8(TOKEN),
    action: text16('a'),
    type: text16('b'),
    id: text16('c'),
    context: bytes16(''),
  };
  const authorize = (name: string, parts: Partial<typeof good>, rest = ''): RefusedStream => {
    const { token, action, type, id, context } = { ...good, ...parts };
    return message(name, 'authorize', token + action + type + id + context + rest);
  };
  return [
    message('no body', 'authorize', ''),
    authorize('no token', { token: bytes8('') }),
    authorize('a token of 95 bytes', { token: bytes8(repeat('a1', 95)) }),
    message('a token that is cut off', 'authorize', `60${repeat('a1', 95)}`),
    authorize('an empty action', { action: text16('') }),
    authorize('an action of 257 bytes', { action: text16('a'.repeat(257)) }),
    authorize('an action that is not UTF-8', { action: bytes16('ff') }),
    authorize('an action with a byte order mark in front', { action: bytes16('efbbbf61') }),
    authorize('a resource type of 257 bytes', { type: text16('a'.repeat(257)) }),
    authorize('a resource id of 2049 bytes', { id: text16('a'.repeat(2_049)) }),
    authorize('a context of 8193 bytes', { context: bytes16(map(['a', tstr('a'.repeat(8_187))])) }),
    authorize('a context that is a list', { context: bytes16(list()) }),
    authorize('a context with bytes in it', { context: bytes16(map(['a', list(bstr(''))])) }),
    authorize('a context that is longer than the body', { context: `0002${map()}` }),
    authorize('a byte behind the end', {}, '00'),
  ];
}

function refusedDecisions(): RefusedStream[] {
  const good = { effect: 1, cause: 0, generation: 1, expiresAtMs: 0n, token: '', detail: '' };
  const decision = (name: string, parts: Partial<typeof good>, rest = ''): RefusedStream => {
    const { effect, cause, generation, expiresAtMs, token, detail } = { ...good, ...parts };
    return message(
      name,
      'decision',
      uint(effect, 1) +
        uint(cause, 1) +
        uint(generation, 4) +
        uint(expiresAtMs, 8) +
        bytes8(token) +
        bytes16(detail) +
        rest,
    );
  };
  return [
    decision('effect 2', { effect: 2 }),
    decision('effect 255', { effect: 255 }),
    decision('a denial for cause 12', { effect: 0, cause: 12 }),
    decision('a permit for cause 12', { cause: 12 }),
    decision('a permit by default', { cause: 1 }),
    decision('a permit with a stale token', { cause: 5, token: TOKEN }),
    decision('a permit in generation 0', { generation: 0 }),
    decision('an expiry of 2^53', { expiresAtMs: 2n ** 53n }),
    decision('a permit with a token', { token: TOKEN }),
    decision('a denial for not-bound with a token', { effect: 0, cause: 8, token: TOKEN }),
    decision('a stale token without the one that replaces it', { effect: 0, cause: 5 }),
    decision('a token of 64 bytes', { effect: 0, cause: 5, token: repeat('a1', 64) }),
    decision('a detail that is a list', { detail: list() }),
    decision('a detail with a member that is not known', { detail: map(['advice', list()]) }),
    decision('a detail with a reason that is a number', { detail: map(['reasons', list(int(1))]) }),
    decision('an obligation with a member that is not known', {
      detail: map([
        'obligations',
        list(map(['id', tstr('a')], ['type', tstr('b')], ['optional', TRUE], ['properties', map()])),
      ]),
    }),
    decision('an obligation without properties', {
      detail: map(['obligations', list(map(['id', tstr('a')], ['type', tstr('b')]))]),
    }),
    decision('a detail of more than 16384 bytes', {
      detail: map(['reasons', list(...Array.from({ length: 17 }, () => tstr('a'.repeat(1_000))))]),
    }),
    decision('a byte behind the end', {}, '00'),
    message('a body of 16 bytes', 'decision', repeat('00', 16)),
  ];
}

/** Streams with one fault each, and some with two, of which the first counts. */
export function refusedStreams(): RefusedStream[] {
  return [
    ...refusedFrames(),
    ...refusedCbor(),
    ...refusedMembers(),
    ...refusedAuthorize(),
    ...refusedDecisions(),
  ];
}
