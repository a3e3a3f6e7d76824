import type { SignalChange } from '@rta/authority';
import type { Random } from './random.ts';
import { ceiling, device, IDP, REVOKED, risk, suspension } from './words.ts';

export const USERS = ['alice', 'bob'] as const;
/** Every user has an organization of their own. */
export const TENANTS = { alice: 'acme', bob: 'umbrella' } as const;
export const AGENTS = ['planner', 'reader', 'writer'] as const;
export const CONNECTIONS = ['c1', 'c2', 'c3'] as const;
const MDM = 'https://mdm.example';

/** Whom a signal names. A session is named by its number, as everywhere in a history. */
export type Named =
  | { readonly user: (typeof USERS)[number]; readonly agent?: (typeof AGENTS)[number] }
  | { readonly tenant: (typeof USERS)[number] }
  | { readonly agent: (typeof AGENTS)[number] }
  | { readonly nth: number }
  | 'everyone';

/** What is granted: scopes, and at most one detail, whose totals are counted. */
export interface Asked {
  readonly scope: readonly string[];
  readonly totalCount?: number;
  readonly totalAmount?: number;
}

/** One thing that happens. Numbers of sessions are taken modulo how many there are. */
export type Input =
  | {
      readonly kind: 'open';
      readonly user: (typeof USERS)[number];
      readonly agent: (typeof AGENTS)[number];
      readonly asked: Asked;
      readonly signedInMs: number;
      readonly lifetimeMs: number;
      readonly totalCount: number | undefined;
    }
  | {
      readonly kind: 'delegate';
      readonly nth: number;
      readonly agent: (typeof AGENTS)[number];
      /** Undefined: all that the parent has. */
      readonly scope: readonly string[] | undefined;
      /** How many sessions, each below the one before. */
      readonly length: number;
      readonly lifetimeMs: number;
      readonly detached: boolean;
      readonly totalCount: number | undefined;
    }
  | { readonly kind: 'bind'; readonly nth: number; readonly connection: (typeof CONNECTIONS)[number] }
  | { readonly kind: 'release'; readonly connection: (typeof CONNECTIONS)[number] }
  | { readonly kind: 'spend'; readonly nth: number; readonly amount: number | undefined }
  | { readonly kind: 'narrow'; readonly nth: number; readonly scope: readonly string[] }
  | { readonly kind: 'end'; readonly nth: number }
  | {
      readonly kind: 'signal';
      readonly named: Named;
      readonly change: SignalChange;
      readonly source: string;
      readonly agoMs: number;
    }
  /** A signal that came before comes again. */
  | { readonly kind: 'repeat'; readonly nth: number }
  | { readonly kind: 'policy'; readonly revision: string }
  | { readonly kind: 'remint' }
  | { readonly kind: 'wait'; readonly durationMs: number }
  /** Some of those who are concerned are told. */
  | { readonly kind: 'settle'; readonly maxCount: number }
  /** The node breaks off and starts anew, from what was kept; `order` shuffles it. */
  | { readonly kind: 'restart'; readonly order: number }
  /** Somebody asks for a session. */
  | { readonly kind: 'ask'; readonly nth: number };

const SCOPES = [['*'], ['*'], ['files.*'], ['files.read'], ['files.*', 'mail.send'], ['mail.*']] as const;
const LEVELS = ['LOW', 'MEDIUM', 'HIGH'] as const;

function drawNamed(random: Random): Named {
  switch (random.below(8)) {
    case 0:
    case 1:
      return { user: random.pick(USERS) };
    case 2:
      return { tenant: random.pick(USERS) };
    case 3:
      return { user: random.pick(USERS), agent: random.pick(AGENTS) };
    case 4:
      return 'everyone';
    case 5:
      return { nth: random.below(16) };
    default:
      return { agent: random.pick(AGENTS) };
  }
}

function drawChange(random: Random): SignalChange {
  switch (random.below(12)) {
    case 0:
      return REVOKED;
    case 1:
    case 2:
      return risk(random.pick(LEVELS));
    case 3:
      return device(random.pick(['compliant', 'not-compliant']));
    case 4:
    case 5:
    case 6:
      return suspension(random.below(2) === 0);
    case 7:
    case 8:
      return ceiling();
    default:
      return ceiling(...random.pick(SCOPES));
  }
}

const drawTotal = (random: Random): number | undefined => random.pick([undefined, undefined, 1, 2, 4]);

function drawAsked(random: Random): Asked {
  const scope = random.pick(SCOPES);
  switch (random.below(4)) {
    case 0:
      return { scope, totalAmount: random.below(6) };
    case 1:
      return { scope, totalCount: random.below(4), totalAmount: random.below(9) };
    default:
      return { scope };
  }
}

/** Draws what happens next. Trees are built more often than they are felled, so that there is something to fell. */
function drawInput(random: Random): Input {
  const nth = random.below(16);
  switch (random.below(32)) {
    case 0:
    case 1:
    case 2:
      return {
        kind: 'open',
        user: random.pick(USERS),
        agent: random.pick(AGENTS),
        asked: drawAsked(random),
        signedInMs: random.below(7) - 3,
        lifetimeMs: random.pick([2_000, 100_000, 100_000]),
        totalCount: drawTotal(random),
      };
    case 3:
    case 4:
    case 5:
    case 6:
    case 7:
    case 8:
      return {
        kind: 'delegate',
        nth,
        agent: random.pick(AGENTS),
        scope: random.pick([undefined, ...SCOPES]),
        length: random.pick([1, 1, 1, 1, 1, 1, 2, 3, 11]),
        lifetimeMs: random.pick([2_000, 100_000, 100_000]),
        detached: random.below(3) === 0,
        totalCount: drawTotal(random),
      };
    case 9:
    case 10:
    case 11:
      return { kind: 'bind', nth, connection: random.pick(CONNECTIONS) };
    case 12:
      return { kind: 'release', connection: random.pick(CONNECTIONS) };
    case 13:
    case 14:
      return { kind: 'spend', nth, amount: random.pick([undefined, 0, 1, 2, 3]) };
    case 15:
      return { kind: 'narrow', nth, scope: random.pick(SCOPES) };
    case 16:
      return { kind: 'end', nth };
    case 17:
      return { kind: 'policy', revision: random.pick(['r1', 'r2']) };
    case 18:
      return { kind: 'remint' };
    case 19:
    case 20:
      return { kind: 'wait', durationMs: random.pick([-1, 1, 1_000, 3_000, 30_000]) };
    case 21:
    case 22:
      return { kind: 'settle', maxCount: random.pick([1, 2, 5, Number.POSITIVE_INFINITY]) };
    case 23:
      return { kind: 'restart', order: random.below(1_000) };
    case 24:
    case 25:
      return { kind: 'ask', nth };
    case 26:
      return { kind: 'repeat', nth };
    default:
      return {
        kind: 'signal',
        named: drawNamed(random),
        change: drawChange(random),
        source: random.pick([IDP, IDP, MDM]),
        agoMs: random.below(4),
      };
  }
}

/** Draws a history: a session to begin with, and then 5 to 17 things that happen, a restart among them. */
export function drawHistory(random: Random): readonly Input[] {
  const first: Input = {
    kind: 'open',
    user: 'alice',
    agent: random.pick(AGENTS),
    asked: drawAsked(random),
    signedInMs: 0,
    lifetimeMs: 100_000,
    totalCount: drawTotal(random),
  };
  const rest = Array.from({ length: 5 + random.below(12) }, () => drawInput(random));
  if (rest.some(({ kind }) => kind === 'restart')) return [first, ...rest];
  const restart: Input = { kind: 'restart', order: random.below(1_000) };
  return [first, ...rest.toSpliced(1 + random.below(rest.length), 0, restart)];
}
