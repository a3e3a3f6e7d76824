import { describe, expect, test } from 'vitest';
import { createTicketStore, type TicketScope, ticketKey } from './ticket-store.ts';

const ticket = (number: number): Uint8Array => Uint8Array.of(number);

describe('a ticket store in memory', () => {
  test('gives each ticket once, the newest first', async () => {
    const store = createTicketStore();
    await store.put('a', ticket(1));
    await store.put('b', ticket(2));
    await store.put('a', ticket(3));

    expect(await store.take('a')).toEqual(ticket(3));
    expect(await store.take('a')).toEqual(ticket(1));
    expect(await store.take('a')).toBeUndefined();
    expect(await store.take('b')).toEqual(ticket(2));
  });

  test('keeps no more than it may, and forgets the oldest', async () => {
    const store = createTicketStore({ maxCount: 2 });
    for (const number of [1, 2, 3]) await store.put('a', ticket(number));

    expect([await store.take('a'), await store.take('a'), await store.take('a')]).toEqual([
      ticket(3),
      ticket(2),
      undefined,
    ]);
  });

  test('keeps 64 by default', async () => {
    const store = createTicketStore();
    await store.put('a', ticket(0));
    for (let number = 1; number <= 64; number++) await store.put('b', ticket(number));

    expect(await store.take('a')).toBeUndefined();
    expect(await store.take('b')).toEqual(ticket(64));
  });

  test('does not see what becomes of the bytes afterwards', async () => {
    const store = createTicketStore();
    const bytes = ticket(1);
    await store.put('a', bytes);
    bytes.fill(9);

    expect(await store.take('a')).toEqual(ticket(1));
  });

  test.each([0, -1, 1.5, Number.NaN])('cannot be made for %d tickets', (maxCount) => {
    expect(() => createTicketStore({ maxCount })).toThrow(RangeError);
  });
});

describe('the key of a ticket', () => {
  const SCOPE: TicketScope = {
    host: 'rta.example',
    port: 4433,
    serverName: 'rta.example',
    alpn: 'rta/1',
    ca: 'authority',
    clientCert: 'certificate',
  };

  test('is the same for the same server, trust and client', () => {
    expect(ticketKey({ ...SCOPE })).toBe(ticketKey(SCOPE));
  });

  test.each<Partial<TicketScope>>([
    { host: 'other.example' },
    { port: 4434 },
    { serverName: 'other.example' },
    { alpn: 'rta/2' },
    { ca: 'another authority' },
    { ca: undefined },
    { clientCert: 'another certificate' },
    { clientCert: undefined },
  ])('is another one with %j', (change) => {
    expect(ticketKey({ ...SCOPE, ...change })).not.toBe(ticketKey(SCOPE));
  });

  test('tells nothing of what it stands for', () => {
    expect(ticketKey(SCOPE)).toMatch(/^[A-Za-z0-9_-]{43}$/);
  });
});
