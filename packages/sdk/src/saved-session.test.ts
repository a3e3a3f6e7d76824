import type { SessionId } from '@rta/core';
import { describe, expect, test } from 'vitest';
import { readSavedSession, type SavedSession, saveSession } from './saved-session.ts';

const STATE = {
  session: 'AAECAwQFBgcICQoLDA0ODw' as SessionId,
  token: new Uint8Array(96).fill(1),
  generation: 3,
  expiresAtMs: 1_800_000_000_000,
  scope: ['files.read'],
};
const SAVED: SavedSession = { ...STATE, token: 'AQEB'.repeat(32) };

describe('a saved session', () => {
  test('is plain JSON, and says what the session is', () => {
    expect(JSON.parse(JSON.stringify(saveSession(STATE)))).toEqual(SAVED);
  });

  test('is read again', () => {
    expect(readSavedSession(SAVED)).toEqual({ session: STATE.session, token: STATE.token });
  });

  test('does not change with the session', () => {
    const scope = ['files.read'];
    const saved = saveSession({ ...STATE, scope });
    scope.push('files.write');

    expect(saved.scope).toEqual(['files.read']);
  });

  test.each<[string, Partial<Record<keyof SavedSession, unknown>>]>([
    ['an id that is none', { session: 'AAECAwQFBgcICQoLDA0OD' }],
    ['no id', { session: undefined }],
    ['a token that is not base64url', { token: 'AQ==' }],
    ['a token of another length', { token: 'AQEB' }],
    ['no token', { token: null }],
  ])('is refused where it has %s', (_, damage) => {
    const damaged = { ...SAVED, ...damage } as SavedSession;

    expect(() => readSavedSession(damaged)).toThrow(
      expect.objectContaining({ code: 'RTA_SDK_SAVED_SESSION' }),
    );
  });

  test('that is refused is not shown', () => {
    let failure: unknown;
    try {
      readSavedSession({ ...SAVED, token: 'c2VjcmV0+' });
    } catch (error) {
      failure = error;
    }

    expect(JSON.stringify(failure)).not.toContain('c2VjcmV0');
    expect(String(failure)).not.toContain('c2VjcmV0');
  });
});
