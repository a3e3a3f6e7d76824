import type { Attributes, Subject } from '@rta/authority';
import type { JsonValue } from '@rta/core';
import type { Decision } from '@rta/pdp';
import type { StepUp } from '@rta/protocol';

/** What a policy wants done about its answer, as far as the server does it. */
export interface Duties {
  /** Names of what is to be told to whoever listens. */
  readonly notices: readonly string[];
  /** How the user must have signed in for the answer to be a permit; undefined where it does not matter. */
  readonly stepUp: StepUp | undefined;
  /** Whether somebody has to approve. */
  readonly needsApproval: boolean;
  /** Whether the session is to end. */
  readonly endsSession: boolean;
  /** Left to the enforcement point, which must deny what it does not know. */
  readonly forwarded: Decision['obligations'];
  /** Nobody here knows it: the answer cannot stand. */
  readonly unknown: readonly string[];
}

/** Obligations that the server fulfils itself. */
export const SERVER_OBLIGATIONS = ['notify', 'step-up', 'approval', 'end-session'] as const;

/**
 * Sorts the obligations of a decision.
 *
 * @param forwardedTypes types that enforcement points are known to fulfil.
 */
export function dutiesOf({ obligations }: Decision, forwardedTypes: ReadonlySet<string>): Duties {
  const notices: string[] = [];
  const forwarded: Decision['obligations'][number][] = [];
  const unknown: string[] = [];
  let stepUp: StepUp | undefined;
  let needsApproval = false;
  let endsSession = false;
  for (const obligation of obligations) {
    const { type, id, properties } = obligation;
    if (type === 'notify') notices.push(id);
    else if (type === 'step-up') {
      const asked = stepUpOf(properties);
      if (asked === undefined) unknown.push(type);
      else stepUp = stricter(stepUp, asked);
    } else if (type === 'approval') needsApproval = true;
    else if (type === 'end-session') endsSession = true;
    else if (forwardedTypes.has(type)) forwarded.push(obligation);
    else unknown.push(type);
  }
  return { notices, stepUp, needsApproval, endsSession, forwarded, unknown };
}

/**
 * Whether the sign-in behind a session is as it is asked for.
 *
 * @see RFC 9470 §5
 */
export function satisfies(
  { subject }: { readonly subject: Pick<Subject, 'acr' | 'authTimeMs'> },
  { acrValues, maxAgeS }: StepUp,
  nowMs: number,
): boolean {
  if (acrValues !== undefined && (subject.acr === undefined || !acrValues.includes(subject.acr)))
    return false;
  if (maxAgeS === undefined) return true;
  // Where the IdP does not tell of the sign-in, nobody knows how long ago it was: a fresh token proves nothing.
  const { authTimeMs } = subject;
  return authTimeMs !== undefined && nowMs - authTimeMs <= maxAgeS * 1_000;
}

/**
 * How the person has to sign in where it has become less sure who they are: after that.
 *
 * @see CAEP 1.0 §3.4, RFC 9470 §3
 */
export function stepUpAfter(
  { assuranceLoweredAtMs }: Pick<Attributes, 'assuranceLoweredAtMs'>,
  nowMs: number,
): StepUp | undefined {
  if (assuranceLoweredAtMs === undefined) return undefined;
  return { maxAgeS: Math.max(0, Math.floor((nowMs - assuranceLoweredAtMs) / 1_000)) };
}

/**
 * `acr_values`: names, separated by spaces; `max_age`: seconds. One of them is there, or nothing is asked for. What is
 * not written like this was meant to ask for something, and nobody knows for what.
 */
function stepUpOf(properties: Decision['obligations'][number]['properties']): StepUp | undefined {
  const { acr_values: acr, max_age: age } = properties;
  if (acr === undefined && age === undefined) return undefined;
  const acrValues = acr === undefined ? undefined : namesOf(acr);
  const maxAgeS = age === undefined ? undefined : secondsOf(age);
  if (acrValues?.length === 0 || (maxAgeS !== undefined && !Number.isSafeInteger(maxAgeS))) return undefined;
  return {
    ...(acrValues === undefined ? {} : { acrValues }),
    ...(maxAgeS === undefined ? {} : { maxAgeS }),
  };
}

function namesOf(value: JsonValue): readonly string[] {
  return typeof value === 'string' ? value.split(' ').filter((name) => name !== '') : [];
}

function secondsOf(value: JsonValue): number {
  const text = typeof value === 'number' ? String(value) : value;
  return typeof text === 'string' && /^\d+$/.test(text) ? Number(text) : Number.NaN;
}

/** Both are asked for: a class that either would take must be one that the other takes. */
export function stricter(one: StepUp | undefined, other: StepUp): StepUp {
  if (one === undefined) return other;
  const acrValues =
    one.acrValues === undefined || other.acrValues === undefined
      ? (one.acrValues ?? other.acrValues)
      : one.acrValues.filter((name) => other.acrValues?.includes(name));
  const maxAgeS = Math.min(one.maxAgeS ?? Infinity, other.maxAgeS ?? Infinity);
  return {
    ...(acrValues === undefined ? {} : { acrValues }),
    ...(maxAgeS === Infinity ? {} : { maxAgeS }),
  };
}
