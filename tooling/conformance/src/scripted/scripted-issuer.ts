import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { fetch } from 'undici';
import type { Json, ScriptedAnswer, ScriptedRequest } from './http.ts';
import { Mailbox } from './mailbox.ts';
import { makeSet, type ScriptedSet, type SetScript, type SigningKey } from './set-maker.ts';
import {
  type Delivery,
  type Fetch,
  openPollDelivery,
  openPushDelivery,
  type PollDelivery,
  type Verdict,
} from './verdict.ts';

/** How a transmitter behaves besides what the specifications say; by default as they say. */
export interface IssuerScript {
  /** The method that its streams have. */
  readonly delivery: 'push' | 'poll';
  /** The issuer that it writes into stream configurations. */
  readonly streamIssuer?: string;
  /** What it does when it is asked for a verification event; by default it sends one that is in order. */
  readonly onVerification?: (issuer: ScriptedIssuer, state: string | undefined) => Promise<void>;
}

/** One management request that was authorized. */
export interface ManagementCall {
  readonly operation:
    | 'create'
    | 'read'
    | 'update'
    | 'replace'
    | 'delete'
    | 'read-status'
    | 'set-status'
    | 'verify';
  readonly body: Json;
}

/** A stream to the receiver under test. */
export interface ScriptedStream {
  readonly id: string;
  configuration: Json;
  status: 'enabled' | 'paused' | 'disabled';
}

const EVENT_BASE = 'https://schemas.openid.net/secevent/';
/** The verification event of SSF 1.0 §8.1.4. */
const VERIFICATION = `${EVENT_BASE}ssf/event-type/verification`;
/** The stream-updated event of SSF 1.0 §8.1.5. */
const STREAM_UPDATED = `${EVENT_BASE}ssf/event-type/stream-updated`;

/** One transmitter that does what a module needs, and remembers what it was asked for. */
export class ScriptedIssuer {
  readonly issuer: string;
  readonly clientId = 'receiver-under-test';
  readonly clientSecret = randomUUID();
  readonly script: IssuerScript;
  /** How tokens are pushed: the receiver's certificate is to be trusted. */
  fetch: Fetch = fetch;
  /** Management requests, in order. */
  readonly calls = new Mailbox<ManagementCall>();
  /** Streams that were created. */
  readonly streams = new Mailbox<ScriptedStream>();
  /** How often an access token was issued, and a request refused because of an expired one. */
  readonly tokens = { issuedCount: 0, expiredCount: 0, issuedAtMs: 0 };
  /** Verdicts on verification events, in order. */
  readonly verifications = new Mailbox<Verdict>();
  readonly #key: SigningKey;
  #valid = new Set<string>();
  readonly #poll: PollDelivery = openPollDelivery();
  #current: ScriptedStream | undefined;

  constructor(origin: string, name: string, script: IssuerScript, key: SigningKey) {
    this.issuer = `${origin}/t/${name}`;
    this.script = script;
    this.#key = key;
  }

  /** What it calls the receiver. */
  get audience(): string {
    return `${this.issuer}/receiver`;
  }

  /** As whom, for whom and with what it signs. */
  get signing(): { readonly issuer: string; readonly audience: string; readonly key: SigningKey } {
    return { issuer: this.issuer, audience: this.audience, key: this.#key };
  }

  /** The stream in use. */
  async stream(): Promise<ScriptedStream> {
    return this.#current ?? (await this.streams.find('a stream', () => true));
  }

  /** Signs a token and delivers it in the way of the stream. */
  async deliver(script: SetScript): Promise<Verdict> {
    return this.deliverSet(await this.sign(script));
  }

  /** Signs a token for the stream. */
  sign(script: SetScript): Promise<ScriptedSet> {
    return makeSet(script, this.signing);
  }

  /** Delivers a token, a second time if need be. */
  async deliverSet(set: ScriptedSet): Promise<Verdict> {
    return (await this.#delivery()).deliver(set);
  }

  /** Sends a verification event about the stream. */
  async sendVerification(state: string | undefined, changes: Partial<SetScript> = {}): Promise<Verdict> {
    const { id } = await this.stream();
    const verdict = await this.deliver({
      eventType: VERIFICATION,
      event: state === undefined ? {} : { state },
      subject: { format: 'opaque', id },
      ...changes,
    });
    this.verifications.put(verdict);
    return verdict;
  }

  /** Waits until the last access token has been good for so long. */
  async untilTokenIsOld(ageMs: number): Promise<void> {
    await sleep(Math.max(0, this.tokens.issuedAtMs + ageMs - performance.now()));
  }

  /** Lets all access tokens expire before their time. */
  expireTokens(): void {
    this.#valid = new Set();
  }

  /** Tells of a change of the stream's status, and makes it. */
  async changeStatus(status: ScriptedStream['status'], event: Json = {}): Promise<Verdict> {
    const stream = await this.stream();
    stream.status = status;
    return this.deliver({
      eventType: STREAM_UPDATED,
      event: { status, ...event },
      subject: { format: 'opaque', id: stream.id },
    });
  }

  /** Answers a request below this issuer's path. */
  async answer(path: string, request: ScriptedRequest): Promise<ScriptedAnswer> {
    if (path === '/jwks.json') return { status: 200, body: { keys: [this.#key.publicJwk] } };
    if (path === '/token') return this.#issueToken(request);
    const refusal = this.#checkToken(request);
    if (refusal !== undefined) return refusal;
    if (path.startsWith('/poll/')) return this.#poll.answer(request);
    return this.#manage(path, request);
  }

  /** Metadata as SSF 1.0 §7 has them. */
  metadata(): Json {
    const { issuer } = this;
    return {
      spec_version: '1_0',
      issuer,
      jwks_uri: `${issuer}/jwks.json`,
      delivery_methods_supported: [METHODS[this.script.delivery]],
      configuration_endpoint: `${issuer}/streams`,
      status_endpoint: `${issuer}/status`,
      verification_endpoint: `${issuer}/verify`,
      authorization_schemes: [{ spec_urn: 'urn:ietf:rfc:6749' }],
      default_subjects: 'ALL',
    };
  }

  /** Metadata of its authorization server, as RFC 8414 has them. */
  authorizationServerMetadata(): Json {
    return {
      issuer: this.issuer,
      token_endpoint: `${this.issuer}/token`,
      grant_types_supported: ['client_credentials'],
      token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
      response_types_supported: [],
    };
  }

  #delivery = async (): Promise<Delivery> => {
    if (this.script.delivery === 'poll') return this.#poll;
    const { configuration } = await this.stream();
    return openPushDelivery(configuration['delivery'] ?? {}, this.fetch);
  };

  #issueToken({ headers, body }: ScriptedRequest): ScriptedAnswer {
    const form = new URLSearchParams(body);
    // RFC 6749 §2.3.1: both are form-encoded before they are joined.
    const [id, secret] = Buffer.from(headers.authorization?.replace(/^Basic /i, '') ?? '', 'base64')
      .toString()
      .split(':')
      .map((part) => decodeURIComponent(part.replaceAll('+', ' ')));
    const isClient =
      (id === this.clientId && secret === this.clientSecret) ||
      (form.get('client_id') === this.clientId && form.get('client_secret') === this.clientSecret);
    if (!isClient || form.get('grant_type') !== 'client_credentials') {
      return { status: 401, body: { error: 'invalid_client' } };
    }
    const token = randomUUID();
    this.tokens.issuedCount += 1;
    this.tokens.issuedAtMs = performance.now();
    this.#valid.add(token);
    return { status: 200, body: { access_token: token, token_type: 'Bearer', expires_in: 3_600 } };
  }

  #checkToken({ headers }: ScriptedRequest): ScriptedAnswer | undefined {
    const token = headers.authorization?.replace(/^Bearer /i, '') ?? '';
    if (this.#valid.has(token)) return undefined;
    this.tokens.expiredCount += 1;
    return { status: 401, headers: { 'WWW-Authenticate': 'Bearer error="invalid_token"' } };
  }

  #manage(path: string, request: ScriptedRequest): ScriptedAnswer {
    const body = request.body === '' ? {} : (JSON.parse(request.body) as Json);
    const note = (operation: ManagementCall['operation']): void => this.calls.put({ operation, body });
    const stream = this.#current;
    if (path === '/streams' && request.method === 'POST') return this.#create(body, note);
    if (path === '/streams' && request.method === 'GET' && !request.query.has('stream_id')) {
      note('read');
      return { status: 200, body: stream === undefined ? [] : [stream.configuration] };
    }
    const id = request.query.get('stream_id') ?? body['stream_id'];
    if (stream === undefined || id !== stream.id) return { status: 404 };
    switch (`${request.method} ${path}`) {
      case 'GET /streams':
        note('read');
        return { status: 200, body: stream.configuration };
      case 'PATCH /streams':
        note('update');
        stream.configuration = { ...stream.configuration, ...body };
        return { status: 200, body: stream.configuration };
      case 'PUT /streams':
        note('replace');
        stream.configuration = this.#configuration(stream.id, body);
        return { status: 200, body: stream.configuration };
      case 'DELETE /streams':
        note('delete');
        this.#current = undefined;
        return { status: 204 };
      case 'GET /status':
        note('read-status');
        return { status: 200, body: { stream_id: stream.id, status: stream.status } };
      case 'POST /status':
        note('set-status');
        stream.status = body['status'] as ScriptedStream['status'];
        return { status: 200, body: { stream_id: stream.id, status: stream.status } };
      case 'POST /verify':
        note('verify');
        void this.#verify(body['state'] as string | undefined);
        return { status: 204 };
      default:
        return { status: 404 };
    }
  }

  #create(body: Json, note: (operation: ManagementCall['operation']) => void): ScriptedAnswer {
    note('create');
    if (this.#current !== undefined) return { status: 409 };
    const id = randomUUID();
    this.#current = { id, configuration: this.#configuration(id, body), status: 'enabled' };
    this.streams.put(this.#current);
    return { status: 201, body: this.#current.configuration };
  }

  #configuration(id: string, wanted: Json): Json {
    const asked = (wanted['delivery'] ?? {}) as Json;
    const { delivery: way, streamIssuer = this.issuer } = this.script;
    const delivery =
      way === 'push' ? asked : { method: METHODS.poll, endpoint_url: `${this.issuer}/poll/${id}` };
    return {
      stream_id: id,
      iss: streamIssuer,
      aud: this.audience,
      events_supported: wanted['events_requested'] ?? [],
      events_requested: wanted['events_requested'] ?? [],
      events_delivered: wanted['events_requested'] ?? [],
      delivery,
      min_verification_interval: 1,
    };
  }

  async #verify(state: string | undefined): Promise<void> {
    const { onVerification } = this.script;
    if (onVerification === undefined) await this.sendVerification(state);
    else await onVerification(this, state);
  }
}

const METHODS = { push: 'urn:ietf:rfc:8935', poll: 'urn:ietf:rfc:8936' } as const;
