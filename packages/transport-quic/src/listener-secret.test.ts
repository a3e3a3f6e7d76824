import { expect, test } from 'vitest';
import { deriveKey, listenerSecret } from './listener-secret.ts';

const SECRET = Uint8Array.from({ length: 32 }, (_, index) => index);

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

test('the keys of the purposes are HKDF-SHA-256 of the secret, and differ', () => {
  expect(hex(deriveKey(SECRET, 'retry token'))).toBe(
    '9621e67bf24ca355a8ef1ad2065ded9ecf89841ea00678be42ee12e3ba3dc325',
  );
  expect(hex(deriveKey(SECRET, 'stateless reset'))).toBe(
    '43fec1f5858e3608322694b0c993e2220efbcbd0952211a9e881226a5595996f',
  );
});

test('a listener without a secret has one of its own', () => {
  expect(listenerSecret(undefined)).toHaveLength(32);
  expect(hex(listenerSecret(undefined))).not.toBe(hex(listenerSecret(undefined)));
});

test('a secret of 32 bytes is taken as it is', () => {
  expect(listenerSecret(SECRET)).toBe(SECRET);
});

test.each([0, 31, 33])('a secret of %d bytes is refused', (bytes) => {
  expect(() => listenerSecret(new Uint8Array(bytes))).toThrow(
    expect.objectContaining({ code: 'RTA_TRANSPORT_CONFIG', details: { option: 'secret', bytes } }),
  );
});
