import { parseBase64Url } from './base64url.ts';

type JsonMembers = Readonly<Record<string, unknown>>;

/** What a JWT says, before anybody verified it. */
export interface CompactJwt {
  readonly header: JsonMembers & { readonly alg: string };
  /** Undefined where the payload is not a JSON object: a JWS, but not a JWT. */
  readonly claims: JsonMembers | undefined;
}

/**
 * Reads a JWT in compact form without verifying it: the same text, once its signature is verified, has these claims.
 *
 * Strict in base64url, so that a signed text has one spelling: no copy of a token with spare bits changed passes.
 *
 * @returns undefined where the text is not three base64url parts of which the first is a JOSE header with `alg`.
 * @see RFC 7515 §3.1, §5.2; RFC 7519 §7.2
 */
export function parseCompactJwt(text: string): CompactJwt | undefined {
  const [headerText, payloadText, signatureText, ...more] = text.split('.', 4);
  if (headerText === undefined || payloadText === undefined || signatureText === undefined) return undefined;
  if (more.length > 0 || parseBase64Url(signatureText) === undefined) return undefined;
  const header = membersOf(headerText);
  const alg = header?.['alg'];
  if (header === undefined || typeof alg !== 'string') return undefined;
  return { header: { ...header, alg }, claims: membersOf(payloadText) };
}

/** A `typ` in lower case without `application/`, which may be left out (RFC 7515 §4.1.9). */
export function mediaType(typ: unknown): string | undefined {
  return typeof typ === 'string' ? typ.toLowerCase().replace(/^application\//, '') : undefined;
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function membersOf(text: string): JsonMembers | undefined {
  const bytes = parseBase64Url(text);
  if (bytes === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(decoder.decode(bytes));
  } catch {
    return undefined;
  }
  return isMembers(value) ? value : undefined;
}

function isMembers(value: unknown): value is JsonMembers {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
