import type { Attributes, Evidence, Suspension } from '../context.ts';
import type { Grant } from '../grant/grant.ts';
import { AUTHORITY_LIMITS } from '../limits.ts';
import { type Fact, severityOf } from './fact.ts';

/** What is known of those whom a session acts for and by. */
export interface Standing {
  /** Where several facts speak of one attribute, the most severe. */
  readonly attributes: Attributes;
  readonly evidence: Evidence;
  /** What no session reaches beyond: those of this session only, for its parent's grant is cut to the parent's. */
  readonly ceilings: readonly Ceiling[];
  /** Orders to suspend this session; those of its parent come with the parent. */
  readonly suspensions: readonly Suspension[];
}

/** What nobody may reach beyond, and who says so. */
export interface Ceiling {
  readonly grant: Grant;
  /** Id of the signal. */
  readonly change: string;
}

const UNKNOWN: Standing = { attributes: {}, evidence: {}, ceilings: [], suspensions: [] };

/** What facts say, on top of what holds for the parent. Without a word on it, the parent's attributes as they are. */
export function standingOf(facts: Iterable<Fact>, parent: Standing | undefined): Standing {
  const known = [...new Set(facts)];
  if (known.length === 0 && (parent === undefined || isPlain(parent))) return parent ?? UNKNOWN;
  const { attributes, evidence } = parent ?? UNKNOWN;
  const standing: Draft = { attributes, evidence, ceilings: [], suspensions: [] };
  // The oldest first: of several that say the same, it is the one that counts, in whatever order they came.
  const inOrder = known.sort(byTime);
  for (const fact of inOrder) if (!isTakenBack(fact, inOrder)) add(fact, standing);
  return standing;
}

/** That a credential has to be changed is over when its source says that one was. */
function isTakenBack(fact: Fact, facts: readonly Fact[]): boolean {
  return (
    fact.change.kind === 'credential-change-required' &&
    facts.some(
      ({ change, source, occurredAtMs }) =>
        change.kind === 'credential-change' &&
        (change.changeType === 'create' || change.changeType === 'update') &&
        source.issuer === fact.source.issuer &&
        occurredAtMs > fact.occurredAtMs,
    )
  );
}

/** Whether nothing of it is for its session alone: it then holds for those below as it is. */
function isPlain({ ceilings, suspensions }: Standing): boolean {
  return ceilings.length === 0 && suspensions.length === 0;
}

function byTime(a: Fact, b: Fact): number {
  if (a.occurredAtMs !== b.occurredAtMs) return a.occurredAtMs - b.occurredAtMs;
  return a.id < b.id ? -1 : Number(a.id > b.id);
}

/** What is put into context with its time. */
const TIMES = {
  'credential-change': 'credentialChangedAtMs',
  'credential-change-required': 'credentialChangeRequiredAtMs',
  'profile-change': 'profileChangedAtMs',
  'recovery-activated': 'recoveryActivatedAtMs',
  'recovery-information-changed': 'recoveryInformationChangedAtMs',
} as const satisfies Partial<Record<Fact['change']['kind'], keyof Attributes>>;

interface Draft {
  attributes: Attributes;
  evidence: Evidence;
  readonly ceilings: Ceiling[];
  readonly suspensions: Suspension[];
}

function add(fact: Fact, draft: Draft): void {
  const { change, id, occurredAtMs } = fact;
  const { attributes } = draft;
  switch (change.kind) {
    case 'risk-level-change':
      if (severityOf(fact) > riskOf(attributes)) put(draft, fact, { riskLevel: change.current });
      break;
    case 'device-compliance-change':
      if (
        attributes.deviceCompliant === undefined ||
        severityOf(fact) > Number(!attributes.deviceCompliant)
      ) {
        put(draft, fact, { deviceCompliant: change.current === 'compliant' });
      }
      break;
    case 'credential-change':
    case 'credential-change-required':
    case 'profile-change':
    case 'recovery-activated':
    case 'recovery-information-changed': {
      const name = TIMES[change.kind];
      if (occurredAtMs > (attributes[name] ?? Number.NEGATIVE_INFINITY)) {
        put(draft, fact, { [name]: occurredAtMs });
      }
      break;
    }
    case 'token-claims-change': {
      const { [change.name]: _before, ...others } = attributes.claims ?? {};
      const claims = [...Object.entries(others), [change.name, change.value]] as const;
      put(draft, fact, { claims: Object.fromEntries(claims.slice(-AUTHORITY_LIMITS.maxClaims)) });
      break;
    }
    case 'assurance-level-change':
      put(draft, fact, {
        assurance: { namespace: change.namespace, level: change.current },
        ...(change.direction === 'decrease' ? { assuranceLoweredAtMs: occurredAtMs } : {}),
      });
      break;
    case 'account':
      if (change.current !== 'enabled') draft.suspensions.push({ kind: 'account', change: id });
      break;
    case 'ceiling':
      if (change.grant !== undefined) draft.ceilings.push({ grant: change.grant, change: id });
      break;
    case 'suspension':
      if (change.current) draft.suspensions.push({ kind: 'ordered', change: id });
      break;
    case 'session-revoked':
      break;
  }
}

function riskOf({ riskLevel }: Attributes): number {
  return riskLevel === undefined
    ? -1
    : severityOf({ change: { kind: 'risk-level-change', principal: '', current: riskLevel } });
}

function put(draft: Draft, { id, occurredAtMs, source }: Fact, attribute: Attributes): void {
  draft.attributes = { ...draft.attributes, ...attribute };
  const from = { source: source.issuer, atMs: occurredAtMs, change: id };
  draft.evidence = {
    ...draft.evidence,
    ...Object.fromEntries(Object.keys(attribute).map((name) => [name, from])),
  };
}
