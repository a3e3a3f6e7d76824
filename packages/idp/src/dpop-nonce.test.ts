import { fc, test as propertyTest } from '@fast-check/vitest';
import { createFakeClock } from '@rta/testkit';
import { expect, test } from 'vitest';
import { createNonceIssuer } from './dpop-nonce.ts';

const secret = new Uint8Array(32).fill(7);
const random = new Uint8Array(16).fill(1);

test('a nonce is known again, with its expiry, until it expires', () => {
  const clock = createFakeClock(1_000_000);
  const nonces = createNonceIssuer({ secret, clock });
  const nonce = nonces.issue();
  expect(nonces.check(nonce)).toEqual({ expiresAtMs: 1_060_000 });
  clock.advance(59_999);
  expect(nonces.check(nonce)).toEqual({ expiresAtMs: 1_060_000 });
  clock.advance(1);
  expect(nonces.check(nonce)).toBeUndefined();
});

test('the form of a nonce is fixed, so that nodes of different versions know it', () => {
  const nonces = createNonceIssuer({ secret, clock: createFakeClock(1_000_000) });
  // random, then expiry 1 060 000, then HMAC-SHA-256 over label, random and expiry.
  expect(nonces.issue(random)).toBe(
    'AQEBAQEBAQEBAQEBAQEBAQAAAAAAECygOldfqChFAQdsw6hAGcsh1JNhuv2MGrTFS5OzgdoW4ls',
  );
});

test('nodes with one secret accept the nonces of each other, nodes with another do not', () => {
  const clock = createFakeClock();
  const nonce = createNonceIssuer({ secret, clock, lifetimeMs: 5_000 }).issue();
  expect(createNonceIssuer({ secret, clock }).check(nonce)).toEqual({ expiresAtMs: 1_767_225_605_000 });
  const stranger = createNonceIssuer({ secret: new Uint8Array(32).fill(8), clock });
  expect(stranger.check(nonce)).toBeUndefined();
});

test('two nonces of one millisecond differ', () => {
  const nonces = createNonceIssuer({ secret, clock: createFakeClock() });
  expect(nonces.issue()).not.toBe(nonces.issue());
});

test('the secret is copied: wiping the caller’s bytes changes nothing', () => {
  const clock = createFakeClock();
  const own = Uint8Array.from(secret);
  const nonces = createNonceIssuer({ secret: own, clock });
  own.fill(0);
  expect(createNonceIssuer({ secret, clock }).check(nonces.issue())).toEqual({
    expiresAtMs: 1_767_225_660_000,
  });
});

propertyTest.prop([fc.nat(74), fc.constantFrom('A', 'z', '0', '-', '_', '=', '.', ' ')])(
  'a nonce that was changed anywhere is unknown',
  (at, character) => {
    const nonces = createNonceIssuer({ secret, clock: createFakeClock() });
    const nonce = nonces.issue(random);
    const changed = nonce.slice(0, at) + character + nonce.slice(at + 1);
    fc.pre(changed !== nonce);
    expect(nonces.check(changed)).toBeUndefined();
  },
);

test('texts of other lengths are unknown', () => {
  const nonces = createNonceIssuer({ secret, clock: createFakeClock() });
  const nonce = nonces.issue(random);
  for (const text of ['', 'A'.repeat(75), `${nonce}=`, nonce.slice(1), nonce + nonce]) {
    expect(nonces.check(text)).toBeUndefined();
  }
});

test('secrets, random bytes and lifetimes of the wrong size are mistakes of the caller', () => {
  const clock = createFakeClock();
  expect(() => createNonceIssuer({ secret: new Uint8Array(31), clock })).toThrow(RangeError);
  expect(() => createNonceIssuer({ secret, clock, lifetimeMs: 0 })).toThrow(RangeError);
  expect(() => createNonceIssuer({ secret, clock }).issue(new Uint8Array(15))).toThrow(RangeError);
});
