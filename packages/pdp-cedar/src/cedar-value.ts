import type { CedarValueJson } from '@cedar-policy/cedar-wasm/nodejs';
import type { JsonObject, JsonValue } from '@rta/core';
import { RequestFault } from './plain-json.ts';
import type { RecordShape, Shape } from './schema-shape.ts';

/** Attributes of an entity, or a context, in Cedar's JSON. */
export type CedarRecord = Record<string, CedarValueJson>;

/**
 * Plain JSON as a Cedar record, by the schema where there is one.
 *
 * With a schema, what it does not declare is left out: policies that were validated cannot read it. Without one,
 * whole numbers become `Long` and others `decimal`. Either way a `null` is as good as absent.
 *
 * @param place - names the object in faults.
 * @throws RequestFault where a value does not fit the schema, or is a number that Cedar does not have.
 */
export function toCedarRecord(
  object: JsonObject,
  shape: RecordShape | undefined,
  place: string,
): CedarRecord {
  return shape === undefined ? looseRecord(object, place) : shapedRecord(object, shape, place);
}

function looseRecord(object: JsonObject, place: string): CedarRecord {
  const record: CedarRecord = {};
  for (const [name, value] of Object.entries(object)) {
    if (isPresent(value)) record[name] = looseValue(value, place);
  }
  return record;
}

function looseValue(value: Present, place: string): CedarValueJson {
  if (typeof value === 'number') {
    return Number.isInteger(value) ? long(value, place) : decimal(decimalText(value, place));
  }
  if (typeof value !== 'object') return value;
  if (isList(value)) return value.filter(isPresent).map((element) => looseValue(element, place));
  return looseRecord(value, place);
}

function shapedRecord(object: JsonObject, { attributes }: RecordShape, place: string): CedarRecord {
  const record: CedarRecord = {};
  for (const [name, { shape, required }] of attributes) {
    const value = Object.hasOwn(object, name) ? object[name] : undefined;
    if (isPresent(value)) record[name] = shapedValue(value, shape, `${place}.${name}`);
    else if (required) throw new RequestFault(`${place}.${name}`, 'the schema requires it, and it is absent');
  }
  return record;
}

function shapedValue(value: Present, shape: Shape, place: string): CedarValueJson {
  switch (shape.kind) {
    case 'text':
    case 'extension':
      if (typeof value === 'string') return value;
      break;
    case 'bool':
      if (typeof value === 'boolean') return value;
      break;
    case 'long':
      if (typeof value === 'number') return long(value, place);
      break;
    case 'decimal':
      if (typeof value === 'string') return decimal(value);
      if (typeof value === 'number') return decimal(decimalText(value, place));
      break;
    case 'set':
      if (isList(value)) {
        return value.filter(isPresent).map((element) => shapedValue(element, shape.element, place));
      }
      break;
    case 'entity':
      if (isObject(value)) return entityReference(value, shape.type, place);
      break;
    case 'record':
      if (isObject(value)) return shapedRecord(value, shape, place);
      break;
  }
  throw new RequestFault(place, `the schema declares ${article(shape)}, and it is ${article(kindOf(value))}`);
}

function entityReference({ type, id }: JsonObject, declared: string, place: string): CedarValueJson {
  if (type !== declared || typeof id !== 'string') {
    throw new RequestFault(place, `expected an object with the type ${declared} and an id`);
  }
  return { __entity: { type, id } };
}

function long(value: number, place: string): number {
  if (!Number.isSafeInteger(value)) throw new RequestFault(place, 'a number is not a whole one below 2^53');
  return value;
}

const decimal = (text: string): CedarValueJson => ({ __extn: { fn: 'decimal', arg: text } });

/** Never rounded: a policy that compares with a threshold must see the number that was sent. */
function decimalText(value: number, place: string): string {
  const text = Number.isInteger(value) ? `${long(value, place)}.0` : String(value);
  if (!/^-?\d+\.\d{1,4}$/.test(text))
    throw new RequestFault(place, 'a number has more than 4 decimal places');
  return text;
}

type Present = Exclude<JsonValue, null>;

const isPresent = (value: JsonValue | undefined): value is Present => value !== undefined && value !== null;

const isList = (value: Present): value is readonly JsonValue[] => Array.isArray(value);

const isObject = (value: Present): value is JsonObject => typeof value === 'object' && !isList(value);

function kindOf(value: Present): string {
  if (typeof value === 'object') return isList(value) ? 'list' : 'object';
  return typeof value === 'string' ? 'text' : typeof value;
}

function article(kind: Shape | string): string {
  const name = typeof kind === 'string' ? kind : kind.kind === 'extension' ? kind.name : kind.kind;
  return `${/^[aeiou]/.test(name) ? 'an' : 'a'} ${name}`;
}
