import { ACCESS_REQUEST } from '../rta/question.ts';

/** Where a policy server is. */
export interface HttpJsonLoadOptions {
  readonly host: string;
  readonly port: number;
}

/** Where one is that speaks TLS. */
export interface TlsHttpJsonLoadOptions extends HttpJsonLoadOptions {
  /** Authority of the server's certificate, PEM. */
  readonly ca: string;
}

/** Where AuthZEN has its questions. */
export const EVALUATION_PATH = '/access/v1/evaluation';

/** The question, written anew each time, as a client does it. */
export function evaluationRequest(): string {
  return JSON.stringify(ACCESS_REQUEST);
}

/** @throws Error where an answer is anything but a permit. */
export function expectPermit(status: number, body: string): void {
  const { decision } = JSON.parse(body) as { readonly decision?: unknown };
  if (decision !== true) throw new Error(`denied, with status ${status}`);
}
