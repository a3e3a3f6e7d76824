import type { Session } from '@rta/authority';
import { encodeMessage } from '@rta/protocol';
import type { ApprovalTask } from '../decide/approvals.ts';
import type { PushTarget } from './enforcement.ts';

/** Tells an agent what became of its approval. One that is not connected asks again when it is. */
export function pushApproval(task: ApprovalTask, session: Session | undefined, target: PushTarget): void {
  const { id, state } = task;
  if (session?.connection === undefined || state === 'open' || state === 'used') return;
  // Nothing answers to it.
  const frame = encodeMessage('approval', 1, { session: session.id, id, state });
  target.push(session.connection, session.id, frame, false);
}
