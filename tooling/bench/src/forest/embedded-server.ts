import { randomBytes } from 'node:crypto';
import type { Signal, SignalChange } from '@rta/authority';
import { systemClock } from '@rta/core';
import { createMemoryBroker } from '@rta/events';
import { cedarText, createCedarPdp } from '@rta/pdp-cedar';
import { createRtaServer, type RtaServer } from '@rta/server';
import { type AuditLog, createMemoryStore } from '@rta/store';
import { createHmacKey, createStaticKeySource } from '@rta/token';
import { createMemoryTransportPair, type TransportConnection } from '@rta/transport';
import { benchUser, createBenchIdp, INTROSPECTION, ISSUER, signInAt } from '../rta/bench-idp.ts';
import { POLICIES } from '../rta/policy.ts';

/** A server in this process, which agents reach without a network. */
export interface EmbeddedServer {
  readonly server: RtaServer;
  /** Connects an agent. */
  connect(): TransportConnection;
  /** Signs a user in, by their number from 0 on. @returns an access token. */
  signIn(user?: number): Promise<string>;
  /** Raises a signal about one session; resolves when it is in force. */
  raise(session: string, change: SignalChange): Promise<void>;
}

/**
 * Starts a server with the policies of the benches and an audit log that keeps nothing: what is written there is made,
 * chained and thrown away, so that no disk is measured.
 */
export async function startEmbeddedServer(
  resources: AsyncDisposableStack,
  userCount = 1,
): Promise<EmbeddedServer> {
  const users = Array.from({ length: userCount }, (_, index) => benchUser(`anna-${index}`));
  const idp = resources.use(await createBenchIdp(users));
  const pdp = resources.use(await createCedarPdp({ source: cedarText(POLICIES) }));
  const broker = resources.use(createMemoryBroker());
  const store = resources.use(createMemoryStore({ clock: systemClock }));
  const server = resources.use(
    await createRtaServer({
      issuer: ISSUER,
      keys: createStaticKeySource({
        current: createHmacKey({ keyId: 1, secret: Uint8Array.from(randomBytes(32)) }),
      }),
      issuers: [
        {
          issuer: idp.issuer,
          audiences: [ISSUER],
          introspection: INTROSPECTION,
          sessionLifetimeMs: 3_600_000,
          allowInsecureHttp: true,
        },
      ],
      pdp,
      broker,
      store: { ...store, audit: auditToNowhere() },
    }),
  );
  let signals = 0;
  return {
    server,
    connect() {
      const pair = createMemoryTransportPair();
      server.accept(pair.server);
      return pair.client;
    },
    async signIn(index = 0) {
      const user = users[index];
      if (user === undefined) throw new RangeError(`there are ${userCount} users`);
      return (await signInAt(idp, user)).accessToken;
    },
    raise(session, change) {
      signals += 1;
      const nowMs = Date.now();
      return server.signal({
        id: `bench-signal-${signals}`,
        source: { issuer: 'bench', id: String(signals) },
        subject: { session: { id: session } } as Signal['subject'],
        change,
        occurredAtMs: nowMs,
        receivedAtMs: nowMs,
      });
    },
  };
}

function auditToNowhere(): AuditLog {
  return {
    append: () => Promise.resolve(),
    async *read() {},
    last: () => Promise.resolve(undefined),
  };
}
