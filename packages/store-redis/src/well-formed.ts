/** Whether a text has no half of a surrogate pair: UTF-8, as which keys travel, has the same bytes for all of these. */
export function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}
