import { createHash } from 'node:crypto';
import type { Clock } from '@rta/core';
import { calculateJwkThumbprint, compactVerify, importJWK } from 'jose';
import { z } from 'zod';
import { parseCompactJwt } from './compact-jwt.ts';
import type { NonceIssuer } from './dpop-nonce.ts';
import { dpopTarget } from './dpop-target.ts';
import { type Ed25519PublicJwk, parseEd25519PublicJwk } from './ed25519-jwk.ts';
import { idpError } from './errors.ts';
import { IDP_LIMITS } from './limits.ts';

/** Takes note of keys that count once. `singleUse` of the store port is one. */
export interface SingleUseClaims {
  /**
   * @param expiresAtMs - UNIX milliseconds until which the key must be remembered.
   * @returns true for the first caller, false for every other.
   */
  claim(key: string, expiresAtMs: number): Promise<boolean>;
}

export interface DpopRequest {
  /** The value of the `DPoP` header, or the proof of a control message; undefined where there was none. */
  readonly proof: string | undefined;
  /** Method of the request. */
  readonly method: string;
  /** URL of the request as the client knows it: behind a proxy, the public one. */
  readonly url: string;
  /** The access token that comes with it (RFC 9449 §7.1): then the proof must be for that token (`ath`). */
  readonly accessToken?: string;
  readonly signal?: AbortSignal;
}

/** The key that a proof proves. */
export interface ProvedKey {
  /** RFC 7638 SHA-256 thumbprint, base64url. */
  readonly jkt: string;
  readonly publicJwk: Ed25519PublicJwk;
}

/** Verifies DPoP proofs, each of them once. */
export interface DpopVerifier {
  /**
   * Verifies a proof and uses it up, nonce and all.
   *
   * @throws RtaError `RTA_IDP_DPOP_MISSING`, `RTA_IDP_DPOP_MALFORMED`, `RTA_IDP_DPOP_KEY`, `RTA_IDP_DPOP_ALGORITHM`,
   *   `RTA_IDP_DPOP_SIGNATURE`, `RTA_IDP_DPOP_TARGET`, `RTA_IDP_DPOP_TOKEN`, `RTA_IDP_DPOP_NONCE_MISSING`,
   *   `RTA_IDP_DPOP_NONCE`, `RTA_IDP_DPOP_STALE`, `RTA_IDP_DPOP_REPLAY`; `RTA_IDP_SINGLE_USE` where its use could not be noted; the reason
   *   of `signal`.
   */
  verify(request: DpopRequest): Promise<ProvedKey>;
}

/** JWS algorithms of proofs. The key of a proof also signs the binding of the session, which is Ed25519 only. */
export const DPOP_ALGORITHMS = ['Ed25519', 'EdDSA'] as const;

const shortText = z.string().min(1).max(IDP_LIMITS.maxDpopClaimCharacters);
const CLAIMS = z.object({
  jti: shortText,
  htm: shortText,
  htu: z.string().max(IDP_LIMITS.maxUriCharacters),
  iat: z.number().transform((seconds) => seconds * 1000),
  nonce: shortText.exactOptional(),
  ath: shortText.exactOptional(),
});
type ProofClaims = z.infer<typeof CLAIMS>;

/**
 * Makes a verifier.
 *
 * Nothing is remembered of a proof until its signature, target, time and nonce have passed: strangers cannot fill
 * `singleUse`, nor use up the nonce of somebody else.
 *
 * @see RFC 9449 §4.3, §8, §11.1
 */
export function createDpopVerifier(options: {
  readonly nonces: Pick<NonceIssuer, 'check'>;
  readonly singleUse: SingleUseClaims;
  readonly clock: Clock;
}): DpopVerifier {
  const { nonces, singleUse, clock } = options;

  const claimOnce = async (key: string, expiresAtMs: number): Promise<boolean> => {
    try {
      return await singleUse.claim(key, expiresAtMs + IDP_LIMITS.singleUseMarginMs);
    } catch (cause) {
      throw idpError('RTA_IDP_SINGLE_USE', undefined, { cause });
    }
  };

  return {
    async verify({ proof, method, url, accessToken, signal }) {
      const target = dpopTarget(url);
      if (target === undefined) throw new TypeError('url must be an http or https URL');
      signal?.throwIfAborted();

      const { claims, publicJwk } = await readSigned(proof);
      if (claims.htm !== method || dpopTarget(claims.htu) !== target) throw idpError('RTA_IDP_DPOP_TARGET');
      if (accessToken !== undefined && claims.ath !== hashOf(accessToken))
        throw idpError('RTA_IDP_DPOP_TOKEN');
      if (claims.nonce === undefined) throw idpError('RTA_IDP_DPOP_NONCE_MISSING');
      const nonce = nonces.check(claims.nonce);
      if (nonce === undefined) throw idpError('RTA_IDP_DPOP_NONCE');
      const staleAtMs = claims.iat + IDP_LIMITS.maxDpopAgeMs;
      const nowMs = clock.now();
      if (nowMs >= staleAtMs || claims.iat > nowMs + IDP_LIMITS.maxDpopLeadMs) {
        throw idpError('RTA_IDP_DPOP_STALE');
      }

      const jkt = await calculateJwkThumbprint({ ...publicJwk });
      signal?.throwIfAborted();
      // Hashed, because a `jti` is any text; with the key, because it need only be unique for its signer.
      const jti = hashOf(claims.jti);
      if (!(await claimOnce(`dpop-jti:${jkt}:${jti}`, staleAtMs))) throw idpError('RTA_IDP_DPOP_REPLAY');
      if (!(await claimOnce(`dpop-nonce:${claims.nonce}`, nonce.expiresAtMs))) {
        throw idpError('RTA_IDP_DPOP_NONCE');
      }
      return { jkt, publicJwk };
    },
  };
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}

/** The claims and the key of a proof that the key signed: RFC 9449 §4.3, checks 1 to 7. */
async function readSigned(
  proof: string | undefined,
): Promise<{ readonly claims: ProofClaims; readonly publicJwk: Ed25519PublicJwk }> {
  if (proof === undefined || proof === '') throw idpError('RTA_IDP_DPOP_MISSING');
  // Two headers arrive as one value with a comma in it, which no JWT has.
  const jwt = proof.length > IDP_LIMITS.maxDpopProofCharacters ? undefined : parseCompactJwt(proof);
  if (jwt === undefined || jwt.header['typ'] !== 'dpop+jwt' || 'crit' in jwt.header) {
    throw idpError('RTA_IDP_DPOP_MALFORMED');
  }
  const claims = CLAIMS.safeParse(jwt.claims);
  if (!claims.success) throw idpError('RTA_IDP_DPOP_MALFORMED');
  const publicJwk = parseEd25519PublicJwk(jwt.header['jwk']);
  if (publicJwk === undefined) throw idpError('RTA_IDP_DPOP_KEY');
  const algorithm = DPOP_ALGORITHMS.find((name) => name === jwt.header.alg);
  if (algorithm === undefined) throw idpError('RTA_IDP_DPOP_ALGORITHM');
  try {
    await compactVerify(proof, await importJWK({ ...publicJwk }, algorithm), { algorithms: [algorithm] });
  } catch {
    // Whatever made it fail, be it a key that is no point of the curve: the proof does not prove this key.
    throw idpError('RTA_IDP_DPOP_SIGNATURE');
  }
  return { claims: claims.data, publicJwk };
}
