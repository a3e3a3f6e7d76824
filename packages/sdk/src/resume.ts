import { type SessionId, systemClock } from '@rta/core';
import type { DecisionMessage } from '@rta/protocol';
import type { TransportConnection } from '@rta/transport';
import type { ActionDecision, ActionRequest } from './action-decision.ts';
import type { AgentKey } from './agent-key.ts';
import type { AgentSession } from './agent-session.ts';
import type { ConnectOptions } from './connect.ts';
import type { LinkedSession } from './create-agent-session.ts';
import { createDialer, type Dialer, type TransportName } from './dialer.ts';
import { parseEndpoint } from './endpoint.ts';
import { checkTransports, preferQuic, reach } from './reach.ts';
import { serverCodeOf } from './refusal.ts';
import { type RtaClient, type StartedClient, startClient } from './rta-client.ts';
import { readSavedSession, type SavedSession } from './saved-session.ts';

/** What to go on with. */
export interface ResumeOptions extends ConnectOptions {
  /** What `session.save()` returned. */
  readonly session: SavedSession;
  /** The key that the session was opened for. */
  readonly key: AgentKey;
  /** What the agent wants to do first: it is asked with the first packet. */
  readonly first?: ActionRequest;
}

/** A session that goes on. */
export interface Resumed {
  readonly client: RtaClient;
  readonly session: AgentSession;
  /** The answer to `first`. */
  readonly decision?: ActionDecision;
  /**
   * What became of early data. `none`: there was no ticket, or QUIC did not answer. `rejected`: the server wanted a
   * whole handshake first, and everything was sent again. The answers are the same in any case.
   */
  readonly early: 'none' | 'accepted' | 'rejected';
}

/**
 * Connects, binds a session that was saved, and asks a first question: in one round trip over QUIC with a ticket that
 * an earlier connection left in `tickets`, and in a few more otherwise.
 *
 * What leaves with the first packet can be copied on its way. The server takes the proof in it once, and a question
 * changes nothing.
 *
 * @param endpoint - as of `connect`.
 * @throws RtaError `RTA_SDK_SAVED_SESSION`; `RTA_SDK_REFUSED` with the server's code, such as
 *   `RTA_AUTHORITY_SESSION_ENDED`; `RTA_SDK_TIMEOUT`, `RTA_SDK_DISCONNECTED`; and as `connect`.
 */
export async function resume(endpoint: string, options: ResumeOptions): Promise<Resumed> {
  const address = parseEndpoint(endpoint);
  const transports = checkTransports(options.transports);
  const { clock = systemClock, signal, dial } = options;
  const { session, token } = readSavedSession(options.session);

  const begin = (connection: TransportConnection): Begun => {
    const started = startClient(connection, clock);
    const first = options.first === undefined ? undefined : { ...options.first, token };
    const { linked, decision } = started.core.resume({ session, key: options.key }, first);
    // Where another transport wins the race, nobody asks for it.
    linked.catch(() => undefined);
    return { started, linked, decision };
  };

  if (dial !== undefined) return finish(begin(await dial(address)), session, options, 'none');

  const dialer = createDialer(address, options);
  const { winner, wantsQuic } = await reach({
    transports,
    start: (kind, stop) => attempt(kind, stop, dialer, begin),
    clock,
    signal,
  });
  const { connection, begun = begin(connection), early = () => 'none' } = winner;
  const resumed = await finish(begun, session, options, early());
  preferQuic({ wantsQuic, core: begun.started.core, dialer, clock });
  return resumed;
}

/** A client that has sent RESUME, and the answers that it waits for. */
interface Begun {
  readonly started: StartedClient;
  readonly linked: Promise<LinkedSession>;
  readonly decision: Promise<DecisionMessage> | undefined;
}

/** A connection; with early data it has begun already. */
interface Attempted {
  readonly connection: TransportConnection;
  readonly begun?: Begun;
  readonly early?: () => Resumed['early'];
}

/**
 * Only early data is sent before it is known which transport is going to be used: a proof that is sent over two
 * connections would bind the session to the one that is heard last.
 */
async function attempt(
  kind: TransportName,
  stop: AbortSignal,
  dialer: Dialer,
  begin: (connection: TransportConnection) => Begun,
): Promise<Attempted> {
  if (kind === 'websocket') return { connection: await dialer.websocket(stop) };
  const ticket = await dialer.takeTicket();
  const connection = await dialer.quic(stop, ticket);
  if (connection.earlyData === 'none') return { connection };
  stop.throwIfAborted();
  const begun = begin(connection);
  await connection.established;
  return {
    connection,
    begun,
    early: () => (connection.earlyData === 'accepted' ? 'accepted' : 'rejected'),
  };
}

async function finish(
  { started, linked, decision }: Begun,
  session: SessionId,
  { key, first }: ResumeOptions,
  early: Resumed['early'],
): Promise<Resumed> {
  const { core, client } = started;
  try {
    await core.ready;
    let bound: LinkedSession;
    let answer = decision;
    try {
      bound = await linked;
    } catch (error) {
      if (serverCodeOf(error) === undefined) throw error;
      // A proof with a time needs clocks that agree, and one that is sent first can be copied. BIND needs neither, and
      // what it says is the last word.
      bound = await core.bind({ session, key });
      answer = undefined;
    }
    const rest = { client, session: bound.session, early };
    if (first === undefined) return rest;
    const decided = answer === undefined ? bound.session.authorize(first) : bound.conclude(first, answer);
    return { ...rest, decision: await decided };
  } catch (error) {
    await client.close();
    throw error;
  }
}
