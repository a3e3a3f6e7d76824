import { describe, expect, it } from 'vitest';
import { codeOf } from '../test/code-of.ts';
import { encodeCbor } from './cbor.ts';
import { createFrameDecoder, FRAME, type Frame } from './frame.ts';
import type { MessageName, Messages } from './message-types.ts';
import { decodeMessage, encodeMessage } from './messages.ts';

const bytes = (length: number): Uint8Array => new Uint8Array(length).fill(7);
const times = <Item>(count: number, item: Item): Item[] => Array.from({ length: count }, () => item);
const a = (count: number): string => 'a'.repeat(count);

/** Values that a member may and may not have, at the edges of its limits. */
interface Kind {
  readonly good: readonly unknown[];
  readonly bad: readonly unknown[];
}

const NEVER_TEXT = [null, true, 1, [], {}, bytes(1), ['a']];
const text: Kind = {
  good: ['', 'a', a(1_024), 'ü'.repeat(512)],
  bad: [...NEVER_TEXT, a(1_025), 'ü'.repeat(513)],
};
const name: Kind = { good: text.good.slice(1), bad: [...text.bad, ''] };
const longText: Kind = { good: ['a', a(60_000)], bad: [...NEVER_TEXT, ''] };
const bytesOf = (...lengths: readonly number[]): Kind => ({
  good: lengths.map(bytes),
  bad: [
    ...lengths.flatMap((length) => [bytes(length - 1), bytes(length + 1)]),
    bytes(0),
    null,
    a(96),
    times(96, 7),
  ],
});
const token = bytesOf(96, 128);
const session: Kind = {
  good: ['AAECAwQFBgcICQoLDA0ODw', '_____________________w', '---------------------A'],
  bad: [
    ...NEVER_TEXT,
    bytes(16),
    '',
    'AAECAwQFBgcICQoLDA0OD',
    'AAECAwQFBgcICQoLDA0ODw=',
    'AAECAwQFBgcICQoLDA0ODw\n',
    'AAECAwQFBgcICQoLDA0ODx',
    'AAECAwQFBgcICQoLDA0O+w',
    'AAECAwQFBgcICQoLDA0O/w',
  ],
};
const NEVER_NUMBER = [null, false, '1', [], {}, bytes(1), -1, 0.5];
const count: Kind = { good: [0, 1, 0xffff_ffff], bad: [...NEVER_NUMBER, 2 ** 32] };
const timeMs: Kind = {
  good: [0, 1_767_225_600_000, Number.MAX_SAFE_INTEGER],
  bad: [...NEVER_NUMBER, 2 ** 53],
};
const lifetimeMs: Kind = { good: [1, Number.MAX_SAFE_INTEGER], bad: [...timeMs.bad, 0] };
const flag: Kind = { good: [true, false], bad: [null, 0, 1, 'true', [], {}] };
const NEVER_LIST = [null, true, 1, 'a', {}, bytes(1)];
const names: Kind = {
  good: [[], ['a', 'a'], times(128, 'a'), [a(1_024)]],
  bad: [...NEVER_LIST, times(129, 'a'), [''], [1], [null], [['a']], [a(1_025)]],
};
const parameters: Kind = {
  good: [[], [['scope', 'a b']], [['a', a(60_000)]], times(128, ['a', 'b'])],
  bad: [
    ...NEVER_LIST,
    ['a', 'b'],
    [['a']],
    [['a', 'b', 'c']],
    [['', 'b']],
    [['a', '']],
    [[1, 'b']],
    [['a', 1]],
    [[a(1_025), 'b']],
    [{ a: 'b' }],
    times(129, ['a', 'b']),
  ],
};
const attributes: Kind = {
  good: [{}, { risk: 'LOW', device: { compliant: true }, list: [null, 1, 'a', [{}]] }],
  bad: [null, true, 1, 'a', [], bytes(1), { a: bytes(1) }, { a: [{ b: bytes(0) }] }],
};

/** The values of a map with these members: each member in turn good, bad and missing, and one member too many. */
function mapOf(
  required: Readonly<Record<string, Kind>>,
  optional: Readonly<Record<string, Kind>> = {},
): Kind {
  const minimal = Object.fromEntries(Object.entries(required).map(([key, { good }]) => [key, good[0]]));
  const full = {
    ...minimal,
    ...Object.fromEntries(Object.entries(optional).map(([key, { good }]) => [key, good[0]])),
  };
  const members = Object.entries({ ...required, ...optional });
  const withMember = (kind: 'good' | 'bad'): unknown[] =>
    members.flatMap(([key, values]) => values[kind].map((value) => ({ ...full, [key]: value })));
  return {
    good: [minimal, full, ...withMember('good')],
    bad: [
      ...withMember('bad'),
      ...Object.keys(required).map((missing) =>
        Object.fromEntries(Object.entries(full).filter(([key]) => key !== missing)),
      ),
      { ...full, extra: 1 },
      { ...full, extra: null },
      { ...full, toString: 'a' },
      { ...full, '': 'a' },
      null,
      true,
      1,
      'a',
      bytes(1),
      [full],
      Object.values(full),
    ],
  };
}

const listOf = (item: Kind, most = 128): Kind => ({
  good: [[], item.good.slice(0, 3), times(most, item.good[0])],
  bad: [...NEVER_LIST, ...item.bad.map((value) => [item.good[0], value]), times(most + 1, item.good[0])],
});
const oneOf = (...words: readonly string[]): Kind => ({
  good: words,
  bad: [...NEVER_TEXT, '', 'other', ...words.map((word) => word.toUpperCase())],
});

const cause = mapOf({ kind: name, change: name }, { reason: text, txn: text });
const agent = mapOf(
  { id: name },
  { name: text, type: text, version: text, instance: text, model: text, owner: text, purpose: text },
);
const quantity: Kind = { good: [0, 1, Number.MAX_SAFE_INTEGER], bad: [...NEVER_NUMBER, 2 ** 53] };
const currency: Kind = {
  good: ['EUR', 'XXX'],
  bad: [...NEVER_TEXT, '', 'EU', 'EURO', 'eur', 'EUR\n', ' EUR', 'É€£'],
};
const limits = mapOf({}, { currency, maxAmount: quantity, totalAmount: quantity, totalCount: quantity });
const detail = mapOf({ type: oneOf('rta_action'), actions: names }, { locations: names, limits });
const rate: Kind = {
  good: [1, 0.5, 1_000_000, Number.MIN_VALUE],
  bad: [...NEVER_NUMBER.filter((value) => value !== 0.5), 0, -0.5],
};
const budget = mapOf({}, { requestsPerSecond: rate, totalCount: quantity });
const state = oneOf('active', 'suspended');
const listed = mapOf({
  session,
  parent: session,
  agent,
  state,
  scope: names,
  expiresAtMs: timeMs,
  connected: flag,
});

/** Every message, as docs/spec/protocol.md §4 has it. */
const MESSAGES: { readonly [Name in MessageName]: Kind } = {
  hello: mapOf({ client: text }),
  welcome: mapOf({ node: name, challenge: bytesOf(32), tokenEndpoint: name, nonce: name, nowMs: timeMs }),
  exchange: mapOf({ parameters, proof: longText }),
  exchanged: mapOf({ token, session, generation: count, expiresAtMs: timeMs, scope: names, nonce: name }),
  bind: mapOf({ session, signature: bytesOf(64) }),
  resume: mapOf({ session, nonce: bytesOf(16), issuedAtMs: timeMs, signature: bytesOf(64) }),
  bound: mapOf({ session, token, generation: count, expiresAtMs: timeMs, scope: names, state }),
  delegate: mapOf(
    { token, agent, key: bytesOf(32) },
    { scope: names, authorizationDetails: listOf(detail), detached: flag, budget, lifetimeMs },
  ),
  delegated: mapOf({ session, expiresAtMs: timeMs, scope: names }),
  end: mapOf({ token }, { session }),
  ended: mapOf({ session }),
  list: mapOf({ token }, { after: session }),
  listed: mapOf({ sessions: listOf(listed, 64), more: flag }),
  narrow: mapOf({ token, session, scope: names }, { authorizationDetails: listOf(detail) }),
  narrowed: mapOf({ session, generation: count, scope: names }),
  ping: mapOf({}),
  pong: mapOf({ nowMs: timeMs }),
  goaway: mapOf({ reason: text, withinMs: timeMs }),
  error: mapOf({ code: name, message: text, retryable: flag }, { nonce: name }),
  context: mapOf({
    session,
    generation: count,
    token,
    state,
    scope: names,
    gained: names,
    lost: names,
    attributes,
    cause,
  }),
  revoked: mapOf({ session, generation: count, cause }),
  ack: mapOf({ session, generation: count }),
  approval: mapOf({ session, id: name, state: oneOf('approved', 'refused', 'void') }),
};
const each = Object.entries(MESSAGES) as [MessageName, Kind][];

const decode = (name: MessageName, value: unknown): unknown =>
  decodeMessage(name, { type: FRAME[name], requestId: 1, body: encodeCbor(value) });

describe.each(each)('%s', (name, { good, bad }) => {
  it('comes out of its frame as it went in, at every edge of its limits [P-4.1, P-4.7]', () => {
    const frames: Frame[] = [];
    const decoder = createFrameDecoder();
    const requestId = name === 'goaway' ? 0 : 7;
    for (const message of good) {
      decoder.push(encodeMessage(name, requestId, message as Messages[typeof name]), (frame) =>
        frames.push(frame),
      );
    }
    expect(frames.map((frame) => decodeMessage(name, frame))).toEqual(good);
    expect(frames.every((frame) => frame.requestId === requestId)).toBe(true);
  });

  it('is refused with a member too many, too few, of a wrong type or too long [P-4.1, P-4.7]', () => {
    const accepted = bad.filter((value) => codeOf(() => decode(name, value)) !== 'RTA_PROTOCOL_MESSAGE');
    expect(accepted).toEqual([]);
  });

  it('is refused in a frame of any other type [P-2.3]', () => {
    const body = encodeCbor(good[0]);
    const codes = Object.values(FRAME)
      .filter((type) => type !== FRAME[name])
      .map((type) => codeOf(() => decodeMessage(name, { type, requestId: 1, body })));
    expect([...new Set(codes)]).toEqual(['RTA_PROTOCOL_UNEXPECTED_FRAME']);
  });

  it('is refused when its body is cut off anywhere, or goes on [P-4.2]', () => {
    const body = encodeCbor(good[0]);
    const codes = new Set<string>();
    for (let length = 0; length < body.byteLength; length++) {
      const frame = { type: FRAME[name], requestId: 1, body: body.subarray(0, length) };
      codes.add(codeOf(() => decodeMessage(name, frame)));
    }
    const longer = new Uint8Array([...body, 0xa0]);
    codes.add(codeOf(() => decodeMessage(name, { type: FRAME[name], requestId: 1, body: longer })));
    expect([...codes]).toEqual(['RTA_PROTOCOL_MESSAGE']);
  });
});

describe('messages', () => {
  it('share no memory with the frame that they came in', () => {
    const body = encodeCbor({ token: bytes(96) }).slice();
    const { token } = decodeMessage('end', { type: FRAME.end, requestId: 1, body });
    body.fill(0xff);
    expect(token).toEqual(bytes(96));
  });

  it('say in an error where they are wrong, and show no value [I10]', () => {
    const message = { token: bytes(96), agent: { id: 'a', name: 5 }, scope: [], key: bytes(32) };
    expect(() => decode('delegate', message)).toThrow('delegate: agent.name is not as specified');
    const secret = { client: 'a', 'very-secret': 'very-secret' };
    expect(() => decode('hello', secret)).toThrow(/^hello: the map of members is not as specified$/);
  });

  it('say one place only, however many are wrong', () => {
    const parameters = times(5_000, 1);
    expect(() => decode('exchange', { parameters, proof: 'a' })).toThrow(/^exchange: [a-z0-9.]{1,20} is not/);
  });

  it('that do not fit into a frame are not written [P-3.3]', () => {
    expect(codeOf(() => encodeMessage('exchange', 1, { parameters: [], proof: a(65_536) }))).toBe(
      'RTA_PROTOCOL_FRAME_TOO_LARGE',
    );
  });
});
