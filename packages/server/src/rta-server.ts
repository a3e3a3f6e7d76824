import { randomBytes } from 'node:crypto';
import type { AuditSigner } from '@rta/audit';
import { createAuthority, type Signal } from '@rta/authority';
import { type Clock, systemClock, type Timer } from '@rta/core';
import type { EventBroker } from '@rta/events';
import { createDpopVerifier, createIdpRegistry, createNonceIssuer, type IssuerOptions } from '@rta/idp';
import { denyOnFailure, type PolicyDecisionPoint } from '@rta/pdp';
import { CLOSE_CODE } from '@rta/protocol';
import { createSetReceiver, type TransmitterOptions } from '@rta/ssf';
import type { Store } from '@rta/store';
import { encodeToken, type TokenKeySource } from '@rta/token';
import type { TransportConnection } from '@rta/transport';
import type { Hono } from 'hono';
import { type AgentConnection, serveConnection } from './agents/agent-connection.ts';
import { type AuditFailureMode, openAuditTrail } from './audit/audit-trail.ts';
import { createDecider } from './decide/decider.ts';
import { lifecycleChannel, reportFault } from './diagnostics.ts';
import { createHttpApp, HTTP_PATHS } from './http/http-app.ts';
import { refuseRevoked } from './keys/refuse-revoked.ts';
import { openTokenKeys } from './keys/token-keys.ts';
import { SERVER_LIMITS } from './limits.ts';
import { createEnforcement } from './sessions/enforcement.ts';
import { createExchange } from './sessions/exchange.ts';
import { createSessionService } from './sessions/session-service.ts';
import { openSignalLog, type SignalLog } from './signals/signal-log.ts';

/** An IdP whose tokens are exchanged, and what they are good for. */
export interface TrustedIssuer extends IssuerOptions {
  /** What a token without scopes of its own (an ID token) can be exchanged for; nothing by default. */
  readonly grantableScope?: readonly string[];
  /** How long sessions live; by default as long as the IdP's token does. At most 24 hours. */
  readonly sessionLifetimeMs?: number;
}

/** What a server is made of. All ports are the caller's: they are used, and not closed. */
export interface RtaServerOptions {
  /** The server's own identifier: an https URL without a path, as its clients see it. */
  readonly issuer: string;
  /** Name of this node, unique among the nodes of the issuer; random by default. */
  readonly node?: string;
  /** Where agents connect, `host:port`; told to agents that exchange over HTTPS. */
  readonly agentEndpoint?: string;
  /**
   * Keys that sign tokens, watched as long as the server runs. What a revoked key signed is refused at once;
   * `createStaticKeySource` of `@rta/token` is for keys that stay.
   */
  readonly keys: TokenKeySource;
  readonly issuers: readonly TrustedIssuer[];
  /** Who may send security events; none by default. */
  readonly transmitters?: readonly TransmitterOptions[];
  readonly pdp: PolicyDecisionPoint;
  readonly broker: EventBroker;
  readonly store: Store;
  /** Seals the audit log with signed checkpoints (docs/audit.md); without it the log is chained, and not sealed. */
  readonly auditKey?: AuditSigner;
  /** What happens while the audit log cannot be written; `deny` by default. */
  readonly onAuditFailure?: AuditFailureMode;
  /** Makes nonces, 32 bytes; nodes that share it accept each other's. Random by default. */
  readonly nonceSecret?: Uint8Array;
  readonly clock?: Clock;
}

/** A running server. It listens nowhere by itself: hand it connections, and mount its HTTP side. */
export interface RtaServer extends AsyncDisposable {
  readonly node: string;
  /** The HTTP side: `http.fetch` serves a request; or mount it in another hono application. */
  readonly http: Hono;
  readonly openConnections: number;
  readonly openSessions: number;
  /** Serves one connection of agents; pass it to a transport's `listen`. */
  accept(connection: TransportConnection): void;
  /**
   * Raises a signal as if a transmitter had sent it; resolves once it is durable. For signals of the deployment
   * itself.
   */
  signal(signal: Signal): Promise<void>;
  /** Tells agents to go elsewhere, waits for them a little, then closes what is left. Idempotent. */
  close(): Promise<void>;
}

/** How often time does its work: expiry of sessions, overdue acknowledgements. */
const SWEEP_INTERVAL_MS = 1_000;

/**
 * Puts a server together.
 *
 * @throws RtaError of the broker, the store or the source of keys where they do not answer.
 */
export async function createRtaServer(options: RtaServerOptions): Promise<RtaServer> {
  const { issuer, store, broker, issuers } = options;
  const clock = options.clock ?? systemClock;
  const node = options.node ?? `node-${randomBytes(4).toString('hex')}`;
  const tokenEndpoint = `${issuer}${HTTP_PATHS.token}`;
  const pdp = denyOnFailure(options.pdp, { timeoutMs: SERVER_LIMITS.pdpTimeoutMs, clock });
  const connections = new Map<string, AgentConnection>();
  let closing: Promise<void> | undefined;

  const keys = await openTokenKeys(options.keys);
  const keyRing = keys.ring;
  const authority = createAuthority({
    mint: (id, contextHash, issuedAtMs) =>
      encodeToken({ sessionId: id, contextHash, issuedAtMs }, keyRing.signer),
    isAuthentic: (token) => {
      try {
        keyRing.verify(token);
        return true;
      } catch {
        return false;
      }
    },
    policyRevision: pdp.revision,
  });
  const audit = await openAuditTrail({
    log: store.audit,
    clock,
    node,
    signer: options.auditKey,
    onFailure: options.onAuditFailure,
  });
  const enforcement = createEnforcement({
    target: {
      push: (connection, session, frame, isLast) =>
        connections.get(connection)?.push(session, frame, isLast) ?? false,
      cut: (connection) =>
        void connections.get(connection)?.close(CLOSE_CODE.internal, 'a change could not be pushed'),
    },
    audit,
    clock,
  });
  // What the log feeds is made before the log: until it is open, the view of this node is not fresh.
  let signals: SignalLog | undefined;
  const isFresh = (): boolean => signals?.fresh === true;
  const shared = { authority: refuseRevoked(authority, keyRing), enforcement, store, audit, clock, isFresh };
  const sessions = createSessionService({ ...shared, isConnected: (id) => connections.has(id) });
  const decider = createDecider({ ...shared, pdp });

  const log = await openSignalLog({
    broker,
    clock,
    node,
    onSignal: (signal) => {
      const receivedAtMs = clock.monotonicMs() - Math.max(0, clock.now() - signal.receivedAtMs);
      const effects = authority.apply(signal, clock.now());
      sessions.carryOut(effects, receivedAtMs);
      audit.record({
        kind: 'signal',
        outcome: 'ok',
        cause: signal.change.kind,
        change: signal.id,
        ...(signal.source.txn === undefined ? {} : { txn: signal.source.txn }),
        detail: { source: signal.source.issuer, sessions: effects.length },
      });
    },
  });
  signals = log;

  const nonces = createNonceIssuer({ secret: options.nonceSecret ?? randomBytes(32), clock });
  const idp = createIdpRegistry({ issuers, clock });
  const exchange = createExchange({
    ...shared,
    idp,
    dpop: createDpopVerifier({ nonces, singleUse: store.singleUse, clock }),
    issuer,
    tokenEndpoint,
    isClosing: () => closing !== undefined,
    grantableScope: new Map(issuers.map((one) => [one.issuer, one.grantableScope ?? []])),
    sessionLifetimeMs: new Map(
      issuers.flatMap((one) =>
        one.sessionLifetimeMs === undefined ? [] : [[one.issuer, one.sessionLifetimeMs]],
      ),
    ),
  });
  const receiver =
    options.transmitters === undefined || options.transmitters.length === 0
      ? undefined
      : createSetReceiver({
          transmitters: options.transmitters,
          singleUse: store.singleUse,
          accept: (accepted) => log.publish(accepted),
          clock,
        });

  const http = createHttpApp({
    issuer,
    exchange,
    nonces,
    receiver,
    keyRing,
    keyAnnounceMs: options.keys.announceMs,
    clock,
    agentEndpoint: options.agentEndpoint,
    notReadyBecause: async () => {
      const reasons: string[] = [];
      if (closing !== undefined) reasons.push('closing');
      if (!isFresh()) reasons.push('event broker: the view is stale');
      if (!audit.healthy) reasons.push('audit log: records cannot be written');
      const health = await pdp.health();
      if (health.status !== 'up') reasons.push(`policy decision point: ${health.detail ?? 'down'}`);
      return reasons;
    },
  });

  keys.follow({ audit });
  const policies = pdp.watch((change) => {
    if (change.kind === 'refused') reportFault('pdp', change.error);
    else sessions.setPolicyRevision(change.revision);
  });

  let sweep: Timer | undefined;
  const sweepRegularly = (): void => {
    sweep = clock.after(SWEEP_INTERVAL_MS, () => {
      sessions.expire();
      enforcement.giveUpOverdue();
      // A node that is taken out of service has nobody who would make it try again.
      if (!audit.isWritable) void audit.flush();
      sweepRegularly();
    });
  };
  sweepRegularly();

  const accept = (connection: TransportConnection): void => {
    if (closing !== undefined) {
      void connection.close(CLOSE_CODE.goingAway, 'the node is going away');
      return;
    }
    const { id } = connection;
    connections.set(
      id,
      serveConnection(connection, {
        exchange,
        sessions,
        decider,
        nonces,
        clock,
        node,
        tokenEndpoint,
        onAcknowledged: (session, generation) => enforcement.acknowledge(id, session, generation),
      }),
    );
    void connection.closed.then(({ reason }) => {
      connections.delete(id);
      sessions.release(id);
      lifecycleChannel.publish({ kind: 'connection-closed', connection: id, cause: reason });
    });
  };

  const closeAll = async (): Promise<void> => {
    for (const connection of connections.values()) {
      connection.sayGoodbye('the node is going away', SERVER_LIMITS.drainMs);
    }
    await withinMs(
      SERVER_LIMITS.drainMs,
      [...connections.values()].map(({ closed }) => closed),
      clock,
    );
    await Promise.all(
      [...connections.values()].map((connection) =>
        connection.close(CLOSE_CODE.goingAway, 'the node is going away'),
      ),
    );
    sweep?.cancel();
    policies.close();
    keys.close();
    await log.close();
    await receiver?.close();
    await idp.close();
    await audit.close();
  };

  const close = (): Promise<void> => {
    closing ??= closeAll();
    return closing;
  };

  return {
    node,
    http,
    get openConnections() {
      return connections.size;
    },
    get openSessions() {
      return authority.sessionCount;
    },
    accept,
    signal: (signal) => log.publish([signal]),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Waits until all have settled, at most so long. */
async function withinMs(maxMs: number, waited: readonly Promise<unknown>[], clock: Clock): Promise<void> {
  let timer: Timer | undefined;
  const timeUp = new Promise<void>((resolve) => {
    timer = clock.after(maxMs, resolve);
  });
  await Promise.race([Promise.all(waited), timeUp]);
  timer?.cancel();
}
