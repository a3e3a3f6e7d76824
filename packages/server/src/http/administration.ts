import type { Authority, Signal } from '@rta/authority';
import type { Clock } from '@rta/core';
import type { DpopVerifier, IssuerOptions, NonceIssuer } from '@rta/idp';
import { denyOnFailure, type PolicyDecisionPoint } from '@rta/pdp';
import type { EventTransmitter, StreamKeeper } from '@rta/ssf';
import type { Context, Hono } from 'hono';
import { type AdminPolicy, createAdminPolicy } from '../admin/admin-policy.ts';
import { type Administrators, createAdministrators } from '../admin/administrators.ts';
import { createOrders, type Orders } from '../admin/orders.ts';
import type { Receipts } from '../admin/receipts.ts';
import type { AuditTrail } from '../audit/audit-trail.ts';
import type { ChangeLog } from '../changes/change-log.ts';
import type { Approvals } from '../decide/approvals.ts';
import { SERVER_LIMITS } from '../limits.ts';
import { adminRoutes } from './admin-routes.ts';
import { globalRevocationEndpoint } from './global-revocation-endpoint.ts';
import { HTTP_PATHS } from './http-paths.ts';
import { introspectionEndpoint } from './introspection-endpoint.ts';

/** Everything that a node has for those who are no agents: administrators, and backends that ask about tokens. */
export interface Administration {
  readonly administrators: Administrators;
  readonly policy: AdminPolicy;
  readonly orders: Orders;
  /** The admin API. */
  readonly routes: Hono;
  readonly introspect: (context: Context) => Promise<Response>;
  readonly revokeGlobally: (context: Context) => Promise<Response>;
  close(): Promise<void>;
}

/** Puts the administration of a node together. */
export function createAdministration(options: {
  readonly audience: string;
  readonly scope?: string;
  readonly pdp: PolicyDecisionPoint;
  readonly issuers: readonly IssuerOptions[];
  readonly issuer: string;
  readonly node: string;
  readonly authority: Authority;
  readonly changes: ChangeLog;
  readonly approvals: Approvals;
  readonly receipts: Receipts;
  readonly streams: readonly StreamKeeper[];
  /** Sends security events; undefined where none are sent. */
  readonly transmitter: Pick<EventTransmitter, 'streams' | 'refused'> | undefined;
  readonly audit: AuditTrail;
  readonly dpop: DpopVerifier;
  readonly nonces: NonceIssuer;
  readonly clock: Clock;
  readonly isFresh: () => boolean;
  readonly raise: (signals: readonly Signal[]) => Promise<void>;
}): Administration {
  const { clock, audit } = options;
  const pdp = denyOnFailure(options.pdp, { timeoutMs: SERVER_LIMITS.pdpTimeoutMs, clock });
  const administrators = createAdministrators({ ...options, scope: options.scope });
  const policy = createAdminPolicy({ pdp, audit, clock });
  const orders = createOrders(options);
  const shared = {
    ...options,
    administrators,
    policy,
    orders,
    issuers: options.issuers.map(({ issuer }) => issuer),
  };
  return {
    administrators,
    policy,
    orders,
    routes: adminRoutes({ ...shared, path: HTTP_PATHS.admin }),
    introspect: introspectionEndpoint({ ...shared, path: HTTP_PATHS.introspection }),
    revokeGlobally: globalRevocationEndpoint({ ...shared, path: HTTP_PATHS.globalRevocation }),
    close: administrators.close,
  };
}
