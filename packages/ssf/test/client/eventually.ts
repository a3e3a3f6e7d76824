import { vi } from 'vitest';

/** Waits until something holds, however busy the machine is. */
export async function eventually<T>(check: () => T | Promise<T>): Promise<T> {
  return vi.waitFor(check, { timeout: 20_000, interval: 2 });
}
