import { authorityError } from './errors.ts';
import type { Session } from './session.ts';

/**
 * Checks that the account of the person behind a session is not disabled.
 *
 * @throws RtaError `RTA_AUTHORITY_ACCOUNT_DISABLED`
 */
export function assertAccount({ suspensions }: Pick<Session, 'suspensions'>): void {
  const block = suspensions.find(({ kind }) => kind === 'account');
  if (block === undefined) return;
  throw authorityError('RTA_AUTHORITY_ACCOUNT_DISABLED', undefined, { details: { change: block.change } });
}
