import { type Command, run } from './command.ts';
import type { StepResult } from './step.ts';

/**
 * Changesets can be read and name packages that exist, and a branch that changes packages has one.
 * It compares with `main`; a clone that has no such branch compares with what it has.
 */
export async function checkChangesets(signal: AbortSignal): Promise<StepResult> {
  const isThere = async (ref: string): Promise<boolean> => {
    const { exitCode } = await run(['git', 'rev-parse', '--verify', '--quiet', ref], signal);
    return exitCode === 0;
  };
  const { exitCode, output } = await run(await statusCommand(isThere), signal);
  return { ok: exitCode === 0, output };
}

/** The command that asks for the state of the changesets, by the branches that there are. */
export async function statusCommand(isThere: (ref: string) => Promise<boolean>): Promise<Command> {
  if (await isThere('main')) return ['changeset', 'status'];
  const since = (await isThere('origin/main')) ? 'origin/main' : 'HEAD';
  return ['changeset', 'status', '--since', since];
}
