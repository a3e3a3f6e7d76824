import { fc, test as property } from '@fast-check/vitest';
import { createFakeClock, type FakeClock } from '@rta/testkit';
import { describe, expect, test } from 'vitest';
import { createAdmission, type RetryPolicy, resolveAdmissionLimits } from './admission.ts';
import type { Address } from './native.ts';
import { createRetryTokens } from './retry-token.ts';
import { createStatelessResetTokens } from './stateless-reset.ts';
import { type AcceptedInitial, createUnroutedDatagrams } from './unrouted-datagrams.ts';

const CLIENT: Address = { host: '192.0.2.7', port: 50_123 };

interface Door {
  readonly clock: FakeClock;
  /** What was sent to the client since it was last asked. */
  answers(): Buffer[];
  readonly accepted: AcceptedInitial[];
  receive(datagram: Buffer, from?: Address): void;
}

function open(options: { retry?: RetryPolicy } & Parameters<typeof resolveAdmissionLimits>[0] = {}): Door {
  const { retry = 'under-load', ...limits } = options;
  const clock = createFakeClock();
  const retryTokens = createRetryTokens(new Uint8Array(32).fill(1));
  const sent: Buffer[] = [];
  const accepted: AcceptedInitial[] = [];
  const admission = createAdmission({
    limits: resolveAdmissionLimits(limits),
    retry,
    tokens: retryTokens,
    clock,
  });
  const receive = createUnroutedDatagrams({
    admission,
    retryTokens,
    resetTokenOf: createStatelessResetTokens(new Uint8Array(32).fill(2)),
    clock,
    send: (packet) => void sent.push(packet),
    accept: (first, _datagram, from) => {
      accepted.push(first);
      admission.enter(from);
    },
  });
  return {
    clock,
    accepted,
    answers: () => sent.splice(0),
    receive: (datagram, from = CLIENT) => receive(datagram, from),
  };
}

/** A datagram of a length that begins like this. */
function datagramOf(start: string, byteLength = 1_200): Buffer {
  const datagram = Buffer.alloc(byteLength);
  datagram.write(start, 'hex');
  return datagram;
}

const INITIAL = datagramOf('c000000001088394c8f03e51570804a1a2a3a4004496');
const SHORT_HEADER = datagramOf('40000102030405060708090a0b0c0d0e0f', 60);
const UNKNOWN_VERSION = datagramOf('c01a2a3a4a088394c8f03e51570804a1a2a3a4');

test('a first packet is let in', () => {
  const door = open();
  door.receive(INITIAL);
  expect(door.accepted).toMatchObject([
    { header: { dcid: Buffer.from('8394c8f03e515708', 'hex') }, originalId: undefined },
  ]);
  expect(door.answers()).toEqual([]);
});

test('a Retry goes back to the id that the client gave, and asks for another id and a token', () => {
  const door = open({ retry: 'always' });
  door.receive(INITIAL);
  const [retry = Buffer.alloc(0)] = door.answers();
  // Type 3, version 1, the client's id, an id of 16 bytes.
  expect(retry.readUInt8(0) & 0xf0).toBe(0xf0);
  expect(retry.subarray(1, 11).toString('hex')).toBe('0000000104a1a2a3a410');
  // A token of 33 bytes and a tag of 16.
  expect(retry.byteLength).toBe(11 + 16 + 33 + 16);
  expect(door.accepted).toEqual([]);

  const retryId = retry.subarray(11, 27);
  const token = retry.subarray(27, 60);
  const second = Buffer.concat([
    Buffer.from('c00000000110', 'hex'),
    retryId,
    Buffer.from('04a1a2a3a421', 'hex'),
    token,
    Buffer.from('4471', 'hex'),
    Buffer.alloc(1_137),
  ]);
  door.receive(second, { host: CLIENT.host, port: CLIENT.port + 1 });
  expect(door.accepted).toEqual([]);
  door.answers();

  door.receive(second);
  expect(door.accepted).toMatchObject([
    { header: { dcid: retryId }, originalId: new Uint8Array(Buffer.from('8394c8f03e515708', 'hex')) },
  ]);
  expect(door.answers()).toEqual([]);
});

describe('is not answered', () => {
  test.each([
    ['nothing', Buffer.alloc(0)],
    ['a byte', Buffer.of(0xc0)],
    ['a short header that is no packet', SHORT_HEADER.subarray(0, 36)],
    ['a first packet that is not padded', INITIAL.subarray(0, 1_199)],
    ['a Handshake packet', datagramOf('e000000001088394c8f03e51570804a1a2a3a44496')],
    ['another version that is not padded', UNKNOWN_VERSION.subarray(0, 1_199)],
  ])('%s', (_what, datagram) => {
    const door = open({ retry: 'always' });
    door.receive(datagram);
    expect(door.answers()).toEqual([]);
  });

  test.each([
    ['a first packet', INITIAL],
    ['a short header', SHORT_HEADER],
    ['another version', UNKNOWN_VERSION],
  ])('%s from port 0, to which nothing can be sent', (_what, datagram) => {
    const door = open();
    door.receive(datagram, { host: CLIENT.host, port: 0 });
    expect(door.answers()).toEqual([]);
    expect(door.accepted).toEqual([]);
  });
});

test.each([
  ['stateless resets', SHORT_HEADER],
  ['version negotiations', UNKNOWN_VERSION],
])('%s are sent a thousand times a second, however many are asked for', (_what, datagram) => {
  const door = open();
  for (let count = 0; count < 1_500; count++) door.receive(datagram);
  expect(door.answers()).toHaveLength(1_000);
  door.clock.advance(10);
  for (let count = 0; count < 1_500; count++) door.receive(datagram);
  expect(door.answers()).toHaveLength(10);
});

test('refusals are sent a thousand times a second, however many are asked for', () => {
  const door = open({ maxConnectionCount: 1, retry: 'never' });
  door.receive(INITIAL);
  for (let count = 0; count < 1_500; count++) door.receive(INITIAL);
  expect(door.answers()).toHaveLength(1_000);
});

const beginnings = ['', 'c0', 'c00000000108', 'c01a2a3a4aff', '40', 'f000000001'];

property.prop([
  fc.constantFrom(...beginnings),
  fc.uint8Array({ maxLength: 1_500, size: 'max' }),
  fc.constantFrom<RetryPolicy>('always', 'never'),
])('whatever comes, at most one answer goes back, and it is shorter', (beginning, bytes, retry) => {
  const door = open({ retry, maxConnectionCount: 1 });
  door.receive(INITIAL);
  door.answers();
  const datagram = Buffer.concat([Buffer.from(beginning, 'hex'), bytes]);
  door.receive(datagram);
  const answers = door.answers();
  expect(answers.length).toBeLessThanOrEqual(1);
  for (const answer of answers) expect(answer.byteLength).toBeLessThan(datagram.byteLength);
});

test('the longest version negotiation is less than half as long as what it answers', () => {
  const door = open();
  door.receive(datagramOf(`c01a2a3a4aff${'11'.repeat(255)}ff${'22'.repeat(255)}`));
  expect(door.answers().map(({ byteLength }) => byteLength)).toEqual([521]);
});
