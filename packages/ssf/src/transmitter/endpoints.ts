/** Where a transmitter answers: paths as requests have them, and URLs as its metadata tells them. */
export interface Endpoints {
  readonly metadata: string;
  readonly jwks: string;
  readonly streams: string;
  readonly status: string;
  readonly addSubject: string;
  readonly removeSubject: string;
  readonly verification: string;
  /** What the path of a stream's polls begins with. */
  readonly poll: string;
  url(path: string): string;
}

/**
 * The endpoints of a transmitter.
 *
 * @param issuer - the metadata is found between its host and its path (SSF 1.0 §7.2).
 * @throws TypeError where it is not an https URL (http on the loopback interface) without query and fragment.
 */
export function endpointsOf(issuer: string): Endpoints {
  const url = URL.parse(issuer);
  const isLoopback = url !== null && /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname);
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback);
  if (url === null || !isSafe || /[?#]/.test(issuer) || url.username !== '' || url.password !== '') {
    throw new TypeError(`the issuer ${issuer} of security events must be an https URL without query`);
  }
  const path = url.pathname.replace(/\/$/, '');
  const base = `${path}/ssf`;
  return {
    metadata: `/.well-known/ssf-configuration${path}`,
    jwks: `${base}/jwks.json`,
    streams: `${base}/streams`,
    status: `${base}/status`,
    addSubject: `${base}/subjects:add`,
    removeSubject: `${base}/subjects:remove`,
    verification: `${base}/verify`,
    poll: `${base}/poll/`,
    url: (one) => `${url.origin}${one}`,
  };
}
