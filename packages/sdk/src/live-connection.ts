import { randomBytes, randomUUID } from 'node:crypto';
import { type Clock, isRtaError, type SessionId } from '@rta/core';
import { createDpopProof } from '@rta/idp';
import {
  type AuthorizeRequest,
  bindingStatement,
  CLOSE_CODE,
  closeCodeOf,
  type DecisionMessage,
  isProtocolErrorCode,
  type Messages,
  RESUME_NONCE_BYTES,
  resumeStatement,
} from '@rta/protocol';
import type { TransportConnection } from '@rta/transport';
import type { AgentKey } from './agent-key.ts';
import { openControlChannel } from './control-channel.ts';
import type { LinkedSession } from './create-agent-session.ts';
import { createDecisionLanes } from './decision-lanes.ts';
import { sdkError } from './errors.ts';
import { receivePushes } from './push-receiver.ts';
import { serverCodeOf } from './refusal.ts';

/** A session, and the key that proves that it is this agent's. */
export interface KeyedSession {
  readonly session: SessionId;
  readonly key: AgentKey;
}

/** Puts a session that the server bound to a connection in its place; the pushes for it go there from then on. */
export type Adopt = (bound: Messages['bound']) => LinkedSession;

/** One connection that speaks rta/1. It has no sessions of its own: a client has them, and may have them move. */
export interface LiveConnection {
  readonly transport: TransportConnection;
  /** Resolves with the server's greeting; until then only `resume` may be used. */
  readonly greeted: Promise<Messages['welcome']>;
  /** Asks for a decision. @throws RtaError `RTA_SDK_TIMEOUT`, `RTA_SDK_OVERLOAD`, `RTA_SDK_DISCONNECTED` */
  authorize(request: AuthorizeRequest): Promise<DecisionMessage>;
  /** @throws RtaError `RTA_SDK_REFUSED`, and as `authorize` */
  delegate(message: Messages['delegate']): Promise<Messages['delegated']>;
  /** @throws as `delegate` */
  list(message: Messages['list']): Promise<Messages['listed']>;
  /** @throws as `delegate` */
  narrow(message: Messages['narrow']): Promise<Messages['narrowed']>;
  /** @throws as `delegate` */
  end(message: Messages['end']): Promise<void>;
  /** Exchanges a token for a session of the key; it is not bound yet. @throws as `delegate` */
  exchange(parameters: Messages['exchange']['parameters'], key: AgentKey): Promise<Messages['exchanged']>;
  /** Binds a session, answering the server's challenge. @throws as `delegate` */
  bind(keyed: KeyedSession, adopt: Adopt): Promise<LinkedSession>;
  /**
   * Binds a session without having heard a challenge, and asks a first question with it: all may leave with the first
   * packet, before the server has said anything.
   *
   * @returns the session, and the answer to the question. @throws as `delegate`
   */
  resume(
    keyed: KeyedSession,
    adopt: Adopt,
    first: AuthorizeRequest | undefined,
  ): { readonly linked: Promise<LinkedSession>; readonly decision: Promise<DecisionMessage> | undefined };
  /** Resolves when nothing waits for an answer. */
  whenIdle(): Promise<void>;
  readonly isClosed: boolean;
  /** Settled when it has ended; never rejects. */
  readonly closed: Promise<{ readonly reason: string }>;
  close(): Promise<void>;
}

/** Speaks rta/1 over a connection that is open, and says HELLO. */
export function openLiveConnection(
  transport: TransportConnection,
  options: {
    readonly clock: Clock;
    /** The client's sessions: pushes are given to them, whatever connection they are on by now. */
    readonly find: (session: string) => LinkedSession | undefined;
    /** The server ended a session. */
    readonly onEnded: (session: string) => void;
    readonly onGoAway: (message: Messages['goaway']) => void;
  },
): LiveConnection {
  const { clock, find } = options;
  // Pushes for sessions whose binding is not answered yet: acknowledged when they are in force, and not before.
  const binding = new Map<string, ((linked: LinkedSession) => void)[]>();

  const onFailed = (error: unknown): void => {
    if (isRtaError(error) && isProtocolErrorCode(error.code)) {
      void transport.close(closeCodeOf(error.code), error.code);
    } else {
      void transport.close(CLOSE_CODE.internal, 'fault of the client');
    }
  };

  const control = openControlChannel({ connection: transport, clock, onGoAway: options.onGoAway, onFailed });
  const lanes = createDecisionLanes({ connection: transport, clock, onFailed });
  transport.onStream((stream) =>
    receivePushes({
      stream,
      deliver(session, apply) {
        const known = find(session);
        const waiting = known === undefined ? binding.get(session) : undefined;
        if (waiting === undefined) apply(known);
        else waiting.push(apply);
      },
      onEnded: options.onEnded,
      onFailed,
    }),
  );
  let isClosed = false;
  const closed = transport.closed.then(({ reason }) => {
    isClosed = true;
    const error = sdkError('RTA_SDK_DISCONNECTED', `the connection is gone: ${reason}`);
    control.failAll(error);
    lanes.failAll(error);
    return { reason };
  });

  const greeted = control.ask('hello', { client: 'rta-sdk-ts' }, 'welcome');
  // Who does not wait for the greeting needs not know why it did not come.
  greeted.catch(() => undefined);

  /** Waits for the answer to a binding, then lets the pushes go on that came before it. */
  const adoptWhenBound = async (
    session: string,
    answer: Promise<Messages['bound']>,
    adopt: Adopt,
  ): Promise<LinkedSession> => {
    const waiting = binding.get(session) ?? [];
    binding.set(session, waiting);
    try {
      const linked = adopt(await answer);
      for (const apply of waiting.splice(0)) apply(linked);
      return linked;
    } finally {
      binding.delete(session);
    }
  };

  let nonce: string | undefined;
  const prove = async (key: AgentKey, welcome: Messages['welcome']): Promise<string> => {
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
    return proof;
  };
  void greeted.then(
    (welcome) => {
      nonce = welcome.nonce;
    },
    () => undefined,
  );

  return {
    transport,
    greeted,
    authorize: lanes.ask,
    delegate: (message) => control.ask('delegate', message, 'delegated'),
    list: (message) => control.ask('list', message, 'listed'),
    narrow: (message) => control.ask('narrow', message, 'narrowed'),
    async end(message) {
      await control.ask('end', message, 'ended');
    },

    async exchange(parameters, key) {
      const welcome = await greeted;
      const ask = async (): Promise<Messages['exchanged']> =>
        control.ask('exchange', { parameters, proof: await prove(key, welcome) }, 'exchanged');
      let exchanged: Messages['exchanged'];
      try {
        exchanged = await ask();
      } catch (error) {
        // A nonce is good once and briefly; where it was too late, the refusal brought another (RFC 9449 §8).
        nonce = control.takeNonce();
        if (nonce === undefined || serverCodeOf(error)?.startsWith('RTA_IDP_DPOP_NONCE') !== true)
          throw error;
        exchanged = await ask();
      }
      nonce = exchanged.nonce;
      return exchanged;
    },

    async bind({ session, key }, adopt) {
      const { challenge } = await greeted;
      const signature = key.sign(bindingStatement(challenge, transport.channelBinding, session));
      return adoptWhenBound(session, control.ask('bind', { session, signature }, 'bound'), adopt);
    },

    resume({ session, key }, adopt, first) {
      const nonce = Uint8Array.from(randomBytes(RESUME_NONCE_BYTES));
      const issuedAtMs = clock.now();
      const signature = key.sign(resumeStatement(nonce, issuedAtMs, transport.channelBinding, session));
      const { bound, decision } = lanes.resume({ session, nonce, issuedAtMs, signature }, first);
      return { linked: adoptWhenBound(session, bound, adopt), decision };
    },

    async whenIdle() {
      await Promise.all([control.whenIdle(), lanes.whenIdle()]);
    },
    get isClosed() {
      return isClosed;
    },
    closed,
    close: () => transport.close(CLOSE_CODE.none, 'closed by the agent'),
  };
}
