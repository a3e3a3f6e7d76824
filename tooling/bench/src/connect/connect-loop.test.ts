import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { measureConnects } from './connect-loop.ts';

it('closes each connection of a slot before it opens the next', async () => {
  const open = new Set<number>();
  let opened = 0;
  let most = 0;
  const figures = await measureConnects(
    async (slot) => {
      expect(open.has(slot)).toBe(false);
      open.add(slot);
      opened += 1;
      most = Math.max(most, open.size);
      await nextTurn();
      return {
        async close() {
          await nextTurn();
          open.delete(slot);
        },
      };
    },
    { inFlight: 3, durationMs: 20 },
  );

  expect(figures.operations).toBe(opened);
  expect(most).toBe(3);
  expect(open.size).toBe(0);
});

it('fails with a connection that fails', async () => {
  const refused = measureConnects(() => Promise.reject(new Error('refused')), {
    inFlight: 2,
    durationMs: 20,
  });
  await expect(refused).rejects.toThrow('refused');
});
