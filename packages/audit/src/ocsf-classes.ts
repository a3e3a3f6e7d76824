import type { JsonObject } from '@rta/core';
import type { AuditEntry } from './audit-record.ts';

/** Where a record belongs in OCSF, and the members that its class has besides those of all. */
export interface OcsfClass {
  readonly uid: number;
  readonly categoryUid: number;
  readonly activityId: number;
  readonly activityName: string;
  readonly members: JsonObject;
}

/** `activity_id` of what a class has no activity for; `activity_name` then says what it was. */
const OTHER = 99;
/** `auth_protocol_id` OAuth 2.0. */
const OAUTH_2 = 6;
/** `type_id` of a managed entity. */
const ENTITY = { policy: 5, other: 99 } as const;
/** What a required member holds where the record does not say: a stranger has no name here. */
const UNKNOWN = 'unknown';

const SERVICE = { name: 'RealTimeAuth' } as const;

/** Chooses the class by the kind of the record. */
export function ocsfClassOf(entry: AuditEntry): OcsfClass {
  switch (entry.kind) {
    case 'decision':
      return apiActivity('Authorize', entry);
    case 'approval':
      return apiActivity('Approve', entry);
    case 'admin':
      return apiActivity('Administer', entry);
    case 'refusal':
      return apiActivity('Refuse', entry);
    case 'exchange':
      return authentication(1, 'Logon', entry);
    case 'end':
      return authentication(2, 'Logoff', entry);
    case 'bind':
      return authentication(OTHER, 'Bind', entry);
    case 'delegation':
      return entityManagement(1, 'Create', entry, sessionEntity(entry));
    case 'change':
      return entityManagement(3, 'Update', entry, sessionEntity(entry));
    case 'policy': {
      const uid = entry.policyRevision ?? UNKNOWN;
      return entityManagement(3, 'Update', entry, { type_id: ENTITY.policy, uid, policy: { uid } });
    }
    case 'keys':
      return entityManagement(3, 'Update', entry, {
        type_id: ENTITY.other,
        type: 'signing keys',
        name: 'token keys',
      });
    case 'signal':
      return entityManagement(OTHER, 'Signal', entry, {
        type_id: ENTITY.other,
        type: 'security signal',
        uid: entry.change ?? UNKNOWN,
      });
    case 'enforcement':
      return {
        uid: 7001,
        categoryUid: 7,
        activityId: OTHER,
        activityName: 'Enforce',
        members: { command_uid: entry.change ?? UNKNOWN, ...actorMember(entry) },
      };
    case 'checkpoint':
      return eventLog('Seal');
    case 'gap':
      return eventLog('Gap');
  }
}

/** API Activity, 6003. */
function apiActivity(activityName: string, entry: AuditEntry): OcsfClass {
  const { action, kind, resource, connection, request, transport } = entry;
  return {
    uid: 6003,
    categoryUid: 6,
    activityId: OTHER,
    activityName,
    members: {
      actor: actorOf(entry),
      api: {
        operation: action ?? kind,
        service: SERVICE,
        ...(request === undefined ? {} : { request: { uid: String(request) } }),
      },
      src_endpoint: {
        uid: connection ?? UNKNOWN,
        ...(transport === undefined ? {} : { svc_name: transport }),
      },
      ...(resource === undefined
        ? {}
        : { resources: [{ uid: resource.id, name: resource.id, type: resource.type }] }),
    },
  };
}

/** Authentication, 3002. */
function authentication(activityId: number, activityName: string, entry: AuditEntry): OcsfClass {
  const { session, connection } = entry;
  return {
    uid: 3002,
    categoryUid: 3,
    activityId,
    activityName,
    members: {
      user: userOf(entry),
      service: SERVICE,
      auth_protocol_id: OAUTH_2,
      ...(session === undefined ? {} : { session: { uid: session } }),
      ...(connection === undefined ? {} : { src_endpoint: { uid: connection } }),
      ...actorMember(entry),
    },
  };
}

/** Entity Management, 3004. */
function entityManagement(
  activityId: number,
  activityName: string,
  entry: AuditEntry,
  entity: JsonObject,
): OcsfClass {
  const members = { entity, ...actorMember(entry) };
  return { uid: 3004, categoryUid: 3, activityId, activityName, members };
}

/** Event Log Activity, 1008. */
function eventLog(activityName: string): OcsfClass {
  return { uid: 1008, categoryUid: 1, activityId: OTHER, activityName, members: { log_name: 'audit' } };
}

function sessionEntity({ session, generation }: AuditEntry): JsonObject {
  return {
    type_id: ENTITY.other,
    type: 'session',
    uid: session ?? UNKNOWN,
    ...(generation === undefined ? {} : { version: String(generation) }),
  };
}

function userOf({ subject }: AuditEntry): JsonObject {
  if (subject === undefined) return { name: UNKNOWN };
  return { uid: subject.sub, domain: subject.issuer };
}

/** The person, the agent that acted for them, and who called it. */
function actorOf(entry: AuditEntry): JsonObject {
  const { subject, session, actors = [] } = entry;
  const agent = actors.at(-1);
  const caller = actors.at(-2);
  if (subject === undefined && session === undefined && agent === undefined) return { app_name: UNKNOWN };
  return {
    ...(subject === undefined ? {} : { user: userOf(entry) }),
    ...(session === undefined ? {} : { session: { uid: session } }),
    ...(agent === undefined ? {} : { app_uid: agent, app_name: agent }),
    ...(caller === undefined ? {} : { invoked_by: caller }),
  };
}

/** The actor, for classes that can do without. */
function actorMember(entry: AuditEntry): JsonObject {
  const { subject, session, actors } = entry;
  return subject === undefined && session === undefined && actors === undefined
    ? {}
    : { actor: actorOf(entry) };
}
