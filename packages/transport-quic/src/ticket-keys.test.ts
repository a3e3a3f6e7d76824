import { expect, test } from 'vitest';
import { createTicketKeys } from './ticket-keys.ts';

const SECRET = new Uint8Array(32).fill(1);
const BINDING = new Uint8Array(32).fill(2);
const HOUR_MS = 3_600_000;

const hex = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('hex');

test('the key of a period is the same for all who share the secret and the certificate', () => {
  const key = createTicketKeys(SECRET, BINDING).next(5 * HOUR_MS);
  expect(key).toHaveLength(48);
  expect(hex(createTicketKeys(SECRET, BINDING).next(6 * HOUR_MS - 1))).toBe(hex(key));
});

test('another secret, certificate or period has another key', () => {
  const keys = [
    createTicketKeys(SECRET, BINDING).next(0),
    createTicketKeys(new Uint8Array(32).fill(3), BINDING).next(0),
    createTicketKeys(SECRET, new Uint8Array(32).fill(3)).next(0),
    createTicketKeys(SECRET, BINDING).next(HOUR_MS),
  ];
  expect(new Set(keys.map(hex)).size).toBe(4);
});

test('a key is returned when it is new, and when the clock goes back', () => {
  const keys = createTicketKeys(SECRET, BINDING);
  const first = keys.next(0);
  expect(first).toHaveLength(48);
  expect(keys.next(HOUR_MS - 1)).toBeUndefined();
  expect(keys.next(HOUR_MS)).toHaveLength(48);
  expect(hex(keys.next(HOUR_MS - 1))).toBe(hex(first));
});
