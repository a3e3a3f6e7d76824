import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Signal } from '@rta/authority';
import { createDevIdp, type DevIdp, type SignIn, type SignInRequest, signInWithBrowser } from '@rta/devkit';
import { createMemoryBroker } from '@rta/events';
import { createStaticPdp, type StaticPdp, type StaticPolicy } from '@rta/pdp';
import { createRtaClient, type ExchangeOptions, generateAgentKey, type RtaClient } from '@rta/sdk';
import { type AuditRow, createMemoryStore, type Store } from '@rta/store';
import { createFakeClock, type FakeClock } from '@rta/testkit';
import { createHmacKey, createStaticKeySource, type TokenKey } from '@rta/token';
import { createMemoryTransportPair, type TransportConnection, type TransportLimits } from '@rta/transport';
import { afterAll } from 'vitest';
import {
  auditChannel,
  createRtaServer,
  type RtaServer,
  type RtaServerOptions,
  type TrustedIssuer,
} from '../src/index.ts';
import { type ConnectionFacts, withFacts } from './connection-facts.ts';

export const ISSUER = 'https://rta.example';
const REDIRECT_URI = 'http://127.0.0.1/callback';
const INTROSPECTION = { clientId: 'rta', clientSecret: 'introspection-secret' };
export const PUSH_SECRET = 'Bearer push-secret';

/** Reading is permitted to everybody; writing while the risk is not high; anything else to nobody. */
export const POLICY: StaticPolicy = [
  { id: 'read', effect: 'permit', when: ({ action }) => action.name === 'files.read' },
  {
    id: 'write',
    effect: 'permit',
    when: ({ action, context }) => action.name === 'files.write' && context?.['riskLevel'] !== 'HIGH',
  },
];

/** A server on memory transports, with a real IdP, for tests. */
export interface TestServer extends AsyncDisposable {
  readonly server: RtaServer;
  readonly idp: DevIdp;
  readonly clock: FakeClock;
  readonly pdp: StaticPdp;
  readonly store: Store;
  /** The key that signs its tokens, where the test gives it no other keys. */
  readonly key: TokenKey;
  /** Connects an agent by the SDK. */
  connect(): Promise<RtaClient>;
  /** Connects without the SDK: the client's end of a connection, of which the server sees these facts. */
  rawConnect(limits?: Partial<TransportLimits>, facts?: ConnectionFacts): TransportConnection;
  signIn(user?: 'alice' | 'bob', how?: Partial<SignInRequest>): Promise<SignIn>;
  /** Signs in, connects and exchanges, all in one. */
  openSession(
    options?: Partial<ExchangeOptions>,
  ): Promise<{ client: RtaClient; session: Awaited<ReturnType<RtaClient['exchange']>> }>;
  /** Raises a risk-level-change for a user; resolves with its id when it is in force. */
  changeRisk(sub: string, current: 'LOW' | 'MEDIUM' | 'HIGH'): Promise<string>;
  /** Raises a session-revoked for a user; resolves with its id when it is in force. */
  revoke(sub: string, issuer?: string, aheadMs?: number): Promise<string>;
  /** Everything in the audit log so far. */
  audit(): Promise<readonly Record<string, unknown>[]>;
}

const user = (sub: string) => ({
  sub,
  email: `${sub}@example.com`,
  password: `${sub} password`,
  code: `${sub} code`,
});

/** Starts the IdP of a test file, which its servers share; it stops when the file is done. */
export async function startTestIdp(): Promise<DevIdp> {
  const idp = await createDevIdp({
    users: [user('alice'), user('bob')],
    clients: [{ clientId: 'app', redirectUris: [REDIRECT_URI] }],
    resourceServers: [{ resource: ISSUER, scopes: ['files.read', 'files.write'], ...INTROSPECTION }],
  });
  afterAll(() => idp.close());
  return idp;
}

/** How a server trusts the IdP of a test file. */
export function trustedIdp(idp: DevIdp): TrustedIssuer {
  return {
    issuer: idp.issuer,
    audiences: [ISSUER],
    introspection: INTROSPECTION,
    allowInsecureHttp: true,
  };
}

/** What a test server is made of, besides what it has by default. */
export interface TestServerOptions extends Partial<Omit<RtaServerOptions, 'clock'>> {
  readonly idp: DevIdp;
  readonly policy?: StaticPolicy;
  readonly clock?: FakeClock;
}

/** Starts one; pass options to replace parts of it. */
export async function startTestServer(options: TestServerOptions): Promise<TestServer> {
  await using started = new AsyncDisposableStack();
  const { idp, policy = POLICY, clock = createFakeClock(Date.now()), ...replaced } = options;
  const pdp = started.use(createStaticPdp({ rules: policy }));
  const broker = started.use(createMemoryBroker());
  const store = replaced.store ?? started.use(createMemoryStore({ clock }));
  const key = createHmacKey({ keyId: 1, secret: new Uint8Array(32).fill(7) });
  const server = started.use(
    await createRtaServer({
      issuer: ISSUER,
      node: 'test-node',
      keys: createStaticKeySource({ current: key }),
      issuers: [trustedIdp(idp)],
      transmitters: [
        {
          issuer: idp.issuer,
          audience: ISSUER,
          jwksUri: idp.endpoints.ssfJwksUri,
          authorizationHeader: PUSH_SECRET,
          allowInsecureHttp: true,
        },
      ],
      pdp,
      broker,
      store,
      clock,
      ...replaced,
    }),
  );

  const connections: TransportConnection[] = [];
  const rawConnect = (
    limits?: Partial<TransportLimits>,
    facts: ConnectionFacts = {},
  ): TransportConnection => {
    const { client, server: accepted } = createMemoryTransportPair(limits);
    server.accept(withFacts(accepted, facts));
    connections.push(client);
    const { channelBinding } = facts;
    return channelBinding === undefined ? client : withFacts(client, { channelBinding });
  };
  const signIn: TestServer['signIn'] = (name = 'alice', how = {}) =>
    signInWithBrowser({
      issuer: idp.issuer,
      clientId: 'app',
      redirectUri: REDIRECT_URI,
      username: `${name}@example.com`,
      password: `${name} password`,
      scope: 'openid email files.read files.write',
      resource: ISSUER,
      ...how,
    });
  const connect = (): Promise<RtaClient> => createRtaClient(rawConnect());

  let signals = 0;
  const raise = async (
    sub: string,
    change: Signal['change'],
    issuer = idp.issuer,
    aheadMs = 0,
  ): Promise<string> => {
    signals += 1;
    // Of two changes in one moment the more severe one would stay, whichever was raised first.
    clock.advance(1);
    const id = `test-signal-${signals}`;
    const nowMs = clock.now();
    // The development IdP runs on the machine's clock, which may have gone on while this one stood still.
    const issuerNowMs = issuer === idp.issuer ? Math.max(nowMs, Date.now()) : nowMs;
    const applied = nextAuditRecord((record) => record['kind'] === 'signal' && record['change'] === id);
    await server.signal({
      id,
      source: { issuer, id },
      subject: { user: { by: 'iss-sub', issuer, sub } },
      change,
      occurredAtMs: nowMs,
      receivedAtMs: nowMs,
      sourceTimeMs: issuerNowMs + aheadMs,
    });
    await applied;
    return id;
  };

  const running = started.move();
  return {
    server,
    idp,
    clock,
    pdp,
    store,
    key,
    connect,
    rawConnect,
    signIn,
    async openSession(exchange = {}) {
      const client = await connect();
      const subjectToken = exchange.subjectToken ?? (await signIn()).accessToken;
      const session = await client.exchange({
        agent: { id: 'agent-1' },
        key: generateAgentKey(),
        ...exchange,
        subjectToken,
      });
      return { client, session };
    },
    changeRisk: (sub, current) => raise(sub, { kind: 'risk-level-change', principal: 'USER', current }),
    revoke: (sub, issuer, aheadMs) => raise(sub, { kind: 'session-revoked' }, issuer, aheadMs),
    async audit() {
      // What was recorded in this turn is written in the next.
      await new Promise((resolve) => setImmediate(resolve));
      await new Promise((resolve) => setImmediate(resolve));
      const records: Record<string, unknown>[] = [];
      for await (const { line } of store.audit.read())
        records.push(JSON.parse(line) as Record<string, unknown>);
      return records;
    },
    async [Symbol.asyncDispose]() {
      // The clock stands still: agents that do not leave would be waited for without end.
      await Promise.all(connections.map((connection) => connection.close()));
      await running.disposeAsync();
    },
  };
}

/** Resolves with the next row of any audit log that fits. */
export function nextAuditRecord(
  fits: (record: Record<string, unknown>) => boolean,
): Promise<Record<string, unknown>> {
  return new Promise((resolve) => {
    const onRow = (row: unknown): void => {
      const record = JSON.parse((row as AuditRow).line) as Record<string, unknown>;
      if (!fits(record)) return;
      unsubscribe(auditChannel.name, onRow);
      resolve(record);
    };
    subscribe(auditChannel.name, onRow);
  });
}
