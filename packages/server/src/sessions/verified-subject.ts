import type { Subject } from '@rta/authority';
import type { VerifiedSubject } from '@rta/idp';

/** The person behind a token of an identity provider, as the authority knows them. */
export function subjectOf(verified: VerifiedSubject): Subject {
  const { issuer, sub, email, phone, idpSessionId, tokenId, tenantId, deviceId, clientId, mayAct } = verified;
  const { acr, amr, authTimeMs, issuedAtMs } = verified;
  return {
    issuer,
    sub,
    ...(email === undefined ? {} : { email }),
    ...(phone === undefined ? {} : { phone }),
    ...(idpSessionId === undefined ? {} : { idpSessionId }),
    ...(tokenId === undefined ? {} : { tokenId }),
    ...(tenantId === undefined ? {} : { tenantId }),
    ...(deviceId === undefined ? {} : { deviceId }),
    ...(clientId === undefined ? {} : { clientId }),
    ...(mayAct === undefined ? {} : { mayAct }),
    ...(acr === undefined ? {} : { acr }),
    ...(amr === undefined ? {} : { amr }),
    ...(authTimeMs === undefined ? {} : { authTimeMs }),
    // By the issuer's clock, as its revocations are.
    signedInAtMs: Math.min(authTimeMs ?? issuedAtMs, issuedAtMs),
  };
}
