import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { type JsonObject, utf8 } from '@rta/core';
import { createMemoryStore, type SingleUseKeys } from '@rta/store';
import { createFakeClock, type FakeClock } from '@rta/testkit';
import {
  CompactSign,
  type CryptoKey,
  exportJWK,
  type GenerateKeyPairResult,
  generateKeyPair,
  type JSONWebKeySet,
  type JWK,
} from 'jose';
import {
  createSetReceiver,
  type PushResponse,
  type ReceivedEvent,
  type SetDiagnostics,
  type SetReceiver,
  type SetReceiverOptions,
  type TransmitterOptions,
} from '../src/index.ts';

export const ISSUER = 'https://idp.example/';
export const AUDIENCE = 'https://rta.example/ssf';
export const CAEP = 'https://schemas.openid.net/secevent/caep/event-type/';
export const SESSION_REVOKED = `${CAEP}session-revoked`;
/** Where fake clocks stand: 2026-01-01T00:00:00Z. */
export const NOW_SECONDS = 1_767_225_600;
export const NOW_MS = 1_767_225_600_000;

/** A key that signs, and its public half as it is published. */
export interface SigningKey {
  readonly algorithm: string;
  readonly keyId: string;
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
}

/** Makes a key. */
export async function makeKey(algorithm = 'RS256', keyId = 'key-1'): Promise<SigningKey> {
  const pair: GenerateKeyPairResult = await generateKeyPair(algorithm, { extractable: true });
  return {
    algorithm,
    keyId,
    privateKey: pair.privateKey,
    jwk: { ...(await exportJWK(pair.publicKey)), kid: keyId },
  };
}

/** The key of the transmitter in most tests; making RSA keys takes long. */
export const KEY = await makeKey();
export const JWKS: JSONWebKeySet = { keys: [KEY.jwk] };

let tokens = 0;

/** The claims of a token that is in order: a session-revoked event about a user. */
export function claims(overrides: JsonObject = {}): JsonObject {
  tokens += 1;
  return {
    iss: ISSUER,
    aud: AUDIENCE,
    jti: `jti-${tokens}`,
    iat: NOW_SECONDS,
    txn: 'txn-1',
    sub_id: { format: 'iss_sub', iss: ISSUER, sub: 'jane' },
    events: { [SESSION_REVOKED]: { event_timestamp: NOW_SECONDS - 60 } },
    ...overrides,
  };
}

/** Claims without some of their members. */
export function without(...names: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(claims()).filter(([name]) => !names.includes(name)));
}

/** The claims of a token with one event. */
export function eventClaims(type: string, event: JsonObject, overrides: JsonObject = {}): JsonObject {
  return claims({ events: { [type]: event }, ...overrides });
}

/** Signs a payload, as text where it is not to be what JSON.stringify makes of it. */
export async function sign(
  payload: JsonObject | string,
  options: { readonly key?: SigningKey; readonly header?: Readonly<Record<string, unknown>> } = {},
): Promise<string> {
  const { key = KEY, header = {} } = options;
  const text = typeof payload === 'string' ? payload : JSON.stringify(payload);
  const protectedHeader = { typ: 'secevent+jwt', alg: key.algorithm, kid: key.keyId, ...header };
  return new CompactSign(utf8(text)).setProtectedHeader(protectedHeader).sign(key.privateKey);
}

/** A receiver with what it has accepted, and a way to push to it. */
export interface Bench extends AsyncDisposable {
  readonly receiver: SetReceiver;
  readonly clock: FakeClock;
  readonly singleUse: SingleUseKeys;
  /** Events in the order in which they were accepted. */
  readonly events: readonly ReceivedEvent[];
  /** Events of streams. */
  readonly streamEvents: readonly ReceivedEvent[];
  /** What was published on `rta:ssf.set`. */
  readonly published: readonly SetDiagnostics[];
  /** Pushes a token that was signed already. */
  push(
    set: string | Uint8Array,
    headers?: { contentType?: string; authorization?: string },
  ): Promise<PushResponse>;
  /** Signs claims and pushes the token. */
  send(payload: JsonObject | string, options?: Parameters<typeof sign>[1]): Promise<PushResponse>;
}

/** Makes a receiver with one transmitter, or with others. */
export function openBench(
  options: Partial<Omit<SetReceiverOptions, 'transmitters'>> & {
    readonly transmitter?: Partial<TransmitterOptions>;
    readonly transmitters?: readonly TransmitterOptions[];
    readonly fakeClock?: FakeClock;
  } = {},
): Bench {
  const { transmitter = {}, fakeClock: clock = createFakeClock(NOW_MS) } = options;
  const singleUse = options.singleUse ?? createMemoryStore({ clock }).singleUse;
  const events: ReceivedEvent[] = [];
  const streamEvents: ReceivedEvent[] = [];
  const published: SetDiagnostics[] = [];
  const listener = (message: unknown): void => void published.push(message as SetDiagnostics);
  subscribe('rta:ssf.set', listener);
  const receiver = createSetReceiver({
    clock,
    singleUse,
    accept: async (event) => void events.push(event),
    onStreamEvent: (event) => void streamEvents.push(event),
    ...options,
    transmitters: options.transmitters ?? [
      {
        issuer: ISSUER,
        audience: AUDIENCE,
        ...(transmitter.jwksUri === undefined ? { jwks: JWKS } : {}),
        ...transmitter,
      },
    ],
  });
  const push: Bench['push'] = (set, { contentType = 'application/secevent+jwt', authorization } = {}) =>
    receiver.receivePush({ contentType, authorization, body: typeof set === 'string' ? utf8(set) : set });
  return {
    receiver,
    clock,
    singleUse,
    events,
    streamEvents,
    published,
    push,
    send: async (payload, signing) => push(await sign(payload, signing)),
    async [Symbol.asyncDispose]() {
      unsubscribe('rta:ssf.set', listener);
      await receiver.close();
    },
  };
}

/** `err` of an answer's body. */
export function errorOf(response: PushResponse): unknown {
  return response.body === null ? undefined : (JSON.parse(response.body) as { err?: unknown }).err;
}
