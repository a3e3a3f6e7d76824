import { isIP } from 'node:net';
import type { AddressPolicy } from '../http/address-policy.ts';
import { transmitterError } from './transmitter-errors.ts';

/** Whether pushes may go to a URL; said when a receiver names it, and once more by what makes the connection. */
export type EndpointCheck = (endpointUrl: string) => Promise<void>;

/**
 * Makes the check of push endpoints: https, a public host, no credentials. A name that cannot be resolved now passes:
 * whatever address it has later is checked when it is connected to.
 *
 * @param resolve - the addresses of a name.
 */
export function createEndpointCheck(options: {
  readonly policy: AddressPolicy;
  readonly resolve: (hostname: string) => Promise<readonly string[]>;
}): EndpointCheck {
  const { policy, resolve } = options;
  return async (endpointUrl) => {
    const url = URL.parse(endpointUrl);
    if (url === null || !policy.allowsUrl(url))
      throw refusal('must be an https URL without user and password');
    if (url.hash !== '') throw refusal('must not have a fragment');
    const { hostname } = url;
    const literal = hostname.replace(/^\[(.*)\]$/, '$1');
    const addresses = isIP(literal) === 0 ? await resolve(hostname).catch(() => []) : [literal];
    if (addresses.length > 0 && !addresses.some((address) => policy.allows(hostname, address))) {
      throw refusal('must name a public host');
    }
  };
}

function refusal(problem: string): Error {
  return transmitterError('RTA_SSF_STREAM_REQUEST', `delivery.endpoint_url ${problem}`);
}
