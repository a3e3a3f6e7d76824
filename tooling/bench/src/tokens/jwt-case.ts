import { toBase64Url } from '@rta/core';
import { type CryptoKey, exportJWK, generateKeyPair, importJWK, jwtVerify, SignJWT } from 'jose';
import { type SampleSession, sampleSessions } from './sample-sessions.ts';
import type { TokenCase } from './token-case.ts';

const ISSUER = 'https://rta.example';
const LIFETIME_SECONDS = 3_600;
const SESSIONS = 100;

/** A JWT with the facts of an RTAToken, verified by `jose`: signature, issuer, time. The key is imported already. */
export async function jwtCase(): Promise<TokenCase> {
  const { publicKey, privateKey } = await generateKeyPair('EdDSA', { extractable: true });
  const key = await importJWK(await exportJWK(publicKey), 'EdDSA');
  const sessions = [...sampleSessions(SESSIONS).values()];
  const tokens = await Promise.all(sessions.map((session) => signJwt(session, privateKey)));
  const rules = { issuer: ISSUER, algorithms: ['EdDSA'] };
  let next = 0;
  return {
    name: 'jose-eddsa',
    bytes: tokens[0]?.length ?? 0,
    async runBatch(count) {
      for (let i = 0; i < count; i++) {
        const token = tokens[next];
        next = (next + 1) % tokens.length;
        if (token === undefined) throw new RangeError('there is no such token');
        await jwtVerify(token, key, rules);
      }
    },
  };
}

function signJwt(session: SampleSession, key: CryptoKey): Promise<string> {
  const issuedAtSeconds = Math.floor(session.issuedAtMs / 1_000);
  return new SignJWT({
    sid: session.sessionId,
    ctx: toBase64Url(session.contextHash),
    act: { sub: session.agent },
  })
    .setProtectedHeader({ alg: 'EdDSA', kid: '2' })
    .setIssuer(ISSUER)
    .setSubject(session.subject)
    .setIssuedAt(issuedAtSeconds)
    .setExpirationTime(issuedAtSeconds + LIFETIME_SECONDS)
    .sign(key);
}
