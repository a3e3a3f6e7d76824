import { fc, test } from '@fast-check/vitest';
import { type JsonObject, type JsonValue, toBase64Url, utf8 } from '@rta/core';
import { expect } from 'vitest';
import {
  CAEP_EVENTS,
  RISC_EVENTS,
  SCIM_EVENTS,
  type SetVerdict,
  SSF_EVENTS,
  subjectJson,
} from '../src/index.ts';
import { AUDIENCE, ISSUER, makeKey, NOW_SECONDS, openBench, sign } from './fixture.ts';

// EC signatures are quick to make.
const KEY = await makeKey('ES256', 'fuzz');
const ATTACKER = await makeKey('ES256', 'fuzz');
const bench = openBench({
  transmitter: { jwks: { keys: [KEY.jwk] }, legacy: true },
  limits: { inFlightCount: 1_000 },
});

const TYPES = [CAEP_EVENTS, RISC_EVENTS, SSF_EVENTS, SCIM_EVENTS].flatMap((types) => Object.values(types));
const MEMBERS = [
  'event_timestamp',
  'initiating_entity',
  'reason_admin',
  'reason_user',
  'claims',
  'credential_type',
  'change_type',
  'namespace',
  'current_level',
  'previous_level',
  'change_direction',
  'previous_status',
  'current_status',
  'principal',
  'amr',
  'reason',
  'new-value',
  'state',
  'status',
  'data',
  'attributes',
  'version',
  'subject',
  '__proto__',
];
const FORMATS = [
  'account',
  'did',
  'email',
  'iss_sub',
  'opaque',
  'phone_number',
  'uri',
  'jwt_id',
  'saml_assertion_id',
  'ip-addresses',
  'scim',
  'aliases',
  'complex',
  'other',
];
const SUBJECT_MEMBERS = [
  'uri',
  'url',
  'email',
  'iss',
  'sub',
  'id',
  'phone_number',
  'jti',
  'issuer',
  'assertion_id',
  'ip-addresses',
  'externalId',
  'identifiers',
  'user',
  'session',
  'device',
  'tenant',
  'application',
  'group',
  '__proto__',
];

const part = (value: unknown): string => toBase64Url(utf8(JSON.stringify(value)));
const json = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<JsonValue>;
const word = fc.constantFrom<JsonValue>(
  ISSUER,
  'x',
  '',
  'a@x.example',
  'HIGH',
  'compliant',
  'revoke',
  'acct:a@b',
  'did:x',
  -1,
  1e308,
  0.5,
  null,
  [],
  {},
);
const membersOf = (names: readonly string[]): fc.Arbitrary<JsonObject> =>
  fc.dictionary(fc.constantFrom(...names), fc.oneof(word, json), { maxKeys: 8 }) as fc.Arbitrary<JsonObject>;
const simple: fc.Arbitrary<JsonObject> = fc
  .tuple(fc.constantFrom(...FORMATS), membersOf(SUBJECT_MEMBERS))
  .map(([format, members]) => ({ ...members, format }));
const subject = fc.oneof(
  simple,
  fc
    .dictionary(fc.constantFrom('user', 'session', 'device', 'tenant', 'cell'), simple, { maxKeys: 4 })
    .map((members): JsonObject => ({ ...members, format: 'complex' })),
  fc.array(simple, { maxLength: 4 }).map((identifiers): JsonObject => ({ format: 'aliases', identifiers })),
);

/** Whatever is said, it is answered for good: nothing here may be a fault of the receiver. */
function expectAnswered(verdict: SetVerdict): void {
  if (verdict.outcome !== 'refused') return;
  expect(verdict.err).toMatch(
    /^(invalid_request|invalid_key|invalid_issuer|invalid_audience|invalid_state)$/,
  );
}

let count = 0;
async function receiveSigned(payload: JsonObject, header: Record<string, unknown> = {}): Promise<SetVerdict> {
  count += 1;
  const good = { iss: ISSUER, aud: AUDIENCE, jti: `fuzz-${count}`, iat: NOW_SECONDS };
  const set = await sign({ ...good, ...payload }, { key: KEY, header });
  return bench.receiver.receive(set, { way: 'push' });
}

test.prop([fc.constantFrom(...TYPES), membersOf(MEMBERS), subject], { numRuns: 600 })(
  'members of any type in any event about any subject',
  async (type, event, subId) => {
    const before = bench.events.length;
    const verdict = await receiveSigned({ sub_id: subId, events: { [type]: event } });
    expectAnswered(verdict);
    const accepted = bench.events.slice(before);
    expect(accepted.length).toBe(verdict.outcome === 'accepted' ? 1 : 0);
    // What was accepted names nobody at an issuer that the transmitter does not speak for.
    for (const one of accepted) {
      // Of a name in a format that nobody knows, nothing is read: what it calls `iss` names no issuer.
      const known =
        one.subject.format === 'aliases'
          ? one.subject.identifiers.filter(({ format }) => format !== 'unknown')
          : [one.subject];
      const named = JSON.stringify(known.map(subjectJson)).matchAll(/"iss":"([^"]*)"/g);
      if (one.subject.format !== 'unknown' && one.subject.format !== 'complex') {
        expect([...named].every(([, issuer]) => issuer === ISSUER)).toBe(true);
      }
      expect(one.occurredAtMs).toBeLessThanOrEqual(one.receivedAtMs);
      expect(Number.isSafeInteger(one.sourceTimeMs)).toBe(true);
    }
  },
);

test.prop([membersOf(['iss', 'aud', 'jti', 'iat', 'toe', 'txn', 'sub_id', 'events', 'sub', 'exp'])], {
  numRuns: 300,
})('claims of any type', async (payload) => {
  expectAnswered(await receiveSigned(payload));
});

test.prop([fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.string({ unit: 'binary', maxLength: 300 }))], {
  numRuns: 300,
})('any bytes and any text', async (bytes) => {
  const verdict = await bench.receiver.receive(bytes, { way: 'quic' });
  expect(verdict.outcome).toBe('refused');
  expectAnswered(verdict);
});

const SET = await sign(
  {
    iss: ISSUER,
    aud: AUDIENCE,
    jti: 'whole',
    iat: NOW_SECONDS,
    sub_id: { format: 'opaque', id: 'x' },
    events: { [CAEP_EVENTS.sessionRevoked]: {} },
  },
  { key: KEY },
);

test.prop([fc.nat({ max: SET.length - 1 }), fc.constantFrom('', '.', 'A', '=', '\u0000', 'é')], {
  numRuns: 300,
})('a token that was cut, or changed in one place', async (at, character) => {
  const before = bench.events.length;
  for (const set of [SET.slice(0, at), SET.slice(0, at) + character + SET.slice(at + 1)]) {
    if (set === SET) continue;
    const verdict = await bench.receiver.receive(set, { way: 'push' });
    expect(verdict.outcome).toBe('refused');
    expectAnswered(verdict);
  }
  expect(bench.events.length).toBe(before);
});

test.prop(
  [
    fc.record(
      {
        alg: fc.constantFrom('none', 'HS256', 'RS256', 'ES256', 'ES384', 'EdDSA', ''),
        kid: fc.constantFrom<JsonValue>('fuzz', 'other', '', 1),
        typ: fc.constantFrom<JsonValue>('secevent+jwt', 'JWT', 7),
        crit: fc.constantFrom<JsonValue>([], ['b64'], 'exp'),
        jku: fc.constant('https://attacker.example/jwks.json'),
        x5u: fc.constant('https://attacker.example/x5u'),
        jwk: fc.constant(ATTACKER.jwk as JsonObject),
        b64: fc.boolean(),
      },
      { requiredKeys: ['alg'] },
    ),
  ],
  { numRuns: 200 },
)('no header opens for a key that the transmitter does not publish', async (header) => {
  const [, payload = ''] = SET.split('.');
  const [, , signature = ''] = (await sign('{}', { key: ATTACKER })).split('.');
  for (const last of ['', signature]) {
    const verdict = await bench.receiver.receive(`${part(header)}.${payload}.${last}`, { way: 'push' });
    expect(verdict.outcome).toBe('refused');
    // The key set is given: no answer depends on a key that could not be fetched.
    expect(verdict).toMatchObject({ err: expect.stringMatching(/^invalid_(key|request)$/) });
  }
});
