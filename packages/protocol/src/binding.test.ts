import { fc, test as propertyTest } from '@fast-check/vitest';
import { parseSessionId, type SessionId, sessionIdFromBytes } from '@rta/core';
import { expect, it } from 'vitest';
import { codeOf } from '../test/code-of.ts';
import { bindingStatement, CHALLENGE_BYTES, RESUME_NONCE_BYTES, resumeStatement } from './binding.ts';

const challenge = new Uint8Array(32).fill(0xaa);
const channelBinding = new Uint8Array(32).fill(0xbb);
const nonce = new Uint8Array(16).fill(0xcc);
const issuedAtMs = 1_767_225_600_000;
const sessionId = parseSessionId('AAECAwQFBgcICQoLDA0ODw');

it('makes a statement of 92 bytes: label, challenge, channel binding, session id [P-5.1]', () => {
  const statement = bindingStatement(challenge, channelBinding, sessionId);
  expect(Buffer.from(statement).toString('hex')).toBe(
    '5254412062696e6420763100' +
      'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' +
      'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb' +
      '000102030405060708090a0b0c0d0e0f',
  );
  expect(statement.byteLength).toBe(92);
});

it('takes challenges of 32 bytes [P-5.1]', () => {
  expect(CHALLENGE_BYTES).toBe(32);
});

// A part that could be longer or shorter would let one signature stand for two statements.
it.each([0, 31, 33, 64])('refuses a challenge or a channel binding of %i bytes [P-5.1]', (length) => {
  const other = new Uint8Array(length);
  expect(() => bindingStatement(other, channelBinding, sessionId)).toThrow(RangeError);
  expect(() => bindingStatement(challenge, other, sessionId)).toThrow(RangeError);
});

const NOT_IDS: readonly (readonly [string, string, string])[] = [
  ['empty', '', 'RTA_CORE_SESSION_ID'],
  ['one byte longer', 'AAECAwQFBgcICQoLDA0ODxA', 'RTA_CORE_SESSION_ID'],
  ['one with spare bits', 'AAECAwQFBgcICQoLDA0ODx', 'RTA_CORE_BASE64URL'],
];

it.each(NOT_IDS)('refuses a session id that is %s [P-5.1]', (_, text, code) => {
  expect(codeOf(() => bindingStatement(challenge, channelBinding, text as SessionId))).toBe(code);
});

it('makes a statement of 86 bytes: label, nonce, time, channel binding, session id [P-9.2]', () => {
  const statement = resumeStatement(nonce, issuedAtMs, channelBinding, sessionId);
  expect(Buffer.from(statement).toString('hex')).toBe(
    '52544120726573756d6520763100' +
      'cccccccccccccccccccccccccccccccc' +
      '0000019b76daa800' +
      'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb' +
      '000102030405060708090a0b0c0d0e0f',
  );
  expect(statement.byteLength).toBe(86);
});

it('takes nonces of 16 bytes [P-9.2]', () => {
  expect(RESUME_NONCE_BYTES).toBe(16);
});

it.each([0, 15, 17, 31, 33])('refuses a nonce or a channel binding of %i bytes [P-9.2]', (length) => {
  const other = new Uint8Array(length);
  expect(() => resumeStatement(other, issuedAtMs, channelBinding, sessionId)).toThrow(RangeError);
  expect(() => resumeStatement(nonce, issuedAtMs, other, sessionId)).toThrow(RangeError);
});

it.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])(
  'refuses %s as the time of a statement: its 64 bits would say another one [P-9.2]',
  (timeMs) => {
    expect(() => resumeStatement(nonce, timeMs, channelBinding, sessionId)).toThrow(RangeError);
  },
);

it.each(NOT_IDS)('refuses to resume a session with an id that is %s [P-9.2]', (_, text, code) => {
  expect(codeOf(() => resumeStatement(nonce, issuedAtMs, channelBinding, text as SessionId))).toBe(code);
});

const exactly = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const resumption = fc.tuple(
  exactly(16),
  fc.maxSafeNat(),
  exactly(32),
  exactly(16).map((bytes) => sessionIdFromBytes(bytes)),
);

propertyTest.prop([resumption, resumption], { numRuns: 200 })(
  'makes different statements of different resumptions, each part in its place [P-9.2]',
  (one, other) => {
    const same = JSON.stringify(one) === JSON.stringify(other);
    const statement = resumeStatement(...one);
    expect(Buffer.compare(statement, resumeStatement(...other)) === 0).toBe(same);
    // Its parts stand where they stand, whatever they are.
    const view = new DataView(statement.buffer);
    expect(statement.subarray(14, 30)).toEqual(one[0]);
    expect(Number(view.getBigUint64(30))).toBe(one[1]);
    expect(statement.subarray(38, 70)).toEqual(one[2]);
    expect(sessionIdFromBytes(statement.subarray(70))).toBe(one[3]);
    expect(Buffer.from(statement.subarray(0, 14)).toString('latin1')).toBe('RTA resume v1\0');
  },
);
