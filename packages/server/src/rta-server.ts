import { randomBytes } from 'node:crypto';
import { assertGrant, createAuthority, type Session, type Signal } from '@rta/authority';
import { type Clock, systemClock, type Timer } from '@rta/core';
import { createDpopVerifier, createIdpRegistry, createNonceIssuer } from '@rta/idp';
import { denyOnFailure } from '@rta/pdp';
import { CLOSE_CODE } from '@rta/protocol';
import { DELIVERY_ALPN } from '@rta/ssf';
import { encodeToken } from '@rta/token';
import type { TransportConnection } from '@rta/transport';
import type { Hono } from 'hono';
import { createReceipts } from './admin/receipts.ts';
import { AGENT_ALPN, type AgentConnection, serveConnection } from './agents/agent-connection.ts';
import { type AuditTrail, openAuditTrail } from './audit/audit-trail.ts';
import { type ChangeLog, createChangeLog } from './changes/change-log.ts';
import { type Approvals, type ApprovalTask, approvalRecord, createApprovals } from './decide/approvals.ts';
import { createDecider } from './decide/decider.ts';
import { approvalChannel, changeChannel, lifecycleChannel, reportFault } from './diagnostics.ts';
import { createAdministration } from './http/administration.ts';
import { backchannelLogoutEndpoint } from './http/backchannel-logout-endpoint.ts';
import { createHttpApp } from './http/http-app.ts';
import { HTTP_PATHS } from './http/http-paths.ts';
import { revocationEndpoint } from './http/revocation-endpoint.ts';
import { openTokenKeys } from './keys/token-keys.ts';
import { SERVER_LIMITS } from './limits.ts';
import type { RtaServerOptions } from './rta-server-options.ts';
import type { PushTarget } from './sessions/enforcement.ts';
import { createExchange } from './sessions/exchange.ts';
import { pushApproval } from './sessions/push-approval.ts';
import { restoreState } from './sessions/restore-state.ts';
import { createSessionKeeper } from './sessions/session-keeper.ts';
import { createSessionService } from './sessions/session-service.ts';
import { createBackchannelLogout } from './signals/backchannel-logout.ts';
import { openEventTransmission } from './signals/event-transmission.ts';
import { createSecurityEvents } from './signals/security-events.ts';
import { createSetDeliveries } from './signals/set-deliveries.ts';
import { openSignalLog, type SignalLog } from './signals/signal-log.ts';
import { createSubjectKeeper } from './signals/subject-keeper.ts';

/** A running server. It listens nowhere by itself: hand it connections, and mount its HTTP side. */
export interface RtaServer extends AsyncDisposable {
  readonly node: string;
  /** The HTTP side: `http.fetch` serves a request; or mount it in another hono application. */
  readonly http: Hono;
  readonly openConnections: number;
  readonly openSessions: number;
  /** What became of changes. */
  readonly changes: Pick<ChangeLog, 'get' | 'list'>;
  /** Whether the audit log is written, and what became of what could not be. */
  readonly audit: Pick<AuditTrail, 'isWritable' | 'waitingCount' | 'lostCount'>;
  /** What waits for a person. */
  readonly approvals: Pick<Approvals, 'decide' | 'list'>;
  /** The application protocols (ALPN) that `accept` serves: `rta/1`, and `rta-ssf/1` where transmitters send over QUIC. */
  readonly protocols: readonly string[];
  /** Serves one connection, of agents or of a transmitter, by its protocol; pass it to a transport's `listen`. */
  accept(connection: TransportConnection): void;
  /**
   * Raises a signal as if a transmitter had sent it; resolves once it is durable. For signals of the deployment
   * itself.
   *
   * @throws RtaError of the authority for a ceiling that makes no sense; of the store or the broker.
   */
  signal(signal: Signal): Promise<void>;
  /** Tells agents to go elsewhere, waits for them a little, then closes what is left. Idempotent. */
  close(): Promise<void>;
}

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
  const isAuthentic = (token: Uint8Array): boolean => {
    try {
      keyRing.verify(token);
      return true;
    } catch {
      return false;
    }
  };
  const authority = createAuthority({
    mint: (id, contextHash, issuedAtMs) =>
      encodeToken({ sessionId: id, contextHash, issuedAtMs }, keyRing.signer),
    isAuthentic,
    policyRevision: pdp.revision,
    suspendAtRisk: options.suspendAtRisk,
    agentRequestsPerSecond: options.agentRequestsPerSecond,
  });
  const audit = await openAuditTrail({
    log: store.audit,
    clock,
    node,
    signer: options.auditKey,
    onFailure: options.onAuditFailure,
  });
  const subjects = createSubjectKeeper(store);
  const keeper = createSessionKeeper({ authority, store, clock });
  await restoreState({ authority, subjects, keeper, clock });

  const receipts = createReceipts({ issuer, node, signer: options.auditKey, store, clock });
  const changes = createChangeLog({
    clock,
    node,
    onComplete: (record) => {
      changeChannel.publish(record);
      receipts.keep(record);
    },
  });
  const target: PushTarget = {
    push: (connection, session, frame, isLast) =>
      connections.get(connection)?.push(session, frame, isLast) ?? false,
    cut: (connection) =>
      void connections.get(connection)?.close(CLOSE_CODE.internal, 'a change was not taken to heart'),
  };
  const tellOfApproval = (task: ApprovalTask): void => {
    const { id, session, action, state } = task;
    approvalChannel.publish({ id, session, action, state });
    audit.record(approvalRecord(task));
  };
  const approvals = createApprovals({
    clock,
    onAsked: tellOfApproval,
    onSettled: (task) => {
      tellOfApproval(task);
      pushApproval(task, authority.get(task.session, clock.now()), target);
    },
  });
  // What the log feeds is made before the log: until it is open, the view of this node is not fresh.
  let signals: SignalLog | undefined;
  const isFresh = (): boolean => signals?.fresh === true;
  const shared = { authority, changes, keeper, store, audit, clock, node, isFresh };
  const transmission =
    options.eventTransmitter === undefined
      ? undefined
      : await openEventTransmission({
          ...options.eventTransmitter,
          ...shared,
          issuer,
          issuers,
          receivedFrom: (options.transmitters ?? []).map((one) => one.issuer),
        });
  const onOpened = (session: Session): void => transmission?.opened(session);
  const sessions = createSessionService({
    ...shared,
    onOpened,
    target,
    delegationPdp: options.delegation === 'policy' ? pdp : undefined,
    isConnected: (id) => connections.has(id),
    onEffects: (effects) => {
      approvals.follow(effects);
      transmission?.follow(effects);
    },
  });
  const decider = createDecider({
    ...shared,
    pdp,
    approvals,
    forwardedObligations: new Set(options.forwardedObligations),
    onPresented: transmission?.presented,
    onEndSession: (session, policies) => sessions.endByPolicy(session, policies),
  });

  const log = await openSignalLog({
    broker,
    clock,
    node,
    onSignal: (signal) => {
      const { id, source, change, reason, receivedAtMs } = signal;
      const receivedMonotonicMs = clock.monotonicMs() - Math.max(0, clock.now() - receivedAtMs);
      const about = {
        ...(reason === undefined ? {} : { reason }),
        ...(source.txn === undefined ? {} : { txn: source.txn }),
      };
      changes.begin(
        { id, kind: change.kind, source: source.issuer, ...about, receivedAtMs },
        receivedMonotonicMs,
      );
      const concerned = authority.apply(signal, clock.now());
      changes.decided(id);
      sessions.settle();
      audit.record({
        kind: 'signal',
        outcome: 'ok',
        cause: change.kind,
        change: id,
        ...(source.txn === undefined ? {} : { txn: source.txn }),
        detail: { source: source.issuer, sessions: concerned },
      });
    },
  });
  signals = log;
  /** Kept before it is published: what is acknowledged survives this process, and the broker's. */
  const raise = async (raised: readonly Signal[]): Promise<void> => {
    for (const { change } of raised) {
      if (change.kind === 'ceiling' && change.grant !== undefined) assertGrant(change.grant);
    }
    for (const signal of raised) await subjects.keep(signal);
    await log.publish(raised);
  };

  const nonces = createNonceIssuer({ secret: options.nonceSecret ?? randomBytes(32), clock });
  const idp = createIdpRegistry({ issuers, clock });
  const dpop = createDpopVerifier({ nonces, singleUse: store.singleUse, clock });
  const exchange = createExchange({
    ...shared,
    idp,
    dpop,
    issuer,
    tokenEndpoint,
    sessionBudget: options.sessionBudget,
    abandon: sessions.abandon,
    onOpened,
    isClosing: () => closing !== undefined,
    grantableScope: new Map(issuers.map((one) => [one.issuer, one.grantableScope ?? []])),
    sessionLifetimeMs: new Map(
      issuers.flatMap((one) =>
        one.sessionLifetimeMs === undefined ? [] : [[one.issuer, one.sessionLifetimeMs]],
      ),
    ),
  });
  const securityEvents =
    options.transmitters === undefined || options.transmitters.length === 0
      ? undefined
      : createSecurityEvents({
          sources: options.transmitters,
          singleUse: store.singleUse,
          audit,
          records: store.streams,
          endpointUrl: `${issuer}${HTTP_PATHS.securityEvents}`,
          raise,
          clock,
        });

  const receiver = securityEvents?.receiver;
  const deliveries =
    receiver === undefined
      ? undefined
      : createSetDeliveries({ transmitters: options.transmitters ?? [], receiver, clock });

  const administration =
    options.admin === undefined
      ? undefined
      : createAdministration({
          ...options.admin,
          ...shared,
          issuers,
          issuer,
          dpop,
          nonces,
          approvals,
          receipts,
          streams: securityEvents?.streams ?? [],
          transmitter: transmission?.transmitter,
          raise,
        });

  const http = createHttpApp({
    issuer,
    revoke: revocationEndpoint({
      ...shared,
      sessions,
      dpop,
      nonces,
      issuer,
      endpoint: `${issuer}${HTTP_PATHS.revocation}`,
      path: HTTP_PATHS.revocation,
      isAuthentic,
      raise,
      admin: administration,
    }),
    logOut: backchannelLogoutEndpoint({
      logout: createBackchannelLogout({ idp, singleUse: store.singleUse, raise, clock }),
      audit,
    }),
    admin: administration,
    receiptKeys: receipts.keySet,
    exchange,
    nonces,
    receiver,
    transmitter: transmission?.transmitter,
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

  keys.follow({ audit, remint: (cause) => sessions.remint(cause) });
  const policies = pdp.watch((change) => {
    if (change.kind === 'refused') reportFault('pdp', change.error);
    else sessions.setPolicyRevision(change.revision);
  });

  let sweep: Timer | undefined;
  const sweepRegularly = (): void => {
    sweep = clock.after(SERVER_LIMITS.sweepIntervalMs, () => {
      sessions.expire();
      approvals.expire();
      void keeper.flush();
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
    const { id, protocol } = connection;
    if (protocol === DELIVERY_ALPN && deliveries !== undefined) {
      deliveries.accept(connection);
      return;
    }
    if (protocol !== AGENT_ALPN) {
      void connection.close(CLOSE_CODE.unexpected, 'this protocol is not served here');
      return;
    }
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
        onAcknowledged: (session, generation) => sessions.acknowledge(id, session, generation),
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
    await Promise.all([
      deliveries?.close(),
      ...[...connections.values()].map((connection) =>
        connection.close(CLOSE_CODE.goingAway, 'the node is going away'),
      ),
    ]);
    sweep?.cancel();
    policies.close();
    keys.close();
    await securityEvents?.close();
    await log.close();
    await transmission?.close();
    await idp.close();
    await administration?.close();
    await keeper.close();
    await receipts.flush();
    sessions.writeDown();
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
    changes,
    audit,
    approvals,
    protocols: deliveries === undefined ? [AGENT_ALPN] : [AGENT_ALPN, DELIVERY_ALPN],
    accept,
    signal: (signal) => raise([signal]),
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
