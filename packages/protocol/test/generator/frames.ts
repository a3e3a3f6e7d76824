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

/** A message of the file. */
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
  list: 0x10,
  listed: 0x11,
  narrow: 0x12,
  narrowed: 0x13,
  authorize: 0x20,
  decision: 0x21,
  resume: 0x22,
  context: 0x30,
  revoked: 0x31,
  ack: 0x32,
  approval: 0x33,
};

/** Causes by their numbers. */
export const CAUSES = [
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
  'session-suspended',
  'budget-exhausted',
  'step-up-required',
  'approval-required',
  'approval-refused',
  'obligation-unknown',
];

/** Causes whose denials bring something along. */
export const BRINGING: ReadonlySet<string> = new Set([
  'stale-token',
  'step-up-required',
  'approval-required',
]);

/** Floating-point numbers in the shortest form that holds them (RFC 8949 Appendix A). */
const FLOATS: ReadonlyMap<number, string> = new Map([
  [0.5, 'f93800'],
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
export const CHILD = '____________________-w';
export const TOKEN_96: VectorValue = { bytes: repeat('a1', 96) };
export const TOKEN_128: VectorValue = { bytes: repeat('b2', 128) };
export const KEY: VectorValue = { bytes: repeat('c3', 32) };
export const NOW = 1_767_225_600_000; // 2026-01-01T00:00:00Z

/** A frame that every reader accepts. */
export function accept(name: string, type: string, requestId: number, message: Message): AcceptedFrame {
  const body =
    type === 'authorize'
      ? authorizeBody(message)
      : type === 'decision'
        ? decisionBody(message)
        : cbor(message);
  return { name, type, requestId, message, frame: frame(TYPES[type] ?? 0, requestId, body) };
}
