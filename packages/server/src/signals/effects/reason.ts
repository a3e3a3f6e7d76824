import { SERVER_LIMITS } from '../../limits.ts';

// Controls, format characters (among them those that turn text around), line and paragraph separators.
const NOT_FOR_DISPLAY = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu;

/**
 * Picks and cleans the words that a transmitter gives for people: English where it is there, else the first.
 * They end in logs, consoles and agents' messages, so they become one line of at most `maxSignalReasonCharacters`.
 *
 * @param texts - by language tag (BCP 47), as `reason_admin` has them.
 * @returns undefined where no word is left.
 * @see CAEP 1.0 §2
 */
export function reasonForPeople(texts: Readonly<Record<string, string>>): string | undefined {
  const text = Object.hasOwn(texts, 'en') ? texts['en'] : Object.values(texts)[0];
  const line = (text ?? '').replaceAll(NOT_FOR_DISPLAY, ' ').trim();
  // A character that the cut would halve goes as a whole: half of one would not survive JSON and UTF-8.
  const cut = line.slice(0, SERVER_LIMITS.maxSignalReasonCharacters).replace(/\p{Surrogate}$/u, '');
  return cut === '' ? undefined : cut;
}
