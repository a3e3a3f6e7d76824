import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import {
  AUDIT_KINDS,
  type AuditEntry,
  type AuditKind,
  createChainWriter,
  parseAuditEntry,
  toOcsf,
} from '../src/index.ts';
import { signer } from './log-maker.ts';

/** The attributes of the classes and objects that are used, as schema.ocsf.io has them for 1.8.0. */
interface Shape {
  readonly required: readonly string[];
  /** Type by name: a primitive, or the name of an object. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly enums: Readonly<Record<string, readonly number[]>>;
  readonly constraints: { readonly at_least_one?: readonly string[]; readonly just_one?: readonly string[] };
}

const schema = JSON.parse(await readFile(new URL('ocsf-1.8.0.json', import.meta.url), 'utf8')) as {
  readonly version: string;
  readonly classes: Readonly<Record<string, Shape & { readonly category: number }>>;
  readonly objects: Readonly<Record<string, Shape>>;
};

/** What of a value the schema does not allow, as paths. */
function faultsOf(value: unknown, shape: Shape | undefined, path: string): string[] {
  if (typeof value !== 'object' || value === null || shape === undefined) return [`${path} is no object`];
  const members = new Map<string, unknown>(Object.entries(value));
  const faults = shape.required
    .filter((name) => !members.has(name))
    .map((name) => `${path}.${name} is missing`);
  const { at_least_one: atLeastOne } = shape.constraints;
  if (atLeastOne?.some((name) => members.has(name)) === false)
    faults.push(`${path} needs one of ${atLeastOne.join()}`);
  for (const [name, member] of members) {
    const type = shape.attributes[name];
    if (type === undefined) faults.push(`${path}.${name} is not in the schema`);
    else faults.push(...typeFaults(member, type, `${path}.${name}`));
    const values = shape.enums[name];
    if (values?.includes(Number(member)) === false)
      faults.push(`${path}.${name} is no value of the enumeration`);
  }
  return faults;
}

function typeFaults(value: unknown, type: string, path: string): string[] {
  if (type.endsWith('[]')) {
    if (!Array.isArray(value)) return [`${path} is no array`];
    return value.flatMap((item, index) => typeFaults(item, type.slice(0, -2), `${path}[${index}]`));
  }
  const object = schema.objects[type];
  if (object !== undefined) return faultsOf(value, object, path);
  const wanted = ['integer_t', 'long_t', 'timestamp_t'].includes(type)
    ? 'number'
    : type === 'object'
      ? 'object'
      : 'string';
  return typeof value === wanted ? [] : [`${path} is no ${type}`];
}

const FULL: AuditEntry = {
  sequence: 7,
  atMs: 1_767_225_600_123,
  node: 'node-1',
  kind: 'decision',
  outcome: 'permit',
  session: 's2',
  parent: 's1',
  subject: { issuer: 'https://idp.example', sub: 'alice' },
  actors: ['copilot', 'coder'],
  generation: 3,
  action: 'files.read',
  resource: { type: 'File', id: 'a.txt' },
  cause: 'policy',
  policies: ['policies.cedar#read'],
  policyRevision: 'r1',
  posture: { riskLevel: 'HIGH', deviceCompliant: false },
  connection: 'c1',
  transport: 'quic',
  request: 12,
  change: 'change-1',
  txn: 'txn-1',
  detail: { a: 1 },
};

const barest = (kind: AuditKind): AuditEntry => ({ sequence: 1, atMs: 1, node: 'n', kind, outcome: 'ok' });

describe.each(AUDIT_KINDS)('a record of kind %s', (kind) => {
  test.each([
    ['with all members', { ...FULL, kind }],
    ['with none that it can do without', barest(kind)],
  ])('%s is an event of its class, with what that requires and nothing that it does not know', (_, entry) => {
    const event = toOcsf(entry);
    const shape = schema.classes[Number(event['class_uid'])];
    expect(faultsOf(event, shape, 'event')).toEqual([]);
    expect(event['category_uid']).toBe(shape?.category);
  });
});

test('a decision is API Activity, with person, agent, its caller, action, resource, policy and risk', () => {
  expect(toOcsf(FULL)).toEqual({
    class_uid: 6003,
    category_uid: 6,
    activity_id: 99,
    activity_name: 'Authorize',
    type_uid: 600_399,
    time: 1_767_225_600_123,
    severity_id: 1,
    status_id: 1,
    status_code: 'permit',
    status_detail: 'policy',
    action_id: 1,
    risk_level_id: 3,
    risk_level: 'HIGH',
    authorizations: [{ decision: 'permit', policy: { uid: 'policies.cedar#read', version: 'r1' } }],
    metadata: {
      version: '1.8.0',
      product: { name: 'RealTimeAuth', vendor_name: 'RealTimeAuth' },
      profiles: ['host', 'security_control'],
      uid: 'node-1/7',
      sequence: 7,
      log_name: 'audit',
      event_code: 'decision',
      correlation_uid: 'txn-1',
    },
    actor: {
      user: { uid: 'alice', domain: 'https://idp.example' },
      session: { uid: 's2' },
      app_uid: 'coder',
      app_name: 'coder',
      invoked_by: 'copilot',
    },
    api: { operation: 'files.read', service: { name: 'RealTimeAuth' }, request: { uid: '12' } },
    src_endpoint: { uid: 'c1', svc_name: 'quic' },
    resources: [{ uid: 'a.txt', name: 'a.txt', type: 'File' }],
    unmapped: {
      node: 'node-1',
      parent: 's1',
      actors: ['copilot', 'coder'],
      generation: 3,
      posture: { riskLevel: 'HIGH', deviceCompliant: false },
      transport: 'quic',
      connection: 'c1',
      request: 12,
      change: 'change-1',
      txn: 'txn-1',
      policy_revision: 'r1',
      detail: { a: 1 },
    },
  });
});

test.each([
  ['exchange', 'ok', 300_201, 1, undefined],
  ['exchange', 'refused', 300_201, 2, 2],
  ['end', 'ok', 300_202, 1, undefined],
  ['bind', 'refused', 300_299, 2, 2],
  ['delegation', 'ok', 300_401, 1, undefined],
  ['change', 'ok', 300_403, 1, undefined],
  ['policy', 'ok', 300_403, 1, undefined],
  ['keys', 'ok', 300_403, 1, undefined],
  ['signal', 'ok', 300_499, 1, undefined],
  ['enforcement', 'acknowledged', 700_199, 1, undefined],
  ['enforcement', 'cut-off', 700_199, 2, undefined],
  ['decision', 'deny', 600_399, 1, 2],
  ['approval', 'permit', 600_399, 1, 1],
  ['admin', 'ok', 600_399, 1, undefined],
  ['refusal', 'refused', 600_399, 2, 2],
  ['checkpoint', 'ok', 100_899, 1, undefined],
  ['gap', 'ok', 100_899, 1, undefined],
] as const)(
  '%s that is %s has type %i, status %i and action %s',
  (kind, outcome, typeUid, statusId, actionId) => {
    expect(toOcsf({ ...barest(kind), outcome })).toMatchObject({ type_uid: typeUid, status_id: statusId });
    expect(toOcsf({ ...barest(kind), outcome })['action_id']).toBe(actionId);
  },
);

test('what joins events is the transaction, else the change, else the request', () => {
  const { txn: _, ...withoutTxn } = FULL;
  const { change: __, ...request } = withoutTxn;
  const correlations = [FULL, withoutTxn, request].map((entry) => toOcsf(entry)['metadata']);
  expect(correlations).toMatchObject([
    { correlation_uid: 'txn-1' },
    { correlation_uid: 'change-1' },
    { correlation_uid: 'c1/12' },
  ]);
});

test('a checkpoint goes out with what it claims', () => {
  const line = createChainWriter({ node: 'n', signer }).seal('start', 1)?.line ?? '';
  expect(toOcsf(parseAuditEntry(line))['unmapped']).toMatchObject({
    checkpoint: { cause: 'start', everyRows: 1_000 },
  });
});
