import type { IssuerScript, ScriptedIssuer } from '../scripted/scripted-issuer.ts';
import type { SigningKey } from '../scripted/set-maker.ts';

/** What a module works with besides its transmitter. */
export interface ReceiverStage {
  readonly issuer: ScriptedIssuer;
  /** A key that the transmitter does not publish. */
  readonly strangersKey: SigningKey;
  /** Has the server ask for a verification event, and wait for it (`rta-server ssf verify`). */
  verify(): Promise<void>;
  /** What the server under test says of this transmitter's stream (`rta-server ssf streams`). */
  health(): Promise<{ readonly status: string; readonly streamId: string | undefined }>;
}

/** One thing that a receiver has to do right, after the module of the OpenID suite's receiver plans. */
export interface ReceiverModule {
  /** A row of the table. */
  readonly name: string;
  /** How its transmitter differs from an ordinary one. */
  readonly script?: Omit<IssuerScript, 'delivery'>;
  /** Rejects where the receiver fails. */
  run(stage: ReceiverStage): Promise<void>;
}
