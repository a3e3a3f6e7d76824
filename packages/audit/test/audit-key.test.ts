import { describe, expect, test } from 'vitest';
import { auditKeyId, auditKeySet, parseAuditKeySet } from '../src/index.ts';
import { signer, stranger } from './log-maker.ts';

// RFC 8037 appendix A.2 and A.3: a public key, and its thumbprint.
const RFC_KEY = '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo';
const key = (members: object = {}): object => ({ kty: 'OKP', crv: 'Ed25519', x: RFC_KEY, ...members });

test('a key is named by its thumbprint (RFC 7638, RFC 8037 A.3)', () => {
  expect(auditKeyId(new Uint8Array(Buffer.from(RFC_KEY, 'base64url')))).toBe(
    'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k',
  );
});

test('a key set that was written is read', () => {
  const text = JSON.stringify(auditKeySet([signer.publicKey, stranger.publicKey]));
  expect(parseAuditKeySet(text)).toEqual([signer.publicKey, stranger.publicKey]);
});

describe('a key set is refused', () => {
  test.each([
    ['that is no JSON', '-----BEGIN'],
    ['without keys', '{"keys":[]}'],
    ['that is a key', JSON.stringify(key())],
    ['of keys of another type', JSON.stringify({ keys: [{ kty: 'RSA', n: 'x', e: 'AQAB' }] })],
    ['of keys on another curve', JSON.stringify({ keys: [key({ crv: 'X25519' })] })],
    ['with a key that is no point', JSON.stringify({ keys: [key({ x: 'AA' })] })],
    ['with a key of small order', JSON.stringify({ keys: [key({ x: 'A'.repeat(43) })] })],
    ['that holds a private key', JSON.stringify({ keys: [key({ d: RFC_KEY })] })],
    ['of too many keys', JSON.stringify({ keys: Array.from({ length: 65 }, () => key()) })],
    ['with null for a key', '{"keys":[null]}'],
  ])('%s', (_, text) => {
    expect(() => parseAuditKeySet(text)).toThrow(expect.objectContaining({ code: 'RTA_AUDIT_KEYS' }));
  });
});
