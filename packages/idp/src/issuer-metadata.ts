import type { Clock } from '@rta/core';
import { z } from 'zod';
import { isEndpointUrl } from './endpoint-url.ts';
import { idpError } from './errors.ts';
import { answerError } from './issuer-answer.ts';
import type { IssuerConfig } from './issuer-options.ts';
import type { JsonFetcher } from './json-fetcher.ts';
import { IDP_LIMITS } from './limits.ts';
import { createRefreshable, type Refreshable } from './refreshable.ts';

/** What an issuer publishes about itself, as far as it matters here. */
export interface IssuerMetadata {
  readonly issuer: string;
  readonly jwksUri?: string;
  readonly introspectionEndpoint?: string;
}

/** Members that are not named here are ignored, as RFC 8414 §3.2 demands. */
const METADATA = z
  .object({
    issuer: z.string(),
    jwks_uri: z.string().exactOptional(),
    introspection_endpoint: z.string().exactOptional(),
  })
  .transform(
    ({ issuer, jwks_uri, introspection_endpoint }): IssuerMetadata => ({
      issuer,
      ...(jwks_uri === undefined ? {} : { jwksUri: jwks_uri }),
      ...(introspection_endpoint === undefined ? {} : { introspectionEndpoint: introspection_endpoint }),
    }),
  );

/**
 * Where an issuer publishes its metadata: the OIDC place, then that of RFC 8414.
 *
 * @see OpenID Connect Discovery 1.0 §4, RFC 8414 §3
 */
function metadataUrls(issuer: string): readonly [oidc: string, rfc8414: string] {
  const base = issuer.replace(/\/$/, '');
  const { origin, pathname } = new URL(base);
  const path = pathname.replace(/\/$/, '');
  return [
    `${base}/.well-known/openid-configuration`,
    `${origin}/.well-known/oauth-authorization-server${path}`,
  ];
}

/**
 * The published metadata of an issuer.
 *
 * Its values fail with `RTA_IDP_METADATA` where `issuer` is not the configured one to the character: otherwise one
 * issuer could speak for another.
 */
export function createIssuerMetadata(
  config: IssuerConfig,
  fetcher: JsonFetcher,
  clock: Clock,
): Refreshable<IssuerMetadata> {
  const { issuer } = config;

  const load = async (): Promise<IssuerMetadata> => {
    const [oidc, rfc8414] = metadataUrls(issuer);
    let answer = await fetcher.fetchJson({ issuer, request: 'metadata', url: oidc });
    if (answer.status >= 400 && answer.status < 500 && answer.status !== 429) {
      answer = await fetcher.fetchJson({ issuer, request: 'metadata', url: rfc8414 });
    }
    if (answer.status !== 200) throw answerError(issuer, 'metadata', answer.status);
    const metadata = METADATA.safeParse(answer.json);
    if (!metadata.success) {
      throw idpError('RTA_IDP_RESPONSE', undefined, {
        details: { issuer, request: 'metadata', reason: 'not metadata' },
      });
    }
    if (metadata.data.issuer !== issuer) {
      throw idpError('RTA_IDP_METADATA', undefined, { details: { issuer, member: 'issuer' } });
    }
    return metadata.data;
  };

  return createRefreshable({
    load,
    clock,
    maxAgeMs: IDP_LIMITS.metadataMaxAgeMs,
    cooldownMs: IDP_LIMITS.metadataMaxAgeMs,
  });
}

/**
 * An endpoint as configured, or as the issuer publishes it.
 *
 * @throws RtaError `RTA_IDP_METADATA` where it publishes none, or one that is not safe to use.
 */
export async function endpointOf(
  config: IssuerConfig,
  metadata: Refreshable<IssuerMetadata>,
  member: 'jwksUri' | 'introspectionEndpoint',
  signal?: AbortSignal,
): Promise<string> {
  const given = member === 'jwksUri' ? config.jwks?.uri : config.introspection?.endpoint;
  if (given !== undefined) return given;
  const published = (await metadata.get(signal))[member];
  if (published === undefined || !isEndpointUrl(published, config)) {
    throw idpError('RTA_IDP_METADATA', undefined, { details: { issuer: config.issuer, member } });
  }
  return published;
}
