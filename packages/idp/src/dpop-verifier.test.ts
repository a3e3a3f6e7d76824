import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { fc, test as propertyTest } from '@fast-check/vitest';
import { createFakeClock, type FakeClock } from '@rta/testkit';
import { calculateJwkThumbprint, generateKeyPair, SignJWT } from 'jose';
import { beforeEach, describe, expect, test } from 'vitest';
import { createNonceIssuer, type NonceIssuer } from './dpop-nonce.ts';
import { createDpopProof } from './dpop-proof.ts';
import { createDpopVerifier, type DpopVerifier, type ProvedKey } from './dpop-verifier.ts';
import type { Ed25519PublicJwk } from './ed25519-jwk.ts';

const NOW_S = 1_767_225_600;
const URL_OF_TOKEN = 'https://rta.example/oauth/token';
const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const jwk = publicKey.export({ format: 'jwk' }) as unknown as Ed25519PublicJwk;

let clock: FakeClock;
let nonces: NonceIssuer;
let claimed: Map<string, number>;
let verifier: DpopVerifier;
let count = 0;

beforeEach(() => {
  clock = createFakeClock(NOW_S * 1000);
  nonces = createNonceIssuer({ secret: new Uint8Array(32).fill(7), clock });
  claimed = new Map();
  verifier = createDpopVerifier({
    nonces,
    clock,
    singleUse: {
      claim: async (key, expiresAtMs) => {
        if (claimed.has(key)) return false;
        claimed.set(key, expiresAtMs);
        return true;
      },
    },
  });
});

function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

/** A proof that passes, unless header or claims are changed. */
function proofOf(
  claims: Readonly<Record<string, unknown>> = {},
  header: Readonly<Record<string, unknown>> = {},
  key: KeyObject = privateKey,
): string {
  count += 1;
  const all = {
    jti: `jti-${count}`,
    htm: 'POST',
    htu: URL_OF_TOKEN,
    iat: NOW_S,
    nonce: nonces.issue(),
    ...claims,
  };
  const body = `${part({ typ: 'dpop+jwt', alg: 'EdDSA', jwk, ...header })}.${part(all)}`;
  return `${body}.${sign(null, Buffer.from(body), key).toString('base64url')}`;
}

async function verify(proof: string | undefined): Promise<ProvedKey> {
  return await verifier.verify({ proof, method: 'POST', url: URL_OF_TOKEN });
}

async function outcome(proof: string | undefined): Promise<unknown> {
  return await verify(proof).then(
    () => 'accepted',
    (error: { code?: unknown }) => error.code ?? error,
  );
}

test('a proof proves its key', async () => {
  expect(await verify(proofOf())).toEqual({
    jkt: await calculateJwkThumbprint({ ...jwk }),
    publicJwk: { kty: 'OKP', crv: 'Ed25519', x: jwk.x },
  });
});

test('the thumbprint is that of RFC 8037 appendix A.3', async () => {
  const known = generateKeyPairSync('ed25519');
  const x = '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo';
  const proof = proofOf({}, { jwk: { kty: 'OKP', crv: 'Ed25519', x } }, known.privateKey);
  expect(await outcome(proof)).toBe('RTA_IDP_DPOP_SIGNATURE');
  expect(await calculateJwkThumbprint({ kty: 'OKP', crv: 'Ed25519', x })).toBe(
    'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k',
  );
});

test('a proof made by the client half passes, by KeyObject and by CryptoKey', async () => {
  const proof = await createDpopProof({
    privateKey,
    publicJwk: { ...jwk, kid: 'dropped' } as Ed25519PublicJwk,
    method: 'POST',
    url: `${URL_OF_TOKEN}?tenant=7#top`,
    nonce: nonces.issue(),
    now: NOW_S * 1000,
    jti: 'one',
  });
  expect(await outcome(proof)).toBe('accepted');
  expect(JSON.parse(Buffer.from(proof.split('.')[0] ?? '', 'base64url').toString())).toEqual({
    typ: 'dpop+jwt',
    alg: 'Ed25519',
    jwk: { kty: 'OKP', crv: 'Ed25519', x: jwk.x },
  });
  const pair = await generateKeyPair('Ed25519', { extractable: true });
  const { kty, crv, x } = (await crypto.subtle.exportKey('jwk', pair.publicKey)) as Ed25519PublicJwk;
  const other = await createDpopProof({
    privateKey: pair.privateKey,
    publicJwk: { kty, crv, x },
    method: 'POST',
    url: URL_OF_TOKEN,
    nonce: nonces.issue(),
    now: NOW_S * 1000 + 999,
    jti: 'two',
  });
  expect(await outcome(other)).toBe('accepted');
});

test('a proof without a nonce is how a client asks for one', async () => {
  const options = {
    privateKey,
    publicJwk: jwk,
    method: 'POST',
    url: URL_OF_TOKEN,
    now: NOW_S * 1000,
    jti: 'x',
  };
  expect(await outcome(await createDpopProof(options))).toBe('RTA_IDP_DPOP_NONCE_MISSING');
});

test('the client half refuses to put a private key into a proof', async () => {
  const whole = privateKey.export({ format: 'jwk' }) as unknown as Ed25519PublicJwk;
  const options = { privateKey, method: 'POST', url: URL_OF_TOKEN, now: 0, jti: 'x' };
  await expect(createDpopProof({ ...options, publicJwk: whole })).rejects.toThrow(TypeError);
  await expect(createDpopProof({ ...options, publicJwk: jwk, url: '/oauth/token' })).rejects.toThrow(
    TypeError,
  );
});

test('a request without a proof is told so', async () => {
  expect(await outcome(undefined)).toBe('RTA_IDP_DPOP_MISSING');
  expect(await outcome('')).toBe('RTA_IDP_DPOP_MISSING');
});

test('two proofs, or none that is a JWT, are malformed', async () => {
  const proof = proofOf();
  for (const text of [`${proof}, ${proof}`, `${proof},${proof}`, ` ${proof}`, 'x', 'a.b.c', `${proof}.x`]) {
    expect(await outcome(text)).toBe('RTA_IDP_DPOP_MALFORMED');
  }
  expect(await outcome(proofOf({ pad: 'x'.repeat(4_096) }))).toBe('RTA_IDP_DPOP_MALFORMED');
});

test.each([undefined, 'JWT', 'DPOP+JWT', 'application/dpop+jwt', 'at+jwt', 1])(
  'a proof of the type %j is malformed',
  async (typ) => {
    expect(await outcome(proofOf({}, { typ }))).toBe('RTA_IDP_DPOP_MALFORMED');
  },
);

test.each<[string, Record<string, unknown>]>([
  ['no jti', { jti: undefined }],
  ['an empty jti', { jti: '' }],
  ['a long jti', { jti: 'x'.repeat(257) }],
  ['no htm', { htm: undefined }],
  ['no htu', { htu: undefined }],
  ['no iat', { iat: undefined }],
  ['an iat that is a text', { iat: String(NOW_S) }],
  ['an iat that is no number', { iat: null }],
  ['a nonce that is no text', { nonce: 7 }],
])('a proof with %s is malformed', async (_what, claims) => {
  expect(await outcome(proofOf(claims))).toBe('RTA_IDP_DPOP_MALFORMED');
});

test('a proof that marks an extension as critical is malformed', async () => {
  expect(await outcome(proofOf({}, { crit: ['b64'], b64: true }))).toBe('RTA_IDP_DPOP_MALFORMED');
});

test('only a public Ed25519 key can be proved, because it binds the session', async () => {
  const p256 = await generateKeyPair('ES256', { extractable: true });
  const es256 = await new SignJWT({
    jti: 'x',
    htm: 'POST',
    htu: URL_OF_TOKEN,
    iat: NOW_S,
    nonce: nonces.issue(),
  })
    .setProtectedHeader({
      typ: 'dpop+jwt',
      alg: 'ES256',
      jwk: await crypto.subtle.exportKey('jwk', p256.publicKey),
    })
    .sign(p256.privateKey);
  expect(await outcome(es256)).toBe('RTA_IDP_DPOP_KEY');
  for (const key of [
    privateKey.export({ format: 'jwk' }),
    { kty: 'oct', k: 'AAAA' },
    { kty: 'OKP', crv: 'X25519', x: jwk.x },
    { kty: 'OKP', crv: 'Ed25519', x: `AQ${'A'.repeat(41)}` },
    undefined,
    jwk.x,
    [jwk],
  ]) {
    expect(await outcome(proofOf({}, { jwk: key }))).toBe('RTA_IDP_DPOP_KEY');
  }
});

test.each(['none', 'None', 'HS256', 'ES256', 'RS256', 'eddsa', ''])(
  'the algorithm %j is refused',
  async (alg) => {
    expect(await outcome(proofOf({}, { alg }))).toBe('RTA_IDP_DPOP_ALGORITHM');
  },
);

test('a proof signed by another key is refused', async () => {
  const other = generateKeyPairSync('ed25519');
  expect(await outcome(proofOf({}, {}, other.privateKey))).toBe('RTA_IDP_DPOP_SIGNATURE');
  const nobodys = { ...jwk, x: `Ag${'A'.repeat(41)}` };
  expect(await outcome(proofOf({}, { jwk: nobodys }))).toBe('RTA_IDP_DPOP_SIGNATURE');
});

test('a proof has one spelling: spare bits of base64url are not ours to ignore', async () => {
  const proof = proofOf();
  const respelled = proof.slice(0, -1) + String.fromCharCode(proof.charCodeAt(proof.length - 1) + 1);
  expect(await outcome(respelled)).toBe('RTA_IDP_DPOP_MALFORMED');
  expect(await outcome(proof)).toBe('accepted');
});

test('a proof whose signature is gone is refused', async () => {
  const [header, payload] = proofOf().split('.');
  expect(await outcome(`${header}.${payload}.`)).toBe('RTA_IDP_DPOP_SIGNATURE');
  expect(await outcome(`${header}.${payload}.${'A'.repeat(86)}`)).toBe('RTA_IDP_DPOP_SIGNATURE');
});

test.each<[string, Record<string, unknown>]>([
  ['another method', { htm: 'GET' }],
  ['another spelling of the method', { htm: 'post' }],
  ['another host', { htu: 'https://evil.example/oauth/token' }],
  ['another path', { htu: 'https://rta.example/oauth/token/' }],
  ['another scheme', { htu: 'http://rta.example/oauth/token' }],
  ['another port', { htu: 'https://rta.example:8443/oauth/token' }],
  ['credentials in the URL', { htu: 'https://rta.example@evil.example/oauth/token' }],
  ['a relative URL', { htu: '/oauth/token' }],
  ['no URL', { htu: '' }],
])('a proof for %s is refused', async (_what, claims) => {
  expect(await outcome(proofOf(claims))).toBe('RTA_IDP_DPOP_TARGET');
});

describe('a proof that comes with an access token', () => {
  const TOKEN = 'Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU';
  // RFC 9449 §7.1 has this token and this hash as its example.
  const ATH = 'fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo';
  const withToken = (claims: Readonly<Record<string, unknown>>): Promise<unknown> =>
    verifier.verify({ proof: proofOf(claims), method: 'POST', url: URL_OF_TOKEN, accessToken: TOKEN }).then(
      () => 'accepted',
      (error: { code?: unknown }) => error.code,
    );

  test('is for that token', async () => {
    expect(await withToken({ ath: ATH })).toBe('accepted');
  });

  test.each([[undefined], [''], [ATH.slice(1)], [`${ATH}A`], [TOKEN], [7]])(
    'is refused with ath %j',
    async (ath) => {
      expect(await withToken({ ath })).not.toBe('accepted');
    },
  );

  test('is made by the client half', async () => {
    const proof = await createDpopProof({
      privateKey,
      publicJwk: jwk,
      method: 'POST',
      url: URL_OF_TOKEN,
      nonce: nonces.issue(),
      accessToken: TOKEN,
      now: NOW_S * 1000,
      jti: 'with a token',
    });
    const [, payload = ''] = proof.split('.');
    expect(JSON.parse(Buffer.from(payload, 'base64url').toString())).toMatchObject({ ath: ATH });
  });
});

test('another spelling of the same URL is accepted', async () => {
  expect(await outcome(proofOf({ htu: 'HTTPS://RTA.EXAMPLE:443/oauth/%74oken?x#y' }))).toBe('accepted');
});

test('a proof is good for a minute, and may come from a clock that is a minute ahead', async () => {
  expect(await outcome(proofOf({ iat: NOW_S - 59 }))).toBe('accepted');
  expect(await outcome(proofOf({ iat: NOW_S - 60 }))).toBe('RTA_IDP_DPOP_STALE');
  expect(await outcome(proofOf({ iat: NOW_S + 60 }))).toBe('accepted');
  expect(await outcome(proofOf({ iat: NOW_S + 61 }))).toBe('RTA_IDP_DPOP_STALE');
});

test('a nonce is needed, and must be one that was issued and is not expired', async () => {
  expect(await outcome(proofOf({ nonce: undefined }))).toBe('RTA_IDP_DPOP_NONCE_MISSING');
  expect(await outcome(proofOf({ nonce: 'made-up' }))).toBe('RTA_IDP_DPOP_NONCE');
  const stranger = createNonceIssuer({ secret: new Uint8Array(32).fill(8), clock });
  expect(await outcome(proofOf({ nonce: stranger.issue() }))).toBe('RTA_IDP_DPOP_NONCE');
  const nonce = nonces.issue();
  clock.advance(60_000);
  expect(await outcome(proofOf({ nonce, iat: NOW_S + 60 }))).toBe('RTA_IDP_DPOP_NONCE');
});

test('a proof is good once', async () => {
  const proof = proofOf();
  expect(await outcome(proof)).toBe('accepted');
  expect(await outcome(proof)).toBe('RTA_IDP_DPOP_REPLAY');
});

test('of many copies of a proof at a time one passes', async () => {
  const proof = proofOf();
  const outcomes = await Promise.all(Array.from({ length: 8 }, () => outcome(proof)));
  expect(outcomes.filter((each) => each === 'accepted')).toHaveLength(1);
  expect(outcomes.filter((each) => each === 'RTA_IDP_DPOP_REPLAY')).toHaveLength(7);
});

test('a nonce is good once, whoever uses it', async () => {
  const nonce = nonces.issue();
  expect(await outcome(proofOf({ nonce }))).toBe('accepted');
  expect(await outcome(proofOf({ nonce }))).toBe('RTA_IDP_DPOP_NONCE');
  const other = generateKeyPairSync('ed25519');
  const theirs = proofOf({ nonce }, { jwk: other.publicKey.export({ format: 'jwk' }) }, other.privateKey);
  expect(await outcome(theirs)).toBe('RTA_IDP_DPOP_NONCE');
});

test('a jti belongs to its signer: nobody can use up that of another', async () => {
  const other = generateKeyPairSync('ed25519');
  const theirs = proofOf(
    { jti: 'same' },
    { jwk: other.publicKey.export({ format: 'jwk' }) },
    other.privateKey,
  );
  expect(await outcome(theirs)).toBe('accepted');
  expect(await outcome(proofOf({ jti: 'same' }))).toBe('accepted');
});

test('nothing is remembered of a proof that is refused, so its nonce stays good', async () => {
  const nonce = nonces.issue();
  const other = generateKeyPairSync('ed25519');
  await outcome(proofOf({ nonce }, {}, other.privateKey));
  await outcome(proofOf({ nonce, htm: 'GET' }));
  await outcome(proofOf({ nonce, iat: NOW_S - 60 }));
  await outcome(proofOf({ nonce: 'made-up' }));
  expect(claimed).toEqual(new Map());
  expect(await outcome(proofOf({ nonce }))).toBe('accepted');
});

test('proof and nonce are remembered until they are worthless, and 30 s more', async () => {
  const nonce = nonces.issue();
  await verify(proofOf({ jti: 'a\u0000b', nonce, iat: NOW_S - 10 }));
  const jkt = await calculateJwkThumbprint({ ...jwk });
  // SHA-256 of "a\0b", base64url.
  expect([...claimed]).toEqual([
    [`dpop-jti:${jkt}:WbJxrhu8sdMdQZKYF_Sxb7Q5608xUgta0dXOmJIKcTg`, NOW_S * 1000 + 80_000],
    [`dpop-nonce:${nonce}`, NOW_S * 1000 + 90_000],
  ]);
});

test('where the use of a proof cannot be noted, it is refused', async () => {
  const full = createDpopVerifier({
    nonces,
    clock,
    singleUse: { claim: () => Promise.reject(new Error('full')) },
  });
  await expect(full.verify({ proof: proofOf(), method: 'POST', url: URL_OF_TOKEN })).rejects.toMatchObject({
    code: 'RTA_IDP_SINGLE_USE',
    httpStatus: 503,
  });
});

test('a caller that has left uses nothing up', async () => {
  const signal = AbortSignal.abort(new Error('left'));
  const request = { proof: proofOf(), method: 'POST', url: URL_OF_TOKEN, signal };
  await expect(verifier.verify(request)).rejects.toThrow('left');
  expect(claimed.size).toBe(0);
});

test('a URL of the server that is none is a mistake of the caller', async () => {
  await expect(verifier.verify({ proof: proofOf(), method: 'POST', url: '/oauth/token' })).rejects.toThrow(
    TypeError,
  );
});

propertyTest.prop(
  [
    fc.nat(),
    fc.constantFrom('A', 'z', '0', '-', '_', '.', '=', ','),
    fc.constantFrom('replace', 'insert', 'remove'),
  ],
  { numRuns: 200 },
)(
  'a proof that was changed anywhere never verifies, and uses nothing up',
  async (position, character, how) => {
    const proof = proofOf();
    const at = position % proof.length;
    const rest = proof.slice(how === 'insert' ? at : at + 1);
    const changed = proof.slice(0, at) + (how === 'remove' ? '' : character) + rest;
    fc.pre(changed !== proof);
    expect(await outcome(changed)).toMatch(/^RTA_IDP_DPOP_/);
    expect(await outcome(proof)).toBe('accepted');
  },
);
