import { setTimeout as sleep } from 'node:timers/promises';
import { createSetSender } from '@rta/ssf-sender';
import type { Json } from '../scripted/http.ts';
import type { ScriptedIssuer } from '../scripted/scripted-issuer.ts';
import type { ScriptedSet } from '../scripted/set-maker.ts';
import type { ServerProcess } from '../server-process.ts';

/** A way into the server, by a transmitter that sends again until it is acknowledged. */
export interface Sender extends AsyncDisposable {
  /** Resolves when the server has acknowledged every token; rejects where it refused one. */
  sendAll(sets: readonly ScriptedSet[], onAcknowledged: () => void): Promise<void>;
}

/** Requests under way at once. */
const CONCURRENT = 32;
/** Tokens in one request of the multi-SET push. */
const BATCH = 64;
/** Between two attempts, while the server is away. */
const RETRY_MS = 100;
/** A server that is away for longer does not come back. */
const PATIENCE_MS = 60_000;

/** One token a request. @see RFC 8935 */
export function pushSender(server: ServerProcess, authorization: string): Sender {
  const push = async ({ text }: ScriptedSet): Promise<void> => {
    for (const startedMs = performance.now(); ; checkPatience(startedMs)) {
      const response = await attempt(server, authorization, 'application/secevent+jwt', text);
      if (response?.status === 202) return;
      if (response?.status === 400) throw new Error(`a token was refused: ${response.text}`);
      await sleep(RETRY_MS);
    }
  };
  return sender(async (sets, onAcknowledged) => {
    await inTurns(sets, async (set) => {
      await push(set);
      onAcknowledged();
    });
  });
}

/** Many tokens a request. @see draft-deshpande-secevent-http-multi-set-push */
export function multiPushSender(server: ServerProcess, authorization: string): Sender {
  const pushAll = async (batch: readonly ScriptedSet[], onAcknowledged: () => void): Promise<void> => {
    const waiting = new Map(batch.map(({ jti, text }) => [jti, text]));
    for (const startedMs = performance.now(); waiting.size > 0; checkPatience(startedMs)) {
      const body = JSON.stringify({ sets: Object.fromEntries(waiting) });
      const response = await attempt(server, authorization, 'application/json', body);
      if (response?.status !== 202) {
        await sleep(RETRY_MS);
        continue;
      }
      const { ack = [], setErrs = {} } = JSON.parse(response.text) as { ack?: string[]; setErrs?: Json };
      if (Object.keys(setErrs).length > 0) throw new Error(`tokens were refused: ${response.text}`);
      for (const jti of ack) if (waiting.delete(jti)) onAcknowledged();
    }
  };
  return sender(async (sets, onAcknowledged) => {
    const batches = Array.from({ length: Math.ceil(sets.length / BATCH) }, (_, index) =>
      sets.slice(index * BATCH, (index + 1) * BATCH),
    );
    await inTurns(batches, (batch) => pushAll(batch, onAcknowledged), 4);
  });
}

/** The server fetches. @see RFC 8936 */
export function pollSender(issuer: ScriptedIssuer): Sender {
  return sender(async (sets, onAcknowledged) => {
    await Promise.all(
      sets.map(async (set) => {
        const verdict = await issuer.deliverSet(set);
        if (!verdict.acknowledged) throw new Error(`a token was refused: ${JSON.stringify(verdict)}`);
        onAcknowledged();
      }),
    );
  });
}

/** Over QUIC. @see docs/spec/ssf-quic.md */
export function quicSender(server: ServerProcess, authorization: string, issuer: string): Sender {
  const client = createSetSender({ endpoint: server.agentEndpoint, issuer, authorization, ca: server.ca });
  return {
    async sendAll(sets, onAcknowledged) {
      await inTurns(sets, async ({ jti, text }) => {
        await client.send(jti, text);
        onAcknowledged();
      });
    },
    [Symbol.asyncDispose]: () => client.close(),
  };
}

function sender(sendAll: Sender['sendAll']): Sender {
  return { sendAll, async [Symbol.asyncDispose]() {} };
}

/** @returns undefined where no answer came. */
async function attempt(
  server: ServerProcess,
  authorization: string,
  contentType: string,
  body: string,
): Promise<{ readonly status: number; readonly text: string } | undefined> {
  try {
    const response = await server.fetch(`${server.issuer}/ssf/events`, {
      method: 'POST',
      headers: { 'Content-Type': contentType, Authorization: authorization },
      body,
    });
    return { status: response.status, text: await response.text() };
  } catch {
    return undefined;
  }
}

function checkPatience(startedMs: number): void {
  if (performance.now() - startedMs > PATIENCE_MS) throw new Error('the server does not take the token');
}

async function inTurns<Item>(
  items: readonly Item[],
  work: (item: Item) => Promise<void>,
  concurrent = CONCURRENT,
): Promise<void> {
  const queue = items.values();
  await Promise.all(
    Array.from({ length: concurrent }, async () => {
      for (const item of queue) await work(item);
    }),
  );
}
