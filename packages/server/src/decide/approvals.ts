import { createHash, randomBytes } from 'node:crypto';
import type { AuditRecord } from '@rta/audit';
import type { Session, SessionEffect } from '@rta/authority';
import { type Clock, canonicalJson, type JsonObject, type SessionId } from '@rta/core';
import { serverError } from '../errors.ts';
import { SERVER_LIMITS } from '../limits.ts';
import type { Question } from './access-request.ts';

/** Something that a policy wants a person to look at before an agent may do it. */
export interface ApprovalTask {
  readonly id: string;
  readonly session: SessionId;
  /** The session's generation that was asked in: in another one the approval is void. */
  readonly generation: number;
  /** Who asks, on behalf of whom. */
  readonly subject: { readonly issuer: string; readonly sub: string };
  readonly actors: readonly string[];
  readonly action: string;
  readonly resource: { readonly type: string; readonly id: string };
  /** What the agent says about its request. */
  readonly context: JsonObject;
  /** SHA-256 of all that, base64url: what is approved is this, and nothing else. */
  readonly questionHash: string;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
  readonly state: 'open' | 'approved' | 'refused' | 'used' | 'void';
  readonly decidedBy?: string;
  readonly decidedAtMs?: number;
  readonly reason?: string;
}

/** Whether a question may pass for its approval. */
export type ApprovalAnswer =
  | { readonly kind: 'approved'; readonly task: ApprovalTask }
  | { readonly kind: 'refused' }
  | { readonly kind: 'open'; readonly task: ApprovalTask }
  /** As many wait as may. */
  | { readonly kind: 'full' };

/**
 * What waits for a person. An approval is for one question, in one state of one session, once.
 *
 * It is kept nowhere: sessions go on in another state after a restart, and then nothing that was approved before holds.
 */
export interface Approvals {
  /** Asks for a question; makes a task for it where there is none. */
  ask(session: Session, question: Question): ApprovalAnswer;
  /** An approval was made use of: it is good for nothing more. */
  use(task: ApprovalTask): void;
  /**
   * A person has decided.
   *
   * @throws RtaError `RTA_SERVER_APPROVAL_UNKNOWN`, `RTA_SERVER_APPROVAL_OVER`
   */
  decide(
    id: string,
    verdict: { readonly approve: boolean; readonly by: string; readonly reason?: string },
  ): ApprovalTask;
  /** Tasks that wait, the oldest first. */
  list(): Iterable<ApprovalTask>;
  /** What changed or ended takes its tasks with it. */
  follow(effects: readonly SessionEffect[]): void;
  /** Forgets what is over. */
  expire(): void;
}

/** Makes the approvals of a node. */
export function createApprovals(options: {
  readonly clock: Clock;
  /** A task was decided, used, or came to nothing: its agent is told. */
  readonly onSettled: (task: ApprovalTask) => void;
  /** Somebody is wanted. */
  readonly onAsked: (task: ApprovalTask) => void;
}): Approvals {
  const { clock, onSettled, onAsked } = options;
  const tasks = new Map<string, ApprovalTask>();
  const byQuestion = new Map<string, string>();
  const bySession = new Map<SessionId, Set<string>>();
  const countByUser = new Map<string, number>();

  const put = (task: ApprovalTask): void => {
    tasks.set(task.id, task);
    const user = userKey(task);
    countByUser.set(user, (countByUser.get(user) ?? 0) + 1);
    byQuestion.set(questionKey(task), task.id);
    const ids = bySession.get(task.session);
    if (ids === undefined) bySession.set(task.session, new Set([task.id]));
    else ids.add(task.id);
  };

  const remove = (task: ApprovalTask): void => {
    tasks.delete(task.id);
    const user = userKey(task);
    const count = (countByUser.get(user) ?? 0) - 1;
    if (count > 0) countByUser.set(user, count);
    else countByUser.delete(user);
    if (byQuestion.get(questionKey(task)) === task.id) byQuestion.delete(questionKey(task));
    const ids = bySession.get(task.session);
    ids?.delete(task.id);
    if (ids?.size === 0) bySession.delete(task.session);
  };

  const isFull = (session: Session): boolean =>
    (bySession.get(session.id)?.size ?? 0) >= SERVER_LIMITS.maxApprovalsPerSession ||
    (countByUser.get(userKey(session)) ?? 0) >= SERVER_LIMITS.maxApprovalsPerUser ||
    tasks.size >= SERVER_LIMITS.maxApprovals;

  const drop = (task: ApprovalTask, state: 'used' | 'void'): void => {
    remove(task);
    onSettled({ ...task, state });
  };

  return {
    ask(session, question) {
      const nowMs = clock.now();
      const questionHash = hashOf(session, question);
      const known = tasks.get(byQuestion.get(questionKey({ session: session.id, questionHash })) ?? '');
      if (known !== undefined) {
        if (nowMs >= known.expiresAtMs || known.generation !== session.generation) drop(known, 'void');
        else if (known.state === 'approved') return { kind: 'approved', task: known };
        else if (known.state === 'refused') return { kind: 'refused' };
        else return { kind: 'open', task: known };
      }
      if (isFull(session)) return { kind: 'full' };
      const task: ApprovalTask = {
        id: randomBytes(16).toString('base64url'),
        session: session.id,
        generation: session.generation,
        subject: { issuer: session.subject.issuer, sub: session.subject.sub },
        actors: session.actors.map(({ id }) => id),
        action: question.action,
        resource: question.resource,
        context: question.context ?? {},
        questionHash,
        createdAtMs: nowMs,
        expiresAtMs: Math.min(nowMs + SERVER_LIMITS.approvalLifetimeMs, session.expiresAtMs),
        state: 'open',
      };
      put(task);
      onAsked(task);
      return { kind: 'open', task };
    },
    use: (task) => drop(task, 'used'),
    decide(id, { approve, by, reason }) {
      const task = tasks.get(id);
      if (task === undefined) throw serverError('RTA_SERVER_APPROVAL_UNKNOWN');
      const nowMs = clock.now();
      if (task.state !== 'open' || nowMs >= task.expiresAtMs) throw serverError('RTA_SERVER_APPROVAL_OVER');
      const decided: ApprovalTask = {
        ...task,
        state: approve ? 'approved' : 'refused',
        decidedBy: by,
        decidedAtMs: nowMs,
        ...(reason === undefined ? {} : { reason }),
      };
      tasks.set(id, decided);
      onSettled(decided);
      return decided;
    },
    *list() {
      for (const task of tasks.values()) if (task.state === 'open') yield task;
    },
    follow(effects) {
      for (const { kind, session } of effects) {
        if (kind === 'displaced') continue;
        for (const id of bySession.get(session.id) ?? []) {
          const task = tasks.get(id);
          if (task !== undefined) drop(task, 'void');
        }
      }
    },
    expire() {
      const nowMs = clock.now();
      // Written in the order in which they were made, and all live as long.
      for (const task of tasks.values()) {
        if (task.expiresAtMs <= nowMs) drop(task, 'void');
      }
    },
  };
}

/** What is kept of an approval: who wants what, and who has decided. What the agent says about it is not kept. */
export function approvalRecord(task: ApprovalTask): AuditRecord {
  const { id, session, generation, subject, actors, action, resource, questionHash } = task;
  const { state, decidedBy, reason } = task;
  return {
    kind: 'approval',
    outcome: state === 'refused' ? 'refused' : 'ok',
    cause: state,
    session,
    subject,
    actors,
    generation,
    action,
    resource,
    detail: {
      approval: id,
      questionHash,
      ...(decidedBy === undefined ? {} : { decidedBy }),
      ...(reason === undefined ? {} : { reason }),
    },
  };
}

function questionKey({ session, questionHash }: Pick<ApprovalTask, 'session' | 'questionHash'>): string {
  return `${session} ${questionHash}`;
}

function userKey({ subject }: Pick<ApprovalTask, 'subject'>): string {
  return JSON.stringify([subject.issuer, subject.sub]);
}

function hashOf(session: Session, { action, resource, context = {} }: Question): string {
  const question = { session: session.id, action, resource: { ...resource }, context };
  return createHash('sha256').update(canonicalJson(question)).digest('base64url');
}
