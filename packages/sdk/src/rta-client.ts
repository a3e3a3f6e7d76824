import { type Clock, parseSessionId, type SessionId, systemClock } from '@rta/core';
import { GRANT_TYPE } from '@rta/idp';
import type { ActionDetail, AgentDescription } from '@rta/protocol';
import type { MigrateOptions, TransportConnection } from '@rta/transport';
import { type AgentKey, generateAgentKey } from './agent-key.ts';
import type { AgentSession } from './agent-session.ts';
import { type ClientCore, createClientCore } from './client-core.ts';
import { sdkError } from './errors.ts';
import { createEvents } from './events.ts';
import { readSavedSession, type SavedSession } from './saved-session.ts';

/** What an agent exchanges for its session. */
export interface ExchangeOptions {
  /** The IdP's token, as the user's sign-in gave it. It is used once, here. */
  readonly subjectToken: string;
  /** `access_token` by default. */
  readonly subjectTokenType?: 'access_token' | 'id_token' | 'jwt';
  /** Who the agent is. */
  readonly agent: AgentDescription;
  /** What it wants to be able to do; all that the user's token has, by default. */
  readonly scope?: readonly string[];
  /** Where it wants to do it (RFC 9396, type `rta_action`). */
  readonly authorizationDetails?: readonly ActionDetail[];
  /** The agent's key; drawn anew by default. */
  readonly key?: AgentKey;
}

/** A session that exists, and the key that it was opened for. */
export interface BindOptions {
  readonly session: SessionId | string;
  readonly key: AgentKey;
}

/** Events of a client. */
export interface ClientEvents {
  /** All sessions went over to another connection; nothing else has changed for them. */
  readonly transport: {
    readonly previous: TransportConnection['kind'];
    readonly transport: TransportConnection['kind'];
  };
}

/** A connection to a server, for any number of sessions. */
export interface RtaClient extends AsyncDisposable {
  /** What carries it now; a client that fell back to WebSocket goes over to QUIC when it can. */
  readonly transport: TransportConnection['kind'];
  /** Name of the node at the other end. */
  readonly node: string;
  /**
   * Exchanges a user's IdP token for a session of an agent, and binds it to this connection.
   *
   * @throws RtaError `RTA_SDK_REFUSED` with the server's code, `RTA_SDK_TIMEOUT`, `RTA_SDK_DISCONNECTED`
   */
  exchange(options: ExchangeOptions): Promise<AgentSession>;
  /**
   * Binds a session to this connection: one that was delegated to this agent, or one from before a reconnect.
   *
   * @throws as {@link RtaClient.exchange}
   */
  bind(options: BindOptions): Promise<AgentSession>;
  /**
   * Goes on with a session that was saved, over this connection. `resume()` does the same with a connection of its
   * own, in one round trip.
   *
   * @throws RtaError `RTA_SDK_SAVED_SESSION`, and as {@link RtaClient.exchange}
   */
  resume(saved: SavedSession, key: AgentKey): Promise<AgentSession>;
  /**
   * Goes on from another local address, as after a change of network: nothing is lost, and nobody notices.
   *
   * @throws RtaError `RTA_SDK_CANNOT_MIGRATE` where the transport is not QUIC; `RTA_TRANSPORT_UNREACHABLE` where the
   *   server does not answer on the new path, and nothing has changed; `RTA_TRANSPORT_CLOSED`
   */
  migrate(options?: MigrateOptions): Promise<void>;
  /** Listens; the returned function stops it. A listener that throws disturbs nobody else. */
  on<Name extends keyof ClientEvents>(name: Name, listener: (event: ClientEvents[Name]) => void): () => void;
  /** Resolves when the server asks its agents to go elsewhere. */
  readonly goingAway: Promise<{ readonly reason: string; readonly withinMs: number }>;
  /** Settled when the connection has ended; never rejects. */
  readonly closed: Promise<{ readonly reason: string }>;
  /** Ends the connection. Sessions live on at the server and can be bound again; here, nothing may be done. */
  close(): Promise<void>;
}

const TOKEN_TYPE_PREFIX = 'urn:ietf:params:oauth:token-type:';

/**
 * Speaks rta/1 over a connection that is open.
 *
 * @throws RtaError as {@link RtaClient.exchange}
 */
export async function createRtaClient(
  connection: TransportConnection,
  options: { readonly clock?: Clock } = {},
): Promise<RtaClient> {
  const { core, client } = startClient(connection, options.clock);
  await core.ready;
  return client;
}

/** A client that has said HELLO, and what it rests on. */
export interface StartedClient {
  readonly core: ClientCore;
  /** To be used when `core.ready` has resolved. */
  readonly client: RtaClient;
}

/** Makes a client that does not wait for the greeting of the server. */
export function startClient(connection: TransportConnection, clock: Clock = systemClock): StartedClient {
  const events = createEvents<ClientEvents>({ transport: new Set() });
  const core = createClientCore(connection, {
    clock,
    onMoved: (previous, transport) => events.emit('transport', { previous, transport }),
  });

  const bind = async ({ session, key }: BindOptions): Promise<AgentSession> => {
    const linked = await core.bind({ session: parseSessionId(session), key });
    return linked.session;
  };

  const client: RtaClient = {
    get transport() {
      return core.current.transport.kind;
    },
    get node() {
      return core.node;
    },
    async exchange(request) {
      const linked = await core.exchange(exchangeParameters(request), request.key ?? generateAgentKey());
      return linked.session;
    },
    bind,
    resume: async (saved, key) => bind({ session: readSavedSession(saved).session, key }),
    async migrate(migrateOptions) {
      const { transport } = core.current;
      if (transport.migrate === undefined) throw sdkError('RTA_SDK_CANNOT_MIGRATE');
      await transport.migrate(migrateOptions);
    },
    on: events.on,
    goingAway: core.goingAway,
    closed: core.closed,
    close: core.close,
    [Symbol.asyncDispose]: core.close,
  };
  return { core, client };
}

function exchangeParameters(request: ExchangeOptions): (readonly [string, string])[] {
  const { subjectToken, subjectTokenType = 'access_token', agent, scope, authorizationDetails } = request;
  const parameters: (readonly [string, string])[] = [
    ['grant_type', GRANT_TYPE.rtaTokenExchange],
    ['subject_token', subjectToken],
    ['subject_token_type', `${TOKEN_TYPE_PREFIX}${subjectTokenType}`],
    ['agent', JSON.stringify(agent)],
  ];
  if (scope !== undefined) parameters.push(['scope', scope.join(' ')]);
  if (authorizationDetails !== undefined) {
    parameters.push(['authorization_details', JSON.stringify(authorizationDetails)]);
  }
  return parameters;
}
