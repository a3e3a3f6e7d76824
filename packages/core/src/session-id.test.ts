import { describe, expect, test } from 'vitest';
import { parseSessionId, sessionIdFromBytes, sessionIdToBytes } from './session-id.ts';

const BYTES = Uint8Array.from({ length: 16 }, (_, i) => i);

describe('a session id', () => {
  test('is 16 bytes as 22 characters', () => {
    const id = sessionIdFromBytes(BYTES);
    expect(id).toBe('AAECAwQFBgcICQoLDA0ODw');
    expect(sessionIdToBytes(id)).toEqual(BYTES);
    expect(parseSessionId('AAECAwQFBgcICQoLDA0ODw')).toBe(id);
  });

  test.each([0, 15, 17])('is not made of %i bytes', (length) => {
    expect(() => sessionIdFromBytes(new Uint8Array(length))).toThrow(
      expect.objectContaining({ code: 'RTA_CORE_SESSION_ID' }),
    );
  });

  test.each([
    ['', 'RTA_CORE_SESSION_ID'],
    ['AAECAwQFBgcICQoLDA0OD', 'RTA_CORE_SESSION_ID'],
    ['AAECAwQFBgcICQoLDA0ODw=', 'RTA_CORE_SESSION_ID'],
    ['AAECAwQFBgcICQoLDA0OD+', 'RTA_CORE_BASE64URL'],
    // The last character carries bits that no byte has: another spelling of the same id.
    ['AAECAwQFBgcICQoLDA0ODx', 'RTA_CORE_BASE64URL'],
  ])('is not read from "%s"', (text, code) => {
    expect(() => parseSessionId(text)).toThrow(expect.objectContaining({ code }));
  });
});
