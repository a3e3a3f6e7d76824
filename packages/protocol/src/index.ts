export { decodeAck } from './acknowledgement.ts';
export { type AuthorizeRequest, decodeQuestion, encodeAuthorize, splitAuthorize } from './authorize.ts';
export { bindingStatement, CHALLENGE_BYTES, RESUME_NONCE_BYTES, resumeStatement } from './binding.ts';
export { CLOSE_CODE, type CloseCode, closeCodeOf, isProtocolErrorCode } from './close-code.ts';
export {
  DECISION_CAUSES,
  type DecisionCause,
  type DecisionMessage,
  decodeDecision,
  encodeDecision,
} from './decision.ts';
export type { DecisionDetail, PendingApproval, StepUp } from './decision-detail.ts';
export { PROTOCOL_ERRORS, type ProtocolErrorCode, protocolError } from './errors.ts';
export {
  createFrameDecoder,
  encodeFrame,
  FRAME,
  FRAME_HEADER_BYTES,
  type Frame,
  type FrameDecoder,
  type FrameType,
} from './frame.ts';
export { PROTOCOL_LIMITS } from './limits.ts';
export type {
  ActionDetail,
  ActionDetailLimits,
  AgentDescription,
  ChangeCause,
  ListedSession,
  MessageName,
  Messages,
  SessionBudget,
  SessionState,
} from './message-types.ts';
export { decodeMessage, encodeMessage } from './messages.ts';
export { fitText } from './text.ts';
