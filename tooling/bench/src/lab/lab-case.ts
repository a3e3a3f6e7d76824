import { type Load, type LoadOptions, loadCase } from '../harness/load-child.ts';
import type { BenchCase } from '../harness/rounds.ts';
import type { Laboratory, PathConditions } from './laboratory.ts';

/** The case of a load over a path of the laboratory. */
export function labCase(
  lab: Laboratory,
  name: string,
  load: Load,
  options: Omit<LoadOptions, 'conditions'> & { readonly path: PathConditions },
): BenchCase {
  const { path, ...loadOptions } = options;
  const overPath = loadCase(name, load, { ...loadOptions, conditions: path });
  return {
    ...overPath,
    async warmUp() {
      await lab.setPath(path);
      await overPath.warmUp();
    },
    async measure() {
      await lab.setPath(path);
      const figures = await overPath.measure();
      await lab.checkItself();
      return figures;
    },
  };
}
