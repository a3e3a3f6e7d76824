import { parseArgs } from 'node:util';
import { AUDIT_KINDS, AUDIT_OUTCOMES, type AuditQuery } from '@rta/audit';

/** What was asked of `rta-server audit`. */
export interface AuditRequest {
  readonly command: 'verify' | 'query' | 'export' | 'help';
  /** A log, where it is named by itself. */
  readonly file: string | undefined;
  /** The configuration that names it otherwise. */
  readonly config: string;
  readonly keyFile: string | undefined;
  readonly expect: { readonly sequence: number; readonly hash: string | undefined } | undefined;
  readonly isJson: boolean;
  readonly query: AuditQuery;
  readonly isNewestFirst: boolean;
  readonly limit: number;
  readonly format: 'jsonl' | 'ocsf';
}

const text = { type: 'string' } as const;
const texts = { type: 'string', multiple: true } as const;
const flag = { type: 'boolean', default: false } as const;

const LOG = { config: text, file: text, help: { ...flag, short: 'h' } } as const;
const FILTERS = {
  person: text,
  issuer: text,
  agent: text,
  actor: text,
  session: text,
  kind: texts,
  outcome: texts,
  cause: text,
  change: text,
  txn: text,
  connection: text,
  action: text,
  'resource-type': text,
  'resource-id': text,
  from: text,
  to: text,
} as const;
const OPTIONS = {
  verify: { ...LOG, key: text, 'expect-sequence': text, 'expect-hash': text, json: flag },
  query: { ...LOG, ...FILTERS, newest: flag, limit: text, json: flag },
  export: { ...LOG, ...FILTERS, format: text },
} as const;

type Values = Readonly<Record<string, unknown>>;

/**
 * Reads the arguments behind `audit`.
 *
 * @throws TypeError with a `code`, as `node:util` throws it, for what is not understood.
 */
export function parseAuditArguments(argv: readonly string[], defaultConfig: string): AuditRequest {
  const [command = '', ...args] = argv;
  if (command === '--help' || command === '-h') return { ...requestOf({}, defaultConfig), command: 'help' };
  if (command !== 'verify' && command !== 'query' && command !== 'export') {
    throw mistake(command === '' ? 'verify, query or export?' : `there is no command audit ${command}`);
  }
  const { values } = parseArgs({ args, options: OPTIONS[command], strict: true });
  const request = requestOf(values, defaultConfig);
  return { ...request, command: values.help ? 'help' : command };
}

function requestOf(values: Values, defaultConfig: string): Omit<AuditRequest, 'command'> {
  const textOf = (name: string): string | undefined => {
    const value = values[name];
    return typeof value === 'string' ? value : undefined;
  };
  if (values['file'] !== undefined && values['config'] !== undefined)
    throw mistake('--file or --config, not both');
  const sequence = countOf('expect-sequence', textOf('expect-sequence'));
  const hash = textOf('expect-hash');
  if (hash !== undefined && sequence === undefined) throw mistake('--expect-hash needs --expect-sequence');
  const format = textOf('format') ?? 'jsonl';
  if (format !== 'jsonl' && format !== 'ocsf') throw mistake('--format is jsonl or ocsf');
  return {
    file: textOf('file'),
    config: textOf('config') ?? defaultConfig,
    keyFile: textOf('key'),
    expect: sequence === undefined ? undefined : { sequence, hash },
    isJson: values['json'] === true,
    query: queryOf(values, textOf),
    isNewestFirst: values['newest'] === true,
    limit: countOf('limit', textOf('limit')) ?? 100,
    format,
  };
}

function queryOf(values: Values, textOf: (name: string) => string | undefined): AuditQuery {
  const sub = textOf('person');
  const issuer = textOf('issuer');
  if (issuer !== undefined && sub === undefined) throw mistake('--issuer needs --person');
  const members = {
    person: sub === undefined ? undefined : { sub, ...(issuer === undefined ? {} : { issuer }) },
    agent: textOf('agent'),
    actor: textOf('actor'),
    session: textOf('session'),
    kinds: someOf('kind', values['kind'], AUDIT_KINDS),
    outcomes: someOf('outcome', values['outcome'], AUDIT_OUTCOMES),
    cause: textOf('cause'),
    change: textOf('change'),
    txn: textOf('txn'),
    connection: textOf('connection'),
    action: textOf('action'),
    resourceType: textOf('resource-type'),
    resourceId: textOf('resource-id'),
    fromMs: timeOf('from', textOf('from')),
    toMs: timeOf('to', textOf('to')),
  };
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}

function someOf<Name extends string>(
  option: string,
  values: unknown,
  names: readonly Name[],
): Name[] | undefined {
  if (!Array.isArray(values)) return undefined;
  return values.map((value: unknown) => {
    const name = names.find((one) => one === value);
    if (name === undefined) throw mistake(`--${option} is one of ${names.join(', ')}`);
    return name;
  });
}

function countOf(option: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (!/^[1-9]\d{0,14}$/.test(value)) throw mistake(`--${option} is a number from 1 on`);
  return Number(value);
}

function timeOf(option: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  // Not whatever `Date` understands: a time that is taken for another one hides records.
  const isTime = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d))?$/.test(value);
  const ms = /^\d{1,15}$/.test(value) ? Number(value) : isTime ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(ms))
    throw mistake(`--${option} is UNIX milliseconds, or a time like 2026-01-31T12:00:00Z`);
  return ms;
}

/** As `parseArgs` has them: the command ends with 2. */
function mistake(message: string): TypeError {
  return Object.assign(new TypeError(message), { code: 'ERR_PARSE_ARGS' });
}
