export { createDeliveryDecoder, type DeliveryDecoder } from './delivery/frame-decoder.ts';
export {
  type DeliveryFrame,
  encodeDeliveryFrame,
  parseDeliveryFrame,
  type SetError,
} from './delivery/frames.ts';
export { DELIVERY_LIMITS } from './delivery/limits.ts';
export { FRAME_OVERHEAD_BYTES, jsonBytes } from './delivery/pack.ts';
export {
  DELIVERY_ALPN,
  DELIVERY_CLOSE,
  type DeliveryCloseCode,
  QUIC_DELIVERY_METHOD,
} from './delivery/protocol.ts';
export { SSF_LIMITS } from './limits.ts';
