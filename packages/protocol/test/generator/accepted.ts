import {
  bstr,
  bytes8,
  bytes16,
  FALSE,
  frame,
  int,
  list,
  map,
  NULL,
  repeat,
  TRUE,
  text16,
  tstr,
  uint,
} from '../wire.ts';
import type { AcceptedFrame, VectorValue } from './format.ts';

type Message = AcceptedFrame['message'];

export const TYPES: Readonly<Record<string, number>> = {
  hello: 0x01,
  welcome: 0x02,
  exchange: 0x03,
  exchanged: 0x04,
  bind: 0x05,
  bound: 0x06,
  delegate: 0x07,
  delegated: 0x08,
  end: 0x09,
  ended: 0x0a,
  ping: 0x0b,
  pong: 0x0c,
  goaway: 0x0d,
  error: 0x0f,
  authorize: 0x20,
  decision: 0x21,
  resume: 0x22,
  context: 0x30,
  revoked: 0x31,
  ack: 0x32,
};

const CAUSES = [
  'policy',
  'default',
  'error',
  'timeout',
  'not-granted',
  'stale-token',
  'session-unknown',
  'session-ended',
  'not-bound',
  'view-stale',
  'overload',
  'token-invalid',
];

/** Floating-point numbers in the shortest form that holds them (RFC 8949 Appendix A). */
const FLOATS: ReadonlyMap<number, string> = new Map([
  [1.5, 'f93e00'],
  [3.4028234663852886e38, 'fa7f7fffff'],
  [1.1, 'fb3ff199999999999a'],
]);

const isBytes = (value: VectorValue): value is { readonly bytes: string } =>
  typeof value === 'object' && value !== null && 'bytes' in value;
const hexOf = (value: VectorValue | undefined): string =>
  value !== undefined && isBytes(value) ? value.bytes : '';

/** A value as deterministic CBOR: members in the order of their encoded keys. */
export function cbor(value: VectorValue): string {
  if (value === null) return NULL;
  if (typeof value === 'boolean') return value ? TRUE : FALSE;
  if (typeof value === 'string') return tstr(value);
  if (typeof value === 'number') return FLOATS.get(value) ?? int(value);
  if (Array.isArray(value)) return list(...(value as readonly VectorValue[]).map(cbor));
  if (isBytes(value)) return bstr(value.bytes);
  const members = Object.entries(value).map(([key, member]): [string, string] => [key, cbor(member)]);
  return map(...members.sort(([a], [b]) => (tstr(a) < tstr(b) ? -1 : 1)));
}

function authorizeBody(message: Message): string {
  const { token, action, resource, context } = message as {
    readonly token: VectorValue;
    readonly action: string;
    readonly resource: { readonly type: string; readonly id: string };
    readonly context?: VectorValue;
  };
  return (
    bytes8(hexOf(token)) +
    text16(action) +
    text16(resource.type) +
    text16(resource.id) +
    bytes16(context === undefined ? '' : cbor(context))
  );
}

function decisionBody(message: Message): string {
  const { effect, cause, generation, expiresAtMs, token, detail } = message as {
    readonly effect: string;
    readonly cause: string;
    readonly generation: number;
    readonly expiresAtMs?: number;
    readonly token?: VectorValue;
    readonly detail?: VectorValue;
  };
  return (
    uint(effect === 'permit' ? 1 : 0, 1) +
    uint(CAUSES.indexOf(cause), 1) +
    uint(generation, 4) +
    uint(expiresAtMs ?? 0, 8) +
    bytes8(hexOf(token)) +
    bytes16(detail === undefined ? '' : cbor(detail))
  );
}

export const SESSION = 'AAECAwQFBgcICQoLDA0ODw';
const CHILD = '____________________-w';
export const TOKEN_96: VectorValue = { bytes: repeat('a1', 96) };
const TOKEN_128: VectorValue = { bytes: repeat('b2', 128) };
const KEY: VectorValue = { bytes: repeat('c3', 32) };
const NOW = 1_767_225_600_000; // 2026-01-01T00:00:00Z

function accept(name: string, type: string, requestId: number, message: Message): AcceptedFrame {
  const body =
    type === 'authorize'
      ? authorizeBody(message)
      : type === 'decision'
        ? decisionBody(message)
        : cbor(message);
  return { name, type, requestId, message, frame: frame(TYPES[type] ?? 0, requestId, body) };
}

function acceptedMessages(): AcceptedFrame[] {
  const bound = {
    session: SESSION,
    generation: 1,
    expiresAtMs: NOW + 3_600_000,
    scope: ['files.*', 'mail.send'],
  };
  const agent = {
    id: 'researcher',
    name: 'Researcher',
    type: 'co-pilot',
    version: '1.0',
    instance: 'i-1',
    model: 'm-1',
    owner: 'team-a',
    purpose: 'reads reports',
  };
  return [
    accept('HELLO', 'hello', 1, { client: 'example' }),
    accept('HELLO that says nothing of itself', 'hello', 1, { client: '' }),
    accept('WELCOME', 'welcome', 1, {
      node: 'node-1',
      challenge: { bytes: repeat('d4', 32) },
      tokenEndpoint: 'https://rta.example/oauth/token',
      nonce: 'nonce-1',
      nowMs: NOW,
    }),
    accept('EXCHANGE', 'exchange', 2, {
      parameters: [
        ['grant_type', 'urn:ietf:params:oauth:grant-type:rta_token_exchange'],
        ['subject_token', 'subject'],
        ['scope', 'files.* mail.send'],
      ],
      proof: 'header.payload.signature',
    }),
    accept('EXCHANGE without parameters', 'exchange', 2, { parameters: [], proof: 'p' }),
    accept('EXCHANGED', 'exchanged', 2, { ...bound, token: TOKEN_128, nonce: 'nonce-2' }),
    accept('BIND', 'bind', 3, { session: SESSION, signature: { bytes: repeat('e5', 64) } }),
    accept('RESUME', 'resume', 1, {
      session: SESSION,
      nonce: { bytes: repeat('f6', 16) },
      issuedAtMs: NOW,
      signature: { bytes: repeat('e5', 64) },
    }),
    accept('RESUME at the last time there is', 'resume', 0xffff_ffff, {
      session: CHILD,
      nonce: { bytes: repeat('00', 16) },
      issuedAtMs: Number.MAX_SAFE_INTEGER,
      signature: { bytes: repeat('e5', 64) },
    }),
    accept('BOUND', 'bound', 3, { ...bound, token: TOKEN_96 }),
    accept('DELEGATE with all its members', 'delegate', 4, {
      token: TOKEN_96,
      agent,
      scope: ['files.read'],
      authorizationDetails: [
        { type: 'rta_action', actions: ['files.read'], locations: ['/reports/*'] },
        { type: 'rta_action', actions: [] },
      ],
      key: KEY,
      lifetimeMs: 60_000,
    }),
    accept('DELEGATE with what it must have', 'delegate', 4, {
      token: TOKEN_128,
      agent: { id: 'a' },
      scope: [],
      key: KEY,
    }),
    accept('DELEGATED', 'delegated', 4, { session: CHILD, expiresAtMs: NOW + 60_000, scope: ['files.read'] }),
    accept('END', 'end', 5, { token: TOKEN_96 }),
    accept('ENDED', 'ended', 5, { session: SESSION }),
    accept('PING', 'ping', 0xffff_ffff, {}),
    accept('PONG at the last time there is', 'pong', 0xffff_ffff, { nowMs: Number.MAX_SAFE_INTEGER }),
    accept('GOAWAY', 'goaway', 0, { reason: 'the node stops', withinMs: 2_000 }),
    accept('ERROR', 'error', 2, {
      code: 'RTA_IDP_DPOP_NONCE',
      message: 'the nonce is not good any more',
      retryable: true,
      nonce: 'nonce-3',
    }),
    accept('ERROR without a nonce', 'error', 3, {
      code: 'RTA_AUTHORITY_PROOF',
      message: '',
      retryable: false,
    }),
    accept('CONTEXT with attributes of every kind', 'context', 0x0102_0304, {
      session: SESSION,
      generation: 2,
      token: TOKEN_128,
      scope: [],
      attributes: {
        riskLevel: 'HIGH',
        compliant: false,
        seen: true,
        nothing: null,
        score: 1.1,
        ratio: 1.5,
        largest: 3.4028234663852886e38,
        counts: [
          0, 23, 24, 255, 256, 65_535, 65_536, 4_294_967_295, 4_294_967_296, -1, -24, -25,
          -9_007_199_254_740_991,
        ],
        Größe: '𐅑\ufeff',
        deep: [[[{ a: [] }]]],
        empty: {},
      },
      cause: { kind: 'risk-level-change', change: 'c-1', reason: 'impossible travel', txn: 't-1' },
    }),
    accept('REVOKED in the last generation there is', 'revoked', 9, {
      session: SESSION,
      generation: 0xffff_ffff,
      cause: { kind: 'session-revoked', change: 'c-2' },
    }),
    accept('ACK', 'ack', 9, { session: SESSION, generation: 0xffff_ffff }),
  ];
}

function acceptedDecisions(): AcceptedFrame[] {
  const asked = { action: 'files.read', resource: { type: 'File', id: '/reports/q3.txt' } };
  const denials = CAUSES.filter((cause) => cause !== 'stale-token').map((cause) =>
    accept(`DECISION: deny, ${cause}`, 'decision', 8, {
      effect: 'deny',
      cause,
      generation: cause === 'session-unknown' || cause === 'not-bound' ? 0 : 3,
    }),
  );
  return [
    accept('AUTHORIZE with a token of suite 1', 'authorize', 7, { token: TOKEN_96, ...asked }),
    accept('AUTHORIZE with a token of suite 2 and a context', 'authorize', 8, {
      token: TOKEN_128,
      ...asked,
      context: { purpose: 'summary', bytes_: 10 },
    }),
    accept('AUTHORIZE with an empty context', 'authorize', 8, { token: TOKEN_96, ...asked, context: {} }),
    accept('AUTHORIZE with names at their limits', 'authorize', 8, {
      token: TOKEN_96,
      action: 'a'.repeat(256),
      resource: { type: 'ü'.repeat(128), id: 'c'.repeat(2_048) },
    }),
    accept('DECISION: permit', 'decision', 7, { effect: 'permit', cause: 'policy', generation: 1 }),
    accept('DECISION: permit until a time, with reasons and an obligation', 'decision', 7, {
      effect: 'permit',
      cause: 'policy',
      generation: 0xffff_ffff,
      expiresAtMs: Number.MAX_SAFE_INTEGER,
      detail: {
        reasons: ['policy-1', 'policy-2'],
        obligations: [{ id: 'o-1', type: 'log', properties: { level: 'high' } }],
      },
    }),
    ...denials,
    accept('DECISION: deny, stale-token, with the token that replaces', 'decision', 8, {
      effect: 'deny',
      cause: 'stale-token',
      generation: 4,
      token: TOKEN_128,
    }),
  ];
}

/** Frames of every type, at the edges of their members. */
export function acceptedFrames(): AcceptedFrame[] {
  return [...acceptedMessages(), ...acceptedDecisions()];
}
