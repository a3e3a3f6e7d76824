import { systemClock } from '@rta/core';
import { createDeliveryAuthentication, createSetReceiver, serveSetDelivery } from '@rta/ssf';
import { openLmdbStore } from '@rta/store-lmdb';
import { listenQuic } from '@rta/transport-quic';
import type { JSONWebKeySet } from 'jose';

/** A receiver in a process of its own, with its state on the disk: it can be killed. */
export interface ReceiverProcessOptions {
  readonly folder: string;
  readonly port: number;
  readonly cert: string;
  readonly key: string;
  /** base64url. */
  readonly secret: string;
  readonly issuer: string;
  readonly audience: string;
  readonly authorization: string;
  readonly jwks: JSONWebKeySet;
}

const options = JSON.parse(process.argv[2] ?? '') as ReceiverProcessOptions;
const { issuer, audience, authorization, jwks, cert, key } = options;
const store = await openLmdbStore({ path: options.folder });
const receiver = createSetReceiver({
  transmitters: [{ issuer, audience, jwks }],
  singleUse: store.singleUse,
  accept: ({ jti }) => store.changes.put(jti, {}),
  clock: systemClock,
});
const authenticate = createDeliveryAuthentication([{ issuer, authorization }]);
const listener = await listenQuic({
  host: '127.0.0.1',
  port: options.port,
  cert,
  key,
  secret: Uint8Array.from(Buffer.from(options.secret, 'base64url')),
  alpn: ['rta-ssf/1'],
  onConnection: (connection) =>
    void serveSetDelivery(connection, { receiver, authenticate, clock: systemClock }),
});
process.stdout.write(`${listener.address.port}\n`);
