import type { ClientRequest } from 'node:http';
import { EVALUATION_PATH, evaluationRequest, expectPermit } from './evaluation.ts';

/** What a request says, whatever carries it. */
export interface Post {
  readonly method: 'POST';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Asks one question over HTTP/1.1, and checks the answer.
 *
 * @param open - begins the request, by `node:http` or `node:https`: `fetch` takes longer.
 */
export function askByPost(open: (post: Post) => ClientRequest): Promise<void> {
  return new Promise((resolve, reject) => {
    const body = evaluationRequest();
    const asked = open({
      method: 'POST',
      path: EVALUATION_PATH,
      headers: { 'Content-Type': 'application/json', 'Content-Length': String(Buffer.byteLength(body)) },
    });
    asked.once('error', reject);
    asked.once('response', (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.once('error', reject);
      response.once('end', () => {
        try {
          expectPermit(response.statusCode ?? 0, text);
          resolve();
        } catch (error) {
          reject(error);
        }
      });
    });
    asked.end(body);
  });
}
