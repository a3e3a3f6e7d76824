import { type KeyRing, publishedKeys } from '@rta/token';
import type { Handler } from 'hono';
import { SERVER_LIMITS } from '../limits.ts';

/**
 * Publishes the Ed25519 keys of the ring, those that are announced too, as a JWK Set (RFC 7517 §5).
 *
 * @param announceMs - how long a new key is published before it signs; undefined where keys never change. Who keeps a
 *   copy for half of it knows each key before its first token.
 */
export function jwkSetEndpoint(ring: KeyRing, announceMs: number | undefined): Handler {
  const maxAgeMs = Math.min(SERVER_LIMITS.jwkSetMaxAgeMs, (announceMs ?? Number.POSITIVE_INFINITY) / 2);
  const cacheControl = `public, max-age=${Math.floor(maxAgeMs / 1_000)}`;
  return (context) =>
    context.body(JSON.stringify({ keys: publishedKeys(ring.keys) }), 200, {
      'Content-Type': 'application/jwk-set+json',
      'Cache-Control': cacheControl,
    });
}
