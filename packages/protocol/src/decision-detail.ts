import type { JsonObject } from '@rta/core';
import { isJsonObject } from './json.ts';
import { PROTOCOL_LIMITS } from './limits.ts';
import { fitsBytes } from './text.ts';

/** The part of a decision that people and obligations need. */
export interface DecisionDetail {
  readonly reasons?: readonly string[];
  readonly obligations?: readonly {
    readonly id: string;
    readonly type: string;
    readonly properties: JsonObject;
  }[];
  /** How the user has to sign in: there with cause `step-up-required`, and with no other (RFC 9470 §3). */
  readonly stepUp?: StepUp;
  /** What somebody has to approve: there with cause `approval-required`, and with no other. */
  readonly approval?: PendingApproval;
}

/** An approval that a decision waits for. */
export interface PendingApproval {
  readonly id: string;
  /** UNIX milliseconds until which it can be given and used. */
  readonly expiresAtMs: number;
}

/** What a sign-in has to be like for the same question to be permitted; at least one member is there. */
export interface StepUp {
  /** Authentication context classes, one of which is asked for; none of them: no sign-in would do. */
  readonly acrValues?: readonly string[];
  /** Seconds that may have gone by since the sign-in. */
  readonly maxAgeS?: number;
}

/** Whether a value is a detail as docs/spec/protocol.md §6 has it. */
export function isDecisionDetail(value: unknown): value is DecisionDetail {
  return (
    isJsonObject(value) &&
    hasOnly(value, DETAIL_MEMBERS) &&
    isListOf(value['reasons'], isName) &&
    isListOf(value['obligations'], isObligation) &&
    (value['stepUp'] === undefined || isStepUp(value['stepUp'])) &&
    (value['approval'] === undefined || isApproval(value['approval']))
  );
}

const DETAIL_MEMBERS: ReadonlySet<string> = new Set(['reasons', 'obligations', 'stepUp', 'approval']);
const STEP_UP_MEMBERS: ReadonlySet<string> = new Set(['acrValues', 'maxAgeS']);
const APPROVAL_MEMBERS: ReadonlySet<string> = new Set(['id', 'expiresAtMs']);

function isStepUp(value: unknown): boolean {
  return (
    hasOnly(value, STEP_UP_MEMBERS) &&
    Object.keys(value).length > 0 &&
    isListOf(value['acrValues'], isName) &&
    (value['maxAgeS'] === undefined || isWholeNumber(value['maxAgeS']))
  );
}

function isApproval(value: unknown): boolean {
  return hasOnly(value, APPROVAL_MEMBERS) && isName(value['id']) && isWholeNumber(value['expiresAtMs']);
}

function isWholeNumber(value: unknown): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

const OBLIGATION_MEMBERS: ReadonlySet<string> = new Set(['id', 'type', 'properties']);

function isObligation(value: unknown): boolean {
  return (
    hasOnly(value, OBLIGATION_MEMBERS) &&
    isName(value['id']) &&
    isName(value['type']) &&
    isJsonObject(value['properties'])
  );
}

/** A member that nobody knows could be a restriction: it is refused, not skipped (P-4.1). */
function hasOnly(value: unknown, members: ReadonlySet<string>): value is Readonly<Record<string, unknown>> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.keys(value).every((key) => members.has(key))
  );
}

function isListOf(value: unknown, isItem: (item: unknown) => boolean): boolean {
  if (value === undefined) return true;
  return Array.isArray(value) && value.length <= PROTOCOL_LIMITS.maxListItems && value.every(isItem);
}

function isName(value: unknown): boolean {
  return typeof value === 'string' && value !== '' && fitsBytes(value, PROTOCOL_LIMITS.maxTextBytes);
}
