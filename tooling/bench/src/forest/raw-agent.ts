import { randomUUID } from 'node:crypto';
import { parseSessionId } from '@rta/core';
import { createDpopProof, GRANT_TYPE, TOKEN_TYPE } from '@rta/idp';
import {
  bindingStatement,
  createFrameDecoder,
  type DecisionMessage,
  decodeDecision,
  decodeMessage,
  encodeAuthorize,
  encodeMessage,
  FRAME,
  type Frame,
  type MessageName,
  type Messages,
} from '@rta/protocol';
import type { AgentKey } from '@rta/sdk';
import type { TransportConnection } from '@rta/transport';
import { QUESTION } from '../rta/question.ts';

/** A session as its agent knows it. */
export interface HeldSession {
  readonly id: string;
  /** The newest token. */
  readonly token: Uint8Array;
}

/** Agents that share a connection, and hold no more than they must: what is measured is the server. */
export interface RawAgents {
  /** Exchanges a token of the IdP. */
  exchange(subjectToken: string, agent: string, key: AgentKey): Promise<HeldSession>;
  /** Opens a session below another one, for an agent that binds it elsewhere. @returns its id. */
  delegate(parent: HeldSession, agent: string, key: AgentKey): Promise<string>;
  bind(session: string, key: AgentKey): Promise<HeldSession>;
  /** Asks about an action on a file; any number at a time. */
  authorize(session: HeldSession, file?: string): Promise<DecisionMessage>;
}

/** Says HELLO on a connection, and acknowledges whatever is pushed there. */
export async function createRawAgents(
  connection: TransportConnection,
  onPush: () => void,
): Promise<RawAgents> {
  const held = new Map<string, Held>();
  const control = openRequests(connection);
  const lane = openRequests(connection);
  const ask = async <Question extends MessageName, Answer extends MessageName>(
    question: Question,
    message: Messages[Question],
    answer: Answer,
  ): Promise<Messages[Answer]> => {
    const frame = await control((id) => encodeMessage(question, id, message));
    if (frame.type === FRAME.error) throw new Error(decodeMessage('error', frame).code);
    return decodeMessage(answer, frame);
  };
  const welcome = await ask('hello', { client: 'bench' }, 'welcome');
  let { nonce } = welcome;

  const bind = async (id: string, key: AgentKey): Promise<HeldSession> => {
    const statement = bindingStatement(welcome.challenge, connection.channelBinding, parseSessionId(id));
    const { token, generation } = await ask('bind', { session: id, signature: key.sign(statement) }, 'bound');
    const session = new Held(id, generation, token);
    held.set(id, session);
    return session;
  };

  connection.onStream((stream) => {
    const decoder = createFrameDecoder();
    let session: Held | undefined;
    const onFrame = (frame: Frame): void => {
      // A push stream is for one session, whose generations follow one another: one look is enough.
      session ??= held.get(sessionOf(frame));
      if (session === undefined) throw new Error('a push for a session of somebody else');
      session.generation += 1;
      // Read when its token is needed.
      if (frame.type === FRAME.context) session.newest = frame;
      const { id, generation } = session;
      stream.write(encodeMessage('ack', frame.requestId, { session: id, generation }));
      onPush();
    };
    stream.setHandlers({ onData: (chunk) => decoder.push(chunk, onFrame), onEnd: () => stream.end() });
  });

  return {
    async exchange(subjectToken, agent, key) {
      const proof = await createDpopProof({
        privateKey: key.privateKey,
        publicJwk: key.publicJwk,
        method: 'POST',
        url: welcome.tokenEndpoint,
        nonce,
        now: Date.now(),
        jti: randomUUID(),
      });
      const exchanged = await ask(
        'exchange',
        {
          parameters: [
            ['grant_type', GRANT_TYPE.rtaTokenExchange],
            ['subject_token', subjectToken],
            ['subject_token_type', TOKEN_TYPE.accessToken],
            ['agent', JSON.stringify({ id: agent, type: 'researcher' })],
          ],
          proof,
        },
        'exchanged',
      );
      // Each is good for one exchange.
      nonce = exchanged.nonce;
      return bind(exchanged.session, key);
    },
    async delegate(parent, agent, { publicKey }) {
      const { session } = await ask(
        'delegate',
        { token: parent.token, agent: { id: agent, type: 'researcher' }, key: publicKey },
        'delegated',
      );
      return session;
    },
    bind,
    async authorize({ token }, file) {
      const question = file === undefined ? QUESTION : { ...QUESTION, resource: { type: 'File', id: file } };
      return decodeDecision((await lane((id) => encodeAuthorize(id, { token, ...question }))).body);
    },
  };
}

/** What stands before the id of the session in the map of a push. */
const SESSION_MEMBER = Buffer.from('\x67session\x76', 'latin1');

/** Whom a push is for. All else that it says is read when it is needed. */
function sessionOf({ body }: Frame): string {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const at = bytes.indexOf(SESSION_MEMBER) + SESSION_MEMBER.byteLength;
  return bytes.toString('latin1', at, at + 22);
}

class Held implements HeldSession {
  readonly id: string;
  generation: number;
  /** The last CONTEXT. */
  newest: Frame | undefined;
  #token: Uint8Array;

  constructor(id: string, generation: number, token: Uint8Array) {
    this.id = id;
    this.generation = generation;
    this.#token = token;
  }

  get token(): Uint8Array {
    if (this.newest !== undefined) this.#token = decodeMessage('context', this.newest).token;
    this.newest = undefined;
    return this.#token;
  }
}

/** A stream on which frames are answered by frames of the same request id. */
function openRequests(
  connection: TransportConnection,
): (encode: (id: number) => Uint8Array) => Promise<Frame> {
  const stream = connection.openStream();
  const decoder = createFrameDecoder();
  const waiting = new Map<number, (frame: Frame) => void>();
  let lastId = 0;
  stream.setHandlers({
    onData: (chunk) =>
      decoder.push(chunk, (frame) => {
        waiting.get(frame.requestId)?.(frame);
        waiting.delete(frame.requestId);
      }),
  });
  return (encode) => {
    lastId = lastId >= 0xffff_ffff ? 1 : lastId + 1;
    const id = lastId;
    const answer = new Promise<Frame>((resolve) => waiting.set(id, resolve));
    stream.write(encode(id));
    return answer;
  };
}
