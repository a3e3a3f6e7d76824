import { decodeProtectedHeader } from 'jose';
import type { Json, ScriptedAnswer, ScriptedServer } from './http.ts';
import { openScriptedServer } from './http.ts';
import { Mailbox } from './mailbox.ts';

/** A token that was pushed, as it came. */
export interface PushedSet {
  readonly text: string;
  readonly authorization: string | undefined;
  readonly contentType: string | undefined;
  readonly accept: string | undefined;
}

/** An endpoint to which tokens are pushed. */
export interface PushEndpoint {
  readonly url: string;
  readonly pushed: Mailbox<PushedSet>;
  /** How it answers; with 202 by default. */
  answer: () => ScriptedAnswer;
}

/** Endpoints to which tokens are pushed, on one port of the loopback interface. */
export interface ScriptedReceivers extends AsyncDisposable {
  add(name: string): PushEndpoint;
}

/** Opens the port. */
export async function openScriptedReceivers(): Promise<ScriptedReceivers> {
  const endpoints = new Map<string, PushEndpoint>();
  const server: ScriptedServer = await openScriptedServer(async ({ path, headers, body }) => {
    const endpoint = endpoints.get(path);
    if (endpoint === undefined) return { status: 404 };
    const { authorization, accept } = headers;
    endpoint.pushed.put({ text: body, authorization, contentType: headers['content-type'], accept });
    return endpoint.answer();
  });
  return {
    add(name) {
      const path = `/r/${name}`;
      const endpoint = {
        url: `${server.origin}${path}`,
        pushed: new Mailbox<PushedSet>(),
        answer: () => ({ status: 202 }),
      };
      endpoints.set(path, endpoint);
      return endpoint;
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** The claims of a token, unverified. */
export function claimsOf(text: string): Json {
  return JSON.parse(Buffer.from(text.split('.')[1] ?? '', 'base64url').toString()) as Json;
}

/** The header of a token. */
export function headerOf(text: string): Json {
  return decodeProtectedHeader(text);
}

/** The only event of a token: its type, and what it says. */
export function eventOf(text: string): readonly [type: string, event: Json] {
  const [first] = Object.entries((claimsOf(text)['events'] ?? {}) as Record<string, Json>);
  if (first === undefined) throw new Error('a token without an event');
  return first;
}
