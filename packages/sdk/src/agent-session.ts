import type { JsonObject, SessionId } from '@rta/core';
import type { ChangeCause, Messages, SessionState } from '@rta/protocol';
import type { ActionDecision, ActionRequest } from './action-decision.ts';
import type {
  DelegatedSession,
  DelegationRequest,
  Descendant,
  NarrowedSession,
  NarrowRequest,
} from './descendants.ts';
import type { SavedSession } from './saved-session.ts';

/** How a session stands since it changed. */
export interface ContextChange {
  readonly generation: number;
  /** `suspended`: nothing is permitted until another change says otherwise. */
  readonly state: SessionState;
  readonly scope: readonly string[];
  /** Actions, or patterns, that it gained and lost since it was told last; absent with the cause `moved`. */
  readonly gained?: readonly string[];
  readonly lost?: readonly string[];
  /** Attributes in force; absent with the cause `moved`. */
  readonly attributes?: JsonObject;
  /** `moved`: it changed while the session went over to another connection, which does not say why. */
  readonly cause: ChangeCause;
}

/** Events of a session, in the order in which they happen. */
export interface SessionEvents {
  /** The context changed: rights were gained or lost; the token was replaced already. */
  readonly context: ContextChange;
  /** The session lives, and may do nothing for the time being; told after `context`. */
  readonly suspended: ContextChange;
  /** What suspended it is over: it goes on without a new exchange; told after `context`. */
  readonly resumed: ContextChange;
  /** Somebody has decided what a denial with `approval-required` waits for, or it came to nothing. */
  readonly approval: Pick<Messages['approval'], 'id' | 'state'>;
  /** The session ended; `session.signal` was aborted just before. */
  readonly revoked: { readonly cause: ChangeCause };
  /**
   * There is no connection any more, or the session is bound to another one, so nothing may be done;
   * `session.signal` was aborted just before.
   */
  readonly closed: { readonly reason: string };
}

/** How to ask for a decision. */
export interface AuthorizeOptions {
  /**
   * Waits where somebody has to approve, and then asks again, once: the answer is a permit, or the denial that holds.
   * False by default.
   */
  readonly waitForApproval?: boolean;
  /**
   * Gives the question up: a permit that comes later is not handed out. What somebody is to approve stays open at the
   * server until its time is over.
   */
  readonly signal?: AbortSignal;
}

/** One agent's live authorization. */
export interface AgentSession extends AsyncDisposable {
  readonly id: SessionId;
  /** What may be asked for at all, now. */
  readonly scope: readonly string[];
  readonly generation: number;
  /** Whether anything may be permitted at present. A suspended session goes on by itself: `on('resumed', …)`. */
  readonly state: SessionState;
  /** UNIX milliseconds. */
  readonly expiresAtMs: number;
  /**
   * Fires when the session ends, or when it can hear nothing of the server any more: pass it to `fetch`, to a model
   * call, to a tool. Its reason is an RtaError `RTA_SDK_REVOKED` or `RTA_SDK_DISCONNECTED`. A suspension is not the
   * end, and does not fire it.
   */
  readonly signal: AbortSignal;
  /**
   * Asks whether an action may be done now.
   *
   * @returns the decision; a denial is an answer, not an error. Its `cause` tells what else there is: `stepUp` with
   *   `step-up-required`, `approval` with `approval-required`.
   * @throws RtaError `RTA_SDK_REVOKED`, `RTA_SDK_DISCONNECTED`, `RTA_SDK_TIMEOUT`: no answer is a denial; the reason of
   *   `options.signal`.
   */
  authorize(request: ActionRequest, options?: AuthorizeOptions): Promise<ActionDecision>;
  /**
   * Does something if it is permitted, and stops it when the session ends. While the session is suspended, nothing is
   * begun; what is under way goes on, and is denied what it asks for next.
   *
   * @param act - is given a signal that fires on revocation. Its result is refused if the session ended meanwhile,
   *   whether it listened or not.
   * @throws RtaError `RTA_SDK_DENIED` with the cause in its details, and `acrValues`, `maxAgeS` or `approval` where the
   *   cause brings them; `RTA_SDK_REVOKED`, `RTA_SDK_DISCONNECTED`, `RTA_SDK_TIMEOUT`; the reason of `options.signal`;
   *   and whatever `act` throws.
   */
  guard<Result>(
    request: ActionRequest,
    act: (signal: AbortSignal) => Result | Promise<Result>,
    options?: AuthorizeOptions,
  ): Promise<Result>;
  /**
   * Opens a session for another agent, below this one, with a part of its rights: what is beyond them is refused.
   *
   * @throws RtaError `RTA_SDK_REFUSED` with the server's code, such as `RTA_AUTHORITY_WIDENING`, and as `authorize`.
   */
  delegate(request: DelegationRequest): Promise<DelegatedSession>;
  /**
   * The live sessions below this one, at any depth, each after the one that delegated it.
   *
   * @throws RtaError `RTA_SDK_REFUSED` with the server's code, and as `authorize`.
   */
  descendants(): Promise<readonly Descendant[]>;
  /**
   * Takes rights from a session below this one, and from everything below that: it keeps a part of what it has. Its
   * agent is told. What was taken is not given back: delegate anew for that.
   *
   * @throws RtaError `RTA_SDK_REFUSED` with the server's code, such as `RTA_AUTHORITY_NOT_BELOW` or
   *   `RTA_AUTHORITY_WIDENING`, and as `authorize`.
   */
  narrow(descendant: SessionId | string, to: NarrowRequest): Promise<NarrowedSession>;
  /**
   * Ends a session below this one, and everything below that.
   *
   * @throws RtaError `RTA_SDK_REFUSED` with the server's code, such as `RTA_AUTHORITY_NOT_BELOW`, and as `authorize`.
   */
  endDescendant(descendant: SessionId | string): Promise<void>;
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
