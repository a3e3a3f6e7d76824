import { generateKeyPair, jwtVerify, SignJWT } from 'jose';

/** An agent as they are today: a bearer token that is good until it expires, checked by who receives it. */
export interface JwtAgent {
  /** UNIX milliseconds. */
  readonly expiresAtMs: number;
  /** Calls the API; whether it was let in. */
  call(): Promise<boolean>;
}

/** Issues a JWT for the user and an API that checks it as such APIs do: signature, audience, `exp`. */
export async function createJwtAgent(sub: string, lifetimeSeconds: number): Promise<JwtAgent> {
  const { publicKey, privateKey } = await generateKeyPair('EdDSA');
  const expiresAtSeconds = Math.floor(Date.now() / 1_000) + lifetimeSeconds;
  const token = await new SignJWT({ scope: 'files.read files.write files.delete' })
    .setProtectedHeader({ alg: 'EdDSA' })
    .setSubject(sub)
    .setAudience('files-api')
    .setIssuedAt()
    .setExpirationTime(expiresAtSeconds)
    .sign(privateKey);
  return {
    expiresAtMs: expiresAtSeconds * 1_000,
    async call() {
      try {
        await jwtVerify(token, publicKey, { audience: 'files-api', algorithms: ['EdDSA'] });
        return true;
      } catch {
        return false;
      }
    },
  };
}
