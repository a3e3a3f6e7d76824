import { fromBase64Url, type JsonObject, type JsonValue } from '@rta/core';
import { ssfError } from '../errors.ts';
import { parseStrictObject } from './strict-json.ts';

/** A Security Event Token, taken apart. Nothing of it is verified. */
export interface CompactSet {
  /** The compact JWS, as it was signed. */
  readonly text: string;
  /** Whether `typ` says that it is one (SSF 1.0 §4.1.1). */
  readonly isSecurityEvent: boolean;
  /** The signature algorithm that the header names. */
  readonly algorithm: string;
  /** The key that the header names. */
  readonly keyId: string | undefined;
  readonly payload: JsonObject;
}

const COMPACT_JWS = /^([\w-]+)\.([\w-]+)\.([\w-]*)$/;

/**
 * Takes a Security Event Token apart and checks its header, as far as that needs no transmitter.
 *
 * Keys that the header itself brings or points to (`jwk`, `jku`, `x5c`, `x5u`) are not looked at: a key is trusted
 * because the transmitter publishes it (SSF 1.0 §4.1.4).
 *
 * @throws RtaError `RTA_SSF_MALFORMED`, `RTA_SSF_TYPE`
 */
export function decodeCompactSet(body: Uint8Array | string): CompactSet {
  // Base64url and dots are ASCII: what is not does not match, whatever it would be in UTF-8.
  const text =
    typeof body === 'string'
      ? body
      : Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('latin1');
  const [, header64, payload64, signature64] = COMPACT_JWS.exec(text) ?? [];
  if (header64 === undefined || payload64 === undefined || signature64 === undefined) {
    throw ssfError('RTA_SSF_MALFORMED', 'the body is not a JWS in compact serialization');
  }
  const header = parseStrictObject(decodePart(header64), 'JOSE header');
  const { alg, kid, typ, crit } = header;
  // This receiver understands no extension, so it must refuse every critical one (RFC 7515 §4.1.11).
  if (crit !== undefined) throw ssfError('RTA_SSF_TYPE', 'the JOSE header must not have `crit`');
  if (typeof alg !== 'string') throw ssfError('RTA_SSF_MALFORMED', 'the JOSE header names no `alg`');
  if (kid !== undefined && typeof kid !== 'string') {
    throw ssfError('RTA_SSF_MALFORMED', 'the `kid` of the JOSE header is not a string');
  }
  decodePart(signature64);
  return {
    text,
    isSecurityEvent: isSetType(typ),
    algorithm: alg,
    keyId: kid,
    payload: parseStrictObject(decodePart(payload64), 'payload'),
  };
}

/** Media types compare without regard to case, and `application/` may be left out (RFC 7515 §4.1.9). */
function isSetType(typ: JsonValue | undefined): boolean {
  return typeof typ === 'string' && typ.toLowerCase().replace(/^application\//, '') === 'secevent+jwt';
}

function decodePart(text: string): Uint8Array {
  try {
    return fromBase64Url(text);
  } catch (cause) {
    throw ssfError('RTA_SSF_MALFORMED', 'a part of the JWS is not base64url', { cause });
  }
}
