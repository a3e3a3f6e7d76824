/** Limits of the wire protocol. */
export const PROTOCOL_LIMITS = {
  /** Bytes in one frame body: an exchange with a large IdP token fits, a flood of memory does not. */
  maxFrameBodyBytes: 65_536,
  /** UTF-8 bytes of an action name. */
  maxActionBytes: 256,
  /** UTF-8 bytes of a resource type. */
  maxResourceTypeBytes: 256,
  /** UTF-8 bytes of a resource id; paths and URLs fit. */
  maxResourceIdBytes: 2_048,
  /** Bytes of the CBOR map with which an agent describes its request. */
  maxRequestContextBytes: 8_192,
  /** Bytes of the CBOR map with the reasons and obligations of a decision. */
  maxDecisionDetailBytes: 16_384,
  /** UTF-8 bytes of a text in a message: names, reasons. */
  maxTextBytes: 1_024,
  /** Members of one list in a message: scopes, authorization details, reasons, obligations. */
  maxListItems: 128,
  /** Sessions in one answer to LIST; there are more answers for more. */
  maxListedSessions: 64,
  /** Nesting of arrays and maps in CBOR: deeper input is refused before it can exhaust the stack. */
  maxCborDepth: 16,
} as const;
