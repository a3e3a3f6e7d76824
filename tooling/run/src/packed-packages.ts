import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pnpm, ROOT, run } from './command.ts';
import type { StepResult } from './step.ts';

/** Packs every package as it would be published, and reads the archives as a stranger's tools would. */
export async function checkPackedPackages(signal: AbortSignal): Promise<StepResult> {
  const folder = mkdtempSync(join(tmpdir(), 'rta-packed-'));
  try {
    const pack = pnpm(
      '--recursive',
      '--filter=./packages/*',
      '--filter=@rta/testkit',
      'pack',
      `--pack-destination=${folder}`,
    );
    const packed = await run(pack, signal);
    if (packed.exitCode !== 0) return { ok: false, output: packed.output };

    const archives = readdirSync(folder).filter((name) => name.endsWith('.tgz'));
    const expected = readdirSync(join(ROOT, 'packages')).length + 1;
    if (archives.length !== expected) {
      return {
        ok: false,
        output: `expected ${expected} archives, found ${archives.length}\n${packed.output}`,
      };
    }
    const faults = await faultsOf(
      archives.map((name) => join(folder, name)),
      signal,
    );
    return { ok: faults.length === 0, output: faults.join('\n'), note: `${archives.length} packages` };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** publint reads the manifest against the files; attw resolves the types as each kind of importer would. */
async function faultsOf(archives: readonly string[], signal: AbortSignal): Promise<readonly string[]> {
  const faults: string[] = [];
  const waiting = [...archives];
  const worker = async (): Promise<void> => {
    for (let archive = waiting.shift(); archive !== undefined; archive = waiting.shift()) {
      const publint = await run(['publint', 'run', archive, '--strict'], signal);
      if (publint.exitCode !== 0) faults.push(publint.output);
      const attw = await run(['attw', archive, '--profile=esm-only', '--format=ascii', '--no-emoji'], signal);
      if (attw.exitCode !== 0) faults.push(attw.output);
    }
  };
  await Promise.all([worker(), worker()]);
  return faults;
}
