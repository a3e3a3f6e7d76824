/** The application protocol of SETs over QUIC (ALPN): `docs/spec/ssf-quic.md`. */
export const DELIVERY_ALPN = 'rta-ssf/1';

/** The delivery method in the configuration of a stream (SSF 1.0 §8.1.1). */
export const QUIC_DELIVERY_METHOD = 'urn:realtimeauth:ssf:delivery:quic';

/** Why a side closes a connection: application error codes of rta-ssf/1 (`docs/spec/ssf-quic.md` §7). */
export const DELIVERY_CLOSE = {
  /** All is done. */
  none: 0x00,
  /** The receiver goes away; connect again, perhaps to another node. */
  goingAway: 0x01,
  /** What arrived is no frame. */
  frame: 0x10,
  /** A frame came where it may not. */
  unexpected: 0x11,
  /** A stream was not opened in time, or a frame does not come to its end. */
  timeout: 0x13,
  /** More streams than the receiver takes. */
  limit: 0x14,
  /** The sender does not read the answers. */
  slowReader: 0x15,
  /** There was early data. */
  early: 0x16,
  /** The issuer is not known, or what should prove it does not. */
  refused: 0x17,
  /** The receiver cannot take events for the moment; what it did not acknowledge has to be sent again. */
  unavailable: 0x20,
} as const;

/** One of {@link DELIVERY_CLOSE}. */
export type DeliveryCloseCode = (typeof DELIVERY_CLOSE)[keyof typeof DELIVERY_CLOSE];
