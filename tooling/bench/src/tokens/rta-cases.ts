import { randomBytes } from 'node:crypto';
import type { SessionId } from '@rta/core';
import {
  createEd25519Key,
  createHmacKey,
  createKeyRing,
  encodeToken,
  equalTokens,
  peekSessionId,
  type TokenKey,
} from '@rta/token';
import { createEd25519Key as createNobleEd25519Key } from '@rta/token/noble';
import { sampleSessions } from './sample-sessions.ts';
import type { TokenCase } from './token-case.ts';

/** As many as fit the caches of no processor: a server does not see the same token twice in a row. */
const HOT_SESSIONS = 10_000;
const COLD_SESSIONS = 100;

/**
 * The server's hot path: the session by the id that the token names, then equality with its current token in
 * constant time.
 */
export function hotCase(): TokenCase {
  const key = createHmacKey({ keyId: 1, secret: Uint8Array.from(randomBytes(32)) });
  const current = new Map<SessionId, { readonly token: Uint8Array }>();
  for (const [id, session] of sampleSessions(HOT_SESSIONS)) {
    current.set(id, { token: encodeToken(session, key) });
  }
  const presented = [...current.values()].map(({ token }) => token.slice());
  let next = 0;
  return {
    name: 'rta-hot',
    bytes: presented[0]?.byteLength ?? 0,
    runBatch(count) {
      for (let i = 0; i < count; i++) {
        const token = presented[next];
        next = next + 1 === presented.length ? 0 : next + 1;
        if (token === undefined) throw new RangeError('there is no such token');
        const session = current.get(peekSessionId(token));
        if (session === undefined || !equalTokens(token, session.token))
          throw new Error('a token was refused');
      }
    },
  };
}

/** The cold path: a token is read and its signature verified, by the key ring. */
export function coldCases(): readonly TokenCase[] {
  const seed = Uint8Array.from(randomBytes(32));
  return [
    coldCase('rta-hmac', createHmacKey({ keyId: 1, secret: Uint8Array.from(randomBytes(32)) })),
    coldCase('rta-ed25519', createEd25519Key({ keyId: 2, privateKey: seed })),
    coldCase('rta-ed25519-noble', createNobleEd25519Key({ keyId: 2, privateKey: seed })),
  ];
}

function coldCase(name: string, key: TokenKey): TokenCase {
  const ring = createKeyRing({ current: key });
  const sessions = [...sampleSessions(COLD_SESSIONS).values()];
  const tokens = sessions.map((session) => encodeToken(session, key));
  let next = 0;
  return {
    name,
    bytes: tokens[0]?.byteLength ?? 0,
    runBatch(count) {
      for (let i = 0; i < count; i++) {
        const token = tokens[next];
        next = (next + 1) % tokens.length;
        if (token === undefined) throw new RangeError('there is no such token');
        ring.verify(token);
      }
    },
  };
}
