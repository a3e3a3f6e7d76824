import type { Clock } from '@rta/core';
import { Counter } from './counter.ts';
import { CONNECTION_REFUSED, INVALID_TOKEN } from './errors.ts';
import { positiveInteger, QUIC_LIMITS } from './limits.ts';
import type { Address } from './native.ts';
import type { LongHeader } from './packet-routing.ts';
import type { RetryTokens } from './retry-token.ts';
import { sourceAddress, sourceNetwork } from './source-prefix.ts';
import { createTokenBucket } from './token-bucket.ts';

/** When clients have to prove that they receive what is sent to their address, which costs them a round trip. */
export type RetryPolicy = 'under-load' | 'always' | 'never';

/** The part of each limit on handshakes that clients may take up whose address is not proven. */
const unprovenPart = (maxCount: number): number => Math.ceil(maxCount / 4);

/** How many may be there at once. */
export interface AdmissionLimits {
  /** Connections, handshakes included. */
  readonly maxConnectionCount: number;
  /** Handshakes in progress. */
  readonly maxHandshakeCount: number;
  /** Connections from one address. */
  readonly maxAddressConnectionCount: number;
  /** Handshakes in progress from one network. */
  readonly maxNetworkHandshakeCount: number;
  /** Handshakes in progress above which clients have to prove their address. */
  readonly retryAboveHandshakeCount: number;
}

/**
 * The limits in force: the defaults, with what the caller chose in their place.
 *
 * @throws RtaError `RTA_TRANSPORT_CONFIG` for what is not a positive integer.
 */
export function resolveAdmissionLimits(
  chosen: { [Name in keyof AdmissionLimits]?: number | undefined },
): AdmissionLimits {
  const maxHandshakeCount = positiveInteger('maxHandshakeCount', chosen.maxHandshakeCount);
  return {
    maxConnectionCount: positiveInteger('maxConnectionCount', chosen.maxConnectionCount),
    maxHandshakeCount,
    maxAddressConnectionCount: positiveInteger('maxAddressConnectionCount', chosen.maxAddressConnectionCount),
    maxNetworkHandshakeCount: positiveInteger('maxNetworkHandshakeCount', chosen.maxNetworkHandshakeCount),
    retryAboveHandshakeCount: positiveInteger(
      'retryAboveHandshakeCount',
      chosen.retryAboveHandshakeCount ??
        Math.min(QUIC_LIMITS.retryAboveHandshakeCount, unprovenPart(maxHandshakeCount)),
    ),
  };
}

/** What is to be done with a client's first packet. */
export type Verdict =
  | {
      readonly kind: 'accept';
      /** After a Retry: the destination id of the client's very first packet. Its address is proven then. */
      readonly originalId: Uint8Array | undefined;
    }
  | { readonly kind: 'retry' }
  /** `code`: what to tell the client; undefined for nothing, so that it tries again by itself. */
  | { readonly kind: 'refuse'; readonly because: RefusalReason; readonly code: number | undefined };

/** Why a client is turned away. */
export type RefusalReason = 'connections' | 'handshakes' | 'address' | 'network' | 'token';

/** The room that one connection takes. */
export interface Place {
  /** Its handshake is complete. Idempotent. */
  established(): void;
  /** It is over. Idempotent. */
  release(): void;
}

/** Decides which clients a listener has room for. */
export interface Admission {
  /** Judges the first packet of a client. Takes no room; `enter` does. */
  judge(initial: { readonly header: LongHeader; readonly token: Uint8Array }, from: Address): Verdict;
  /** Takes room for a connection whose handshake begins. */
  enter(from: Address): Place;
}

/**
 * Counts connections and handshakes: in all, and by source.
 *
 * An address is proven by a token that only a Retry packet to that address could have brought. Packets with forged
 * addresses prove nothing, and together take a quarter of the room for handshakes at most, of all and of each network:
 * past it, who comes without a token is asked for one, and the rest is for those who bring it.
 */
export function createAdmission(options: {
  readonly limits: AdmissionLimits;
  readonly retry: RetryPolicy;
  readonly tokens: RetryTokens;
  readonly clock: Clock;
}): Admission {
  const { limits, retry, tokens, clock } = options;
  const unproven = createTokenBucket(clock, QUIC_LIMITS.unprovenPerSecondCount);
  const connectionsByAddress = new Counter();
  const handshakesByNetwork = new Counter();
  let connections = 0;
  let handshakes = 0;

  const hasToProve = (network: string): boolean => {
    if (retry !== 'under-load') return retry === 'always';
    return (
      handshakes >= limits.retryAboveHandshakeCount ||
      handshakesByNetwork.of(network) >= unprovenPart(limits.maxNetworkHandshakeCount) ||
      !unproven.take()
    );
  };

  return {
    judge({ header, token }, from) {
      if (connections >= limits.maxConnectionCount) return refusal('connections', CONNECTION_REFUSED);
      if (connectionsByAddress.of(sourceAddress(from.host)) >= limits.maxAddressConnectionCount) {
        return refusal('address', CONNECTION_REFUSED);
      }
      const proof = tokens.open(token, { from, retryId: header.dcid, nowMs: clock.now() });
      // A client does as one Retry packet says, and ignores others: it has to begin again (RFC 9000 §8.1.3).
      if (proof.kind === 'bad') return refusal('token', INVALID_TOKEN);
      const network = sourceNetwork(from.host);
      if (proof.kind === 'foreign' && hasToProve(network)) return { kind: 'retry' };
      if (handshakes >= limits.maxHandshakeCount) return refusal('handshakes', undefined);
      if (handshakesByNetwork.of(network) >= limits.maxNetworkHandshakeCount)
        return refusal('network', undefined);
      return { kind: 'accept', originalId: proof.kind === 'good' ? proof.originalId : undefined };
    },
    enter(from) {
      const address = sourceAddress(from.host);
      const network = sourceNetwork(from.host);
      let state: 'handshake' | 'established' | 'released' = 'handshake';
      connections += 1;
      handshakes += 1;
      connectionsByAddress.add(address);
      handshakesByNetwork.add(network);
      const established = (): void => {
        if (state !== 'handshake') return;
        state = 'established';
        handshakes -= 1;
        handshakesByNetwork.remove(network);
      };
      return {
        established,
        release() {
          established();
          if (state === 'released') return;
          state = 'released';
          connections -= 1;
          connectionsByAddress.remove(address);
        },
      };
    },
  };
}

function refusal(because: RefusalReason, code: number | undefined): Verdict {
  return { kind: 'refuse', because, code };
}
