import { randomBytes } from 'node:crypto';
import { parseSessionId, type SessionId } from '@rta/core';
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
  resumeStatement,
} from '@rta/protocol';
import { type AgentKey, generateAgentKey } from '@rta/sdk';
import type { TransportConnection, TransportStream } from '@rta/transport';

/** Asks on a control stream and waits for the answer of that name; refusals are thrown as the server's code. */
export type Ask = <Question extends MessageName, Answer extends MessageName>(
  question: Question,
  message: Messages[Question],
  answer: Answer,
) => Promise<Messages[Answer]>;

/** A control stream that is spoken to by hand. */
export interface RawControl {
  readonly ask: Ask;
  readonly welcome: Messages['welcome'];
  readonly stream: TransportStream;
  /** Settled with the GOAWAY frame. */
  readonly goaway: Promise<Messages['goaway']>;
  /** Asks, and resolves with the refusal. */
  readonly refusal: (...question: Question) => Promise<Messages['error']>;
  /** Asks, and resolves with the answer, whatever it is. */
  readonly answerTo: (...question: Question) => Promise<Answer>;
}

/** An answer and its name. */
export type Answer = {
  [Name in MessageName]: { readonly name: Name; readonly message: Messages[Name] };
}[MessageName];

type Question = { [Name in MessageName]: [question: Name, message: Messages[Name]] }[MessageName];

/** Opens the control stream and says HELLO. */
export async function rawHello(connection: TransportConnection): Promise<RawControl> {
  const stream = connection.openStream();
  const decoder = createFrameDecoder();
  const waiting = new Map<number, (frame: Frame) => void>();
  const goaway = Promise.withResolvers<Messages['goaway']>();
  stream.setHandlers({
    onData: (chunk) =>
      decoder.push(chunk, (frame) => {
        if (frame.type === FRAME.goaway) goaway.resolve(decodeMessage('goaway', frame));
        waiting.get(frame.requestId)?.(frame);
      }),
  });
  let requestId = 0;
  const send = (...[question, message]: Question): Promise<Frame> => {
    requestId += 1;
    const reply = new Promise<Frame>((resolve) => waiting.set(requestId, resolve));
    stream.write(encodeMessage(question, requestId, message));
    return reply;
  };
  const ask: Ask = async (question, message, answer) => {
    const frame = await send(...([question, message] as unknown as Question));
    if (frame.type === FRAME.error) throw new Error(decodeMessage('error', frame).code);
    return decodeMessage(answer, frame);
  };
  return {
    ask,
    stream,
    goaway: goaway.promise,
    answerTo: async (...question) => {
      const frame = await send(...question);
      const name = MESSAGE_NAMES.find((one) => FRAME[one] === frame.type) ?? 'error';
      return { name, message: decodeMessage(name, frame) } as Answer;
    },
    refusal: async (...question) => decodeMessage('error', await send(...question)),
    welcome: await ask('hello', { client: 'by hand' }, 'welcome'),
  };
}

const MESSAGE_NAMES = ['exchanged', 'bound', 'delegated', 'ended', 'pong', 'error'] as const;

/** Opens a lane without the SDK, to send what the SDK never would. */
export function openLane(
  connection: TransportConnection,
): (token: Uint8Array, action?: string) => Promise<DecisionMessage> {
  const stream = connection.openStream();
  const decoder = createFrameDecoder();
  const answers: ((frame: Frame) => void)[] = [];
  stream.setHandlers({ onData: (chunk) => decoder.push(chunk, (frame) => answers.shift()?.(frame)) });
  let requestId = 0;
  return async (token, action = READ.action) => {
    requestId += 1;
    const answer = new Promise<Frame>((resolve) => answers.push(resolve));
    stream.write(encodeAuthorize(requestId, { token, ...READ, action }));
    return decodeDecision((await answer).body);
  };
}

/** An action that the policy of the tests permits. */
export const READ = { action: 'files.read', resource: { type: 'File', id: 'reports/q3.txt' } };

/** An agent by hand, with its session and what it was pushed. */
export interface RawSession extends RawControl {
  readonly connection: TransportConnection;
  readonly key: AgentKey;
  readonly session: SessionId;
  readonly bound: Messages['bound'];
  /** For another exchange. */
  readonly nextNonce: string;
  readonly lane: ReturnType<typeof openLane>;
  readonly pushes: RawPushes;
}

/** Exchanges, binds, and receives pushes, all by hand. */
export async function rawSession(
  connection: TransportConnection,
  subjectToken: string,
  changes: Record<string, string> = {},
): Promise<RawSession> {
  const pushes = receivePushes(connection);
  const control = await rawHello(connection);
  const opened = await openBound({ ...control, connection }, subjectToken, { changes });
  return { ...control, ...opened, connection, lane: openLane(connection), pushes };
}

/** Opens a session on a connection, and binds it there. */
export async function openBound(
  { ask, welcome, connection }: Pick<RawSession, 'ask' | 'welcome' | 'connection'>,
  subjectToken: string,
  {
    nonce = welcome.nonce,
    changes,
  }: { readonly nonce?: string; readonly changes?: Record<string, string> } = {},
): Promise<Pick<RawSession, 'key' | 'session' | 'bound' | 'nextNonce'>> {
  const key = generateAgentKey();
  const proof = await proofOf(key, welcome.tokenEndpoint, nonce, { now: welcome.nowMs });
  const parameters = exchangeParameters(subjectToken, changes);
  const exchanged = await ask('exchange', { parameters, proof }, 'exchanged');
  const session = parseSessionId(exchanged.session);
  const bound = await ask('bind', bindMessage(connection, welcome.challenge, session, key), 'bound');
  return { key, session, bound, nextNonce: exchanged.nonce };
}

/** A BIND that is good. */
export function bindMessage(
  connection: TransportConnection,
  challenge: Uint8Array,
  session: SessionId,
  key: AgentKey,
): Messages['bind'] {
  return { session, signature: key.sign(bindingStatement(challenge, connection.channelBinding, session)) };
}

/** What is different about a RESUME. */
export interface ResumeChanges {
  readonly nonce?: Uint8Array;
  readonly channelBinding?: Uint8Array;
}

/** A RESUME that is good, signed at a time. */
export function resumeMessage(
  connection: TransportConnection,
  { session, key }: Pick<RawSession, 'session' | 'key'>,
  issuedAtMs: number,
  changes: ResumeChanges = {},
): Messages['resume'] {
  const { nonce = Uint8Array.from(randomBytes(16)), channelBinding = connection.channelBinding } = changes;
  const signature = key.sign(resumeStatement(nonce, issuedAtMs, channelBinding, session));
  return { session, nonce, issuedAtMs, signature };
}

/** The frames that come on a stream, and how it ends: by its end, or by a code. */
export interface CollectedFrames {
  readonly frames: readonly Frame[];
  readonly ended: Promise<'end' | number>;
}

/** Collects frames of a stream. */
export function collectFrames(stream: TransportStream): CollectedFrames {
  const frames: Frame[] = [];
  const decoder = createFrameDecoder();
  const ended = Promise.withResolvers<'end' | number>();
  stream.setHandlers({
    onData: (chunk) => decoder.push(chunk, (frame) => frames.push(frame)),
    onEnd: () => ended.resolve('end'),
    onReset: ended.resolve,
  });
  return { frames, ended: ended.promise };
}

/** One push, and the stream to answer it on. */
export interface RawPush {
  readonly frame: Frame;
  readonly stream: TransportStream;
  /** The server has ended its side of the stream. */
  readonly ended: Promise<void>;
  acknowledge(): void;
}

/** The pushes of a connection, in order, none of them acknowledged. */
export interface RawPushes {
  next(): Promise<RawPush>;
  /** Those that came and were not asked for. */
  readonly waiting: number;
}

/** Takes what the server pushes. */
export function receivePushes(connection: TransportConnection): RawPushes {
  const arrived: RawPush[] = [];
  const wanted: ((push: RawPush) => void)[] = [];
  connection.onStream((stream) => {
    const decoder = createFrameDecoder();
    const ended = Promise.withResolvers<void>();
    const onFrame = (frame: Frame): void => {
      const push: RawPush = {
        frame,
        stream,
        ended: ended.promise,
        acknowledge: () => {
          const { session, generation } =
            frame.type === FRAME.context ? decodeMessage('context', frame) : decodeMessage('revoked', frame);
          stream.write(encodeMessage('ack', frame.requestId, { session, generation }));
        },
      };
      const taker = wanted.shift();
      if (taker === undefined) arrived.push(push);
      else taker(push);
    };
    stream.setHandlers({ onData: (chunk) => decoder.push(chunk, onFrame), onEnd: ended.resolve });
  });
  return {
    next: () => {
      const push = arrived.shift();
      return push === undefined ? new Promise((resolve) => wanted.push(resolve)) : Promise.resolve(push);
    },
    get waiting() {
      return arrived.length;
    },
  };
}

type DpopProofOptions = Parameters<typeof createDpopProof>[0];

/** Name and value of each parameter of a token request. */
export type FormParameters = [name: string, value: string][];

/** The parameters of an exchange as a client would send them. */
export function exchangeParameters(
  subjectToken: string,
  changes: Record<string, string> = {},
): FormParameters {
  return Object.entries({
    grant_type: GRANT_TYPE.rtaTokenExchange,
    subject_token: subjectToken,
    subject_token_type: TOKEN_TYPE.accessToken,
    agent: JSON.stringify({ id: 'agent-1' }),
    ...changes,
  });
}

/** What is different about a proof; a nonce that is undefined is left out. */
export interface ProofChanges extends Partial<Omit<DpopProofOptions, 'nonce'>> {
  readonly nonce?: string | undefined;
}

/** A proof as a client would make it. */
export function proofOf(
  key: AgentKey,
  url: string,
  nonce: string | undefined,
  changes: Partial<Omit<DpopProofOptions, 'nonce'>> = {},
): Promise<string> {
  return createDpopProof({
    privateKey: key.privateKey,
    publicJwk: key.publicJwk,
    method: 'POST',
    url,
    ...(nonce === undefined ? {} : { nonce }),
    now: Date.now(),
    jti: crypto.randomUUID(),
    ...changes,
  });
}
