import type { JsonObject } from '@rta/core';
import type { JWK } from 'jose';
import type { Endpoints } from './endpoints.ts';
import type { DeliveryMethod } from './stream.ts';
import { transmitterError } from './transmitter-errors.ts';

/** Answers one method of one resource. */
export type Handler = (request: Request) => Promise<Response>;

/** Handlers by path and method. */
export type Routes = Readonly<Record<string, Readonly<Record<string, Handler>>>>;

/**
 * Makes what finds the handler of a request; what nobody answers is 404.
 *
 * @param prefix - one of the paths, which stands for all that begin with it.
 */
export function createRouter(routes: Routes, prefix: string): Handler {
  const known = new Map(Object.entries(routes));
  return async (request) => {
    const { pathname } = new URL(request.url);
    const methods = known.get(pathname.startsWith(prefix) ? prefix : pathname);
    if (methods === undefined) return new Response(null, { status: 404 });
    const handler = Object.hasOwn(methods, request.method) ? methods[request.method] : undefined;
    if (handler === undefined) {
      const allow = Object.keys(methods).join(', ');
      throw transmitterError('RTA_SSF_STREAM_METHOD', undefined, { details: { allow } });
    }
    return handler(request);
  };
}

/**
 * What a transmitter tells everybody: its metadata and its keys.
 *
 * @see SSF 1.0 §7.1
 */
export function publications(options: {
  readonly issuer: string;
  readonly endpoints: Endpoints;
  readonly deliveryMethods: readonly DeliveryMethod[];
  readonly defaultSubjects: 'ALL' | 'NONE';
  readonly criticalSubjectMembers: readonly string[];
  readonly keys: readonly JWK[];
}): Routes {
  const { issuer, endpoints, deliveryMethods, defaultSubjects, criticalSubjectMembers, keys } = options;
  const metadata: JsonObject = {
    spec_version: '1_0',
    issuer,
    jwks_uri: endpoints.url(endpoints.jwks),
    delivery_methods_supported: deliveryMethods,
    configuration_endpoint: endpoints.url(endpoints.streams),
    status_endpoint: endpoints.url(endpoints.status),
    add_subject_endpoint: endpoints.url(endpoints.addSubject),
    remove_subject_endpoint: endpoints.url(endpoints.removeSubject),
    verification_endpoint: endpoints.url(endpoints.verification),
    authorization_schemes: [{ spec_urn: 'urn:ietf:rfc:6749' }, { spec_urn: 'urn:ietf:rfc:6750' }],
    critical_subject_members: criticalSubjectMembers,
    default_subjects: defaultSubjects,
  };
  return {
    [endpoints.metadata]: document(JSON.stringify(metadata)),
    [endpoints.jwks]: document(JSON.stringify({ keys })),
  };
}

function document(text: string): Routes[string] {
  return {
    GET: async () =>
      new Response(text, {
        headers: { 'Content-Type': 'application/json', 'Cache-Control': 'public, max-age=300' },
      }),
  };
}
