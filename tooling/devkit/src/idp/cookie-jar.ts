import type { Clock } from '@rta/core';

/** Cookies of one origin. */
export interface CookieJar {
  /** Takes the `Set-Cookie` lines of an answer from `url`. */
  take(url: URL, setCookieLines: readonly string[]): void;
  /** The `Cookie` header for a request to `url`; undefined for none. */
  headerFor(url: URL): string | undefined;
}

interface Cookie {
  readonly name: string;
  readonly value: string;
  readonly path: string;
}

/**
 * Keeps the cookies of one origin as a browser does: by name and path, sent where the path matches, longest path
 * first, dropped when they are expired by the server.
 *
 * @see RFC 6265 §5.1.4, §5.3, §5.4
 */
export function createCookieJar(clock: Clock): CookieJar {
  const cookies = new Map<string, Cookie>();
  return {
    take(url, setCookieLines) {
      for (const line of setCookieLines) {
        const [pair = '', ...attributeTexts] = line.split(';');
        const attributes = new Map(
          attributeTexts.map(nameAndValue).map(([name, value]) => [name.toLowerCase(), value]),
        );
        const [name, value] = nameAndValue(pair);
        const given = attributes.get('path') ?? '';
        const path = given.startsWith('/') ? given : defaultPath(url);
        const key = `${name};${path}`;
        if (isExpired(attributes, clock.now())) cookies.delete(key);
        else cookies.set(key, { name, value, path });
      }
    },
    headerFor(url) {
      const matching = [...cookies.values()]
        .filter(({ path }) => pathMatches(url.pathname, path))
        .sort((a, b) => b.path.length - a.path.length);
      return matching.length === 0
        ? undefined
        : matching.map(({ name, value }) => `${name}=${value}`).join('; ');
    },
  };
}

function nameAndValue(text: string): readonly [name: string, value: string] {
  const equals = text.indexOf('=');
  return equals < 0 ? [text.trim(), ''] : [text.slice(0, equals).trim(), text.slice(equals + 1).trim()];
}

function isExpired(attributes: ReadonlyMap<string, string>, nowMs: number): boolean {
  const maxAge = attributes.get('max-age');
  if (maxAge !== undefined) return Number(maxAge) <= 0;
  const expires = attributes.get('expires');
  return expires !== undefined && Date.parse(expires) <= nowMs;
}

function defaultPath(url: URL): string {
  const lastSlash = url.pathname.lastIndexOf('/');
  return lastSlash <= 0 ? '/' : url.pathname.slice(0, lastSlash);
}

function pathMatches(pathname: string, cookiePath: string): boolean {
  if (pathname === cookiePath) return true;
  return pathname.startsWith(cookiePath.endsWith('/') ? cookiePath : `${cookiePath}/`);
}
