import { concatBytes, type SessionId, sessionIdFromBytes, sessionIdToBytes, utf8 } from '@rta/core';
import { tokenError } from '../errors.ts';
import { checkKeyId, type TokenSigner } from '../token-key.ts';
import {
  CONTEXT_HASH_BYTES,
  ISSUED_AT_MAX_MS,
  isTokenLength,
  signatureLengthBytes,
  suiteFromNumber,
  suiteNumber,
  TOKEN_OFFSETS,
  TOKEN_PREFIX_BYTES,
  TOKEN_VERSION,
  type TokenSuite,
  tokenLengthBytes,
} from './layout.ts';

/** Stands before the signed bytes, so that no signature made for something else is one of a token (T-2.1). */
const LABEL = utf8('RTAToken v1\0');

/** What an issuer says in a token. */
export interface TokenContents {
  readonly sessionId: SessionId;
  /** 32 bytes: SHA-256 over the canonical JSON of the session's context. */
  readonly contextHash: Uint8Array;
  /** UNIX milliseconds, 0 to 2^53 − 1. */
  readonly issuedAtMs: number;
}

/** What a token says. */
export interface TokenClaims extends TokenContents {
  readonly suite: TokenSuite;
  /** 0 to 2^32 − 1. */
  readonly keyId: number;
}

/** A token taken apart, with nothing proven: anybody can write such bytes. */
export interface DecodedToken {
  /** What the token says, if its signature holds. */
  readonly unverified: TokenClaims;
  /** The bytes that the signature is made over: the label and the first 64 bytes of the token. */
  readonly signedMessage: Uint8Array;
  /** 32 or 64 bytes. */
  readonly signature: Uint8Array;
}

/**
 * Writes and signs a token.
 *
 * @returns 96 or 128 bytes, as the signer's suite has them.
 * @throws RangeError where the context hash has not 32 bytes, the session id not 16, the time is outside its range,
 *   or the signer gives a signature of another length than its suite's.
 * @throws RtaError `RTA_TOKEN_KEY` where the signer's key id is not an integer of 32 bits.
 * @see docs/spec/token.md §1, §2
 */
export function encodeToken(contents: TokenContents, signer: TokenSigner): Uint8Array {
  const { contextHash, issuedAtMs } = contents;
  const sessionId = sessionIdToBytes(contents.sessionId);
  if (sessionId.byteLength !== TOKEN_OFFSETS.contextHash - TOKEN_OFFSETS.sessionId) {
    throw new RangeError(`the session id must have 16 bytes, and has ${sessionId.byteLength}`);
  }
  if (contextHash.byteLength !== CONTEXT_HASH_BYTES) {
    throw new RangeError(`the context hash must have 32 bytes, and has ${contextHash.byteLength}`);
  }
  if (!Number.isSafeInteger(issuedAtMs) || issuedAtMs < 0) {
    throw new RangeError('the time of issue must be an integer from 0 to 9007199254740991');
  }
  checkKeyId(signer.keyId);

  const token = new Uint8Array(tokenLengthBytes(signer.suite));
  const view = new DataView(token.buffer);
  view.setUint8(TOKEN_OFFSETS.version, TOKEN_VERSION);
  view.setUint8(TOKEN_OFFSETS.suite, suiteNumber(signer.suite));
  view.setUint32(TOKEN_OFFSETS.keyId, signer.keyId);
  token.set(sessionId, TOKEN_OFFSETS.sessionId);
  token.set(contextHash, TOKEN_OFFSETS.contextHash);
  view.setBigUint64(TOKEN_OFFSETS.issuedAt, BigInt(issuedAtMs));

  const signature = signer.sign(signedMessage(token));
  if (signature.byteLength !== signatureLengthBytes(signer.suite)) {
    throw new RangeError(`the signer gave ${signature.byteLength} bytes for suite ${signer.suite}`);
  }
  token.set(signature, TOKEN_OFFSETS.signature);
  return token;
}

/**
 * Takes a token apart and checks its form; no signature is verified. {@link verifyToken} does both.
 *
 * The input is copied before the first look at it: what is verified later is what was read here, even if the
 * caller's memory changes meanwhile (T-4.3).
 *
 * @param bytes - exactly one token from an untrusted source.
 * @throws RtaError `RTA_TOKEN_LENGTH` | `RTA_TOKEN_VERSION` | `RTA_TOKEN_SUITE` | `RTA_TOKEN_SUITE_LENGTH` |
 *   `RTA_TOKEN_FLAGS` | `RTA_TOKEN_ISSUED_AT`: the first that applies, in this order.
 * @see docs/spec/token.md T-4.1
 */
export function decodeToken(bytes: Uint8Array): DecodedToken {
  checkTokenLength(bytes);
  const token = new Uint8Array(bytes);
  const view = new DataView(token.buffer);

  const version = view.getUint8(TOKEN_OFFSETS.version);
  if (version !== TOKEN_VERSION) {
    throw tokenError('RTA_TOKEN_VERSION', `the token must have version 1, and has ${version}`, {
      details: { version },
    });
  }
  const number = view.getUint8(TOKEN_OFFSETS.suite);
  const suite = suiteFromNumber(number);
  if (suite === undefined) {
    throw tokenError('RTA_TOKEN_SUITE', `the token must have suite 1 or 2, and has ${number}`, {
      details: { suite: number },
    });
  }
  if (token.byteLength !== tokenLengthBytes(suite)) {
    throw tokenError('RTA_TOKEN_SUITE_LENGTH', undefined, { details: { suite, bytes: token.byteLength } });
  }
  // T-1.4: a flag may come to restrict what the token is good for; who does not know it must not act on the token.
  const flags = view.getUint16(TOKEN_OFFSETS.flags);
  if (flags !== 0) throw tokenError('RTA_TOKEN_FLAGS', undefined, { details: { flags } });
  const issuedAt = view.getBigUint64(TOKEN_OFFSETS.issuedAt);
  if (issuedAt > BigInt(ISSUED_AT_MAX_MS)) throw tokenError('RTA_TOKEN_ISSUED_AT');

  return {
    unverified: {
      suite,
      keyId: view.getUint32(TOKEN_OFFSETS.keyId),
      sessionId: sessionIdFromBytes(token.subarray(TOKEN_OFFSETS.sessionId, TOKEN_OFFSETS.contextHash)),
      contextHash: token.slice(TOKEN_OFFSETS.contextHash, TOKEN_OFFSETS.issuedAt),
      issuedAtMs: Number(issuedAt),
    },
    signedMessage: signedMessage(token),
    signature: token.slice(TOKEN_OFFSETS.signature),
  };
}

/**
 * Refuses what cannot be a token by its length.
 *
 * @throws RtaError `RTA_TOKEN_LENGTH`
 */
export function checkTokenLength(bytes: Uint8Array): void {
  if (isTokenLength(bytes.byteLength)) return;
  throw tokenError(
    'RTA_TOKEN_LENGTH',
    `a token must have 96 or 128 bytes, and this has ${bytes.byteLength}`,
    {
      details: { bytes: bytes.byteLength },
    },
  );
}

function signedMessage(token: Uint8Array): Uint8Array {
  return concatBytes(LABEL, token.subarray(0, TOKEN_PREFIX_BYTES));
}
