import { randomBytes } from 'node:crypto';
import {
  type Actor,
  type Authority,
  type Budget,
  type Grant,
  intersectGrants,
  type Session,
} from '@rta/authority';
import { type Clock, fromBase64Url, sessionIdFromBytes } from '@rta/core';
import {
  type DpopVerifier,
  type ExchangeRequest,
  type IdpRegistry,
  parseExchangeRequest,
  type VerifiedSubject,
} from '@rta/idp';
import { type Origin, refusalOf, whoOf } from '../audit/audit-record.ts';
import type { AuditTrail } from '../audit/audit-trail.ts';
import { lifecycleChannel } from '../diagnostics.ts';
import { serverError } from '../errors.ts';
import { SERVER_LIMITS } from '../limits.ts';
import type { SessionKeeper } from './session-keeper.ts';
import { subjectOf } from './verified-subject.ts';

/** A token request, however it came. */
export interface ExchangeInput {
  /** The form parameters, in any order. */
  readonly parameters: Iterable<readonly [name: string, value: string]>;
  /** The DPoP proof; undefined where none was sent. */
  readonly proof: string | undefined;
  /** Where it came from, for the audit log. */
  readonly origin: Origin;
  /** `x5t#S256` of the certificate that the client showed there; the session is bound to it. */
  readonly certificateThumbprint?: Uint8Array | undefined;
}

/** Turns a user's IdP token into an agent's own session. One code for HTTPS and QUIC. */
export interface Exchange {
  /**
   * @throws RtaError of `@rta/idp` for what came in, of `@rta/authority` for what may not be granted, and
   *   `RTA_SERVER_TARGET`, `RTA_SERVER_OVERLOAD`, `RTA_SERVER_VIEW_STALE`, `RTA_SERVER_CLOSING`.
   */
  exchange(input: ExchangeInput): Promise<Session>;
}

/** What an exchange rests on. */
export interface ExchangeOptions {
  readonly authority: Authority;
  readonly idp: IdpRegistry;
  readonly dpop: DpopVerifier;
  readonly keeper: SessionKeeper;
  readonly audit: AuditTrail;
  readonly clock: Clock;
  readonly isFresh: () => boolean;
  /** Whether the node is going away: then sessions are opened elsewhere. */
  readonly isClosing: () => boolean;
  /** This server's issuer identifier. */
  readonly issuer: string;
  /** The URL that proofs name. */
  readonly tokenEndpoint: string;
  /**
   * What the tokens of an issuer can be exchanged for where they carry no scope themselves (ID tokens); such a token
   * opens nothing where the issuer is not listed.
   */
  readonly grantableScope: ReadonlyMap<string, readonly string[]>;
  /** Lifetime of a session where it may outlive the IdP's token, by issuer. */
  readonly sessionLifetimeMs: ReadonlyMap<string, number>;
  readonly sessionBudget: Budget | undefined;
  /** A session that is not kept could not be found again: it was never there. */
  readonly abandon: (session: Session) => void;
  /** A session was opened. */
  readonly onOpened: (session: Session) => void;
}

/** Makes the exchange of a node. */
export function createExchange(options: ExchangeOptions): Exchange {
  const { authority, idp, dpop, keeper, audit, clock } = options;
  let inFlight = 0;

  const open = async ({ parameters, proof, certificateThumbprint }: ExchangeInput): Promise<Session> => {
    if (options.isClosing()) throw serverError('RTA_SERVER_CLOSING');
    if (!options.isFresh()) throw serverError('RTA_SERVER_VIEW_STALE');
    if (!audit.healthy) throw serverError('RTA_SERVER_OVERLOAD');
    const request = parseExchangeRequest(parameters);
    assertTarget(request, options.issuer);
    // The proof comes first: it is checked here, while the token may have to be asked about elsewhere.
    const { jkt, publicJwk } = await dpop.verify({
      proof,
      method: 'POST',
      url: options.tokenEndpoint,
    });
    const verified = await idp.verifySubjectToken({
      token: request.subjectToken,
      tokenType: request.subjectTokenType,
      dpopJkt: jkt,
      agentId: request.agent.id,
    });
    const nowMs = clock.now();
    const session = authority.open(
      {
        id: sessionIdFromBytes(randomBytes(16)),
        subject: subjectOf(verified),
        actor: { ...request.agent, keyThumbprint: jkt } satisfies Actor,
        publicKey: fromBase64Url(publicJwk.x),
        certificateThumbprint,
        grant: intersectGrants(askedFor(request), grantable(verified, options.grantableScope)),
        expiresAtMs: expiryOf(verified, nowMs, options.sessionLifetimeMs),
        budget: options.sessionBudget,
      },
      nowMs,
    );
    try {
      await keeper.keep(session);
    } catch (error) {
      options.abandon(session);
      throw error;
    }
    return session;
  };

  return {
    async exchange(input) {
      if (inFlight >= SERVER_LIMITS.maxExchangesInFlight) throw serverError('RTA_SERVER_OVERLOAD');
      inFlight += 1;
      try {
        const session = await open(input);
        audit.record({ kind: 'exchange', outcome: 'ok', ...whoOf(session), ...input.origin });
        lifecycleChannel.publish({ kind: 'session-opened', session: session.id });
        options.onOpened(session);
        return session;
      } catch (error) {
        audit.record({ kind: 'exchange', ...refusalOf(error), ...input.origin });
        throw error;
      } finally {
        inFlight -= 1;
      }
    },
  };
}

/** RFC 8693 §2.1: a token for somebody else is not issued here. */
function assertTarget(request: ExchangeRequest, issuer: string): void {
  for (const target of [...request.resources, ...request.audiences]) {
    if (target !== issuer) throw serverError('RTA_SERVER_TARGET');
  }
}

/** Without `scope`, everything that the token has is asked for (RFC 6749 §3.3 leaves the default to the server). */
function askedFor(request: ExchangeRequest): Grant {
  const { scope, authorizationDetails } = request;
  return {
    scope: scope ?? ['*'],
    ...(authorizationDetails === undefined ? {} : { details: authorizationDetails }),
  };
}

/** No agent gets more than the token that its user gave it. */
function grantable(verified: VerifiedSubject, byIssuer: ReadonlyMap<string, readonly string[]>): Grant {
  // To an IdP a `*` is a character like any other (RFC 6749 §3.3): it must not become a pattern here.
  const scope = verified.scope.filter((name) => !name.includes('*'));
  return { scope: verified.scope.length > 0 ? scope : (byIssuer.get(verified.issuer) ?? []) };
}

function expiryOf(verified: VerifiedSubject, nowMs: number, byIssuer: ReadonlyMap<string, number>): number {
  const lifetimeMs = byIssuer.get(verified.issuer);
  return lifetimeMs === undefined ? verified.expiresAtMs : nowMs + lifetimeMs;
}
