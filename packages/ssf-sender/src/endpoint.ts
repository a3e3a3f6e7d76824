/** Where a receiver listens. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/**
 * Reads `host:port`; an IPv6 address stands in brackets.
 *
 * @throws TypeError
 */
export function parseEndpoint(text: string): Endpoint {
  const match = /^(?:\[([\da-fA-F:.]+)\]|([\w.-]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || port < 1 || port > 65_535) {
    throw new TypeError('an endpoint is `host:port`');
  }
  return { host, port };
}
