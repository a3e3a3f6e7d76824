import { cedarTokens } from './cedar-tokens.ts';

/** One policy of a file, with everything that stands before it since the last one. */
export interface PolicyText {
  /** The text up to and with the semicolon; where the file breaks off, up to its end. */
  readonly text: string;
  /** Where the text begins in its file, in UTF-16 units. */
  readonly start: number;
}

/**
 * Cuts a file into its policies, at the semicolons that stand outside of texts and comments.
 *
 * The cuts only find positions. No character is left out, and each part goes to Cedar as exactly one policy: where
 * Cedar would cut differently, it refuses the part.
 *
 * @returns the policies, and what follows the last semicolon.
 */
export function cutPolicies(file: string): {
  readonly policies: readonly PolicyText[];
  readonly rest: PolicyText;
} {
  const policies: PolicyText[] = [];
  let start = 0;
  for (const { 0: token, index } of cedarTokens(file)) {
    if (token !== ';') continue;
    policies.push({ text: file.slice(start, index + 1), start });
    start = index + 1;
  }
  return { policies, rest: { text: file.slice(start), start } };
}
