import { describe, expect, test } from 'vitest';
import { createMemoryStore, type Store, type StoreLimits } from './index.ts';

/** A store and the time that it reads. */
function openAt(nowMs: number, limits: Partial<StoreLimits> = {}): { store: Store; time: { nowMs: number } } {
  const time = { nowMs };
  return { store: createMemoryStore({ clock: { now: () => time.nowMs }, limits }), time };
}

describe('single-use keys', () => {
  test('a key is remembered up to and including the millisecond at which it expires', async () => {
    const { store, time } = openAt(1000);
    expect(await store.singleUse.claim('k', 2000)).toBe(true);
    time.nowMs = 2000;
    expect(await store.singleUse.has('k')).toBe(true);
    expect(await store.singleUse.claim('k', 9000)).toBe(false);
    time.nowMs = 2001;
    expect(await store.singleUse.has('k')).toBe(false);
    expect(await store.singleUse.claim('k', 9000)).toBe(true);
  });

  test('a claim that fails does not make the key live longer', async () => {
    const { store, time } = openAt(1000);
    await store.singleUse.claim('k', 2000);
    await store.singleUse.claim('k', 9000);
    time.nowMs = 2001;
    expect(await store.singleUse.has('k')).toBe(false);
  });

  test('where there is no room a new key is refused, and the keys that are there stay taken', async () => {
    const { store } = openAt(1000, { singleUseCount: 2 });
    await store.singleUse.claim('a', 2000);
    await store.singleUse.claim('b', 2000);
    await expect(store.singleUse.claim('c', 2000)).rejects.toMatchObject({ code: 'RTA_STORE_FULL' });
    expect(await store.singleUse.claim('a', 2000)).toBe(false);
    expect(await store.singleUse.claim('b', 2000)).toBe(false);
    expect(await store.singleUse.has('c')).toBe(false);
  });

  test('expired keys make room, though nobody asked for them again', async () => {
    const { store, time } = openAt(1000, { singleUseCount: 2, sweepCount: 1 });
    await store.singleUse.claim('a', 2000);
    await store.singleUse.claim('b', 2000);
    time.nowMs = 2001;
    expect(await store.singleUse.claim('c', 3000)).toBe(true);
    expect(await store.singleUse.claim('d', 3000)).toBe(true);
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY])(
    'a key that expires at %s is refused',
    async (expiresAtMs) => {
      const { store } = openAt(1000);
      await expect(store.singleUse.claim('k', expiresAtMs)).rejects.toBeInstanceOf(RangeError);
      expect(await store.singleUse.has('k')).toBe(false);
    },
  );

  test('a key of any text is a key of its own', async () => {
    const { store } = openAt(1000);
    for (const key of ['', '__proto__', 'constructor', '\u0000', 'ü', 'u\u0308']) {
      expect(await store.singleUse.claim(key, 2000)).toBe(true);
      expect(await store.singleUse.claim(key, 2000)).toBe(false);
    }
  });

  test('a key that is too long is refused', async () => {
    const { store } = openAt(1000);
    expect(await store.singleUse.claim('k'.repeat(512), 2000)).toBe(true);
    await expect(store.singleUse.claim('k'.repeat(513), 2000)).rejects.toMatchObject({
      code: 'RTA_STORE_TOO_LARGE',
    });
  });
});

describe('records', () => {
  test('a record that does not fit leaves the one that it would replace', async () => {
    // {"v":"aaaa"} has 12 bytes.
    const { store } = openAt(1000, { recordsBytes: 24 });
    await store.sessions.put('a', { v: 'aaaa' });
    await store.sessions.put('b', { v: 'bbbb' });
    await expect(store.sessions.put('a', { v: 'aaaaa' })).rejects.toMatchObject({ code: 'RTA_STORE_FULL' });
    expect(await store.sessions.get('a')).toEqual({ v: 'aaaa' });
    await store.sessions.put('b', { v: 'b' });
    await store.sessions.put('a', { v: 'aaaaaaa' });
    expect(await store.sessions.get('a')).toEqual({ v: 'aaaaaaa' });
  });

  test('a record of the same key replaces where there is no room for another', async () => {
    const { store } = openAt(1000, { recordCount: 1 });
    await store.sessions.put('a', { v: 1 });
    await store.sessions.put('a', { v: 2 });
    await expect(store.sessions.put('b', { v: 3 })).rejects.toMatchObject({ code: 'RTA_STORE_FULL' });
    expect(await store.sessions.get('a')).toEqual({ v: 2 });
    expect(await store.sessions.get('b')).toBeUndefined();
  });

  test('what is deleted makes room', async () => {
    const { store } = openAt(1000, { recordCount: 1, recordsBytes: 12 });
    await store.sessions.put('a', { v: 'aaaa' });
    await store.sessions.delete('a');
    await store.sessions.delete('a');
    await store.sessions.put('b', { v: 'bbbb' });
    expect(await store.sessions.get('b')).toEqual({ v: 'bbbb' });
  });

  test('one call removes no more expired records than it may', async () => {
    const { store, time } = openAt(1000, { recordsBytes: 24, sweepCount: 1 });
    await store.sessions.put('a', { v: 'aaaa' }, { expiresAtMs: 2000 });
    await store.sessions.put('b', { v: 'bbbb' }, { expiresAtMs: 2000 });
    time.nowMs = 2001;
    const large = { v: 'cccccccccccccccc' };
    await expect(store.sessions.put('c', large)).rejects.toMatchObject({
      code: 'RTA_STORE_FULL',
      retryable: true,
    });
    await store.sessions.put('c', large);
    expect(await store.sessions.get('c')).toEqual(large);
  });

  test('an expiry ends with the record that it was given for', async () => {
    const { store, time } = openAt(1000);
    await store.sessions.put('a', { v: 1 }, { expiresAtMs: 2000 });
    await store.sessions.put('a', { v: 2 });
    time.nowMs = 3000;
    await store.sessions.put('b', { v: 3 });
    expect(await store.sessions.get('a')).toEqual({ v: 2 });
  });

  test('a record that is too large is refused', async () => {
    const { store } = openAt(1000, { recordBytes: 12 });
    await store.sessions.put('a', { v: 'aaaa' });
    await expect(store.sessions.put('a', { v: 'aaaaa' })).rejects.toMatchObject({
      code: 'RTA_STORE_TOO_LARGE',
    });
    expect(await store.sessions.get('a')).toEqual({ v: 'aaaa' });
  });

  test('an update that does not fit leaves the record that it would replace', async () => {
    // {"v":"aaaa"} has 12 bytes.
    const { store } = openAt(1000, { recordsBytes: 12 });
    await store.sessions.put('a', { v: 'aaaa' });
    const updating = store.sessions.update('a', () => ({ record: { v: 'aaaaa' } }));
    await expect(updating).rejects.toMatchObject({ code: 'RTA_STORE_FULL' });
    expect(await store.sessions.get('a')).toEqual({ v: 'aaaa' });
  });

  test('an update whose function writes the same record every time is given up', async () => {
    const { store } = openAt(1000, { updateAttempts: 3 });
    let calls = 0;
    const updating = store.sessions.update('a', () => {
      calls += 1;
      void store.sessions.put('a', { calls });
      return { record: { v: 'updated' } };
    });
    await expect(updating).rejects.toMatchObject({ code: 'RTA_STORE_CONFLICT', retryable: true });
    expect(calls).toBe(3);
    expect(await store.sessions.get('a')).toEqual({ calls: 3 });
  });

  test('an update to what is no object is refused', async () => {
    const { store } = openAt(1000);
    const updating = store.sessions.update('a', () => Promise.resolve({ record: { v: 1 } }) as never);
    await expect(updating).rejects.toBeInstanceOf(TypeError);
    expect(await store.sessions.get('a')).toBeUndefined();
  });

  test('a reader that writes while it reads comes to an end', async () => {
    const { store } = openAt(1000);
    await store.sessions.put('0', { v: 0 });
    let seen = 0;
    for await (const [key] of store.sessions.entries()) {
      seen += 1;
      await store.sessions.put(`${key}+`, { v: 1 });
    }
    expect(seen).toBe(1);
  });
});

describe('a batch', () => {
  test('has room where what it deletes makes room', async () => {
    // {"v":"aaaa"} has 12 bytes.
    const { store } = openAt(1000, { recordsBytes: 24, recordCount: 2 });
    await store.sessions.put('a', { v: 'aaaa' });
    await store.sessions.put('b', { v: 'bbbb' });
    await store.write([
      { collection: 'sessions', key: 'c', record: { v: 'cccc' } },
      { collection: 'sessions', key: 'a', record: undefined },
    ]);
    expect(await store.sessions.get('c')).toEqual({ v: 'cccc' });
  });

  test('has room in every collection or is not written', async () => {
    const { store } = openAt(1000, { recordCount: 1 });
    await store.changes.put('a', { v: 1 });
    const writing = store.write([
      { collection: 'sessions', key: 'a', record: { v: 1 } },
      { collection: 'changes', key: 'b', record: { v: 1 } },
    ]);
    await expect(writing).rejects.toMatchObject({ code: 'RTA_STORE_FULL' });
    expect(await store.sessions.get('a')).toBeUndefined();
  });

  test('has a limit of bytes over all of its records', async () => {
    const { store } = openAt(1000, { batchBytes: 24 });
    const first = { collection: 'sessions', key: 'a', record: { v: 'aaaa' } } as const;
    const second = { collection: 'sessions', key: 'b', record: { v: 'bbbb' } } as const;
    await store.write([first, second]);
    const larger = store.write([first, { ...second, record: { v: 'bbbbb' } }]);
    await expect(larger).rejects.toMatchObject({ code: 'RTA_STORE_TOO_LARGE' });
  });

  test.each(['audit', 'singleUse', '__proto__', ''])('knows no collection %j', async (name) => {
    const { store } = openAt(1000);
    const collection = name as 'sessions';
    await expect(store.write([{ collection, key: 'a', record: { v: 1 } }])).rejects.toBeInstanceOf(TypeError);
  });
});

const row = (sequence: number, line = '{}') => ({ sequence, line, hash: `hash-${sequence}` });

describe('the audit log', () => {
  test('is bounded by bytes as well as by rows', async () => {
    const { store } = openAt(1000, { auditBytes: 4 });
    await store.audit.append([row(1), row(2)]);
    await expect(store.audit.append([row(3)])).rejects.toMatchObject({ code: 'RTA_STORE_FULL' });
    expect(await store.audit.last()).toEqual(row(2));
  });

  test('refuses a line that is too long', async () => {
    const { store } = openAt(1000, { auditLineBytes: 4 });
    await expect(store.audit.append([row(1, 'ééé')])).rejects.toMatchObject({ code: 'RTA_STORE_TOO_LARGE' });
    await store.audit.append([row(1, 'éé')]);
    expect(await store.audit.last()).toEqual(row(1, 'éé'));
  });

  test('a reader that appends while it reads comes to an end', async () => {
    const { store } = openAt(1000);
    await store.audit.append([row(1), row(2)]);
    const seen: number[] = [];
    for await (const { sequence } of store.audit.read()) {
      seen.push(sequence);
      await store.audit.append([row(sequence + 2)]);
    }
    expect(seen).toEqual([1, 2]);
  });

  test.each([0, -1, 1.5, Number.NaN])('there is no row number %s to read from', async (fromSequence) => {
    const { store } = openAt(1000);
    const reading = store.audit.read({ fromSequence })[Symbol.asyncIterator]().next();
    await expect(reading).rejects.toBeInstanceOf(RangeError);
  });
});

test('reading stops when the store is closed in between', async () => {
  const { store } = openAt(1000);
  await store.sessions.put('a', { v: 1 });
  await store.sessions.put('b', { v: 2 });
  const reading = store.sessions.entries()[Symbol.asyncIterator]();
  await reading.next();
  await store.close();
  await expect(reading.next()).rejects.toMatchObject({ code: 'RTA_STORE_CLOSED' });
});

test.each([0, -1, 1.5, Number.NaN])('a limit of %s is refused', (recordCount) => {
  expect(() => openAt(1000, { recordCount })).toThrow(RangeError);
});
