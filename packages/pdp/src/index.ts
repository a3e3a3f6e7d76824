export { type ChangeFeed, createChangeFeed } from './change-feed.ts';
export { decisionFault, isDecision } from './decision-shape.ts';
export {
  closedDecision,
  type DecisionFailure,
  failedDecision,
  pdpFailure,
  timedOutDecision,
} from './denial.ts';
export { type DenyOnFailureOptions, denyOnFailure } from './deny-on-failure.ts';
export { PDP_ERRORS, type PdpErrorCode } from './errors.ts';
export type {
  AccessRequest,
  Decision,
  DecisionCause,
  EvaluateOptions,
  PdpChange,
  PdpEntity,
  PdpFeatures,
  PolicyDecisionPoint,
} from './policy-decision-point.ts';
export {
  createStaticPdp,
  type StaticAnswer,
  type StaticPdp,
  type StaticPdpOptions,
  type StaticPolicy,
  type StaticRule,
} from './static-pdp.ts';
