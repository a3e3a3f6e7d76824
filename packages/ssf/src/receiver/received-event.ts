import type { SecurityEvent } from '../events/security-event.ts';
import type { SubjectIdentifier } from '../subjects/subject-identifier.ts';

/** One security event that was verified and that its transmitter may send. */
export interface ReceivedEvent {
  /** The same for every copy of the token: {@link setId} of issuer and `jti`. */
  readonly id: string;
  /** Issuer of the transmitter. */
  readonly transmitter: string;
  readonly jti: string;
  /** The transaction that the event belongs to. */
  readonly txn?: string;
  readonly issuedAtMs: number;
  /**
   * UNIX milliseconds of the event: `event_timestamp`, else `toe`, else `iat`. Never later than its arrival, or one
   * token could outweigh all that follow.
   */
  readonly occurredAtMs: number;
  /** The same by the transmitter's clock, as it was written. */
  readonly sourceTimeMs: number;
  readonly receivedAtMs: number;
  readonly subject: SubjectIdentifier;
  readonly event: SecurityEvent;
  /** The token as it was signed: the proof of what was said. */
  readonly set: string;
}

/** By which way a token came. */
export interface Inlet {
  readonly way: 'push' | 'multi-push' | 'poll' | 'quic';
  /** Issuer of the stream, where the way itself says it: `iss` of the token must be that one. */
  readonly issuer?: string;
  /** The name under which the token was delivered, where the way has one: `jti` of the token must be that one. */
  readonly jti?: string;
}
