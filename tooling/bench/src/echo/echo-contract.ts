import type { TlsIdentity } from '../rta/identity.ts';

/** A server that gives back what it gets. */
export interface EchoServerContract {
  readonly options: TlsIdentity;
  readonly ready: { readonly port: number };
  readonly request: never;
  readonly answer: never;
}

/** What a client of such a server is told. */
export interface EchoLoadOptions {
  readonly port: number;
  /** Authority of the server's certificate, PEM. */
  readonly ca: string;
  /** Bytes of one question, and of its answer. */
  readonly payloadBytes: number;
}
