export { type AuthorizeRequest, decodeQuestion, encodeAuthorize, splitAuthorize } from './authorize.ts';
export { bindingStatement, CHALLENGE_BYTES, RESUME_NONCE_BYTES, resumeStatement } from './binding.ts';
export { CLOSE_CODE, type CloseCode, closeCodeOf, isProtocolErrorCode } from './close-code.ts';
export {
  DECISION_CAUSES,
  type DecisionCause,
  type DecisionDetail,
  type DecisionMessage,
  decodeDecision,
  encodeDecision,
} from './decision.ts';
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
export {
  type ActionDetail,
  type AgentDescription,
  type ChangeCause,
  decodeMessage,
  encodeMessage,
  type MessageName,
  type Messages,
} from './messages.ts';
export { fitText } from './text.ts';
