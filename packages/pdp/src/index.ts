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
