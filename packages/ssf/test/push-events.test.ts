import { readdirSync, readFileSync } from 'node:fs';
import type { JsonObject } from '@rta/core';
import { describe, expect, test } from 'vitest';
import { CAEP_EVENTS, OAUTH_EVENTS, RISC_EVENTS } from '../src/index.ts';
import { claims, eventClaims, ISSUER, JWKS, NOW_SECONDS, openBench, SESSION_REVOKED } from './fixture.ts';

const VECTORS = new URL('./vectors/', import.meta.url);

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
});

describe('[R2] every event type of the conformance suite is acknowledged', () => {
  const cases: readonly (readonly [type: string, event: JsonObject])[] = [
    [CAEP_EVENTS.sessionRevoked, {}],
    [CAEP_EVENTS.tokenClaimsChange, { claims: { role: 'ro' } }],
    [CAEP_EVENTS.credentialChange, { credential_type: 'password', change_type: 'update' }],
    [CAEP_EVENTS.assuranceLevelChange, { namespace: 'NIST-AAL', current_level: 'nist-aal2' }],
    [CAEP_EVENTS.deviceComplianceChange, { previous_status: 'compliant', current_status: 'not-compliant' }],
    [CAEP_EVENTS.sessionEstablished, { acr: 'AAL2' }],
    [CAEP_EVENTS.sessionPresented, {}],
    [CAEP_EVENTS.riskLevelChange, { principal: 'USER', current_level: 'HIGH' }],
    ...Object.values(RISC_EVENTS).map(
      (type) =>
        [type, type === RISC_EVENTS.credentialCompromise ? { credential_type: 'password' } : {}] as const,
    ),
  ];

  test('there are 22 of them', () => {
    expect(new Set(cases.map(([type]) => type)).size).toBe(22);
  });

  test.each(cases)('%s', async (type, event) => {
    await using bench = openBench();
    expect((await bench.send(eventClaims(type, event))).status).toBe(202);
    expect(bench.events.map((one) => one.event)).toEqual([{ type, value: event }]);
  });
});

describe('[R10] what this receiver does not know is acknowledged', () => {
  test.each<[string, string, JsonObject]>([
    ['an unknown event type', 'https://idp.example/event/new', { anything: [1] }],
    ['an event type that is a URN', 'urn:example:event', {}],
    ['an event type with a name of JavaScript', '__proto__', {}],
    ['an event type of a draft that is not switched on', OAUTH_EVENTS.tokensRevoked, { reason: 7 }],
  ])('%s is kept as it came', async (_case, type, event) => {
    await using bench = openBench();
    const text = JSON.stringify(claims({ events: { type: event } })).replace('{"type":', `{"${type}":`);
    expect(await bench.send(text)).toEqual({ status: 202, headers: {}, body: null });
    expect(bench.events.map((one) => one.event)).toEqual([{ type, unknown: event }]);
  });

  test('an unknown subject format is kept as it came', async () => {
    await using bench = openBench();
    const subject = { format: 'shoe_size', value: 43 };
    expect((await bench.send(claims({ sub_id: subject }))).status).toBe(202);
    expect(bench.events.map((one) => one.subject)).toEqual([{ format: 'unknown', unknown: subject }]);
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
    expect(bench.events.map(({ subject, event }) => ({ subject, event }))).toEqual([
      {
        subject: {
          format: 'complex',
          user: { format: 'iss_sub', iss: ISSUER, sub: 'jane' },
          others: {
            extra: { format: 'opaque', id: 'x' },
            more: { format: 'unknown', unknown: 'not even a subject' },
          },
        },
        event: { type: SESSION_REVOKED, value: {} },
      },
    ]);
  });
});
