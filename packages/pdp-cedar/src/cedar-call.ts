import type { JsonObject } from '@rta/core';
import type { AccessRequest } from '@rta/pdp';
import { type CedarRecord, toCedarRecord } from './cedar-value.ts';
import type { CedarCall } from './engine.ts';
import { PDP_CEDAR_LIMITS } from './limits.ts';
import { assertPlainJson, isUnicode, RequestFault, requestBudget } from './plain-json.ts';
import type { RecordShape, RequestShapes } from './schema-shape.ts';

const ENTITY_TYPE = /^[A-Za-z_]\w*(?:::[A-Za-z_]\w*)*$/;

/**
 * Puts an AuthZEN request in Cedar's terms: the subject is the principal, types are entity types, properties are
 * attributes, and of an entity without properties nothing is known but its name.
 *
 * Properties of the action become attributes of its entity where there is no schema; a schema has no place for them.
 * Nothing of the request is trusted to be what its type says.
 *
 * @throws RequestFault where it cannot be put so.
 */
export function toCedarCall(
  request: AccessRequest,
  actionType: string,
  shapes: RequestShapes | undefined,
): CedarCall {
  const { subject, action, resource, context } = objectAt(request, 'request');
  const principal = entityAt(subject, 'subject');
  const target = entityAt(resource, 'resource');
  const { name, properties } = objectAt(action, 'action');
  const act = { uid: { type: actionType, id: textAt(name, 'action.name') }, properties };
  const applies = shapes && actionAt(shapes, act.uid.id, principal.uid.type, target.uid.type);

  const budget = requestBudget();
  const plain = (value: unknown, place: string): JsonObject => {
    if (value === undefined) return {};
    if (Array.isArray(value)) throw new RequestFault(place, 'expected an object');
    const object = objectAt(value, place);
    assertPlainJson(object, place, budget);
    return object;
  };

  const entities: CedarCall['entities'] = [];
  const describe = (entity: Entity, place: string, shape: RecordShape | undefined): void => {
    const object = plain(entity.properties, place);
    if (Object.keys(object).length === 0) return;
    const attrs: CedarRecord = toCedarRecord(object, shape, place);
    entities.push({ uid: entity.uid, attrs, parents: [] });
  };
  describe(principal, 'subject.properties', shapes?.entities.get(principal.uid.type));
  describe(target, 'resource.properties', shapes?.entities.get(target.uid.type));
  if (shapes === undefined) describe(act, 'action.properties', undefined);
  else plain(properties, 'action.properties');

  return {
    principal: principal.uid,
    action: act.uid,
    resource: target.uid,
    context: toCedarRecord(plain(context, 'context'), applies?.context, 'context'),
    entities,
  };
}

interface Entity {
  readonly uid: { readonly type: string; readonly id: string };
  readonly properties: unknown;
}

function entityAt(value: unknown, place: string): Entity {
  const { type, id, properties } = objectAt(value, place);
  const name = textAt(type, `${place}.type`);
  if (!ENTITY_TYPE.test(name))
    throw new RequestFault(`${place}.type`, 'it is not the name of an entity type');
  return { uid: { type: name, id: textAt(id, `${place}.id`) }, properties };
}

function actionAt(
  shapes: RequestShapes,
  action: string,
  subjectType: string,
  resourceType: string,
): { readonly context: RecordShape } {
  const shape = shapes.actions.get(action);
  if (shape === undefined) throw new RequestFault('action.name', 'the schema declares no such action');
  if (!shape.subjectTypes.has(subjectType)) {
    throw new RequestFault('subject.type', 'the schema does not let this type do the action');
  }
  if (!shape.resourceTypes.has(resourceType)) {
    throw new RequestFault('resource.type', 'the schema does not apply the action to this type');
  }
  return shape;
}

function textAt(value: unknown, place: string): string {
  if (typeof value !== 'string') throw new RequestFault(place, 'expected a text');
  if (value.length > PDP_CEDAR_LIMITS.maxIdCharacters) throw new RequestFault(place, 'the text is too long');
  if (!isUnicode(value)) throw new RequestFault(place, 'the text is not Unicode');
  return value;
}

/** The members of an object, of which nothing is known yet. */
function objectAt(value: unknown, place: string): JsonObject & Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) throw new RequestFault(place, 'expected an object');
  return value as JsonObject;
}
