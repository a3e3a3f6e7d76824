import type { JsonObject } from '@rta/core';
import type { AuditEntry, AuditOutcome } from './audit-record.ts';
import { ocsfClassOf } from './ocsf-classes.ts';

/** The version of the Open Cybersecurity Schema Framework that events are made for. */
export const OCSF_VERSION = '1.8.0';

/** `action_id` of profile security_control. */
const ACTIONS: Readonly<Partial<Record<AuditOutcome, number>>> = { permit: 1, deny: 2, refused: 2 };

/** `status_id`: a denial is a decision that was made, and so a success; what was refused or not obeyed failed. */
const STATUSES: Readonly<Record<AuditOutcome, number>> = {
  ok: 1,
  permit: 1,
  deny: 1,
  acknowledged: 1,
  refused: 2,
  'cut-off': 2,
};

/** `severity_id`: 1 Informational, 2 Low, 3 Medium. */
const SEVERITIES: Readonly<Record<AuditOutcome, number>> = {
  ok: 1,
  permit: 1,
  deny: 2,
  acknowledged: 1,
  refused: 2,
  'cut-off': 3,
};

/** A gap in the log is always worth a look: High. */
const GAP_SEVERITY = 4;

/** `risk_level_id` of profile security_control. */
const RISK_LEVELS = { LOW: 1, MEDIUM: 2, HIGH: 3 } as const;

/**
 * A record as an OCSF event; docs/audit.md has the table. What OCSF has no place for stands in `unmapped`, under its
 * own name, so that nothing is lost.
 *
 * @see https://schema.ocsf.io/1.8.0/
 */
export function toOcsf(entry: AuditEntry): JsonObject {
  const { uid, categoryUid, activityId, activityName, members } = ocsfClassOf(entry);
  const { sequence, atMs, node, outcome, cause, posture } = entry;
  const riskLevel = posture?.riskLevel;
  return defined({
    class_uid: uid,
    category_uid: categoryUid,
    activity_id: activityId,
    activity_name: activityName,
    type_uid: uid * 100 + activityId,
    time: Math.trunc(atMs),
    severity_id: entry.kind === 'gap' ? GAP_SEVERITY : SEVERITIES[outcome],
    status_id: STATUSES[outcome],
    status_code: outcome,
    status_detail: cause,
    action_id: ACTIONS[outcome],
    risk_level_id: riskLevel === undefined ? undefined : RISK_LEVELS[riskLevel],
    risk_level: riskLevel,
    authorizations: authorizationsOf(entry),
    metadata: defined({
      version: OCSF_VERSION,
      product: { name: 'RealTimeAuth', vendor_name: 'RealTimeAuth' },
      profiles: ['host', 'security_control'],
      uid: `${node}/${sequence}`,
      sequence,
      log_name: 'audit',
      event_code: entry.kind,
      correlation_uid: correlationOf(entry),
    }),
    ...members,
    unmapped: unmappedOf(entry),
  });
}

/** What joins this event with others: the transaction, else the change, else the request. */
function correlationOf({ txn, change, connection, request }: AuditEntry): string | undefined {
  return txn ?? change ?? (request === undefined ? undefined : `${connection ?? ''}/${request}`);
}

function authorizationsOf({ outcome, policies, policyRevision }: AuditEntry): JsonObject[] | undefined {
  if (policies === undefined || (outcome !== 'permit' && outcome !== 'deny')) return undefined;
  return policies.map((policy) => ({
    decision: outcome,
    policy: defined({ uid: policy, version: policyRevision }),
  }));
}

/** Members that have no place of their own in OCSF, or one that does not tell all of it. */
function unmappedOf(entry: AuditEntry): JsonObject {
  const { node, parent, actors, generation, posture, transport, change, txn, connection, request } = entry;
  const { policyRevision, detail, checkpoint } = entry;
  return defined({
    node,
    parent,
    actors: actors === undefined ? undefined : [...actors],
    generation,
    posture: posture === undefined ? undefined : { ...posture },
    transport,
    connection,
    request,
    change,
    txn,
    policy_revision: policyRevision,
    detail,
    checkpoint: checkpoint === undefined ? undefined : { ...checkpoint },
  });
}

/** Without the members that are not there. */
function defined(members: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}
