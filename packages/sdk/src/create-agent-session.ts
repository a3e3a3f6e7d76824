import { isRtaError, type SessionId } from '@rta/core';
import type { ChangeCause, DecisionMessage, Messages } from '@rta/protocol';
import { type ActionDecision, type ActionRequest, denialError, readDecision } from './action-decision.ts';
import type { AgentSession, AuthorizeOptions, ContextChange, SessionEvents } from './agent-session.ts';
import { createApprovalWaits } from './approval-waits.ts';
import { createDescendants } from './descendants.ts';
import { sdkError } from './errors.ts';
import { createEvents } from './events.ts';
import { saveSession } from './saved-session.ts';
import type { SessionLink } from './session-link.ts';

/** A session as its client sees it. */
export interface LinkedSession {
  readonly session: AgentSession;
  /** Makes of the answer to a question that is asked already what `authorize` would have made of it. */
  conclude(request: ActionRequest, answer: Promise<DecisionMessage>): Promise<ActionDecision>;
  /** The session was bound to another connection, or anew. */
  onBound(message: Messages['bound']): void;
  onContext(message: Messages['context']): void;
  onApproval(message: Messages['approval']): void;
  onRevoked(message: Messages['revoked']): void;
  onClosed(reason: string): void;
}

/** Makes the session object for what the server bound. */
export function createAgentSession(bound: Messages['bound'], link: SessionLink): LinkedSession {
  const id = bound.session as SessionId;
  const abort = new AbortController();
  const { on, emit } = createEvents<SessionEvents>({
    context: new Set(),
    suspended: new Set(),
    resumed: new Set(),
    approval: new Set(),
    revoked: new Set(),
    closed: new Set(),
  });
  const approvals = createApprovalWaits(link.clock);
  let { token, generation, scope, state } = bound;
  /** The newest generation that listeners know of: an answer may bring a token before the push that tells why. */
  let announced = generation;

  const assertLive = (): void => {
    if (abort.signal.aborted) throw abort.signal.reason;
  };

  const liveToken = (): Uint8Array => {
    assertLive();
    return token;
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
    message: Messages['bound'] | Messages['context'],
    cause: ChangeCause,
    told: Pick<ContextChange, 'gained' | 'lost' | 'attributes'> = {},
  ): void => {
    if (abort.signal.aborted) return;
    adopt(message);
    if (message.generation <= announced) return;
    announced = message.generation;
    const wasSuspended = state === 'suspended';
    ({ scope, state } = message);
    const change: ContextChange = { generation: announced, state, scope, ...told, cause };
    emit('context', change);
    if (change.state === 'suspended' && !wasSuspended) emit('suspended', change);
    if (change.state === 'active' && wasSuspended) emit('resumed', change);
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
    const decision = readDecision(await ask(request, asked), link.clock.now());
    assertLive();
    // The permit was on its way when the session was suspended (P-6.9).
    if (decision.permitted && state === 'suspended' && decision.generation < announced) {
      return { ...decision, permitted: false, cause: 'session-suspended' };
    }
    return decision;
  };

  const authorize = async (
    request: ActionRequest,
    options: AuthorizeOptions = {},
  ): Promise<ActionDecision> => {
    const { waitForApproval = false, signal } = options;
    const { moves } = link;
    signal?.throwIfAborted();
    const decision = await conclude(request);
    // Who has stopped waiting gets no permit (P-6.9).
    signal?.throwIfAborted();
    if (decision.cause !== 'approval-required' || !waitForApproval) return decision;
    const { approval, permitted, ...rest } = decision;
    const until = signal === undefined ? abort.signal : AbortSignal.any([abort.signal, signal]);
    const outcome = link.moves === moves ? await approvals.wait(approval, until) : 'unheard';
    if (outcome === 'approved') return authorize(request, { ...options, waitForApproval: false });
    // The server says once more what became of it, or that it is still waited for.
    if (outcome === 'unheard') return authorize(request, options);
    return { ...rest, permitted, cause: outcome === 'refused' ? 'approval-refused' : 'approval-void' };
  };

  const end = async (): Promise<void> => {
    if (abort.signal.aborted) return;
    await link.end(token);
    abort.abort(sdkError('RTA_SDK_REVOKED', 'the session was ended by its agent'));
  };

  const descendants = createDescendants(link, liveToken);
  const session: AgentSession = {
    id,
    get scope() {
      return scope;
    },
    get generation() {
      return generation;
    },
    get state() {
      return state;
    },
    expiresAtMs: bound.expiresAtMs,
    signal: abort.signal,
    authorize,
    async guard(request, act, options) {
      const decision = await authorize(request, options);
      if (!decision.permitted) throw denialError(request.action, decision);
      const result = await act(abort.signal);
      assertLive();
      return result;
    },
    delegate: descendants.delegate,
    descendants: descendants.list,
    narrow: descendants.narrow,
    endDescendant: descendants.end,
    on,
    save: () => saveSession({ session: id, token, generation, expiresAtMs: bound.expiresAtMs, scope }),
    end,
    [Symbol.asyncDispose]: end,
  };

  return {
    session,
    conclude,
    onBound(message) {
      changeContext(message, { kind: 'moved', change: id });
      approvals.unheard();
    },
    onContext(message) {
      const { cause, gained, lost, attributes } = message;
      changeContext(message, cause, { gained, lost, attributes });
    },
    onApproval({ id: approval, state: outcome }) {
      if (abort.signal.aborted) return;
      approvals.settle(approval, outcome);
      emit('approval', { id: approval, state: outcome });
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
    onClosed: close,
  };
}
