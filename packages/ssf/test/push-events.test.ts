import { readdirSync, readFileSync } from 'node:fs';
import type { JsonObject } from '@rta/core';
import { describe, expect, test } from 'vitest';
import {
  CAEP,
  claims,
  eventClaims,
  ISSUER,
  JWKS,
  NOW_SECONDS,
  openBench,
  SESSION_REVOKED,
} from './fixture.ts';

const VECTORS = new URL('./vectors/', import.meta.url);
const RISC = 'https://schemas.openid.net/secevent/risc/event-type/';

type Vector = JsonObject & { readonly iss: string; readonly aud: string | readonly string[] };

function readVector(file: string): Vector {
  return JSON.parse(readFileSync(new URL(file, VECTORS), 'utf8')) as Vector;
}

describe('[R1] published examples, with a fresh jti and iat', () => {
  const files = readdirSync(VECTORS).filter((file) => file.endsWith('.json') && file !== 'index.json');

  test('each example has its source and licence in the index', () => {
    const index = readVector('index.json')['files'] as Record<string, { source?: string; licence?: string }>;
    expect(Object.keys(index).sort()).toEqual(files.sort());
    expect(Object.values(index).filter(({ source, licence }) => !source || !licence)).toEqual([]);
  });

  test.each(files)('%s is acknowledged with 202 and an empty body', async (file) => {
    const vector = readVector(file);
    await using bench = openBench({
      transmitters: [{ issuer: vector.iss, audience: vector.aud, jwks: JWKS }],
    });
    const response = await bench.send({ ...vector, jti: `fresh-${file}`, iat: NOW_SECONDS });
    expect(response).toEqual({ status: 202, headers: {}, body: null });
  });

  test('the complex subject of device and tenant becomes the device', async () => {
    const vector = readVector('caep-device-compliance-change-complex.json');
    await using bench = openBench({
      transmitters: [
        { issuer: 'https://idp.example.com/123456789/', audience: 'https://sp.example.com/caep', jwks: JWKS },
      ],
    });
    await bench.send({ ...vector, iat: NOW_SECONDS });
    expect(bench.signals).toEqual([
      {
        // SHA-256 of ["https://idp.example.com/123456789/","24c63fb56e5a2d77a6b512616ca9fa24"]
        id: 'set:0UPz6QGgZHtk43NSKozSXJ0EcM7wBPDS-etg_W1hs90',
        source: {
          issuer: 'https://idp.example.com/123456789/',
          id: '24c63fb56e5a2d77a6b512616ca9fa24',
          txn: '8675309',
        },
        subject: {
          device: {
            id: 'e9297990-14d2-42ec-a4a9-4036db86509a',
            issuers: ['https://idp.example.com/123456789/'],
          },
        },
        change: { kind: 'device-compliance-change', current: 'not-compliant' },
        occurredAtMs: 1_615_304_991_000,
        receivedAtMs: 1_767_225_600_000,
        reason: 'Location Policy Violation: C076E8A3',
      },
    ]);
  });
});

describe('[R2] every event type of the conformance suite is acknowledged', () => {
  const credential = { credential_type: 'password', change_type: 'update' };
  const cases: readonly (readonly [type: string, event: JsonObject, kind: string | undefined])[] = [
    [`${CAEP}session-revoked`, {}, 'session-revoked'],
    [`${CAEP}token-claims-change`, { claims: { role: 'ro' } }, undefined],
    [`${CAEP}credential-change`, credential, 'credential-change'],
    [`${CAEP}assurance-level-change`, { namespace: 'NIST-AAL', current_level: 'nist-aal2' }, undefined],
    [
      `${CAEP}device-compliance-change`,
      { previous_status: 'compliant', current_status: 'not-compliant' },
      'device-compliance-change',
    ],
    [`${CAEP}session-established`, { acr: 'AAL2' }, undefined],
    [`${CAEP}session-presented`, {}, undefined],
    [`${CAEP}risk-level-change`, { principal: 'USER', current_level: 'HIGH' }, 'risk-level-change'],
    ...[
      'account-credential-change-required',
      'account-purged',
      'account-enabled',
      'account-disabled',
      'identifier-changed',
      'identifier-recycled',
      'opt-in',
      'opt-out-initiated',
      'opt-out-cancelled',
      'opt-out-effective',
      'recovery-activated',
      'recovery-information-changed',
      'sessions-revoked',
    ].map((name) => [`${RISC}${name}`, {}, undefined] as const),
    [`${RISC}credential-compromise`, { credential_type: 'password' }, undefined],
  ];

  test('there are 22 of them', () => {
    expect(new Set(cases.map(([type]) => type)).size).toBe(22);
  });

  test.each(cases)('%s', async (type, event, kind) => {
    await using bench = openBench();
    expect((await bench.send(eventClaims(type, event))).status).toBe(202);
    expect(bench.signals.map(({ change }) => change.kind)).toEqual(kind === undefined ? [] : [kind]);
  });
});

describe('[R10] what this receiver does not know is acknowledged', () => {
  test.each([
    [
      'an unknown event type',
      eventClaims('https://idp.example/event/new', { anything: [1] }),
      'event-type-unknown',
    ],
    [
      'an event type that is a URN',
      eventClaims('urn:ietf:params:scim:event:prov:delete', {}),
      'event-type-unknown',
    ],
    ['an event type with a name of JavaScript', eventClaims('__proto__', {}), 'event-type-unknown'],
    ['an unknown subject format', claims({ sub_id: { format: 'shoe_size', value: 43 } }), 'subject-format'],
    [
      'a known format that sessions have no name in',
      claims({ sub_id: { format: 'phone_number', phone_number: '+1 206 555 0123' } }),
      'subject-format',
    ],
  ])('%s has no effect', async (_case, payload, why) => {
    await using bench = openBench();
    const text = JSON.stringify(payload).replace('"events":{}', '"events":{"__proto__":{}}');
    expect(await bench.send(text)).toEqual({ status: 202, headers: {}, body: null });
    expect(bench.signals).toEqual([]);
    expect(bench.published).toMatchObject([{ outcome: 'no-effect', why, issuer: ISSUER }]);
  });

  test('unknown members everywhere are passed over', async () => {
    await using bench = openBench();
    const payload = claims({
      sub_id: {
        format: 'complex',
        user: { format: 'iss_sub', iss: ISSUER, sub: 'jane', extra: 1 },
        extra: { format: 'opaque', id: 'x' },
        more: 'not even a subject',
      },
      events: {
        [SESSION_REVOKED]: {
          extra: { nested: true },
          subject: { format: 'email', email: 'other@x.example' },
        },
      },
      extra: [null],
    });
    expect((await bench.send(payload, { header: { extra: 'x', cty: 'y' } })).status).toBe(202);
    expect(bench.signals.map(({ subject }) => subject)).toEqual([
      { user: { by: 'iss-sub', issuer: ISSUER, sub: 'jane' } },
    ]);
  });
});
