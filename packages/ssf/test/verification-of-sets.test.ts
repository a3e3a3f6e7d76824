import { toBase64Url, utf8 } from '@rta/core';
import { CompactSign, type JWK } from 'jose';
import { describe, expect, test } from 'vitest';
import {
  AUDIENCE,
  CAEP,
  claims,
  errorOf,
  eventClaims,
  ISSUER,
  JWKS,
  KEY,
  makeKey,
  NOW_SECONDS,
  openBench,
  SESSION_REVOKED,
  sign,
  without,
} from './fixture.ts';

describe('[R3] a token that does not say that it is a Security Event Token', () => {
  test.each(['JWT', 'at+jwt', 'dpop+jwt', 'application/jwt', 'secevent', ''])('typ %j', async (typ) => {
    await using bench = openBench();
    const response = await bench.send(claims(), { header: { typ } });
    expect([response.status, errorOf(response)]).toEqual([400, 'invalid_request']);
    expect(bench.events).toEqual([]);
  });

  test('no typ', async () => {
    await using bench = openBench();
    const response = await bench.send(claims(), { header: { typ: undefined } });
    expect([response.status, errorOf(response)]).toEqual([400, 'invalid_request']);
  });

  test.each(['secevent+jwt', 'application/secevent+jwt', 'SecEvent+JWT'])(
    'typ %j does say so',
    async (typ) => {
      await using bench = openBench();
      expect((await bench.send(claims(), { header: { typ } })).status).toBe(202);
    },
  );
});

const unsigned = (header: object, payload: object): string =>
  `${toBase64Url(utf8(JSON.stringify(header)))}.${toBase64Url(utf8(JSON.stringify(payload)))}.`;

describe('[R4] algorithms and keys that prove nothing', () => {
  test.each(['none', 'None', 'NONE', ''])('alg %j without a signature', async (alg) => {
    await using bench = openBench();
    const response = await bench.push(unsigned({ typ: 'secevent+jwt', alg }, claims()));
    expect([response.status, errorOf(response)]).toEqual([400, 'invalid_key']);
    expect(bench.events).toEqual([]);
  });

  test('HS256 keyed with the published RSA key', async () => {
    await using bench = openBench();
    for (const secret of [String(KEY.jwk.n), JSON.stringify(KEY.jwk)]) {
      const set = await new CompactSign(utf8(JSON.stringify(claims())))
        .setProtectedHeader({ typ: 'secevent+jwt', alg: 'HS256', kid: 'key-1' })
        .sign(utf8(secret.padEnd(32, '=')));
      const response = await bench.push(set);
      expect([response.status, errorOf(response)]).toEqual([400, 'invalid_key']);
    }
  });

  test('an RSA key of 1024 bits', async () => {
    const pair = await crypto.subtle.generateKey(
      {
        name: 'RSASSA-PKCS1-v1_5',
        modulusLength: 1024,
        publicExponent: new Uint8Array([1, 0, 1]),
        hash: 'SHA-256',
      },
      true,
      ['sign', 'verify'],
    );
    const jwk = { ...((await crypto.subtle.exportKey('jwk', pair.publicKey)) as JWK), kid: 'short' };
    const signed = unsigned({ typ: 'secevent+jwt', alg: 'RS256', kid: 'short' }, claims()).slice(0, -1);
    const signature = await crypto.subtle.sign('RSASSA-PKCS1-v1_5', pair.privateKey, Buffer.from(signed));
    await using bench = openBench({ transmitter: { jwks: { keys: [jwk] } } });
    const response = await bench.push(`${signed}.${toBase64Url(new Uint8Array(signature))}`);
    expect([response.status, errorOf(response)]).toEqual([400, 'invalid_key']);
    expect(bench.published).toMatchObject([{ error: { code: 'RTA_SSF_KEY' } }]);
  });

  test('an algorithm that this transmitter was not allowed', async () => {
    const key = await makeKey('PS256', 'ps');
    await using bench = openBench({ transmitter: { jwks: { keys: [key.jwk] } } });
    const response = await bench.send(claims(), { key });
    expect([response.status, errorOf(response)]).toEqual([400, 'invalid_key']);
    expect(bench.published).toMatchObject([{ error: { code: 'RTA_SSF_ALGORITHM' } }]);
  });

  test.each(['ES256', 'PS256', 'EdDSA'] as const)(
    '%s does prove something where it was allowed',
    async (algorithm) => {
      const key = await makeKey(algorithm, algorithm);
      await using bench = openBench({ transmitter: { jwks: { keys: [key.jwk] }, algorithms: [algorithm] } });
      expect((await bench.send(claims(), { key })).status).toBe(202);
      const other = await bench.send(claims());
      expect([other.status, errorOf(other)]).toEqual([400, 'invalid_key']);
    },
  );

  test('a key of another kind than the algorithm needs', async () => {
    const elliptic = await makeKey('ES256', 'key-1');
    await using bench = openBench({ transmitter: { jwks: { keys: [elliptic.jwk] } } });
    const response = await bench.send(claims());
    expect([response.status, errorOf(response)]).toEqual([400, 'invalid_key']);
  });

  test.each([[['b64']], [['exp']], [[]], ['b64']])('a critical header extension: %j', async (crit) => {
    await using bench = openBench();
    const header = toBase64Url(utf8(JSON.stringify({ typ: 'secevent+jwt', alg: 'RS256', b64: true, crit })));
    const [, payload = '', signature = ''] = (await sign(claims())).split('.');
    const response = await bench.push(`${header}.${payload}.${signature}`);
    expect([response.status, errorOf(response)]).toEqual([400, 'invalid_request']);
  });

  test('a key that the token itself brings or points to is not looked at', async () => {
    const forged = await makeKey('ES256', 'forged');
    const asked: unknown[] = [];
    await using bench = openBench({
      fetch: async (input) => {
        asked.push(input);
        return Response.json({ keys: [forged.jwk] });
      },
    });
    const header = {
      jwk: forged.jwk,
      jku: 'https://attacker.example/keys',
      x5u: 'https://attacker.example/cert',
    };
    const response = await bench.send(claims(), { key: forged, header });
    expect([response.status, errorOf(response)]).toEqual([400, 'invalid_key']);
    expect(asked).toEqual([]);
  });
});

describe('[R5] signatures', () => {
  test.each([
    ['the first bit of the signature', 2],
    ['the payload', 1],
    ['the header', 0],
  ])('a change of %s is noticed', async (_what, part) => {
    await using bench = openBench();
    const parts = (await sign(claims())).split('.');
    const bytes = Buffer.from(parts[part] ?? '', 'base64url');
    // 'sub_id' or 'iss' may break; a digit of iat does not.
    const text = bytes.toString('latin1');
    const changed =
      part === 2
        ? Buffer.from([(bytes[0] ?? 0) ^ 0x80, ...bytes.subarray(1)])
        : Buffer.from(
            text.replace('"jti-', '"jtj-').replace('"kid":"key-1"', '"kid":"key-1","x":1'),
            'latin1',
          );
    expect(changed.equals(bytes)).toBe(false);
    parts[part] = changed.toString('base64url');
    const response = await bench.push(parts.join('.'));
    expect([response.status, errorOf(response)]).toEqual([400, 'invalid_key']);
    expect(bench.published).toMatchObject([{ error: { code: 'RTA_SSF_SIGNATURE' } }]);
  });

  test('a token without kid is taken where the transmitter has one key, and refused where it has several', async () => {
    const second = await makeKey('RS256', 'key-2');
    await using one = openBench();
    await using two = openBench({ transmitter: { jwks: { keys: [KEY.jwk, second.jwk] } } });
    expect((await one.send(claims(), { header: { kid: undefined } })).status).toBe(202);
    const response = await two.send(claims(), { header: { kid: undefined } });
    expect([response.status, errorOf(response)]).toEqual([400, 'invalid_key']);
  });
});

describe('[R7] issuers', () => {
  test.each([
    ['https://other.example/'],
    [`${ISSUER}/`],
    [ISSUER.slice(0, -1)],
    [ISSUER.toUpperCase()],
    [''],
    [7],
    [null],
    [[ISSUER]],
  ])('iss %j is nobody known', async (iss) => {
    await using bench = openBench();
    const response = await bench.send(claims({ iss }));
    expect([response.status, errorOf(response)]).toEqual([400, 'invalid_issuer']);
    expect(bench.published).toEqual([
      expect.not.objectContaining({ issuer: expect.anything(), jti: expect.anything() }),
    ]);
  });

  test('a known issuer cannot sign as another', async () => {
    const partnerKey = await makeKey('RS256', 'key-1');
    const partner = 'https://partner.example';
    await using bench = openBench({
      transmitters: [
        { issuer: ISSUER, audience: AUDIENCE, jwks: JWKS },
        { issuer: partner, audience: AUDIENCE, jwks: { keys: [partnerKey.jwk] } },
      ],
    });
    expect((await bench.send(claims({ iss: partner }), { key: partnerKey })).status).toBe(202);
    const response = await bench.send(claims(), { key: partnerKey });
    expect([response.status, errorOf(response)]).toEqual([400, 'invalid_key']);
  });
});

describe('[R8] audiences', () => {
  test.each([
    ['another receiver', 'https://other.example', 'invalid_audience'],
    ['an empty array', [], 'invalid_audience'],
    ['others only', ['https://a.example', 'https://b.example'], 'invalid_audience'],
    ['a longer name', `${AUDIENCE}/`, 'invalid_audience'],
    ['a number', 7, 'invalid_request'],
    ['null', null, 'invalid_request'],
    ['an object', { [AUDIENCE]: true }, 'invalid_request'],
    ['an array with a number', [AUDIENCE, 7], 'invalid_request'],
  ])('%s', async (_case, aud, err) => {
    await using bench = openBench();
    const response = await bench.send(claims({ aud }));
    expect([response.status, errorOf(response)]).toEqual([400, err]);
    expect(bench.events).toEqual([]);
  });

  test('none', async () => {
    await using bench = openBench();
    expect(errorOf(await bench.send(without('aud')))).toBe('invalid_audience');
  });

  test('this receiver among others is right', async () => {
    await using bench = openBench({ transmitter: { audience: ['https://old.example', AUDIENCE] } });
    expect((await bench.send(claims({ aud: ['https://a.example', AUDIENCE] }))).status).toBe(202);
    expect((await bench.send(claims({ aud: 'https://old.example' }))).status).toBe(202);
  });
});

describe('[R9] claims that make it something else than a Security Event Token', () => {
  test.each([
    ['sub', claims({ sub: 'jane' })],
    ['a sub that is null', claims({ sub: null })],
    ['exp', claims({ exp: NOW_SECONDS + 60 })],
    ['no sub_id', without('sub_id')],
    ['a sub_id that is text', claims({ sub_id: 'jane' })],
    ['no jti', without('jti')],
    ['an empty jti', claims({ jti: '' })],
    ['a jti that is a number', claims({ jti: 7 })],
    ['a jti without end', claims({ jti: 'j'.repeat(1025) })],
    ['no iat', without('iat')],
    ['an iat that is text', claims({ iat: `${NOW_SECONDS}` })],
    ['a negative iat', claims({ iat: -1 })],
    ['an iat beyond all numbers', JSON.stringify(claims({ iat: 0 })).replace('"iat":0', '"iat":1e999')],
    ['a txn that is a number', claims({ txn: 7 })],
    ['no events', without('events')],
    ['events without an event', claims({ events: {} })],
    ['events that are a list', claims({ events: [SESSION_REVOKED] })],
    ['two unrelated events', claims({ events: { [SESSION_REVOKED]: {}, [`${CAEP}session-presented`]: {} } })],
    ['an event that is true', claims({ events: { [SESSION_REVOKED]: true } })],
    ['an unknown event that is text', claims({ events: { 'urn:x': 'text' } })],
    ['an event that is a list', claims({ events: { [SESSION_REVOKED]: [] } })],
  ])('%s', async (_case, payload) => {
    await using bench = openBench();
    const response = await bench.send(payload);
    expect([response.status, errorOf(response)]).toEqual([400, 'invalid_request']);
    expect(bench.events).toEqual([]);
  });

  test.each([
    ['no format', {}],
    ['a format that is a number', { format: 7 }],
    ['iss_sub without sub', { format: 'iss_sub', iss: ISSUER }],
    ['iss_sub with an empty sub', { format: 'iss_sub', iss: ISSUER, sub: '' }],
    ['iss_sub whose sub is a list', { format: 'iss_sub', iss: ISSUER, sub: ['jane', 'joe'] }],
    ['email without an email', { format: 'email' }],
    ['email that is no address', { format: 'email', email: 'jane' }],
    ['opaque without an id', { format: 'opaque', sub: 'x' }],
    ['complex without a member', { format: 'complex' }],
    ['complex whose user is text', { format: 'complex', user: 'jane' }],
    ['complex whose user is null', { format: 'complex', user: null }],
    [
      'complex whose user is complex',
      { format: 'complex', user: { format: 'complex', user: { format: 'opaque', id: 'x' } } },
    ],
    [
      'complex whose session is malformed',
      { format: 'complex', user: { format: 'opaque', id: 'x' }, session: { format: 'opaque' } },
    ],
  ])('a subject: %s', async (_case, subject) => {
    await using bench = openBench();
    const response = await bench.send(claims({ sub_id: subject }));
    expect([response.status, errorOf(response)]).toEqual([400, 'invalid_request']);
    expect(bench.published).toMatchObject([{ error: { code: 'RTA_SSF_SUBJECT' } }]);
  });
});

describe('[R16] events that are not shaped as CAEP says', () => {
  const compliance = { previous_status: 'compliant', current_status: 'not-compliant' };
  const credential = { credential_type: 'password', change_type: 'revoke' };
  const risk = { principal: 'USER', current_level: 'HIGH' };

  test.each([
    ['session-revoked', { event_timestamp: '1767225600' }],
    ['session-revoked', { event_timestamp: -1 }],
    ['session-revoked', { event_timestamp: null }],
    ['session-revoked', { initiating_entity: 'root' }],
    ['session-revoked', { reason_admin: 'text' }],
    ['session-revoked', { reason_admin: { en: 7 } }],
    ['session-revoked', { reason_user: ['text'] }],
    ['credential-change', { change_type: 'revoke' }],
    ['credential-change', { credential_type: 'password' }],
    ['credential-change', { ...credential, change_type: 'REVOKE' }],
    ['credential-change', { ...credential, credential_type: '' }],
    ['device-compliance-change', { current_status: 'compliant' }],
    ['device-compliance-change', { ...compliance, current_status: 'not_compliant' }],
    ['device-compliance-change', { ...compliance, previous_status: 'unknown' }],
    ['risk-level-change', { current_level: 'HIGH' }],
    ['risk-level-change', { principal: 'USER' }],
    ['risk-level-change', { ...risk, current_level: 'high' }],
    ['risk-level-change', { ...risk, current_level: 'CRITICAL' }],
    ['risk-level-change', { ...risk, previous_level: 'NONE' }],
    ['risk-level-change', { ...risk, principal: 7 }],
  ])('%s %j', async (name, event) => {
    await using bench = openBench();
    const response = await bench.send(eventClaims(`${CAEP}${name}`, event));
    expect([response.status, errorOf(response)]).toEqual([400, 'invalid_request']);
    expect(bench.published).toMatchObject([{ error: { code: 'RTA_SSF_EVENT' } }]);
    expect(bench.events).toEqual([]);
  });

  test.each([
    ['credential-change', { ...credential, credential_type: 'retina' }],
    ['risk-level-change', { ...risk, principal: 'USER', risk_reason: 'a reason of our own' }],
    ['session-revoked', { initiating_entity: 'system' }],
  ])('%s %j is as CAEP says: the list is open', async (name, event) => {
    await using bench = openBench();
    expect((await bench.send(eventClaims(`${CAEP}${name}`, event))).status).toBe(202);
    expect(bench.events.length).toBe(1);
  });
});
