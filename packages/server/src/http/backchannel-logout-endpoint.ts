import { isRtaError } from '@rta/core';
import { IDP_ERRORS, type IdpErrorCode } from '@rta/idp';
import type { Context } from 'hono';
import { refusalOf } from '../audit/audit-record.ts';
import type { AuditTrail } from '../audit/audit-trail.ts';
import { reportFault } from '../diagnostics.ts';
import type { BackchannelLogout } from '../signals/backchannel-logout.ts';
import { formParameters, oneParameter } from './presented-rta-token.ts';

/**
 * `POST /oidc/backchannel-logout`: an identity provider says that somebody has signed out there. 200 says that it is
 * durable.
 *
 * @see OpenID Connect Back-Channel Logout 1.0 §2.5, §2.8
 */
export function backchannelLogoutEndpoint(options: {
  readonly logout: BackchannelLogout;
  readonly audit: AuditTrail;
}): (context: Context) => Promise<Response> {
  const { logout, audit } = options;
  return async (context) => {
    context.header('Cache-Control', 'no-store');
    const token = oneParameter(await formParameters(context.req.raw), 'logout_token');
    if (token === undefined) {
      const description = 'logout_token: expected once, in a form';
      return context.json({ error: 'invalid_request', error_description: description }, 400);
    }
    try {
      await logout.receive(token);
      return context.body(null, 200);
    } catch (error) {
      audit.record({ kind: 'refusal', ...refusalOf(error), connection: 'https', transport: 'https' });
      if (isRefusedToken(error)) {
        const description = IDP_ERRORS[error.code].summary.replaceAll('subject token', 'logout token');
        return context.json({ error: 'invalid_request', error_description: description }, 400);
      }
      reportFault('http', error);
      context.header('Retry-After', '5');
      const description = 'the logout could not be kept now';
      return context.json({ error: 'temporarily_unavailable', error_description: description }, 503);
    }
  };
}

/** Whether it is the token that is not good, and not this node or the identity provider. */
function isRefusedToken(error: unknown): error is { readonly code: IdpErrorCode } {
  return isRtaError(error) && Object.hasOwn(IDP_ERRORS, error.code) && error.httpStatus === 400;
}
