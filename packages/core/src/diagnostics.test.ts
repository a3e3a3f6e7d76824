import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { expect, test } from 'vitest';
import { diagnostics } from './diagnostics.ts';

test('a channel reaches those who subscribe to its name, and says whether anybody does', () => {
  const channel = diagnostics<{ readonly count: number }>('core-test');
  const heard: unknown[] = [];
  const listen = (message: unknown): void => void heard.push(message);
  expect(channel.name).toBe('rta:core-test');
  expect(channel.hasSubscribers).toBe(false);
  channel.publish({ count: 1 });

  subscribe('rta:core-test', listen);
  expect(channel.hasSubscribers).toBe(true);
  channel.publish({ count: 2 });
  unsubscribe('rta:core-test', listen);
  channel.publish({ count: 3 });

  expect(heard).toEqual([{ count: 2 }]);
});
