import type { Authority } from '@rta/authority';
import type { Clock } from '@rta/core';
import type { NonceIssuer } from '@rta/idp';
import type { EventTransmitter, StreamKeeper } from '@rta/ssf';
import type { Context } from 'hono';
import type { AdminPolicy } from '../admin/admin-policy.ts';
import type { Administrator, Administrators } from '../admin/administrators.ts';
import type { Orders } from '../admin/orders.ts';
import type { Receipts } from '../admin/receipts.ts';
import type { AuditTrail } from '../audit/audit-trail.ts';
import type { ChangeLog } from '../changes/change-log.ts';
import type { Approvals } from '../decide/approvals.ts';
import { serverError } from '../errors.ts';

/** What the admin API works with. */
export interface AdminApi {
  readonly authority: Authority;
  readonly administrators: Administrators;
  readonly policy: AdminPolicy;
  readonly orders: Orders;
  readonly receipts: Receipts;
  readonly changes: Pick<ChangeLog, 'get' | 'list'>;
  readonly approvals: Pick<Approvals, 'decide' | 'list'>;
  readonly streams: readonly StreamKeeper[];
  /** Sends security events; undefined where none are sent. */
  readonly transmitter: Pick<EventTransmitter, 'streams' | 'refused'> | undefined;
  readonly audit: AuditTrail;
  readonly nonces: NonceIssuer;
  readonly clock: Clock;
  readonly node: string;
  /** Issuers whose users there are. */
  readonly issuers: readonly string[];
  /** Where the routes stand, under the issuer. */
  readonly path: string;
}

/** Knows who asks. */
export type Authenticate = (context: Context) => Promise<Administrator>;

/**
 * Rights are taken away whatever happens; they are given back only where it can be written down who did (invariant I7).
 *
 * @throws RtaError `RTA_SERVER_OVERLOAD`
 */
export function assertAccountable(audit: AuditTrail): void {
  if (!audit.healthy) throw serverError('RTA_SERVER_OVERLOAD');
}
