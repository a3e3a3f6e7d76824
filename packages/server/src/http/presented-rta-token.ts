import { fromBase64Url, type SessionId } from '@rta/core';
import { peekSessionId } from '@rta/token';

/** An RTAToken that came over HTTP. Nothing is proven yet. */
export interface PresentedRtaToken {
  readonly bytes: Uint8Array;
  /** The session that it claims. */
  readonly session: SessionId;
}

/** Reads a token from a form; undefined for a text that no RTAToken has. */
export function readRtaToken(text: string): PresentedRtaToken | undefined {
  try {
    const bytes = fromBase64Url(text);
    return { bytes, session: peekSessionId(bytes) };
  } catch {
    return undefined;
  }
}

/** RFC 6749 §3.2: parameters come in the body, form-encoded. Another content type has none, and is so refused. */
export async function formParameters(request: Request): Promise<URLSearchParams> {
  const type = request.headers.get('Content-Type')?.split(';')[0]?.trim().toLowerCase();
  return new URLSearchParams(type === 'application/x-www-form-urlencoded' ? await request.text() : '');
}

/** The one value of a parameter; undefined where there is none, or more than one (RFC 6749 §3.2). */
export function oneParameter(parameters: URLSearchParams, name: string): string | undefined {
  const values = parameters.getAll(name);
  return values.length === 1 && values[0] !== '' ? values[0] : undefined;
}
