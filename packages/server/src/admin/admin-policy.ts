import type { AuditRecord } from '@rta/audit';
import type { Clock, JsonObject } from '@rta/core';
import type { AccessRequest, Decision, PdpEntity, PolicyDecisionPoint } from '@rta/pdp';
import type { StepUp } from '@rta/protocol';

import type { AuditTrail } from '../audit/audit-trail.ts';
import { dutiesOf, satisfies } from '../decide/obligations.ts';
import { serverError } from '../errors.ts';
import type { Administrator } from './administrators.ts';
import type { OrderAction } from './orders.ts';

/** Names of actions as the policies for administrators see them. */
export type AdminAction =
  | `admin:${OrderAction}`
  | 'admin:list-sessions'
  | 'admin:read-change'
  | 'admin:list-streams'
  | 'admin:verify-stream'
  | 'admin:approve'
  | 'admin:introspect'
  | 'admin:revoke-tokens';

/** What an administrator asks to do. */
export interface AdminQuestion {
  readonly action: AdminAction;
  readonly resource: PdpEntity;
  /** What the request says besides. */
  readonly request?: JsonObject;
}

/** A question that the policies have answered with yes: everything that an audit record says of it. */
export type AdminPermit = Pick<
  AuditRecord,
  'kind' | 'subject' | 'action' | 'resource' | 'policies' | 'policyRevision' | 'connection' | 'transport'
>;

/** What the policies say to one question. */
export type AdminAnswer =
  | { readonly kind: 'permit'; readonly about: AdminPermit }
  | { readonly kind: 'deny'; readonly about: AdminPermit; readonly cause: string }
  | { readonly kind: 'step-up'; readonly about: AdminPermit; readonly stepUp: StepUp };

/** Asks the policies for administrators. */
export interface AdminPolicy {
  answer(by: Administrator, question: AdminQuestion): Promise<AdminAnswer>;
  /**
   * @throws RtaError `RTA_SERVER_ADMIN_DENIED`, or `RTA_SERVER_ADMIN_STEP_UP` with the sign-in that is asked for in its
   *   details. Both are written down.
   */
  permit(by: Administrator, question: AdminQuestion): Promise<AdminPermit>;
}

/** Makes the policy of a node. An obligation other than `step-up` is one that nobody here fulfils: it denies. */
export function createAdminPolicy(options: {
  readonly pdp: PolicyDecisionPoint;
  readonly audit: AuditTrail;
  readonly clock: Clock;
}): AdminPolicy {
  const { pdp, audit, clock } = options;

  const answer = async (by: Administrator, question: AdminQuestion): Promise<AdminAnswer> => {
    const decision = await pdp.evaluate(accessRequest(by, question));
    const about = aboutOf(by, question, decision);
    const { effect, cause } = decision;
    const duties = dutiesOf(decision, new Set());
    const { stepUp } = duties;
    // Without a time of sign-in, none is young enough.
    const subject = {
      ...acrOf(by),
      ...(by.signedInAtMs === undefined ? {} : { authTimeMs: by.signedInAtMs }),
    };
    if (stepUp !== undefined && !satisfies({ subject }, stepUp, clock.now())) {
      if (effect === 'permit' || cause === 'policy') return { kind: 'step-up', about, stepUp };
    }
    if (effect === 'deny') return { kind: 'deny', about, cause };
    const isUnfulfilled =
      duties.unknown.length + duties.notices.length > 0 || duties.needsApproval || duties.endsSession;
    return isUnfulfilled ? { kind: 'deny', about, cause: 'obligation-unknown' } : { kind: 'permit', about };
  };

  return {
    answer,
    async permit(by, question) {
      const answered = await answer(by, question);
      if (answered.kind === 'permit') return answered.about;
      if (answered.kind === 'deny') {
        audit.record({ ...answered.about, outcome: 'deny', cause: answered.cause });
        throw serverError('RTA_SERVER_ADMIN_DENIED');
      }
      audit.record({ ...answered.about, outcome: 'deny', cause: 'step-up-required' });
      throw stepUpError(answered.stepUp);
    },
  };
}

/** Names the sign-in that is asked for. */
export function stepUpError({ acrValues, maxAgeS }: StepUp): Error {
  return serverError('RTA_SERVER_ADMIN_STEP_UP', undefined, {
    details: {
      ...(acrValues === undefined ? {} : { acrValues }),
      ...(maxAgeS === undefined ? {} : { maxAgeS }),
    },
  });
}

function acrOf({ acr }: Administrator): { readonly acr?: string } {
  return acr === undefined ? {} : { acr };
}

/** In AuthZEN's terms: may this person do this to that? What the request itself says stands under `request`. */
function accessRequest(by: Administrator, { action, resource, request = {} }: AdminQuestion): AccessRequest {
  const { issuer, sub, email, groups, roles, scope, clientId, acr, amr, signedInAtMs } = by;
  return {
    subject: { type: 'User', id: sub, properties: { issuer, email, groups, roles } },
    action: { name: action },
    resource,
    context: { scope, client: clientId, acr, amr, signedInAtMs, request },
  };
}

function aboutOf(by: Administrator, { action, resource }: AdminQuestion, decision: Decision): AdminPermit {
  return {
    kind: 'admin',
    subject: { issuer: by.issuer, sub: by.sub },
    action,
    resource: { type: resource.type, id: resource.id },
    policies: decision.reasons.map(({ policyId }) => policyId),
    policyRevision: decision.revision,
    connection: 'https',
    transport: 'https',
  };
}
