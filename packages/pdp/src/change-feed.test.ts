import { afterEach, describe, expect, test, vi } from 'vitest';
import { createChangeFeed } from './change-feed.ts';
import type { PdpChange } from './policy-decision-point.ts';

const CHANGE: PdpChange = { kind: 'policy', revision: 'v2' };

describe('a change feed', () => {
  test('tells everyone, in the order in which they came', () => {
    const feed = createChangeFeed();
    const told: unknown[] = [];
    feed.watch((change) => told.push(['first', change]));
    feed.watch((change) => told.push(['second', change]));
    feed.emit(CHANGE);
    expect(told).toEqual([
      ['first', CHANGE],
      ['second', CHANGE],
    ]);
  });

  test('tells the same function twice where it watches twice', () => {
    const feed = createChangeFeed();
    const onChange = vi.fn<(change: PdpChange) => void>();
    const first = feed.watch(onChange);
    feed.watch(onChange);
    first.close();
    feed.emit(CHANGE);
    expect(onChange.mock.calls).toEqual([[CHANGE]]);
  });

  test('does not tell one whom another closed meanwhile, nor one who began to watch meanwhile', () => {
    const feed = createChangeFeed();
    const told: string[] = [];
    const handles: { close(): void }[] = [];
    feed.watch(() => {
      for (const handle of handles) handle.close();
      feed.watch(() => told.push('late'));
    });
    handles.push(feed.watch(() => told.push('closed')));
    feed.emit(CHANGE);
    expect(told).toEqual([]);
  });

  describe('with a watcher that throws', () => {
    const uncaught = vi.fn<(error: unknown) => void>();
    const others = process.listeners('uncaughtException');
    afterEach(() => {
      process.removeAllListeners('uncaughtException');
      for (const listener of others) process.on('uncaughtException', listener);
    });

    test('tells the others, and the error is the program’s', async () => {
      process.removeAllListeners('uncaughtException');
      process.on('uncaughtException', uncaught);
      const feed = createChangeFeed();
      const error = new Error('a bug');
      const told: string[] = [];
      feed.watch(() => {
        throw error;
      });
      feed.watch(() => told.push('second'));
      feed.emit(CHANGE);
      expect(told).toEqual(['second']);
      await new Promise((resolve) => void setImmediate(resolve));
      expect(uncaught.mock.calls.map(([thrown]) => thrown)).toEqual([error]);
    });
  });

  test('tells nobody once it is closed, also those who come later', () => {
    const feed = createChangeFeed();
    const told: PdpChange[] = [];
    feed.watch((change) => told.push(change));
    feed.close();
    feed.watch((change) => told.push(change)).close();
    feed.watch((change) => told.push(change));
    feed.emit(CHANGE);
    expect(told).toEqual([]);
  });
});
