import { systemClock } from '@rta/core';
import { createSetReceiver, createSetSigner, securityEvent, signSet } from '@rta/ssf';
import { createMemoryStore } from '@rta/store';
import { exportJWK, generateKeyPair } from 'jose';

const audience = 'https://rta.example/ssf';
const keys = await generateKeyPair('ES256', { extractable: true });

export const issuer = 'https://idp.example';

/** What the receiver of the example has taken. */
export const taken: string[] = [];

export const receiver = createSetReceiver({
  transmitters: [{ issuer, audience, jwks: { keys: [{ ...(await exportJWK(keys.publicKey)), kid: 'k1' }] } }],
  singleUse: createMemoryStore({ clock: systemClock }).singleUse,
  accept: async ({ jti }) => void taken.push(jti),
  clock: systemClock,
});

export const set = await signSet(
  {
    issuer,
    audience,
    jti: 'event-1',
    subject: { format: 'iss_sub', iss: issuer, sub: 'alice' },
    event: securityEvent('https://schemas.openid.net/secevent/caep/event-type/session-revoked', {}),
    issuedAtMs: systemClock.now(),
  },
  await createSetSigner({ key: keys.privateKey, keyId: 'k1', algorithm: 'ES256' }),
);
