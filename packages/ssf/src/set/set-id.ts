import { createHash } from 'node:crypto';
import { canonicalJson, toBase64Url } from '@rta/core';

/**
 * Names a Security Event Token by its issuer and `jti`, which is unique for its issuer (RFC 8417 §2.2): a digest,
 * so that it has one length whatever a transmitter makes of its `jti`.
 */
export function setId(issuer: string, jti: string): string {
  const digest = createHash('sha256')
    .update(canonicalJson([issuer, jti]))
    .digest();
  return `set:${toBase64Url(digest)}`;
}
