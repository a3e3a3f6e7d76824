import { randomBytes } from 'node:crypto';
import { systemClock as clock } from '@rta/core';
import { createMemoryBroker } from '@rta/events';
import { createStaticPdp } from '@rta/pdp';
import { createRtaServer } from '@rta/server';
import { createMemoryStore } from '@rta/store';
import { createHmacKey, createStaticKeySource } from '@rta/token';
import { createMemoryTransport } from '@rta/transport';

await using broker = createMemoryBroker();
await using store = createMemoryStore({ clock });
await using pdp = createStaticPdp({
  rules: [{ id: 'read', effect: 'permit', when: ({ action }) => action.name === 'files.read' }],
});

await using server = await createRtaServer({
  issuer: 'https://rta.example',
  keys: createStaticKeySource({ current: createHmacKey({ keyId: 1, secret: randomBytes(32) }) }),
  issuers: [{ issuer: 'https://login.example', audiences: ['https://rta.example'], jwks: {} }],
  transmitters: [
    {
      issuer: 'https://login.example',
      audience: 'https://rta.example',
      jwksUri: 'https://login.example/jwks.json',
    },
  ],
  pdp,
  broker,
  store,
});

// Where agents connect: `listenQuic({ …, onConnection: server.accept })` in production.
await using agents = createMemoryTransport().listen(server.accept);

// Where the rest of the world asks: `serve({ fetch: server.http.fetch })` of @hono/node-server behind TLS.
const ready = await server.http.request('https://rta.example/readyz');
if (!ready.ok) throw new Error(`${agents.kind}: ${await ready.text()}`);

// Before the listener closes: agents are told to go elsewhere.
await server.close();
