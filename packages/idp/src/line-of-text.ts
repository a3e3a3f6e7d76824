import { z } from 'zod';

// Control characters, line and paragraph separators and lone surrogates break logs and canonical JSON;
// bidirectional controls make a page show another text than the one that was decided upon.
const UNSAFE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u202A-\u202E\u2066-\u2069]/u;

/** A text from outside that can be compared, logged and shown: one line, at least one character, bounded. */
export function lineOfText(maxCharacters: number): z.ZodType<string> {
  return z
    .string()
    .min(1)
    .max(maxCharacters)
    .refine((text) => !UNSAFE.test(text));
}
