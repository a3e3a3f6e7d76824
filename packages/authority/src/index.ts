export {
  type Authority,
  type AuthorityOptions,
  type BindInput,
  type Check,
  createAuthority,
  type DelegateInput,
  type OpenInput,
} from './authority.ts';
export {
  type Actor,
  type Attributes,
  contextHash,
  type SessionContext,
  type Subject,
} from './context.ts';
export { AUTHORITY_ERRORS, type AuthorityErrorCode, authorityError } from './errors.ts';
export { type ActionGrant, assertGrant, covers, type Grant, intersectGrants, isEmptyGrant } from './grant.ts';
export { keyThumbprint } from './key-thumbprint.ts';
export { AUTHORITY_LIMITS } from './limits.ts';
export {
  type Cause,
  type ContextChange,
  type Mint,
  openSession,
  type Session,
  type SessionEffect,
  type SessionInput,
  type SessionSeed,
  type Step,
  sessionContext,
  step,
} from './session.ts';
export type { Signal, SignalChange, SignalSource, SubjectSelector } from './signal.ts';
