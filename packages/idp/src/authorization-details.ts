import { z } from 'zod';
import { idpError } from './errors.ts';
import { IDP_LIMITS } from './limits.ts';
import { lineOfText } from './line-of-text.ts';

/**
 * One object of `authorization_details`: these actions, at these locations or anywhere.
 *
 * @see RFC 9396 §2
 */
export interface ActionDetail {
  readonly type: 'rta_action';
  readonly actions: readonly string[];
  readonly locations?: readonly string[];
}

const lines = z
  .array(lineOfText(IDP_LIMITS.maxAuthorizationDetailCharacters))
  .min(1)
  .max(IDP_LIMITS.maxAuthorizationDetailsItems);
const DETAILS = z
  .array(z.strictObject({ type: z.literal('rta_action'), actions: lines, locations: lines.exactOptional() }))
  .min(1)
  .max(IDP_LIMITS.maxAuthorizationDetailsItems);

/**
 * Reads the parameter `authorization_details`. An unknown type or member is refused, as RFC 9396 §5 demands.
 *
 * @throws RtaError `RTA_IDP_AUTHORIZATION_DETAILS`
 */
export function parseAuthorizationDetails(text: string): readonly ActionDetail[] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw idpError('RTA_IDP_AUTHORIZATION_DETAILS');
  }
  const read = DETAILS.safeParse(json);
  if (!read.success) throw idpError('RTA_IDP_AUTHORIZATION_DETAILS');
  return read.data;
}
