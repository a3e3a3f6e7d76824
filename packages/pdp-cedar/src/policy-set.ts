import { setImmediate as nextTurn } from 'node:timers/promises';
import type { CedarFile } from './cedar-source.ts';
import { type CedarFault, parseNothing, parsePolicy, parseSchema, validatePolicies } from './engine.ts';
import { type PdpCedarErrorCode, pdpCedarError } from './errors.ts';
import { PDP_CEDAR_LIMITS } from './limits.ts';
import { faultsError, formatFault, type LocatedFault, locate } from './policy-faults.ts';
import type { PolicyFiles } from './policy-files.ts';
import { cutPolicies, type PolicyText } from './policy-text.ts';
import { compileSchema, type RequestShapes } from './schema-shape.ts';
import { depthOf } from './text-depth.ts';

/** One policy that Cedar has accepted. */
export interface Policy extends PolicyText {
  /** `<file name>#<@id annotation, or place in the file from 1>`. */
  readonly id: string;
  readonly file: CedarFile;
  /** What the answers that it determines oblige to. */
  readonly obligations: readonly PolicyObligation[];
}

/** One name of the `@obligation` annotation. */
export interface PolicyObligation {
  readonly type: string;
  /** All other annotations of the policy, but for `@id`. */
  readonly properties: Readonly<Record<string, string>>;
}

/** A set of policies and their schema, read and validated as a whole. */
export interface PolicySet {
  readonly revision: string;
  readonly policies: ReadonlyMap<string, Policy>;
  readonly schema: { readonly text: string; readonly shapes: RequestShapes } | undefined;
  /** What Cedar warns of, e.g. a policy that can never apply: `file:line:column: message`. */
  readonly warnings: readonly string[];
}

/** How many policies are read before others have their turn: reading one takes about 0.1 ms. */
const POLICIES_A_TURN = 32;

/**
 * Reads and validates files of policies: all of them, or none.
 *
 * @param actionType - the entity type of actions.
 * @throws RtaError `RTA_PDP_CEDAR_SOURCE`, `_LIMIT`, `_POLICY`, `_DUPLICATE`, `_SCHEMA`, `_VALIDATION`, with
 *   file, line and column where there is one; `RTA_PDP_CEDAR_ENGINE`
 */
export async function compilePolicySet(
  { files, revision }: PolicyFiles,
  actionType: string,
): Promise<PolicySet> {
  const schema = readSchema(files, actionType);
  const policies = new Map<string, Policy>();
  for (const file of files) {
    if (file.name.endsWith('.cedar')) await readPolicies(file, policies);
  }
  const warnings = schema === undefined ? [] : validated(policies, schema.text);
  return { revision, policies, schema, warnings };
}

function readSchema(files: readonly CedarFile[], actionType: string): PolicySet['schema'] {
  const [file, ...more] = files.filter(({ name }) => name.endsWith('.cedarschema'));
  if (file === undefined) return undefined;
  if (more.length > 0) {
    throw pdpCedarError('RTA_PDP_CEDAR_SCHEMA', 'there is more than one *.cedarschema file');
  }
  if (depthOf(file.text, '()[]{}<>').nesting > PDP_CEDAR_LIMITS.maxNesting) {
    throw pdpCedarError(
      'RTA_PDP_CEDAR_LIMIT',
      `${file.name} nests more than ${PDP_CEDAR_LIMITS.maxNesting} deep`,
    );
  }
  const { value, faults } = parseSchema(file.text);
  if (value === undefined) refuse('RTA_PDP_CEDAR_SCHEMA', file, { text: file.text, start: 0 }, faults);
  const shapes = compileSchema(value, actionType);
  if (shapes.actions.size === 0) {
    throw pdpCedarError('RTA_PDP_CEDAR_SCHEMA', `${file.name} declares no action of the type ${actionType}`);
  }
  return { text: file.text, shapes };
}

async function readPolicies(file: CedarFile, policies: Map<string, Policy>): Promise<void> {
  const { policies: parts, rest } = cutPolicies(file.text);
  assertShallow(file, rest);
  const { faults } = parseNothing(rest.text);
  if (faults !== undefined) refuse('RTA_PDP_CEDAR_POLICY', file, rest, faults);
  // A writer that empties a file before it fills it would take its policies out of force for a moment.
  if (parts.length === 0) {
    throw pdpCedarError(
      'RTA_PDP_CEDAR_SOURCE',
      `${file.name} holds no policy; remove a file that is not needed`,
    );
  }
  if (policies.size + parts.length > PDP_CEDAR_LIMITS.maxPolicies) {
    throw pdpCedarError(
      'RTA_PDP_CEDAR_LIMIT',
      `there are more than ${PDP_CEDAR_LIMITS.maxPolicies} policies`,
    );
  }
  for (const [at, part] of parts.entries()) {
    const policy = parsePart(file, part);
    const id = `${file.name}#${policy.name ?? at + 1}`;
    if (policies.has(id)) refusePolicy('RTA_PDP_CEDAR_DUPLICATE', file, part, `the id ${id} is taken`);
    policies.set(id, { ...part, id, file, obligations: policy.obligations });
    if (policies.size % POLICIES_A_TURN === 0) await nextTurn();
  }
}

function parsePart(
  file: CedarFile,
  part: PolicyText,
): { readonly name: string | undefined; readonly obligations: readonly PolicyObligation[] } {
  assertShallow(file, part);
  const { value, faults } = parsePolicy(part.text);
  if (value === undefined) refuse('RTA_PDP_CEDAR_POLICY', file, part, faults);
  const annotations: Readonly<Record<string, string | null>> = value.annotations ?? {};
  const read = (name: 'id' | 'obligation'): string | undefined => {
    const text = Object.hasOwn(annotations, name) ? annotations[name] : undefined;
    if (text === null || text?.trim() === '') {
      refusePolicy('RTA_PDP_CEDAR_POLICY', file, part, `the annotation @${name} needs a text`);
    }
    return text;
  };
  const { id: _id, obligation: _obligation, ...others } = annotations;
  // An annotation without a text is one with an empty text.
  const properties = Object.fromEntries(Object.entries(others).map(([name, text]) => [name, text ?? '']));
  const types = new Set(read('obligation')?.trim().split(/\s+/));
  return { name: read('id'), obligations: [...types].map((type) => ({ type, properties })) };
}

function assertShallow(file: CedarFile, part: PolicyText): void {
  const { nesting, expression } = depthOf(part.text);
  if (nesting <= PDP_CEDAR_LIMITS.maxNesting && expression <= PDP_CEDAR_LIMITS.maxExpressionDepth) return;
  const message = `the policy is ${expression} levels deep, ${nesting} of them brackets`;
  refusePolicy('RTA_PDP_CEDAR_LIMIT', file, part, message);
}

function validated(policies: ReadonlyMap<string, Policy>, schema: string): readonly string[] {
  const texts = new Map([...policies].map(([id, { text }]) => [id, text]));
  const { errors, warnings } = validatePolicies(texts, schema);
  const located = (faults: typeof errors): LocatedFault[] =>
    faults.flatMap((found) => {
      const policy = policies.get(found.policyId);
      if (policy === undefined) return [];
      const message = found.message.replace(`for policy \`${policy.id}\`, `, '');
      return [locate(policy.file, policy, { ...found, message })];
    });
  if (errors.length > 0) throw faultsError('RTA_PDP_CEDAR_VALIDATION', located(errors));
  return located(warnings).map(formatFault);
}

/** Refuses what Cedar found fault with. */
function refuse(
  code: PdpCedarErrorCode,
  file: CedarFile,
  part: PolicyText,
  faults: readonly CedarFault[],
): never {
  throw faultsError(
    code,
    faults.map((fault) => locate(file, part, fault)),
  );
}

/** Refuses a policy as a whole: the fault stands where its first token does. */
function refusePolicy(code: PdpCedarErrorCode, file: CedarFile, part: PolicyText, message: string): never {
  const before = /^(?:\s+|\/\/[^\n\r]*)*/.exec(part.text)?.[0] ?? '';
  throw faultsError(code, [locate(file, part, { message, offsetBytes: Buffer.byteLength(before) })]);
}
