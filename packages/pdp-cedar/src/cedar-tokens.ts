// What Cedar's lexer knows: spaces, comments, texts (which may lack their end), names, numbers, signs.
const TOKENS = /\s+|\/\/[^\n\r]*|"[^"\\]*(?:\\[^][^"\\]*)*"?|[A-Za-z_]\w*|\d+|::|&&|\|\||==|!=|<=|>=|[^]/g;

/**
 * The tokens of a policy or a schema, spaces and comments included: put together they are the text again.
 *
 * Cedar's own parser has the last word on what they mean; this is enough to find semicolons and to count.
 */
export function cedarTokens(text: string): Iterable<{ readonly 0: string; readonly index: number }> {
  return text.matchAll(TOKENS);
}
