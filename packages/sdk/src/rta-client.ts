import { randomUUID } from 'node:crypto';
import { type Clock, isRtaError, type SessionId, systemClock } from '@rta/core';
import { createDpopProof, GRANT_TYPE } from '@rta/idp';
import {
  type ActionDetail,
  type AgentDescription,
  bindingStatement,
  CLOSE_CODE,
  closeCodeOf,
  isProtocolErrorCode,
  type Messages,
} from '@rta/protocol';
import type { TransportConnection } from '@rta/transport';
import { type AgentKey, generateAgentKey } from './agent-key.ts';
import { type AgentSession, createAgentSession, type LinkedSession } from './agent-session.ts';
import { openControlChannel } from './control-channel.ts';
import { createDecisionLanes } from './decision-lanes.ts';
import { sdkError } from './errors.ts';
import { receivePushes } from './push-receiver.ts';

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

/** A connection to a server, for any number of sessions. */
export interface RtaClient extends AsyncDisposable {
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
  const clock = options.clock ?? systemClock;
  const sessions = new Map<string, LinkedSession>();
  // Pushes for sessions whose BIND is not answered yet: acknowledged when they are in force, and not before.
  const binding = new Map<string, ((linked: LinkedSession) => void)[]>();
  const goingAway = Promise.withResolvers<{ readonly reason: string; readonly withinMs: number }>();

  const onFailed = (error: unknown): void => {
    if (isRtaError(error) && isProtocolErrorCode(error.code)) {
      void connection.close(closeCodeOf(error.code), error.code);
    } else {
      void connection.close(CLOSE_CODE.internal, 'fault of the client');
    }
  };

  const control = openControlChannel({ connection, clock, onGoAway: goingAway.resolve, onFailed });
  const lanes = createDecisionLanes({ connection, clock, onFailed });
  connection.onStream((stream) =>
    receivePushes({
      stream,
      deliver(session, apply) {
        const waiting = sessions.has(session) ? undefined : binding.get(session);
        if (waiting === undefined) apply(sessions.get(session));
        else waiting.push(apply);
      },
      onEnded: (session) => void sessions.delete(session),
      onFailed,
    }),
  );

  let goneBecause: string | undefined;
  const closed = connection.closed.then(({ reason }) => {
    goneBecause = reason;
    const error = sdkError('RTA_SDK_DISCONNECTED', `the connection is gone: ${reason}`);
    control.failAll(error);
    lanes.failAll(error);
    for (const session of sessions.values()) session.onClosed(reason);
    sessions.clear();
    return { reason };
  });

  const welcome: Messages['welcome'] = await control.ask('hello', { client: 'rta-sdk-ts' }, 'welcome');
  let nonce: string | undefined = welcome.nonce;

  const link = (bound: Messages['bound']): LinkedSession => {
    const linked = createAgentSession(bound, {
      now: () => clock.now(),
      authorize: lanes.ask,
      delegate: (message) => control.ask('delegate', message, 'delegated'),
      async end(token) {
        await control.ask('end', { token }, 'ended');
        sessions.delete(bound.session);
      },
    });
    sessions.set(bound.session, linked);
    // The connection may have ended while the answer was on its way to here.
    if (goneBecause !== undefined) linked.onClosed(goneBecause);
    return linked;
  };

  const bind = async ({ session, key }: BindOptions): Promise<AgentSession> => {
    const statement = bindingStatement(welcome.challenge, connection.channelBinding, session as SessionId);
    const waiting = binding.get(session) ?? [];
    binding.set(session, waiting);
    try {
      const linked = link(await control.ask('bind', { session, signature: key.sign(statement) }, 'bound'));
      for (const apply of waiting.splice(0)) apply(linked);
      return linked.session;
    } finally {
      binding.delete(session);
    }
  };

  const ask = async (request: ExchangeOptions, key: AgentKey): Promise<Messages['exchanged']> => {
    const proof = await createDpopProof({
      privateKey: key.privateKey,
      publicJwk: key.publicJwk,
      method: 'POST',
      url: welcome.tokenEndpoint,
      ...(nonce === undefined ? {} : { nonce }),
      now: clock.now(),
      jti: randomUUID(),
    });
    nonce = undefined;
    const exchanged = await control.ask(
      'exchange',
      { parameters: exchangeParameters(request), proof },
      'exchanged',
    );
    nonce = exchanged.nonce;
    return exchanged;
  };

  const exchange = async (request: ExchangeOptions): Promise<AgentSession> => {
    const key = request.key ?? generateAgentKey();
    let exchanged: Messages['exchanged'];
    try {
      exchanged = await ask(request, key);
    } catch (error) {
      // A nonce is good once and briefly; where it was too late, the refusal brought another (RFC 9449 §8).
      nonce = control.takeNonce();
      if (nonce === undefined || !isNonceRefusal(error)) throw error;
      exchanged = await ask(request, key);
    }
    return bind({ session: exchanged.session, key });
  };

  return {
    transport: connection.kind,
    node: welcome.node,
    exchange,
    bind,
    goingAway: goingAway.promise,
    closed,
    close: () => connection.close(CLOSE_CODE.none, 'closed by the agent'),
    [Symbol.asyncDispose]: () => connection.close(CLOSE_CODE.none, 'closed by the agent'),
  };
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

function isNonceRefusal(error: unknown): boolean {
  return (
    isRtaError(error, 'RTA_SDK_REFUSED') &&
    String(error.details['serverCode']).startsWith('RTA_IDP_DPOP_NONCE')
  );
}
