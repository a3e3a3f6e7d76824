import { bstr, frame, int, list, map, NULL, repeat, TRUE, tstr, uint } from '../wire.ts';
import type { RefusedStream } from './format.ts';
import { cbor, SESSION } from './frames.ts';
import { message, refuse } from './refusals.ts';

const PING = frame(0x0b, 1, map());
const TOKEN = repeat('a1', 96);

/** Headers and streams with a fault. */
export function refusedFrames(): RefusedStream[] {
  return [
    ...[0x00, 0x0e, 0x14, 0x23, 0x34, 0xff].map((type) =>
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

const pong = (name: string, number: string): RefusedStream => message(name, 'pong', map(['nowMs', number]));
const hello = (name: string, text: string): RefusedStream => message(name, 'hello', map(['client', text]));
const push = (name: string, attributes: string): RefusedStream =>
  message(
    name,
    'context',
    map(
      ['lost', list()],
      ['cause', cbor({ kind: 'a', change: 'a' })],
      ['scope', list()],
      ['state', tstr('active')],
      ['token', bstr(TOKEN)],
      ['gained', list()],
      ['session', tstr(SESSION)],
      ['attributes', attributes],
      ['generation', int(1)],
    ),
  );

/** Bodies that are not deterministic CBOR. */
export function refusedCbor(): RefusedStream[] {
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
