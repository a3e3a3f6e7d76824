import type { TlsIdentity } from '../rta/identity.ts';

/** Bytes of questions and answers. */
export interface QuestionLengths {
  readonly payloadBytes: number;
  readonly answerBytes: number;
}

/** A server that answers questions of one length with their first bytes. */
export interface AnsweringServerContract {
  readonly options: TlsIdentity & QuestionLengths & { readonly host: string };
  readonly ready: { readonly port: number };
  readonly request: never;
  readonly answer: never;
}

/** Where such a server is, and how it is asked. */
export interface LanesLoadOptions extends QuestionLengths {
  readonly host: string;
  readonly port: number;
  /** Authority of the server's certificate, PEM. */
  readonly ca: string;
  /** Streams that stay open, or 0 for one to each question. Datagrams have none. */
  readonly lanes: number;
}
