import { isRtaError, type JsonObject, type SessionId } from '@rta/core';
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
import { createEvents } from './events.ts';
import { type SavedSession, saveSession } from './saved-session.ts';
import type { SessionLink } from './session-link.ts';

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
    /** Attributes in force; absent with the cause `moved`. */
    readonly attributes?: JsonObject;
    /** `moved`: it changed while the session went over to another connection, which does not say why. */
    readonly cause: ChangeCause;
  };
  /** The session ended; `session.signal` was aborted just before. */
  readonly revoked: { readonly cause: ChangeCause };
  /**
   * There is no connection any more, or the session is bound to another one, so nothing may be done;
   * `session.signal` was aborted just before.
   */
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
   * Fires when the session ends, or when it can hear nothing of the server any more: pass it to `fetch`, to a model
   * call, to a tool. Its reason is an RtaError `RTA_SDK_REVOKED` or `RTA_SDK_DISCONNECTED`.
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
  /** What `resume` needs, with the session's key, to go on with it: in this process or the next. */
  save(): SavedSession;
  /** Ends the session, and everything that it delegated. Idempotent. */
  end(): Promise<void>;
}

/** A session as its client sees it. */
export interface LinkedSession {
  readonly session: AgentSession;
  /** Makes of the answer to a question that is asked already what `authorize` would have made of it. */
  conclude(request: ActionRequest, answer: Promise<DecisionMessage>): Promise<ActionDecision>;
  /** The session was bound to another connection, or anew. */
  onBound(message: Messages['bound']): void;
  onContext(message: Messages['context']): void;
  onRevoked(message: Messages['revoked']): void;
  onClosed(reason: string): void;
}

/** Makes the session object for what the server bound. */
export function createAgentSession(bound: Messages['bound'], link: SessionLink): LinkedSession {
  const id = bound.session as SessionId;
  const abort = new AbortController();
  const { on, emit } = createEvents<SessionEvents>({
    context: new Set(),
    revoked: new Set(),
    closed: new Set(),
  });
  let { token, generation, scope } = bound;
  /** The newest generation that listeners know of: an answer may bring a token before the push that tells why. */
  let announced = generation;

  const assertLive = (): void => {
    if (abort.signal.aborted) throw abort.signal.reason;
  };

  const adopt = (next: { readonly token: Uint8Array; readonly generation: number }): void => {
    if (next.generation > generation) ({ token, generation } = next);
  };

  const close = (reason: string): void => {
    if (abort.signal.aborted) return;
    link.forget();
    abort.abort(sdkError('RTA_SDK_DISCONNECTED', `the session cannot be told any more: ${reason}`));
    emit('closed', { reason });
  };

  const changeContext = (
    change: Pick<Messages['bound'], 'generation' | 'token' | 'scope'>,
    cause: ChangeCause,
    attributes?: JsonObject,
  ): void => {
    if (abort.signal.aborted) return;
    adopt(change);
    if (change.generation <= announced) return;
    announced = change.generation;
    scope = change.scope;
    const { generation } = change;
    emit('context', { generation, scope, cause, ...(attributes === undefined ? {} : { attributes }) });
  };

  /** Asks once, and once more at most: where the token was replaced or the session moved meanwhile (P-6.10). */
  const ask = async (
    request: ActionRequest,
    asked: Promise<DecisionMessage> = link.authorize({ ...request, token }),
  ): Promise<DecisionMessage> => {
    const { moves } = link;
    let first: DecisionMessage;
    try {
      first = await asked;
    } catch (error) {
      // The connection that was asked has ended, and the session lives on another one.
      if (!isRtaError(error, 'RTA_SDK_DISCONNECTED') || !(await link.movedSince(moves))) throw error;
      assertLive();
      return link.authorize({ ...request, token });
    }
    if (first.cause === 'stale-token' && first.token !== undefined) {
      // The context changed while the request was on its way: ask with the token that came along.
      // The push that reports the change arrives by itself.
      adopt({ token: first.token, generation: first.generation });
      return link.authorize({ ...request, token: first.token });
    }
    if (first.cause === 'not-bound') {
      if (await link.movedSince(moves)) {
        assertLive();
        return link.authorize({ ...request, token });
      }
      // Bound elsewhere, the session hears of no revocation here: what is under way must stop (P-7.5).
      close('the session is bound to another connection');
    }
    return first;
  };

  const conclude = async (
    request: ActionRequest,
    asked?: Promise<DecisionMessage>,
  ): Promise<ActionDecision> => {
    assertLive();
    const { effect, cause, generation: decidedIn, expiresAtMs, detail } = await ask(request, asked);
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

  const authorize = (request: ActionRequest): Promise<ActionDecision> => conclude(request);

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
    on,
    save: () => saveSession({ session: id, token, generation, expiresAtMs: bound.expiresAtMs, scope }),
    end,
    [Symbol.asyncDispose]: end,
  };

  return {
    session,
    conclude,
    onBound: (message) => changeContext(message, { kind: 'moved', change: id }),
    onContext: (message) => changeContext(message, message.cause, message.attributes),
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
    onClosed: close,
  };
}
