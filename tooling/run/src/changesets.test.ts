import { expect, it } from 'vitest';
import { statusCommand } from './changesets.ts';

const clone = (...refs: readonly string[]) => statusCommand((ref) => Promise.resolve(refs.includes(ref)));

it('compares with main, or with what the clone has of it', async () => {
  expect(await clone('main', 'origin/main')).toEqual(['changeset', 'status']);
  expect(await clone('origin/main')).toEqual(['changeset', 'status', '--since', 'origin/main']);
  expect(await clone()).toEqual(['changeset', 'status', '--since', 'HEAD']);
});
