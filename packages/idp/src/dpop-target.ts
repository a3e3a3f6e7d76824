/**
 * The URL that a DPoP proof names as `htu`: without query and fragment, and in normal form, so that two spellings of
 * one URL compare equal as text.
 *
 * @returns undefined where the text is not an http or https URL, or holds credentials.
 * @see RFC 9449 §4.2, §4.3; RFC 3986 §6.2.2, §6.2.3
 */
export function dpopTarget(text: string): string | undefined {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) return undefined;
  if (url.username !== '' || url.password !== '') return undefined;
  // The parser has lower-cased scheme and host, dropped the default port and resolved dot segments.
  const path = url.pathname.replace(/%[0-9a-f]{2}/gi, (escaped) => {
    const character = String.fromCharCode(Number.parseInt(escaped.slice(1), 16));
    return /[A-Za-z0-9._~-]/.test(character) ? character : escaped.toUpperCase();
  });
  return url.origin + path;
}
