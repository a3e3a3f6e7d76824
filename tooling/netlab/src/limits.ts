/** Limits of the loss laboratory (invariant I9). */
export const NETLAB_LIMITS = {
  /**
   * Packets on their way in one direction; more are dropped as by a full queue. Half a second of 100 000 packets a
   * second, and 75 MB of memory.
   */
  maxWaitingPackets: 50_000,
  /** Queue of a device, for the relay to read from: a burst must not be lost before the profile has its say. */
  maxDevicePackets: 10_000,
  /** Queue in front of a link with a rate, where the profile says nothing else; as many as Linux gives a device. */
  queuePackets: 1_000,
  /** Addresses that the client side ever had: as many as its network has. */
  maxClientAddresses: 254,
  /** Ports that the address translation gives in turn: the dynamic ones (RFC 6335 §6). */
  firstNatPort: 49_152,
  /** The last of them. */
  lastNatPort: 65_535,
  /** What the relay says on standard error is kept up to here: the end of a traceback. */
  complaintCharacters: 4_096,
  /** Time for the relay to delete its namespaces before it is killed; it takes some 50 ms. */
  closeTimeoutMs: 10_000,
} as const;
