import { IDP_LIMITS } from './limits.ts';

const LOOPBACK = /^(localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])$/;
// The URL parser drops white space and control characters in silence; a URL that we compare must not hold any.
const VISIBLE_ASCII = /^[\x21-\x7e]+$/;

/**
 * Whether tokens and keys may travel to and from this URL: `https`, or `http` to this very machine where that was
 * asked for; no credentials, no fragment.
 */
export function isEndpointUrl(text: string, options: { readonly allowInsecureHttp: boolean }): boolean {
  if (text.length > IDP_LIMITS.maxUriCharacters || !VISIBLE_ASCII.test(text) || text.includes('#'))
    return false;
  const url = URL.parse(text);
  if (url === null || url.username !== '' || url.password !== '') return false;
  if (url.protocol === 'https:') return true;
  return options.allowInsecureHttp && url.protocol === 'http:' && LOOPBACK.test(url.hostname);
}

/**
 * Whether this is an issuer identifier: an endpoint URL without a query.
 *
 * @see RFC 8414 §2
 */
export function isIssuerUrl(text: string, options: { readonly allowInsecureHttp: boolean }): boolean {
  return isEndpointUrl(text, options) && !text.includes('?');
}
