import { parseSessionId, type SessionId } from '@rta/core';
import { expect, it } from 'vitest';
import { codeOf } from '../test/code-of.ts';
import { bindingStatement, CHALLENGE_BYTES } from './binding.ts';

const challenge = new Uint8Array(32).fill(0xaa);
const channelBinding = new Uint8Array(32).fill(0xbb);
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

it.each([
  ['empty', '', 'RTA_CORE_SESSION_ID'],
  ['one byte longer', 'AAECAwQFBgcICQoLDA0ODxA', 'RTA_CORE_SESSION_ID'],
  ['one with spare bits', 'AAECAwQFBgcICQoLDA0ODx', 'RTA_CORE_BASE64URL'],
])('refuses a session id that is %s [P-5.1]', (_, text, code) => {
  expect(codeOf(() => bindingStatement(challenge, channelBinding, text as SessionId))).toBe(code);
});
