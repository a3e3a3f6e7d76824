import { generateKeyPairSync, sign as signBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type JsonObject, toBase64Url, utf8 } from '@rta/core';
import { afterAll } from 'vitest';
import type { TrustedIssuer } from '../src/index.ts';

/** An issuer that signs what a real one would not: tokens of any time, for anybody. */
export interface SigningIssuer {
  readonly trusted: TrustedIssuer;
  /** A JWT access token (RFC 9068) of `carol`; claims replace or add to those of a good one. */
  sign(nowMs: number, claims?: JsonObject): string;
  /** A JWT with this header and these claims, and no others but `alg` and `kid`. */
  signAs(header: JsonObject, claims: JsonObject): string;
}

/** A part of a JWT. */
const part = (value: JsonObject): string => toBase64Url(utf8(JSON.stringify(value)));

/** Starts one that publishes its key over HTTP; it stops when the test file is done. */
export async function startSigningIssuer(audience: string): Promise<SigningIssuer> {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'key-1', alg: 'EdDSA', use: 'sig' };
  const server = createServer((_, response) => {
    response.writeHead(200, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify({ keys: [jwk] }));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  afterAll(() => {
    server.close();
    server.closeAllConnections();
  });
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const signAs: SigningIssuer['signAs'] = (header, claims) => {
    const signed = `${part({ alg: 'EdDSA', kid: 'key-1', ...header })}.${part(claims)}`;
    return `${signed}.${toBase64Url(signBytes(null, utf8(signed), privateKey))}`;
  };

  return {
    trusted: {
      issuer,
      audiences: [audience],
      jwks: { uri: `${issuer}/jwks.json` },
      allowInsecureHttp: true,
    },
    sign(nowMs, claims = {}) {
      const iat = Math.floor(nowMs / 1_000);
      const good = { iss: issuer, sub: 'carol', aud: audience, client_id: 'app', iat, exp: iat + 3_600 };
      const more = { jti: crypto.randomUUID(), scope: 'files.read files.write' };
      return signAs({ typ: 'at+jwt' }, { ...good, ...more, ...claims });
    },
    signAs,
  };
}
