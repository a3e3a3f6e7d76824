import { systemClock } from '@rta/core';
import { createDevPki } from '@rta/devkit';
import { createDeliveryAuthentication, serveSetDelivery } from '@rta/ssf';
import { createSetSender } from '@rta/ssf-sender';
import { listenQuic } from '@rta/transport-quic';
import { issuer, receiver, set } from './readme.fixture.ts';

// The receiver: `rta-server` is one, and so is any program with a `SetReceiver` of @rta/ssf.
const pki = await createDevPki();
const { certPem: cert, keyPem: key } = await pki.issueServerCertificate({ names: ['localhost'] });
const authenticate = createDeliveryAuthentication([{ issuer, authorization: 'Bearer secret' }]);
await using listener = await listenQuic({
  host: 'localhost',
  port: 0,
  cert,
  key,
  alpn: ['rta-ssf/1'],
  onConnection: (connection) =>
    void serveSetDelivery(connection, { receiver, authenticate, clock: systemClock }),
});

// The transmitter.
await using sender = createSetSender({
  endpoint: `localhost:${listener.address.port}`,
  issuer,
  authorization: 'Bearer secret',
  ca: pki.caCertPem,
});
await sender.send('event-1', set); // resolves when the receiver has made it durable
