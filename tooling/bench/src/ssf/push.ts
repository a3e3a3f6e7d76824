import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { text } from 'node:stream/consumers';
import { inParallel } from '../harness/in-parallel.ts';
import { IN_FLIGHT, type SignedSet, type Way } from './way.ts';

/** The server's endpoint for security events. */
export interface PushTarget {
  readonly url: string;
  readonly authorization: string;
  /** PEM. */
  readonly ca: string;
}

/** Tokens in one request of the multi-SET push. */
const BATCH = 64;

interface Post {
  readonly contentType: string;
  readonly body: string;
}

/** A token to each request (RFC 8935), over connections that are kept alive. */
export function pushWay(target: PushTarget, resources: AsyncDisposableStack): Way {
  const post = createPost(target, resources);
  return {
    async deliver(sets) {
      await inParallel(sets.length, IN_FLIGHT.push, async (index) => {
        const answer = await post({ contentType: 'application/secevent+jwt', body: setAt(sets, index).set });
        if (answer !== '') throw new Error(`a push was answered with ${answer}`);
      });
    },
  };
}

/** Many tokens to each request (draft-deshpande-secevent-http-multi-set-push). */
export function multiPushWay(target: PushTarget, resources: AsyncDisposableStack): Way {
  const post = createPost(target, resources);
  return {
    async deliver(sets) {
      const batches = Math.ceil(sets.length / BATCH);
      await inParallel(batches, IN_FLIGHT['multi-push'] / BATCH, async (index) => {
        const batch = sets.slice(index * BATCH, (index + 1) * BATCH);
        const body = JSON.stringify({ sets: Object.fromEntries(batch.map(({ jti, set }) => [jti, set])) });
        const answer = await post({ contentType: 'application/json', body });
        const { ack } = JSON.parse(answer) as { ack: readonly string[] };
        if (ack.length !== batch.length) throw new Error(`of ${batch.length} tokens: ${answer}`);
      });
    },
  };
}

/** @returns posts, and gives the body of the answer, whose status must be 202. */
function createPost(
  { url, authorization, ca }: PushTarget,
  resources: AsyncDisposableStack,
): (post: Post) => Promise<string> {
  const agent = new Agent({ keepAlive: true, ca });
  resources.defer(() => agent.destroy());
  return async ({ contentType, body }) => {
    const headers = {
      'Content-Type': contentType,
      'Content-Length': String(Buffer.byteLength(body)),
      Authorization: authorization,
    };
    const asked = request(url, { method: 'POST', agent, headers });
    asked.end(body);
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    const said = await text(answer);
    if (answer.statusCode !== 202) throw new Error(`a push was answered with ${answer.statusCode} ${said}`);
    return said;
  };
}

function setAt(sets: readonly SignedSet[], index: number): SignedSet {
  const set = sets[index];
  if (set === undefined) throw new RangeError(`there are ${sets.length} tokens`);
  return set;
}
