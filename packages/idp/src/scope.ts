import { IDP_LIMITS } from './limits.ts';

// scope-token = 1*( %x21 / %x23-5B / %x5D-7E )
const SCOPE_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

/**
 * Reads a list of scope tokens, separated by single spaces; a token that stands twice counts once.
 *
 * @returns undefined where the text is not a scope, or exceeds the limits.
 * @see RFC 6749 §3.3
 */
export function parseScope(text: string): readonly string[] | undefined {
  const tokens = text.split(' ');
  return isScope(tokens) ? [...new Set(tokens)] : undefined;
}

/** Whether these texts are scope tokens, within the limits. */
export function isScope(tokens: readonly string[]): boolean {
  return (
    tokens.length <= IDP_LIMITS.maxScopeTokens &&
    tokens.every((token) => token.length <= IDP_LIMITS.maxScopeTokenCharacters && SCOPE_TOKEN.test(token))
  );
}
