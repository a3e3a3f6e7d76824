import { createHash } from 'node:crypto';
import { SignJWT } from 'jose';
import { dpopTarget } from './dpop-target.ts';
import { type Ed25519PublicJwk, parseEd25519PublicJwk } from './ed25519-jwk.ts';

export interface DpopProofOptions {
  /** The private half of `publicJwk`: a `KeyObject` of Node, or a `CryptoKey`. */
  readonly privateKey: Parameters<SignJWT['sign']>[0];
  readonly publicJwk: Ed25519PublicJwk;
  /** HTTP method of the request, e.g. `POST`. */
  readonly method: string;
  /** URL of the request; query and fragment are left out of the proof. */
  readonly url: string;
  /** The nonce that the server gave, for this request only. */
  readonly nonce?: string;
  /** The access token that is sent along, where one is: the proof is for that one (`ath`). */
  readonly accessToken?: string;
  /** UNIX milliseconds. */
  readonly now: number;
  /** Unique for each proof: 16 random bytes or more, as text. */
  readonly jti: string;
}

/**
 * Signs a DPoP proof: the half of an agent, to send along with an exchange.
 *
 * @returns the proof as a compact JWT.
 * @throws TypeError where the URL is not an http or https URL, or the key is not a public Ed25519 key.
 * @see RFC 9449 §4.2
 */
export async function createDpopProof(options: DpopProofOptions): Promise<string> {
  const { privateKey, method, nonce, accessToken, now, jti } = options;
  const htu = dpopTarget(options.url);
  if (htu === undefined) throw new TypeError('url must be an http or https URL');
  const jwk = parseEd25519PublicJwk(options.publicJwk);
  if (jwk === undefined) throw new TypeError('publicJwk must be a public Ed25519 key');
  return await new SignJWT({
    jti,
    htm: method,
    htu,
    iat: Math.floor(now / 1000),
    ...(nonce === undefined ? {} : { nonce }),
    ...(accessToken === undefined
      ? {}
      : { ath: createHash('sha256').update(accessToken).digest('base64url') }),
  })
    .setProtectedHeader({ typ: 'dpop+jwt', alg: 'Ed25519', jwk: { ...jwk } })
    .sign(privateKey);
}
