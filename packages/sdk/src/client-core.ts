import type { Clock, SessionId } from '@rta/core';
import type { AuthorizeRequest, DecisionMessage, Messages } from '@rta/protocol';
import type { TransportConnection } from '@rta/transport';
import { createClientSessions } from './client-sessions.ts';
import type { LinkedSession } from './create-agent-session.ts';
import { codeOf, sdkDiagnostics } from './diagnostics.ts';
import { sdkError } from './errors.ts';
import { createGate } from './gate.ts';
import { SDK_LIMITS } from './limits.ts';
import { type KeyedSession, type LiveConnection, openLiveConnection } from './live-connection.ts';
import { serverCodeOf } from './refusal.ts';

/** A client's sessions and the connection that they are on, which may give way to another one. */
export interface ClientCore {
  /** The connection that is used now. */
  readonly current: LiveConnection;
  /** Name of the node at its other end; empty before the first greeting. */
  readonly node: string;
  /** Resolves with the first greeting. */
  readonly ready: Promise<void>;
  /** Exchanges a token, and binds the session. */
  exchange(parameters: Messages['exchange']['parameters'], key: KeyedSession['key']): Promise<LinkedSession>;
  bind(keyed: KeyedSession): Promise<LinkedSession>;
  /** Binds without a challenge, with a first question; see {@link LiveConnection.resume}. */
  resume(
    keyed: KeyedSession,
    first: AuthorizeRequest | undefined,
  ): { readonly linked: Promise<LinkedSession>; readonly decision: Promise<DecisionMessage> | undefined };
  /**
   * Goes on over another connection to the same server: binds all sessions there, lets what is in flight on the old
   * one end, and closes it. Session objects, their signals and listeners live on. No revocation is lost: both
   * connections are listened to, and the answer to each binding tells where the session stands.
   *
   * Where it fails, the sessions are bound to the old connection again, and the new one is closed.
   *
   * @throws RtaError `RTA_SDK_DISCONNECTED` where one of the two ended, or it took longer than `moveTimeoutMs`;
   *   `RTA_SDK_REFUSED` where the server refused to bind one of the sessions.
   */
  move(to: TransportConnection): Promise<void>;
  readonly goingAway: Promise<Messages['goaway']>;
  /** Settled when the connection has ended, and none took its place; never rejects. */
  readonly closed: Promise<{ readonly reason: string }>;
  close(): Promise<void>;
}

/** Speaks rta/1 over a connection that is open. */
export function createClientCore(
  connection: TransportConnection,
  options: {
    readonly clock: Clock;
    readonly onMoved: (from: TransportConnection['kind'], to: TransportConnection['kind']) => void;
  },
): ClientCore {
  const { clock } = options;
  const gate = createGate();
  const sessions = createClientSessions({ clock, pass: gate.pass, settled: gate.settled });
  const goingAway = Promise.withResolvers<Messages['goaway']>();
  const closed = Promise.withResolvers<{ readonly reason: string }>();
  /** The current connection, one that is to take its place, and those whose last answers are awaited. */
  const open = new Set<LiveConnection>();
  let current = connect(connection);
  let node = '';
  let goneBecause: string | undefined;

  function connect(transport: TransportConnection): LiveConnection {
    const live = openLiveConnection(transport, {
      clock,
      find: sessions.find,
      onEnded: sessions.forget,
      onGoAway(message) {
        if (live === current) goingAway.resolve(message);
      },
    });
    open.add(live);
    void live.closed.then(() => open.delete(live));
    return live;
  }

  const close = async (): Promise<void> => {
    await Promise.all([...open].map((live) => live.close()));
  };

  /** The sessions live as long as this connection, unless another one takes its place. */
  const relyOn = (live: LiveConnection): void => {
    void live.closed.then(({ reason }) => {
      if (live !== current) return;
      goneBecause = reason;
      sessions.closeAll(reason);
      void close();
      closed.resolve({ reason });
    });
  };
  relyOn(current);

  const ready = current.greeted.then((welcome) => {
    node = welcome.node;
  });
  // Who resumes a session waits for that, and learns there why it failed.
  ready.catch(() => undefined);

  const adopt =
    (keyed: KeyedSession, at: LiveConnection) =>
    (bound: Messages['bound']): LinkedSession => {
      const linked = sessions.add(bound, keyed, at);
      // The connection may have ended while the answer was on its way to here.
      if (goneBecause !== undefined) linked.onClosed(goneBecause);
      return linked;
    };

  /** All sessions go over, or none does. */
  const moveSessions = async (to: LiveConnection): Promise<void> => {
    const from = current;
    if (to.isClosed) throw sdkError('RTA_SDK_DISCONNECTED', 'the new connection ended before the move');
    try {
      await sessions.moveAll(to);
      if (goneBecause !== undefined) {
        throw sdkError('RTA_SDK_DISCONNECTED', `the connection is gone: ${goneBecause}`);
      }
    } catch (error) {
      // First it goes, so that what is still on its way there comes to nothing.
      await to.close();
      await sessions.moveBack(from);
      throw error;
    }
    current = to;
    relyOn(to);
    void from.whenIdle().then(() => from.close());
  };

  const move = async (transport: TransportConnection): Promise<void> => {
    const from = current.transport.kind;
    const to = connect(transport);
    const timer = clock.after(SDK_LIMITS.moveTimeoutMs, () => void to.close());
    try {
      const welcome = await to.greeted;
      await gate.alone(() => moveSessions(to));
      node = welcome.node;
    } catch (error) {
      sdkDiagnostics.publish({
        fact: 'not-moved',
        to: transport.kind,
        because: serverCodeOf(error) ?? codeOf(error),
      });
      await to.close();
      throw error;
    } finally {
      timer.cancel();
    }
    sdkDiagnostics.publish({ fact: 'moved', from, to: transport.kind, sessionCount: sessions.size });
    options.onMoved(from, transport.kind);
  };

  return {
    get current() {
      return current;
    },
    get node() {
      return node;
    },
    ready,
    exchange: (parameters, key) =>
      gate.pass(async () => {
        const at = current;
        const { session } = await at.exchange(parameters, key);
        const keyed = { session: session as SessionId, key };
        return at.bind(keyed, adopt(keyed, at));
      }),
    bind: (keyed) => gate.pass(() => current.bind(keyed, adopt(keyed, current))),
    resume: (keyed, first) => current.resume(keyed, adopt(keyed, current), first),
    move,
    goingAway: goingAway.promise,
    closed: closed.promise,
    close,
  };
}
