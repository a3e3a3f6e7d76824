import { randomUUID } from 'node:crypto';
import { CompactSign, type CryptoKey, exportJWK, generateKeyPair, type JWK } from 'jose';
import type { Json } from './http.ts';

/** A key that signs, and what is published of it. */
export interface SigningKey {
  readonly algorithm: string;
  readonly keyId: string;
  readonly privateKey: CryptoKey;
  readonly publicJwk: JWK;
}

/** Makes a key: RS256 with 2048 bits unless another algorithm is asked for. */
export async function makeSigningKey(keyId: string, algorithm = 'RS256'): Promise<SigningKey> {
  const pair = await generateKeyPair(algorithm, { extractable: true });
  const publicJwk = { ...(await exportJWK(pair.publicKey)), kid: keyId, alg: algorithm, use: 'sig' };
  return { algorithm, keyId, privateKey: pair.privateKey, publicJwk };
}

/** What a token says, and what is wrong with it. */
export interface SetScript {
  readonly eventType: string;
  readonly event?: Json;
  readonly subject: Json;
  /** Claims that take the place of others; undefined leaves one out. */
  readonly claims?: Json;
  /** Header members that take the place of others. */
  readonly header?: Json;
  /** Signs with another key than the one that is published. */
  readonly key?: SigningKey;
  /** Turns a bit of the signature round. */
  readonly corruptSignature?: boolean;
}

/** A signed Security Event Token. */
export interface ScriptedSet {
  readonly jti: string;
  readonly text: string;
}

/** Makes a token that is in order but for what the script says. */
export async function makeSet(
  script: SetScript,
  defaults: { readonly issuer: string; readonly audience: string; readonly key: SigningKey },
): Promise<ScriptedSet> {
  const key = script.key ?? defaults.key;
  const claims: Json = {
    iss: defaults.issuer,
    aud: defaults.audience,
    iat: Math.floor(Date.now() / 1000),
    jti: randomUUID(),
    txn: randomUUID(),
    sub_id: script.subject,
    events: { [script.eventType]: script.event ?? {} },
    ...script.claims,
  };
  const header = { alg: key.algorithm, typ: 'secevent+jwt', kid: key.keyId, ...script.header };
  const text = await new CompactSign(Buffer.from(JSON.stringify(claims)))
    .setProtectedHeader(header)
    .sign(key.privateKey);
  return {
    jti: String(claims['jti']),
    text: script.corruptSignature === true ? withBadSignature(text) : text,
  };
}

function withBadSignature(text: string): string {
  const dot = text.lastIndexOf('.') + 1;
  const first = text[dot] === 'A' ? 'B' : 'A';
  return `${text.slice(0, dot)}${first}${text.slice(dot + 1)}`;
}
