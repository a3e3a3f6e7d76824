import type { Authority } from '@rta/authority';
import type { Clock } from '@rta/core';
import { serverError } from '../errors.ts';
import type { SubjectKeeper } from '../signals/subject-keeper.ts';
import type { SessionKeeper } from './session-keeper.ts';

/**
 * Goes on where the store says that sessions and subjects stood. Subjects come first: what was revoked is not opened
 * again.
 *
 * @throws RtaError `RTA_SERVER_STATE_UNREADABLE`, and of the store.
 */
export async function restoreState({
  authority,
  subjects,
  keeper,
  clock,
}: {
  readonly authority: Authority;
  readonly subjects: SubjectKeeper;
  readonly keeper: SessionKeeper;
  readonly clock: Clock;
}): Promise<void> {
  const { facts, isComplete } = await subjects.restore();
  if (!isComplete) throw serverError('RTA_SERVER_STATE_UNREADABLE');
  for (const fact of facts) authority.apply(fact, clock.now());
  await keeper.restore();
}
