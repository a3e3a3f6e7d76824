import type { Clock } from '@rta/core';
import { formatAddress } from './address.ts';
import type { Admission } from './admission.ts';
import { quicDiagnostics } from './diagnostics.ts';
import { QUIC_LIMITS } from './limits.ts';
import { type Address, retryPacket } from './native.ts';
import {
  hasLongHeader,
  type LongHeader,
  newConnectionId,
  readFirstDatagram,
  versionNegotiation,
} from './packet-routing.ts';
import { connectionRefusal } from './refusal.ts';
import type { RetryTokens } from './retry-token.ts';
import { mayBePacket, type StatelessResetToken, statelessReset } from './stateless-reset.ts';
import { createTokenBucket } from './token-bucket.ts';

/** What is fixed when a listener opens. */
export interface UnroutedDatagramsOptions {
  readonly admission: Admission;
  readonly retryTokens: RetryTokens;
  readonly resetTokenOf: StatelessResetToken;
  readonly clock: Clock;
  readonly send: (packet: Buffer, to: Address) => void;
  /** Begins a handshake, with the datagram that asks for it. */
  readonly accept: (first: AcceptedInitial, datagram: Buffer, from: Address) => void;
}

/** A first packet that is let in. */
export interface AcceptedInitial {
  readonly header: LongHeader;
  /** After a Retry: the destination id of the client's very first packet. */
  readonly originalId: Uint8Array | undefined;
}

/**
 * Deals with datagrams that belong to no connection: lets clients in, turns them away, or ignores them. Nothing is
 * remembered of a sender that is not let in, no answer is longer than what it answers, and what is no packet of a
 * client costs a few comparisons.
 */
export function createUnroutedDatagrams(
  options: UnroutedDatagramsOptions,
): (datagram: Buffer, from: Address) => void {
  const { admission, retryTokens, resetTokenOf, clock, send, accept } = options;
  const answers = createTokenBucket(clock, QUIC_LIMITS.answersPerSecondCount);

  function onInitial(header: LongHeader, token: Buffer, datagram: Buffer, from: Address): void {
    const verdict = admission.judge({ header, token }, from);
    if (verdict.kind === 'accept') {
      accept({ header, originalId: verdict.originalId }, datagram, from);
      return;
    }
    const remoteAddress = formatAddress(from);
    if (verdict.kind === 'retry') {
      const retryId = newConnectionId();
      const sealed = retryTokens.seal(header.dcid, { from, retryId, nowMs: clock.now() });
      send(retryPacket(header, retryId, sealed), from);
      quicDiagnostics.publish({ fact: 'retry', remoteAddress });
      return;
    }
    const { code, because } = verdict;
    if (code !== undefined && answers.take()) send(connectionRefusal(header, code), from);
    quicDiagnostics.publish({ fact: 'refused', remoteAddress, because });
  }

  function onShortHeader(datagram: Buffer, from: Address): void {
    if (!mayBePacket(datagram) || !answers.take()) return;
    send(statelessReset(datagram, resetTokenOf), from);
    quicDiagnostics.publish({ fact: 'reset', remoteAddress: formatAddress(from) });
  }

  return (datagram, from) => {
    // Nobody hears an answer there (RFC 768): it is forged.
    if (from.port === 0) return;
    if (!hasLongHeader(datagram)) {
      onShortHeader(datagram, from);
      return;
    }
    const first = readFirstDatagram(datagram);
    if (first === undefined) return;
    if (first.kind === 'initial') onInitial(first.header, first.token, datagram, from);
    else if (answers.take()) send(versionNegotiation(first.header), from);
  };
}
