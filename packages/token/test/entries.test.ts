import { readFileSync } from 'node:fs';
import * as node from '@rta/token';
import * as noble from '@rta/token/noble';
import { describe, expect, it } from 'vitest';

/** What a module and all that it reaches inside the package import from outside. */
function importsOf(entry: URL, seen = new Set<string>()): Set<string> {
  const outside = new Set<string>();
  if (seen.has(entry.href)) return outside;
  seen.add(entry.href);
  for (const [, from = ''] of readFileSync(entry, 'utf8').matchAll(
    /^(?:import|export|\}) .*from '(.+)';$/gm,
  )) {
    if (!from.startsWith('.')) outside.add(from);
    else for (const name of importsOf(new URL(from, entry), seen)) outside.add(name);
  }
  return outside;
}

describe('the entries of the package', () => {
  it('reach only node:crypto and the core from the main one', () => {
    const imports = importsOf(new URL('../src/index.ts', import.meta.url));
    expect([...imports].sort()).toEqual(['@rta/core', 'node:crypto']);
  });

  it('reach nothing of Node from the portable one', () => {
    const imports = importsOf(new URL('../src/noble.ts', import.meta.url));
    expect([...imports].sort()).toEqual([
      '@noble/ed25519',
      '@noble/hashes/hmac.js',
      '@noble/hashes/sha2.js',
      '@rta/core',
    ]);
  });

  it('have the same names', () => {
    const names = [
      'CONTEXT_HASH_BYTES',
      'DEFAULT_ROTATION',
      'ISSUED_AT_MAX_MS',
      'TOKEN_ERRORS',
      'TOKEN_LIMITS',
      'TOKEN_PREFIX_BYTES',
      'TOKEN_VERSION',
      'checkRotationPolicy',
      'createEd25519Key',
      'createEd25519PublicKey',
      'createHmacKey',
      'createKeyRing',
      'createStaticKeySource',
      'decodeToken',
      'describeToken',
      'encodeToken',
      'equalTokens',
      'keyRoles',
      'peekSessionId',
      'planRotation',
      'publishedKeys',
      'tokenLengthBytes',
      'verifyEd25519',
      'verifyToken',
    ];
    expect(Object.keys(node).sort()).toEqual(names);
    expect(Object.keys(noble).sort()).toEqual(names);
  });
});
