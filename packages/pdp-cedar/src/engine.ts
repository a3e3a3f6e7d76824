import { randomUUID } from 'node:crypto';
import {
  type DetailedError,
  type PolicyJson,
  policySetTextToParts,
  policyToJson,
  preparsePolicySet,
  preparseSchema,
  type Schema,
  type SchemaJson,
  type StatefulAuthorizationCall,
  schemaToJsonWithResolvedTypes,
  statefulIsAuthorized,
  type ValidationError,
  validate,
} from '@cedar-policy/cedar-wasm/nodejs';
import { pdpCedarError } from './errors.ts';

/** A question to Cedar about policies that were prepared. */
export type CedarCall = Omit<
  StatefulAuthorizationCall,
  'preparsedPolicySetId' | 'preparsedSchemaName' | 'validateRequest'
>;

/** Something that Cedar found in a text; offsets are bytes of UTF-8. */
export interface CedarFault {
  readonly message: string;
  readonly offsetBytes: number;
  readonly endBytes: number;
}

/** What Cedar made of a text, or what is wrong with it. */
export type Parsed<Value> =
  | { readonly value: Value; readonly faults?: undefined }
  | { readonly value?: undefined; readonly faults: readonly CedarFault[] };

/** Policies by id, as text, and their schema. */
export interface PolicyTexts {
  readonly policies: ReadonlyMap<string, string>;
  readonly schema: string | undefined;
}

/**
 * Calls into the engine. It throws where it recursed too deeply or was given what it cannot read at all; the former
 * may leave it unable to answer anybody again, which is why limits stand before it.
 */
function callEngine<Value>(call: () => Value): Value {
  try {
    return call();
  } catch (cause) {
    throw pdpCedarError('RTA_PDP_CEDAR_ENGINE', undefined, { cause });
  }
}

/** Reads one policy. */
export function parsePolicy(text: string): Parsed<PolicyJson> {
  const answer = callEngine(() => policyToJson(text));
  return answer.type === 'success' ? { value: answer.json } : { faults: answer.errors.map(toFault) };
}

/** Reads what should hold no policy: nothing, spaces and comments. */
export function parseNothing(text: string): Parsed<true> {
  const answer = callEngine(() => policySetTextToParts(text));
  if (answer.type === 'failure') return { faults: answer.errors.map(toFault) };
  const found = answer.policies.length + answer.policy_templates.length;
  if (found === 0) return { value: true };
  return { faults: [{ message: 'a policy without a semicolon', offsetBytes: 0, endBytes: 0 }] };
}

/** Reads a schema, with the names of its types resolved. */
export function parseSchema(text: string): Parsed<SchemaJson<string>> {
  const answer = callEngine(() => schemaToJsonWithResolvedTypes(text));
  return answer.type === 'success' ? { value: answer.json } : { faults: answer.errors.map(toFault) };
}

/** What validation found, by the policy that it found it in. */
export interface PolicyFault extends CedarFault {
  readonly policyId: string;
}

/** Validates policies against a schema, in Cedar's strict mode. */
export function validatePolicies(
  policies: ReadonlyMap<string, string>,
  schema: Schema,
): { readonly errors: readonly PolicyFault[]; readonly warnings: readonly PolicyFault[] } {
  const answer = callEngine(() =>
    validate({ schema, policies: { staticPolicies: Object.fromEntries(policies) } }),
  );
  if (answer.type === 'failure') throw pdpCedarError('RTA_PDP_CEDAR_ENGINE', answer.errors[0]?.message);
  return {
    errors: answer.validationErrors.map(toPolicyFault),
    warnings: answer.validationWarnings.map(toPolicyFault),
  };
}

const toPolicyFault = ({ policyId, error }: ValidationError): PolicyFault => ({
  policyId,
  ...toFault(error),
});

const byPolicy = (a: PolicyFault, b: PolicyFault): number => (a.policyId < b.policyId ? -1 : 1);

function toFault({ message, sourceLocations }: DetailedError): CedarFault {
  const place = sourceLocations?.[0];
  const expected = place?.label ?? undefined;
  return {
    message: expected === undefined ? message : `${message}, ${expected}`,
    offsetBytes: place?.start ?? 0,
    endBytes: place?.end ?? 0,
  };
}

/** Cedar's answer; undefined where the request does not fit the schema, or holds what Cedar does not read. */
export type CedarAnswer =
  | {
      readonly allowed: boolean;
      /** Ids of the policies that determined the answer, sorted. */
      readonly determining: readonly string[];
      /** Policies that could not be evaluated, sorted. Cedar leaves them out, even those that forbid. */
      readonly erring: readonly PolicyFault[];
    }
  | undefined;

/** Policies that the engine has read and keeps. */
export interface PreparedPolicies {
  /** Asks Cedar. @throws RtaError `RTA_PDP_CEDAR_ENGINE` */
  authorize(call: CedarCall): CedarAnswer;
  /** Whether the engine answers at all, whatever it answers. */
  answers(): boolean;
  /** Lets go of the policies: what is asked afterwards finds none, and is denied. */
  release(): void;
}

/** Keeps policies in the engine, under names of its own. */
export interface PolicyKeeper {
  /**
   * Gives policies to the engine, beside those that it keeps.
   *
   * @throws RtaError `RTA_PDP_CEDAR_ENGINE` where the engine does not take them.
   */
  prepare(texts: PolicyTexts): PreparedPolicies;
}

/**
 * Opens a keeper. The engine has one table of names for the whole thread, takes no entry out of it, and replaces
 * what has the same name: so each keeper has random names that no other has, and uses them again and again.
 */
export function openPolicyKeeper(): PolicyKeeper {
  const id = randomUUID();
  let opened = 0;
  const free: string[] = [];

  return {
    prepare({ policies, schema }) {
      const name = free.pop() ?? `${id}/${(opened += 1)}`;
      const put = (staticPolicies: Record<string, string>, schemaText: string): void => {
        refuseFailure(callEngine(() => preparseSchema(name, schemaText)));
        refuseFailure(callEngine(() => preparsePolicySet(name, { staticPolicies })));
      };
      put(Object.fromEntries(policies), schema ?? '');
      const known =
        schema === undefined
          ? { preparsedPolicySetId: name }
          : { preparsedPolicySetId: name, preparsedSchemaName: name, validateRequest: true };
      let kept = true;
      return {
        authorize(call) {
          const answer = callEngine(() => statefulIsAuthorized({ ...call, ...known }));
          if (answer.type === 'failure') return undefined;
          const { decision, diagnostics } = answer.response;
          return {
            allowed: decision === 'allow',
            determining: diagnostics.reason.toSorted(),
            erring: diagnostics.errors.map(toPolicyFault).sort(byPolicy),
          };
        },
        answers() {
          const nobody = { type: 'Nobody', id: '' };
          try {
            statefulIsAuthorized({
              principal: nobody,
              action: nobody,
              resource: nobody,
              context: {},
              entities: [],
              ...known,
            });
            return true;
          } catch {
            return false;
          }
        },
        release() {
          if (!kept) return;
          kept = false;
          try {
            put({}, '');
            free.push(name);
          } catch {
            // An engine that takes nothing any more answers nothing any more.
          }
        },
      };
    },
  };
}

function refuseFailure(
  answer: { type: 'success' } | { type: 'failure'; errors: readonly DetailedError[] },
): void {
  if (answer.type === 'failure') throw pdpCedarError('RTA_PDP_CEDAR_ENGINE', answer.errors[0]?.message);
}
