import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A JSON object. */
export type Json = { readonly [Name in string]?: unknown };

/** A request, as an endpoint sees it. */
export interface ScriptedRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  /** Fires when nobody waits for the answer any more. */
  readonly gone: AbortSignal;
}

/** The answer of an endpoint; the body is JSON unless it is a text. */
export interface ScriptedAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** A plain HTTP server on the loopback interface. */
export interface ScriptedServer extends AsyncDisposable {
  /** E.g. `http://127.0.0.1:43117`. */
  readonly origin: string;
}

/** Serves every request with one function. */
export async function openScriptedServer(
  answer: (request: ScriptedRequest) => Promise<ScriptedAnswer>,
): Promise<ScriptedServer> {
  const server = createServer((request, response) => {
    void serve(request, response, answer);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  answer: (request: ScriptedRequest) => Promise<ScriptedAnswer>,
): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const url = new URL(request.url ?? '/', 'http://scripted');
  const { status, headers, body } = await answer({
    method: request.method ?? 'GET',
    path: url.pathname,
    query: url.searchParams,
    headers: request.headers,
    body: Buffer.concat(chunks).toString(),
    gone: gone.signal,
  });
  const isText = typeof body === 'string';
  response.writeHead(status, {
    ...(body === undefined || isText ? {} : { 'Content-Type': 'application/json' }),
    ...headers,
  });
  response.end(body === undefined || isText ? body : JSON.stringify(body));
}
