import type { Clock } from '@rta/core';
import {
  createDeliveryAuthentication,
  type DeliveryCredential,
  type SetDelivery,
  type SetReceiver,
  serveSetDelivery,
  type TransmitterOptions,
} from '@rta/ssf';
import type { TransportConnection } from '@rta/transport';

/** A transmitter whose events are received, by push and, where it has a credential for it, over QUIC. */
export interface TrustedTransmitter extends TransmitterOptions {
  /** Lets it send over QUIC (docs/guides/security-events-over-quic.md), and says how it shows that it is itself. */
  readonly quic?: DeliveryCredential;
}

/** Connections that bring security events. */
export interface SetDeliveries {
  /** Serves one, which speaks `rta-ssf/1`. */
  accept(connection: TransportConnection): void;
  /** Answers what is worked on, and tells the senders to go elsewhere. */
  close(): Promise<void>;
}

/**
 * Serves transmitters that send over QUIC; undefined where none may.
 *
 * @throws TypeError for a credential that cannot be.
 */
export function createSetDeliveries(options: {
  readonly transmitters: readonly Pick<TrustedTransmitter, 'issuer' | 'streamId' | 'quic'>[];
  readonly receiver: SetReceiver;
  readonly clock: Clock;
}): SetDeliveries | undefined {
  const { transmitters, receiver, clock } = options;
  const senders = transmitters.flatMap(({ issuer, streamId, quic }) =>
    quic === undefined ? [] : [{ issuer, ...(streamId === undefined ? {} : { streamId }), ...quic }],
  );
  if (senders.length === 0) return undefined;
  const authenticate = createDeliveryAuthentication(senders);
  const open = new Set<SetDelivery>();
  return {
    accept(connection) {
      const delivery = serveSetDelivery(connection, { receiver, authenticate, clock });
      open.add(delivery);
      void delivery.closed.then(() => open.delete(delivery));
    },
    close: async () => {
      await Promise.all([...open].map((delivery) => delivery.close()));
    },
  };
}
