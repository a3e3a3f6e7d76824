import { createHash } from 'node:crypto';
import { type Clock, constantTimeEqual, utf8 } from '@rta/core';
import type { JSONWebKeySet } from 'jose';
import type { Fetch } from '../http/fetch.ts';
import { createGuardedFetch } from '../http/guarded-fetch.ts';
import { SSF_LIMITS } from '../limits.ts';
import { createFixedKeys, createPublishedKeys, type KeySource } from '../set/key-source.ts';
import { LEGACY_SHAPES, type LegacyShape } from '../set/legacy.ts';

/** Signature algorithms that a transmitter may be allowed. RS256 is what the CAEP interoperability profile demands. */
export const SET_ALGORITHMS = ['RS256', 'ES256', 'PS256', 'EdDSA'] as const;

/** One of {@link SET_ALGORITHMS}. */
export type SetAlgorithm = (typeof SET_ALGORITHMS)[number];

/**
 * A transmitter whose events are received, and how far its word goes: a valid signature says who speaks, and not
 * what they may speak of. Give `jwksUri` or `jwks`.
 */
export interface TransmitterOptions {
  /** Its issuer identifier, compared with `iss` to the character. */
  readonly issuer: string;
  /** Names of this receiver in the transmitter's stream; `aud` must hold one of them. */
  readonly audience: string | readonly string[];
  /** Where it publishes its keys. */
  readonly jwksUri?: string;
  /** Its keys, where they are not fetched. */
  readonly jwks?: JSONWebKeySet;
  /** What it may sign with; RS256 and ES256 by default. */
  readonly algorithms?: readonly SetAlgorithm[];
  /**
   * The value of the `Authorization` header with every push, e.g. `Bearer …`; the `authorization_header` of the
   * stream's delivery. Without one the signature alone says who pushes.
   */
  readonly authorizationHeader?: string;
  /** URIs of the event types that it may send; any by default. */
  readonly eventTypes?: readonly string[];
  /** Issuers whose users, sessions, tokens and devices it may speak about; itself alone by default. */
  readonly subjectIssuers?: readonly string[];
  /** Names of the tenants that it may speak about; any by default, and subjects of no tenant. */
  readonly tenants?: readonly string[];
  /** `critical_subject_members` of its metadata (SSF 1.0 §3.6). */
  readonly criticalSubjectMembers?: readonly string[];
  /** Its stream to this receiver; events about the stream must name it. */
  readonly streamId?: string;
  /** Shapes from before SSF 1.0 that it may use; none by default, all with `true`. */
  readonly legacy?: true | readonly LegacyShape[];
  /** Lets `jwksUri` be `http` on the loopback interface: for development. */
  readonly allowInsecureHttp?: boolean;
  /** Whether a verification request with this `state` was made, by whomever; besides those that were announced. */
  readonly expectsState?: (state: string) => boolean;
  /** How its key set is fetched, where it is not as that of the others. */
  readonly fetch?: Fetch;
}

/** How far a transmitter's word goes. */
export interface RegisteredTransmitter {
  readonly issuer: string;
  readonly audiences: ReadonlySet<string>;
  /** Undefined for any. */
  readonly eventTypes: ReadonlySet<string> | undefined;
  readonly subjectIssuers: readonly string[];
  /** Undefined for any, and for subjects of no tenant. */
  readonly tenants: readonly string[] | undefined;
  readonly criticalSubjectMembers: ReadonlySet<string>;
  readonly streamId: string | undefined;
}

/** A transmitter's options, checked and with defaults in place. */
export interface Transmitter extends RegisteredTransmitter {
  readonly algorithms: ReadonlySet<string>;
  readonly keys: KeySource;
  readonly legacy: ReadonlySet<LegacyShape>;
  readonly expectsState: ((state: string) => boolean) | undefined;
  /** Whether a push with this header may come from it. Takes the same time whatever the header is. */
  authorizes(authorization: string | undefined): boolean;
}

/**
 * Checks a transmitter's options.
 *
 * @throws TypeError where they are not usable.
 */
export function createTransmitter(
  options: TransmitterOptions,
  parts: { readonly clock: Clock; readonly fetch: Fetch | undefined },
): Transmitter {
  const { issuer, authorizationHeader, algorithms = ['RS256', 'ES256'], eventTypes } = options;
  const fail = (problem: string): never => {
    throw new TypeError(`transmitter ${issuer}: ${problem}`);
  };
  if (issuer === '') fail('the issuer is empty');
  const audiences = typeof options.audience === 'string' ? [options.audience] : options.audience;
  if (audiences.length === 0 || audiences.includes('')) fail('the audience is empty');
  for (const algorithm of algorithms) {
    if (!SET_ALGORITHMS.includes(algorithm))
      fail(`algorithm ${algorithm} is not one of ${SET_ALGORITHMS.join(', ')}`);
  }
  for (const type of eventTypes ?? []) if (!URL.canParse(type)) fail(`event type ${type} is not a URI`);
  if (authorizationHeader !== undefined && !/^[\x21-\x7e][\x20-\x7e]*$/.test(authorizationHeader)) {
    fail('the authorization header is not a line of ASCII');
  }
  const legacy = options.legacy === true ? LEGACY_SHAPES : (options.legacy ?? []);
  for (const shape of legacy) if (!LEGACY_SHAPES.includes(shape)) fail(`there is no legacy shape ${shape}`);
  return {
    issuer,
    audiences: new Set(audiences),
    algorithms: new Set(algorithms),
    keys: keySourceOf(options, parts) ?? fail('give either jwksUri (https) or jwks'),
    eventTypes: eventTypes === undefined ? undefined : new Set(eventTypes),
    subjectIssuers: [...new Set(options.subjectIssuers ?? [issuer])],
    tenants: options.tenants,
    criticalSubjectMembers: new Set(options.criticalSubjectMembers),
    streamId: options.streamId,
    legacy: new Set(legacy),
    expectsState: options.expectsState,
    authorizes: authorizationCheck(authorizationHeader),
  };
}

function keySourceOf(
  { issuer, jwks, jwksUri, allowInsecureHttp = false, fetch }: TransmitterOptions,
  parts: { readonly clock: Clock; readonly fetch: Fetch | undefined },
): KeySource | undefined {
  if (jwks !== undefined) return jwksUri === undefined ? createFixedKeys(jwks) : undefined;
  const url = jwksUri === undefined || jwksUri.length > SSF_LIMITS.nameCharacters ? null : URL.parse(jwksUri);
  if (url === null || url.username !== '' || url.password !== '') return undefined;
  const isLoopback = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname);
  const isSafe = url.protocol === 'https:' || (allowInsecureHttp && url.protocol === 'http:' && isLoopback);
  if (!isSafe) return undefined;
  const { clock } = parts;
  const given = fetch ?? parts.fetch;
  if (given !== undefined) return createPublishedKeys({ uri: url.href, clock, fetch: given });
  const issuerHost = URL.parse(issuer)?.hostname;
  const guarded = createGuardedFetch({
    clock,
    trustedHosts: [url.hostname, ...(issuerHost === undefined ? [] : [issuerHost])],
    allowLoopbackHttp: allowInsecureHttp,
    timeoutMs: SSF_LIMITS.jwksTimeoutMs,
    responseBytes: SSF_LIMITS.jwksBytes,
  });
  const keys = createPublishedKeys({ uri: url.href, clock, fetch: guarded });
  return {
    keyFor: keys.keyFor,
    close() {
      keys.close();
      void guarded.close();
    },
  };
}

/** Digests have one length, so that not even the length of the secret shows in the time. */
function authorizationCheck(expected: string | undefined): Transmitter['authorizes'] {
  if (expected === undefined) return () => true;
  const digest = sha256(expected);
  return (authorization) => constantTimeEqual(sha256(authorization ?? ''), digest);
}

function sha256(text: string): Uint8Array {
  return createHash('sha256').update(utf8(text)).digest();
}
