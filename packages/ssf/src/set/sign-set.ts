import { randomUUID } from 'node:crypto';
import { type JsonObject, toBase64Url, utf8 } from '@rta/core';
import { type CryptoKey, exportJWK, importJWK, type JWK } from 'jose';
import type { SecurityEvent } from '../events/security-event.ts';
import { type SubjectIdentifier, subjectJson } from '../subjects/subject-identifier.ts';

const PARAMETERS = {
  RS256: { name: 'RSASSA-PKCS1-v1_5' },
  PS256: { name: 'RSA-PSS', saltLength: 32 },
  ES256: { name: 'ECDSA', hash: 'SHA-256' },
  EdDSA: { name: 'Ed25519' },
} as const;

/** Signs Security Event Tokens with one key. */
export interface SetSigner {
  /** `alg` of the header; RS256 is what the CAEP interoperability profile demands. */
  readonly algorithm: keyof typeof PARAMETERS;
  /** `kid` of the header. */
  readonly keyId: string;
  /** The public half as it is published, where it is known; a transmitter of streams needs it. */
  readonly publicJwk?: JWK;
  sign(bytes: Uint8Array): Promise<Uint8Array>;
}

/** Of a JWK, what may be published. */
const PUBLIC_MEMBERS = ['kty', 'crv', 'x', 'y', 'n', 'e'] as const;

/**
 * Makes a signer of a private key. The public half is known where the key is a JWK or can be exported.
 *
 * @throws TypeError for a key that is not private, not one for the algorithm, or an RSA key below 2048 bits.
 */
export async function createSetSigner(options: {
  readonly key: JWK | CryptoKey;
  readonly keyId: string;
  readonly algorithm?: SetSigner['algorithm'];
}): Promise<SetSigner> {
  const { keyId, algorithm = 'RS256' } = options;
  const parameters = PARAMETERS[algorithm];
  const key = isCryptoKey(options.key) ? options.key : await importJWK(options.key, algorithm);
  if (!isCryptoKey(key) || key.type !== 'private' || key.algorithm.name !== parameters.name) {
    throw new TypeError(`key ${keyId} is not a private key for ${algorithm}`);
  }
  if ('modulusLength' in key.algorithm && Number(key.algorithm.modulusLength) < 2048) {
    throw new TypeError(`key ${keyId} has less than 2048 bits`);
  }
  const jwk = isCryptoKey(options.key) ? await exported(options.key) : options.key;
  return {
    algorithm,
    keyId,
    ...(jwk === undefined
      ? {}
      : { publicJwk: { ...publicHalf(jwk), kid: keyId, alg: algorithm, use: 'sig' } }),
    sign: async (bytes) => new Uint8Array(await crypto.subtle.sign(parameters, key, new Uint8Array(bytes))),
  };
}

async function exported(key: CryptoKey): Promise<JWK | undefined> {
  return key.extractable ? exportJWK(key) : undefined;
}

function publicHalf(jwk: JWK): JWK {
  return Object.fromEntries(
    PUBLIC_MEMBERS.flatMap((name) => (jwk[name] === undefined ? [] : [[name, jwk[name]]])),
  );
}

function isCryptoKey(key: JWK | CryptoKey | Uint8Array): key is CryptoKey {
  return key instanceof CryptoKey;
}

/** What a token is made of. */
export interface SetToSign {
  readonly issuer: string;
  /** The receiver; where several are named, one of them is to be the receiver. */
  readonly audience: string | readonly string[];
  /** Unique for the issuer; random by default. */
  readonly jti?: string;
  readonly txn?: string;
  readonly subject: SubjectIdentifier;
  readonly event: SecurityEvent;
  readonly issuedAtMs: number;
  /** When it happened, where the event itself does not say. */
  readonly occurredAtMs?: number;
}

/**
 * Makes a Security Event Token, in compact serialization.
 *
 * @see SSF 1.0 §4, RFC 8417 §2
 */
export async function signSet(set: SetToSign, signer: SetSigner): Promise<string> {
  const { issuer, audience, jti = randomUUID(), txn, subject, event, issuedAtMs, occurredAtMs } = set;
  const payload: JsonObject = {
    iss: issuer,
    aud: typeof audience === 'string' ? audience : [...audience],
    jti,
    iat: Math.floor(issuedAtMs / 1000),
    ...(occurredAtMs === undefined ? {} : { toe: Math.floor(occurredAtMs / 1000) }),
    ...(txn === undefined ? {} : { txn }),
    sub_id: subjectJson(subject),
    events: { [event.type]: 'unknown' in event ? event.unknown : eventJson(event.value) },
  };
  const header = { typ: 'secevent+jwt', alg: signer.algorithm, kid: signer.keyId };
  const signed = `${part(header)}.${part(payload)}`;
  return `${signed}.${toBase64Url(await signer.sign(utf8(signed)))}`;
}

/** Members are plain data already. */
function eventJson(value: object): JsonObject {
  return JSON.parse(JSON.stringify(value)) as JsonObject;
}

function part(value: JsonObject): string {
  return toBase64Url(utf8(JSON.stringify(value)));
}
