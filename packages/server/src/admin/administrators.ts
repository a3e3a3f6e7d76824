import type { Authority } from '@rta/authority';
import { type Clock, isRtaError, type RtaError } from '@rta/core';
import {
  createIdpRegistry,
  type DpopVerifier,
  type IdpRegistry,
  type IssuerOptions,
  TOKEN_TYPE,
  type VerifiedSubject,
} from '@rta/idp';
import { refusalOf } from '../audit/audit-record.ts';
import type { AuditTrail } from '../audit/audit-trail.ts';
import { serverError } from '../errors.ts';
import { subjectOf } from '../sessions/verified-subject.ts';

/** A person who administers, as their token names them. Plain data, no secrets. */
export interface Administrator {
  readonly issuer: string;
  readonly sub: string;
  readonly clientId?: string;
  readonly email?: string;
  readonly groups: readonly string[];
  readonly roles: readonly string[];
  readonly scope: readonly string[];
  readonly acr?: string;
  readonly amr?: readonly string[];
  /** UNIX milliseconds of the sign-in; absent where the token does not tell: then no age of it is young enough. */
  readonly signedInAtMs?: number;
}

/** What a request brings for itself. */
export interface AdminCredentials {
  /** The `Authorization` and `DPoP` headers. */
  readonly authorization: string | undefined;
  readonly proof: string | undefined;
  readonly method: string;
  /** Path of the request, under the issuer. */
  readonly path: string;
}

/** Knows administrators by the access tokens of the identity providers. */
export interface Administrators {
  /**
   * @throws RtaError `RTA_SERVER_ADMIN_TOKEN`, `_ACTOR`, `_SCOPE`; of `@rta/idp` for a DPoP proof that is not good, and
   *   where the identity provider cannot be asked. All are written down.
   */
  authenticate(credentials: AdminCredentials): Promise<Administrator>;
  /** Ends requests to identity providers that run. */
  close(): Promise<void>;
}

const CREDENTIALS = /^(Bearer|DPoP) ([\x21-\x7e]+)$/i;

/**
 * Makes the door of administrators: the identity providers of agents' users, for an audience of its own.
 *
 * @throws TypeError where the audience is one that agents' tokens have: an agent could administer with it.
 */
export function createAdministrators(options: {
  readonly issuers: readonly IssuerOptions[];
  readonly audience: string;
  readonly scope: string | undefined;
  readonly issuer: string;
  readonly dpop: DpopVerifier;
  readonly authority: Pick<Authority, 'signInCutOffOf'>;
  readonly audit: AuditTrail;
  readonly clock: Clock;
}): Administrators {
  const { audience, scope, issuer, dpop, authority, audit, clock } = options;
  if (options.issuers.some(({ audiences }) => audiences?.includes(audience) === true)) {
    throw new TypeError(
      `the admin audience ${audience} is also one of tokens that are exchanged for sessions`,
    );
  }
  const idp: IdpRegistry = createIdpRegistry({
    issuers: options.issuers.map(({ clientIds: _clientIds, ...each }) => ({
      ...each,
      audiences: [audience],
    })),
    clock,
  });

  const verify = async ({ authorization, proof, method, path }: AdminCredentials): Promise<Administrator> => {
    const [, scheme, token] = CREDENTIALS.exec(authorization ?? '') ?? [];
    if (scheme === undefined || token === undefined) throw serverError('RTA_SERVER_ADMIN_TOKEN');
    const isBound = scheme.toLowerCase() === 'dpop';
    const proved = isBound
      ? await dpop.verify({ proof, method, url: `${issuer}${path}`, accessToken: token })
      : undefined;
    const subject = await idp
      .verifySubjectToken({
        token,
        tokenType: TOKEN_TYPE.accessToken,
        ...(proved === undefined ? {} : { dpopJkt: proved.jkt }),
      })
      .catch((cause: unknown) => {
        // That an issuer cannot be asked is no fault of the token.
        if (isRtaError(cause) && cause.httpStatus === 503) throw cause;
        throw serverError('RTA_SERVER_ADMIN_TOKEN', undefined, { cause });
      });
    // A token that outlives its sign-in: nobody administers with it.
    if (authority.signInCutOffOf(subjectOf(subject)) !== undefined)
      throw serverError('RTA_SERVER_ADMIN_TOKEN');
    if (subject.actors.length > 0) throw serverError('RTA_SERVER_ADMIN_ACTOR');
    if (scope !== undefined && !subject.scope.includes(scope)) throw serverError('RTA_SERVER_ADMIN_SCOPE');
    return administratorOf(subject);
  };

  return {
    async authenticate(credentials) {
      try {
        return await verify(credentials);
      } catch (error) {
        const why = refusalOf(causeOf(error) ?? error);
        audit.record({ kind: 'admin', ...why, connection: 'https', transport: 'https' });
        throw error;
      }
    },
    close: idp.close,
  };
}

/** What the identity provider's rules said: for the log, not for the stranger. */
function causeOf(error: unknown): RtaError | undefined {
  return isRtaError(error) && isRtaError(error.cause) ? error.cause : undefined;
}

function administratorOf(subject: VerifiedSubject): Administrator {
  const { issuer, sub, clientId, email, groups = [], roles = [], scope, acr, amr, authTimeMs } = subject;
  return {
    issuer,
    sub,
    ...(clientId === undefined ? {} : { clientId }),
    ...(email === undefined ? {} : { email }),
    groups,
    roles,
    scope,
    ...(acr === undefined ? {} : { acr }),
    ...(amr === undefined ? {} : { amr }),
    ...(authTimeMs === undefined ? {} : { signedInAtMs: authTimeMs }),
  };
}
