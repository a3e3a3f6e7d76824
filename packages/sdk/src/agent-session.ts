import type { JsonObject, SessionId } from '@rta/core';
import type {
  ActionDetail,
  AgentDescription,
  AuthorizeRequest,
  ChangeCause,
  DecisionCause,
  DecisionMessage,
  Messages,
} from '@rta/protocol';
import { sdkError } from './errors.ts';

/** What an agent wants to do. */
export type ActionRequest = Omit<AuthorizeRequest, 'token'>;

/** What the server answered. */
export interface ActionDecision {
  readonly permitted: boolean;
  /** `obligation`: permitted under a condition that is not known here. `expired`: the permit came too late. */
  readonly cause: DecisionCause | 'obligation' | 'expired';
  /** Ids of the policies that decided. */
  readonly reasons: readonly string[];
  /** The generation of the session that it was decided in. */
  readonly generation: number;
  /** UNIX milliseconds from which it must not be used; it is meant for this action, now. */
  readonly expiresAtMs?: number;
}

/** What another agent is given. */
export interface DelegationRequest {
  readonly agent: AgentDescription;
  /** What it may do; it is cut to what this session may. */
  readonly scope: readonly string[];
  readonly authorizationDetails?: readonly ActionDetail[];
  /** Public key of the agent, 32 bytes: it binds the session with the private one. */
  readonly publicKey: Uint8Array;
  /** At most as long as this session; by default just as long. */
  readonly lifetimeMs?: number;
}

/** A session that waits for the agent to which it was delegated. */
export interface DelegatedSession {
  /** To be passed to `client.bind` by the agent that holds the key. */
  readonly session: SessionId;
  readonly scope: readonly string[];
  readonly expiresAtMs: number;
}

/** Events of a session, in the order in which they happen. */
export interface SessionEvents {
  /** The context changed: rights were gained or lost; the token was replaced already. */
  readonly context: {
    readonly generation: number;
    readonly scope: readonly string[];
    readonly attributes: JsonObject;
    readonly cause: ChangeCause;
  };
  /** The session ended; `session.signal` was aborted just before. */
  readonly revoked: { readonly cause: ChangeCause };
  /** There is no connection any more, so nothing may be done; `session.signal` was aborted just before. */
  readonly closed: { readonly reason: string };
}

/** One agent's live authorization. */
export interface AgentSession extends AsyncDisposable {
  readonly id: SessionId;
  /** What may be asked for at all, now. */
  readonly scope: readonly string[];
  readonly generation: number;
  /** UNIX milliseconds. */
  readonly expiresAtMs: number;
  /**
   * Fires when the session ends, or when the connection to the server is lost: pass it to `fetch`, to a model call,
   * to a tool. Its reason is an RtaError `RTA_SDK_REVOKED` or `RTA_SDK_DISCONNECTED`.
   */
  readonly signal: AbortSignal;
  /**
   * Asks whether an action may be done now.
   *
   * @returns the decision; a denial is an answer, not an error.
   * @throws RtaError `RTA_SDK_REVOKED`, `RTA_SDK_DISCONNECTED`, `RTA_SDK_TIMEOUT`: no answer is a denial.
   */
  authorize(request: ActionRequest): Promise<ActionDecision>;
  /**
   * Does something if it is permitted, and stops it when the session ends.
   *
   * @param act - is given a signal that fires on revocation. Its result is refused if the session ended meanwhile,
   *   whether it listened or not.
   * @throws RtaError `RTA_SDK_DENIED` with the cause in its details; `RTA_SDK_REVOKED`, `RTA_SDK_DISCONNECTED`,
   *   `RTA_SDK_TIMEOUT`; and whatever `act` throws.
   */
  guard<Result>(
    request: ActionRequest,
    act: (signal: AbortSignal) => Result | Promise<Result>,
  ): Promise<Result>;
  /**
   * Opens a session for another agent, below this one and with at most its rights.
   *
   * @throws RtaError `RTA_SDK_REFUSED` with the server's code, and as `authorize`.
   */
  delegate(request: DelegationRequest): Promise<DelegatedSession>;
  /** Listens; the returned function stops it. A listener that throws disturbs nobody else. */
  on<Name extends keyof SessionEvents>(
    name: Name,
    listener: (event: SessionEvents[Name]) => void,
  ): () => void;
  /** Ends the session, and everything that it delegated. Idempotent. */
  end(): Promise<void>;
}

/** What the connection does for a session. */
export interface SessionLink {
  /** UNIX milliseconds. */
  now(): number;
  authorize(request: AuthorizeRequest): Promise<DecisionMessage>;
  delegate(message: Messages['delegate']): Promise<Messages['delegated']>;
  end(token: Uint8Array): Promise<void>;
}

/** A session as its connection sees it. */
export interface LinkedSession {
  readonly session: AgentSession;
  onContext(message: Messages['context']): void;
  onRevoked(message: Messages['revoked']): void;
  onClosed(reason: string): void;
}

type Listeners = { readonly [Name in keyof SessionEvents]: Set<(event: SessionEvents[Name]) => void> };

/** Makes the session object for what the server bound. */
export function createAgentSession(bound: Messages['bound'], link: SessionLink): LinkedSession {
  const id = bound.session as SessionId;
  const abort = new AbortController();
  const listeners: Listeners = { context: new Set(), revoked: new Set(), closed: new Set() };
  let { token, generation, scope } = bound;

  const emit = <Name extends keyof SessionEvents>(name: Name, event: SessionEvents[Name]): void => {
    for (const listener of listeners[name]) {
      try {
        listener(event);
      } catch (error) {
        // The others must hear it, and the server must be acknowledged; the fault is the listener's own.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  };

  const assertLive = (): void => {
    if (abort.signal.aborted) throw abort.signal.reason;
  };

  const adopt = (next: { readonly token: Uint8Array; readonly generation: number }): boolean => {
    if (next.generation <= generation) return false;
    ({ token, generation } = next);
    return true;
  };

  const ask = async (request: ActionRequest): Promise<DecisionMessage> => {
    const first = await link.authorize({ ...request, token });
    if (first.cause !== 'stale-token' || first.token === undefined) return first;
    // The context changed while the request was on its way: ask once more with the token that came along.
    // The push that reports the change arrives by itself.
    adopt({ token: first.token, generation: first.generation });
    return link.authorize({ ...request, token: first.token });
  };

  const authorize = async (request: ActionRequest): Promise<ActionDecision> => {
    assertLive();
    const { effect, cause, generation: decidedIn, expiresAtMs, detail } = await ask(request);
    assertLive();
    const rest = {
      reasons: detail?.reasons ?? [],
      generation: decidedIn,
      ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
    };
    // An obligation that this enforcement point cannot fulfil makes the answer a denial (invariant I1).
    const obliged = (detail?.obligations?.length ?? 0) > 0;
    if (effect === 'permit' && obliged) return { permitted: false, cause: 'obligation', ...rest };
    const expired = expiresAtMs !== undefined && link.now() >= expiresAtMs;
    if (effect === 'permit' && expired) return { permitted: false, cause: 'expired', ...rest };
    return { permitted: effect === 'permit', cause, ...rest };
  };

  const end = async (): Promise<void> => {
    if (abort.signal.aborted) return;
    await link.end(token);
    abort.abort(sdkError('RTA_SDK_REVOKED', 'the session was ended by its agent'));
  };

  const session: AgentSession = {
    id,
    get scope() {
      return scope;
    },
    get generation() {
      return generation;
    },
    expiresAtMs: bound.expiresAtMs,
    signal: abort.signal,
    authorize,
    async guard(request, act) {
      const { permitted, cause, reasons } = await authorize(request);
      if (!permitted) {
        throw sdkError('RTA_SDK_DENIED', `${request.action} was denied: ${cause}`, {
          details: { cause, reasons },
        });
      }
      const result = await act(abort.signal);
      assertLive();
      return result;
    },
    async delegate(request) {
      assertLive();
      const { publicKey, ...rest } = request;
      const delegated = await link.delegate({ ...rest, key: publicKey, token });
      return { ...delegated, session: delegated.session as SessionId };
    },
    on(name, listener) {
      listeners[name].add(listener);
      return () => listeners[name].delete(listener);
    },
    end,
    [Symbol.asyncDispose]: end,
  };

  return {
    session,
    onContext(message) {
      if (abort.signal.aborted || (!adopt(message) && message.generation !== generation)) return;
      scope = message.scope;
      const { attributes, cause } = message;
      emit('context', { generation: message.generation, scope, attributes, cause });
    },
    onRevoked({ cause, generation: endedIn }) {
      if (abort.signal.aborted) return;
      generation = endedIn;
      abort.abort(
        sdkError('RTA_SDK_REVOKED', `the session was ended: ${cause.kind}`, {
          details: { kind: cause.kind, change: cause.change },
        }),
      );
      emit('revoked', { cause });
    },
    onClosed(reason) {
      if (abort.signal.aborted) return;
      abort.abort(sdkError('RTA_SDK_DISCONNECTED', `the connection is gone: ${reason}`));
      emit('closed', { reason });
    },
  };
}
