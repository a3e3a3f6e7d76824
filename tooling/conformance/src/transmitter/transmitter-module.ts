import type { Json } from '../scripted/http.ts';
import type { PushEndpoint } from '../scripted/scripted-receiver.ts';

/** An answer of the server under test. */
export interface Answer {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  /** What its body says as JSON; undefined for none. */
  readonly body: unknown;
}

/** What a module works with. Every module is a receiver of its own. */
export interface TransmitterStage {
  readonly issuer: string;
  /** Metadata of the transmitter. */
  readonly metadata: Json;
  /** Its key set. */
  readonly keys: () => Promise<{ readonly keys: readonly Json[] }>;
  /** An access token of this module's receiver. */
  token(scope?: string, receiver?: string): Promise<string>;
  /** Asks an endpoint; the token is one for `ssf.manage` unless another is given, or null for none. */
  ask(
    method: string,
    url: unknown,
    request?: {
      readonly body?: unknown;
      readonly token?: string | null;
      readonly headers?: Readonly<Record<string, string>>;
    },
  ): Promise<Answer>;
  /** An endpoint to push to. */
  pushEndpoint(name: string): PushEndpoint;
  /** Has a person sign in, opens a session of an agent for them, and has it revoked. */
  openAndRevokeSession(): Promise<void>;
}

/** One thing that a transmitter has to do right, after the modules of the OpenID suite's transmitter plans. */
export interface TransmitterModule {
  readonly name: string;
  run(stage: TransmitterStage): Promise<void>;
}
