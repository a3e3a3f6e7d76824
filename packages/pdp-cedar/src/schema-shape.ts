import type { SchemaJson, Type } from '@cedar-policy/cedar-wasm/nodejs';
import { pdpCedarError } from './errors.ts';

/** What a schema says of a value, as far as a JSON value must be changed to become one of Cedar's. */
export type Shape =
  | { readonly kind: 'text' | 'long' | 'bool' | 'decimal' }
  /** `datetime`, `duration` or `ipaddr`, written as text. */
  | { readonly kind: 'extension'; readonly name: string }
  | { readonly kind: 'entity'; readonly type: string }
  | { readonly kind: 'set'; readonly element: Shape }
  | RecordShape;

/** Attributes by name. */
export interface RecordShape {
  readonly kind: 'record';
  readonly attributes: ReadonlyMap<string, { readonly shape: Shape; readonly required: boolean }>;
}

/** What a schema says of requests. */
export interface RequestShapes {
  /** Attributes of entities, by type. */
  readonly entities: ReadonlyMap<string, RecordShape>;
  /** What each action applies to, by name. */
  readonly actions: ReadonlyMap<
    string,
    {
      readonly subjectTypes: ReadonlySet<string>;
      readonly resourceTypes: ReadonlySet<string>;
      readonly context: RecordShape;
    }
  >;
}

const NO_ATTRIBUTES: RecordShape = { kind: 'record', attributes: new Map() };

const BUILT_IN: ReadonlyMap<string, Shape> = new Map<string, Shape>([
  ['String', { kind: 'text' }],
  ['Long', { kind: 'long' }],
  ['Bool', { kind: 'bool' }],
  ['Boolean', { kind: 'bool' }],
  ['decimal', { kind: 'decimal' }],
  ['datetime', { kind: 'extension', name: 'datetime' }],
  ['duration', { kind: 'extension', name: 'duration' }],
  ['ipaddr', { kind: 'extension', name: 'ipaddr' }],
]);

/**
 * Reads the shapes of requests out of a schema whose type names are resolved.
 *
 * @param actionType - the entity type of actions, e.g. `RTA::Action`: actions of other namespaces are left out.
 * @throws RtaError `RTA_PDP_CEDAR_SCHEMA` for a type that this adapter does not know.
 */
export function compileSchema(schema: SchemaJson<string>, actionType: string): RequestShapes {
  const commonTypes = new Map<string, Type<string>>();
  for (const [namespace, { commonTypes: types = {} }] of Object.entries(schema)) {
    for (const [name, type] of Object.entries(types)) commonTypes.set(qualified(namespace, name), type);
  }

  // Common types cannot refer to themselves: Cedar has refused such a schema before.
  const named = (name: string): Shape => {
    const common = commonTypes.get(name);
    if (common !== undefined) return shapeOf(common);
    const builtIn = BUILT_IN.get(name.replace(/^__cedar::/, ''));
    if (builtIn !== undefined) return builtIn;
    throw pdpCedarError('RTA_PDP_CEDAR_SCHEMA', `the schema has a type that is not known here: ${name}`);
  };

  const shapeOf = (type: Type<string>): Shape => {
    if (isKind(type, 'Set')) return { kind: 'set', element: shapeOf(type.element) };
    if (isKind(type, 'Record')) {
      const attributes = Object.entries(type.attributes).map(
        ([name, attribute]) =>
          [name, { shape: shapeOf(attribute), required: attribute.required ?? true }] as const,
      );
      return { kind: 'record', attributes: new Map(attributes) };
    }
    if (isKind(type, 'Entity')) return { kind: 'entity', type: type.name };
    return named(isKind(type, 'Extension') ? type.name : type.type);
  };

  const recordOf = (type: Type<string> | undefined): RecordShape => {
    const shape = type === undefined ? NO_ATTRIBUTES : shapeOf(type);
    if (shape.kind === 'record') return shape;
    throw pdpCedarError('RTA_PDP_CEDAR_SCHEMA', `the schema has a ${shape.kind} where a record must be`);
  };

  const entities = new Map<string, RecordShape>();
  const actions = new Map<string, ReturnType<RequestShapes['actions']['get']> & {}>();
  for (const [namespace, { entityTypes, actions: declared }] of Object.entries(schema)) {
    for (const [name, type] of Object.entries(entityTypes)) {
      entities.set(qualified(namespace, name), recordOf('shape' in type ? type.shape : undefined));
    }
    if (qualified(namespace, 'Action') !== actionType) continue;
    for (const [name, { appliesTo }] of Object.entries(declared)) {
      actions.set(name, {
        subjectTypes: new Set(appliesTo?.principalTypes),
        resourceTypes: new Set(appliesTo?.resourceTypes),
        context: recordOf(appliesTo?.context),
      });
    }
  }
  return { entities, actions };
}

const qualified = (namespace: string, name: string): string =>
  namespace === '' ? name : `${namespace}::${name}`;

type Kinds = {
  Set: { type: 'Set'; element: Type<string> };
  Record: { type: 'Record'; attributes: Record<string, Type<string> & { required?: boolean }> };
  Entity: { type: 'Entity'; name: string };
  Extension: { type: 'Extension'; name: string };
};

const isKind = <Kind extends keyof Kinds>(type: { type: string }, kind: Kind): type is Kinds[Kind] =>
  type.type === kind;
