import type { Decision } from './policy-decision-point.ts';

const CAUSES: ReadonlySet<unknown> = new Set(['policy', 'default', 'error', 'timeout']);

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isOptionalText = (value: unknown): boolean => value === undefined || typeof value === 'string';

const isReason = (value: unknown): boolean =>
  isRecord(value) && typeof value['policyId'] === 'string' && isOptionalText(value['text']);

const isObligation = (value: unknown): boolean =>
  isRecord(value) &&
  typeof value['id'] === 'string' &&
  typeof value['type'] === 'string' &&
  isRecord(value['properties']);

const isFailure = (value: unknown): boolean =>
  isRecord(value) && typeof value['code'] === 'string' && typeof value['message'] === 'string';

/**
 * What keeps a value from being a {@link Decision}; undefined for a decision.
 *
 * Strict, because a permit hangs on it: an unknown effect or cause, a permit by anything but policy, or an
 * obligation that cannot be read is no decision, and what is no decision is denied (invariant I1).
 *
 * @returns a sentence that names the member and holds none of its values.
 */
export function decisionFault(value: unknown): string | undefined {
  if (!isRecord(value)) return 'expected an object';
  const { effect, cause, reasons, obligations, expiresAtMs, revision, failure } = value;
  if (effect !== 'permit' && effect !== 'deny') return 'effect must be permit or deny';
  if (!CAUSES.has(cause)) return 'cause must be policy, default, error or timeout';
  if (effect === 'permit' && cause !== 'policy') return 'only a policy permits';
  if (!Array.isArray(reasons) || !reasons.every(isReason)) return 'reasons must be a list of policies';
  if (!Array.isArray(obligations) || !obligations.every(isObligation)) {
    return 'obligations must be a list of id, type and properties';
  }
  if (expiresAtMs !== undefined && !Number.isSafeInteger(expiresAtMs)) {
    return 'expiresAtMs must be whole UNIX milliseconds';
  }
  if (typeof revision !== 'string' || revision === '') return 'revision must be a text';
  if (failure !== undefined && !isFailure(failure)) return 'failure must have a code and a message';
  return undefined;
}

/** Whether a value is a well-formed {@link Decision}; see {@link decisionFault} for why not. */
export function isDecision(value: unknown): value is Decision {
  return decisionFault(value) === undefined;
}
