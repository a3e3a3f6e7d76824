import { parseArgs } from 'node:util';

/** What was asked of `rta-server admin` or `rta-server ssf`, as a request to the admin API. */
export interface AdminRequest {
  readonly kind:
    | 'order'
    | 'change'
    | 'changes'
    | 'sessions'
    | 'session'
    | 'approvals'
    | 'verdict'
    | 'whoami'
    | 'streams'
    | 'refused'
    | 'verification';
  readonly method: 'GET' | 'POST';
  /** Under `/admin/v1`. */
  readonly path: string;
  readonly body?: object;
  /** Wants the receipt as a signed text. */
  readonly isSigned: boolean;
}

/** How to ask. */
export interface AdminCall {
  readonly request: AdminRequest;
  readonly url: string | undefined;
  readonly tokenFile: string | undefined;
  readonly isJson: boolean;
}

const text = { type: 'string' } as const;
const flag = { type: 'boolean', default: false } as const;
const CONNECTION = { url: text, 'token-file': text, json: flag } as const;
const ORDER = {
  ...CONNECTION,
  reason: text,
  txn: text,
  issuer: text,
  by: text,
  'dry-run': flag,
  yes: flag,
} as const;
const OPTIONS = {
  kill: { ...ORDER, 'keep-out': flag, 'let-back': flag },
  suspend: ORDER,
  resume: ORDER,
  limit: { ...ORDER, scope: text },
  lift: ORDER,
  change: { ...CONNECTION, node: text, jws: flag },
  changes: { ...CONNECTION, limit: text },
  sessions: {
    ...CONNECTION,
    user: text,
    issuer: text,
    agent: text,
    tenant: text,
    state: text,
    limit: text,
    after: text,
  },
  session: CONNECTION,
  approvals: { ...CONNECTION, limit: text },
  approve: { ...CONNECTION, reason: text },
  refuse: { ...CONNECTION, reason: text },
  whoami: CONNECTION,
} as const;

type Command = keyof typeof OPTIONS;
type Values = Readonly<Record<string, unknown>>;

/** What the commands are called in the admin API. */
const ACTIONS: Partial<Readonly<Record<Command, string>>> = {
  kill: 'end',
  suspend: 'suspend',
  resume: 'resume',
  limit: 'limit',
  lift: 'lift',
};

/**
 * Reads the arguments behind `admin`.
 *
 * @returns undefined where help is wanted.
 * @throws TypeError with a `code`, as `node:util` throws it, for what is not understood.
 */
export function parseAdminArguments(argv: readonly string[]): AdminCall | undefined {
  if (argv.includes('--help') || argv.includes('-h')) return undefined;
  const [command = '', ...args] = argv;
  if (!isCommand(command)) throw mistake(`there is no command admin ${command}`.trimEnd());
  const parsed = parseArgs({ args, options: OPTIONS[command], allowPositionals: true, strict: true });
  const values: Values = parsed.values;
  return {
    request: requestOf(command, parsed.positionals, values),
    url: textOf(values, 'url'),
    tokenFile: textOf(values, 'token-file'),
    isJson: values['json'] === true,
  };
}

function isCommand(name: string): name is Command {
  return Object.hasOwn(OPTIONS, name);
}

function requestOf(command: Command, positionals: readonly string[], values: Values): AdminRequest {
  const get = (kind: AdminRequest['kind'], path: string, isSigned = false): AdminRequest => ({
    kind,
    method: 'GET',
    path,
    isSigned,
  });
  switch (command) {
    case 'change': {
      const path = `/changes/${encodeURIComponent(only(positionals, 'the id of a change'))}`;
      return get('change', path + queryOf(values, ['node']), values['jws'] === true);
    }
    case 'session':
      return get('session', `/sessions/${encodeURIComponent(only(positionals, 'the id of a session'))}`);
    case 'changes':
    case 'approvals':
      none(positionals);
      return get(command, `/${command}${queryOf(values, ['limit'])}`);
    case 'sessions': {
      none(positionals);
      const names = ['user', 'issuer', 'agent', 'tenant', 'state', 'limit', 'after'];
      return get(command, `/sessions${queryOf(values, names)}`);
    }
    case 'whoami':
      none(positionals);
      return get(command, '/whoami');
    case 'approve':
    case 'refuse': {
      const path = `/approvals/${encodeURIComponent(only(positionals, 'the id of an approval'))}`;
      const body = { approve: command === 'approve', ...optional(values, 'reason') };
      return { kind: 'verdict', method: 'POST', path, body, isSigned: false };
    }
    default:
      return orderOf(command, positionals, values);
  }
}

function orderOf(command: Command, positionals: readonly string[], values: Values): AdminRequest {
  const target = targetOf(positionals, values);
  const reason = textOf(values, 'reason');
  const isDryRun = values['dry-run'] === true;
  if (reason === undefined || reason === '') throw mistake('--reason says why: it is told and written down');
  if (target['type'] === 'everyone' && !isDryRun && values['yes'] !== true) {
    throw mistake(`${command} everyone means all agents of all people: say --yes, or --dry-run to see whom`);
  }
  const scope = textOf(values, 'scope');
  if (command === 'limit' && scope === undefined) {
    throw mistake('--scope says what is left, separated by spaces; "" is nothing');
  }
  const [isKeptOut, isLetBack] = [values['keep-out'] === true, values['let-back'] === true];
  if (isKeptOut && isLetBack) throw mistake('--keep-out or --let-back, not both');
  return {
    kind: 'order',
    method: 'POST',
    path: '/changes',
    isSigned: false,
    body: {
      action: ACTIONS[command],
      target,
      reason,
      ...optional(values, 'txn'),
      ...(isDryRun ? { dryRun: true } : {}),
      ...(scope === undefined ? {} : { scope: scope.split(' ').filter((name) => name !== '') }),
      ...(isKeptOut || isLetBack ? { keepOut: isKeptOut } : {}),
    },
  };
}

function targetOf([type, ...rest]: readonly string[], values: Values): Readonly<Record<string, string>> {
  const issuer = optional(values, 'issuer');
  const by = textOf(values, 'by');
  if (by !== undefined && type !== 'user') throw mistake('--by is for user');
  if (values['issuer'] !== undefined && type !== 'user' && type !== 'tenant') {
    throw mistake('--issuer is for user and tenant');
  }
  switch (type) {
    case 'session':
    case 'agent':
      return { type, id: only(rest, `the id of the ${type}`) };
    case 'tenant':
      return { type, ...issuer, id: only(rest, 'the id of the tenant') };
    case 'user': {
      const id = only(rest, 'the name of the user');
      // What looks like an address is one, unless it is said otherwise: as a `sub` it would meet nobody, silently.
      const kind = by ?? (id.includes('@') ? 'email' : 'sub');
      if (kind !== 'sub' && kind !== 'email' && kind !== 'opaque')
        throw mistake('--by is sub, email or opaque');
      return { type, ...issuer, [kind]: id };
    }
    case 'everyone':
      none(rest);
      return { type };
    default:
      throw mistake('whom? session, agent, user, tenant or everyone');
  }
}

function queryOf(values: Values, names: readonly string[]): string {
  const query = new URLSearchParams();
  for (const name of names) {
    const value = textOf(values, name);
    if (value !== undefined) query.set(name, value);
  }
  return query.size === 0 ? '' : `?${query.toString()}`;
}

function optional(values: Values, name: string): Readonly<Record<string, string>> {
  const value = textOf(values, name);
  return value === undefined ? {} : { [name]: value };
}

function textOf(values: Values, name: string): string | undefined {
  const value = values[name];
  return typeof value === 'string' ? value : undefined;
}

function only(positionals: readonly string[], what: string): string {
  const [one, ...more] = positionals;
  if (one === undefined || one === '' || more.length > 0) throw mistake(`expected ${what}, and nothing else`);
  return one;
}

function none(positionals: readonly string[]): void {
  if (positionals.length > 0) throw mistake(`not understood: ${positionals.join(' ')}`);
}

/** As `parseArgs` has them: the command ends with 2. */
export function mistake(message: string): TypeError {
  return Object.assign(new TypeError(message), { code: 'ERR_PARSE_ARGS' });
}
