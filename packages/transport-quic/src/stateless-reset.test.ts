import { fc, test as property } from '@fast-check/vitest';
import { expect, test } from 'vitest';
import { createStatelessResetTokens, mayBePacket, statelessReset } from './stateless-reset.ts';

const ID = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex');
const TOKEN = '1b3b127eafc0f864b62154c338a7d526';

const tokenOf = createStatelessResetTokens(new Uint8Array(32).fill(7));

/** A packet with a short header. */
function packet(byteLength: number): Buffer {
  const bytes = Buffer.alloc(byteLength, 0x55);
  bytes.set(ID, 1);
  return bytes;
}

test('the token of an id is the start of its HMAC-SHA-256', () => {
  expect(Buffer.from(tokenOf(ID)).toString('hex')).toBe(TOKEN);
  expect(Buffer.from(tokenOf(Buffer.alloc(16))).toString('hex')).not.toBe(TOKEN);
});

test('what is too short for a packet to one of our ids gets no reset', () => {
  expect([0, 1, 17, 36, 37, 1_200].map((byteLength) => mayBePacket(Buffer.alloc(byteLength)))).toEqual([
    false,
    false,
    false,
    false,
    true,
    true,
  ]);
});

property.prop([fc.integer({ min: 37, max: 1_500 })])(
  'a reset looks like a packet, ends with the token, and is shorter than what it answers',
  (byteLength) => {
    const reset = statelessReset(packet(byteLength), tokenOf);
    expect(reset.readUInt8(0) & 0xc0).toBe(0x40);
    expect(reset.subarray(-16).toString('hex')).toBe(TOKEN);
    expect(reset.byteLength).toBeLessThan(byteLength);
    // RFC 9000 §10.3: shorter ones are not taken for resets.
    expect(reset.byteLength).toBeGreaterThanOrEqual(21);
    expect(reset.byteLength).toBeLessThanOrEqual(72);
  },
);

test('two resets of one connection have nothing but the token in common', () => {
  const [one, other] = [statelessReset(packet(60), tokenOf), statelessReset(packet(60), tokenOf)];
  expect(one.subarray(1, 17).toString('hex')).not.toBe(other.subarray(1, 17).toString('hex'));
});

test('two servers that know nothing of each other stop answering each other', () => {
  const otherTokenOf = createStatelessResetTokens(new Uint8Array(32).fill(8));
  let datagram = packet(1_500);
  let answers = 0;
  while (mayBePacket(datagram)) {
    datagram = statelessReset(datagram, answers % 2 === 0 ? tokenOf : otherTokenOf);
    answers += 1;
  }
  expect(answers).toBeGreaterThan(0);
  expect(answers).toBeLessThanOrEqual(37);
});
