import { openRedisStore } from '../src/index.ts';

/** Counts up in a process of its own. */
const [, , url = '', node = '', times = ''] = process.argv;
await using store = await openRedisStore({ url, node, keyPrefix: 'counting' });
const counting = Array.from({ length: Number(times) }, () =>
  store.subjects.update('k', (record) => ({ record: { count: Number(record?.['count'] ?? 0) + 1 } })),
);
await Promise.all(counting);
