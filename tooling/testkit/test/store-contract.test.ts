import { createMemoryStore } from '@rta/store';
import { createFakeClock, storeContract } from '../src/index.ts';

const clock = createFakeClock();

storeContract({
  name: 'the memory store',
  open: () => createMemoryStore({ clock }),
  openSmall: () =>
    createMemoryStore({ clock, limits: { singleUseCount: 4, recordCount: 4, auditCount: 4, sweepCount: 4 } }),
  now: () => clock.now(),
  advance: (ms) => clock.advance(ms),
});
