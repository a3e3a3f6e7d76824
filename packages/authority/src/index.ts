export type {
  Authority,
  AuthorityOptions,
  BindInput,
  Check,
  DelegateInput,
  OpenInput,
  RestoreInput,
} from './authority.ts';
export {
  type Actor,
  type Attributes,
  contextHash,
  type Evidence,
  type SessionContext,
  type Subject,
  type Suspension,
} from './context.ts';
export { createAuthority } from './create-authority.ts';
export { AUTHORITY_ERRORS, type AuthorityErrorCode, authorityError } from './errors.ts';
export type { ActionLimits, Amount } from './grant/amounts.ts';
export {
  type ActionGrant,
  assertGrant,
  compareGrants,
  covers,
  type Grant,
  type GrantedAction,
  intersectGrants,
  isEmptyGrant,
  isGrantWithin,
} from './grant/grant.ts';
export { keyThumbprint } from './key-thumbprint.ts';
export { AUTHORITY_LIMITS } from './limits.ts';
export type { Budget, Cause, Mint, Session, SessionEffect, SessionIdentity } from './session.ts';
export { type Fact, factExpiryMs, factOf, matterOf, newerFact } from './subjects/fact.ts';
export type { Signal, SignalChange, SignalSource, SubjectSelector, UserName } from './subjects/signal.ts';
export type { SessionHistory } from './tree/session-tree.ts';
export type { Spending, Spent } from './tree/spending.ts';
