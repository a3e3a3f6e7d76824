import type { Clock, JsonObject } from '@rta/core';
import type { CryptoKey, JWK } from 'jose';
import { devIdpError } from './errors.ts';
import {
  createPushDelivery,
  type EventReceiver,
  type PushDelivery,
  type PushResult,
} from './push-delivery.ts';
import {
  type CredentialChange,
  createCaepEvents,
  type DeviceComplianceChange,
  type RiskLevelChange,
  type SecurityEvent,
  type SessionRevoked,
  type SignedEvent,
  signEvent,
} from './security-event.ts';

/** Where the transmitter describes itself (SSF 1.0 §7). */
export const SSF_CONFIGURATION_PATH = '/.well-known/ssf-configuration';
/** Where the keys that sign events are published; they sign nothing else. */
export const SSF_JWKS_PATH = '/ssf/jwks.json';

/**
 * Sends CAEP events. All `send…` methods push to the receiver and resolve with its answer, whatever it says;
 * they throw `RTA_DEVIDP_NO_RECEIVER` before `deliverTo`, and `RTA_DEVIDP_PUSH` where no answer came.
 */
export interface SecurityEventTransmitter {
  /** Sets where events go from now on; the connections to the receiver before are closed. */
  deliverTo(receiver: EventReceiver): void;
  /** CAEP `session-revoked`: says so, but does not end the session at the IdP itself. */
  sendSessionRevoked(change: SessionRevoked): Promise<PushResult>;
  /** CAEP `risk-level-change`. */
  sendRiskLevelChange(change: RiskLevelChange): Promise<PushResult>;
  /** CAEP `device-compliance-change`. */
  sendDeviceComplianceChange(change: DeviceComplianceChange): Promise<PushResult>;
  /** CAEP `credential-change`. */
  sendCredentialChange(change: CredentialChange): Promise<PushResult>;
  /** Any event, as it is given. */
  sendEvent(event: SecurityEvent): Promise<PushResult>;
  /** Signs an event for the receiver and leaves its delivery to the caller. */
  signEvent(event: SecurityEvent): Promise<SignedEvent>;
  /** Pushes a signed event, a second time if need be. */
  pushEvent(event: SignedEvent, options?: { readonly signal?: AbortSignal }): Promise<PushResult>;
}

/** A transmitter, and what the IdP needs to host it. */
export interface HostedTransmitter {
  readonly transmitter: SecurityEventTransmitter;
  /** JSON documents by the path where they are served. */
  readonly documents: Readonly<Record<string, JsonObject>>;
  /** Lets the receiver go. */
  close(): void;
}

/** Makes the Shared Signals transmitter of an issuer. */
export function createTransmitter(options: {
  readonly issuer: string;
  readonly clock: Clock;
  /** Private RSA key. */
  readonly key: CryptoKey;
  /** The same key's public half, with its `kid`. */
  readonly publicJwk: JWK & { readonly kid: string };
}): HostedTransmitter {
  const { issuer, clock, key, publicJwk } = options;
  const caep = createCaepEvents(issuer, clock);
  let delivery: PushDelivery | undefined;

  const delivered = (): PushDelivery => {
    if (delivery === undefined) throw devIdpError('RTA_DEVIDP_NO_RECEIVER');
    return delivery;
  };
  const sign = async (event: SecurityEvent): Promise<SignedEvent> => {
    const { audience } = delivered().receiver;
    return signEvent(event, { issuer, audience, key, kid: publicJwk.kid, clock });
  };
  const send = async (event: SecurityEvent): Promise<PushResult> => {
    const target = delivered();
    return target.push(await sign(event));
  };

  return {
    documents: {
      [SSF_CONFIGURATION_PATH]: {
        spec_version: '1_0',
        issuer,
        jwks_uri: `${issuer}${SSF_JWKS_PATH}`,
        delivery_methods_supported: ['urn:ietf:rfc:8935'],
        default_subjects: 'ALL',
      },
      [SSF_JWKS_PATH]: { keys: [publicJwk] },
    },
    transmitter: {
      deliverTo(receiver) {
        const next = createPushDelivery(receiver, clock);
        delivery?.close();
        delivery = next;
      },
      sendSessionRevoked: async (change) => send(caep.sessionRevoked(change)),
      sendRiskLevelChange: async (change) => send(caep.riskLevelChange(change)),
      sendDeviceComplianceChange: async (change) => send(caep.deviceComplianceChange(change)),
      sendCredentialChange: async (change) => send(caep.credentialChange(change)),
      sendEvent: send,
      signEvent: sign,
      pushEvent: async (event, pushOptions) => delivered().push(event, pushOptions),
    },
    close() {
      delivery?.close();
      delivery = undefined;
    },
  };
}
