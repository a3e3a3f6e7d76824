import {
  createFrameDecoder,
  type DecisionMessage,
  decodeMessage,
  encodeDecision,
  encodeMessage,
  FRAME,
  type Frame,
  type MessageName,
  type Messages,
} from '@rta/protocol';
import { createFakeClock, type FakeClock } from '@rta/testkit';
import { createMemoryTransportPair, type TransportConnection, type TransportStream } from '@rta/transport';
import { type AgentSession, createRtaClient, generateAgentKey, type RtaClient } from '../src/index.ts';

export const SESSION = 'AAECAwQFBgcICQoLDA0ODw';
export const READ = { action: 'files.read', resource: { type: 'File', id: 'a.txt' } };

/** A token that can be told from others by its number. */
export function tokenNumber(number: number): Uint8Array {
  return new Uint8Array(96).fill(number);
}

type Answer = Partial<{ readonly [Name in MessageName]: Messages[Name] }>;

/** Answers an AUTHORIZE frame, or does not. */
type Decide = (request: Frame, index: number, lane: TransportStream) => DecisionMessage | undefined;

/** A server that answers what a test tells it to, for what no real server would do. */
export interface ScriptedServer extends AsyncDisposable {
  readonly client: RtaClient;
  readonly clock: FakeClock;
  /** The server's end. */
  readonly connection: TransportConnection;
  /** Control messages that came, newest last. */
  readonly asked: Frame[];
  /** AUTHORIZE frames that came; the token of each is its first byte's fill. */
  readonly decided: Frame[];
  /** What the next control requests are answered with, by the name of the answer; unanswered where there is none. */
  answerNext(answer: Answer): void;
  /** What AUTHORIZE is answered with. */
  decide(by: Decide): void;
  /** Sends a push, and resolves with the acknowledgement. */
  push<Name extends 'context' | 'revoked'>(name: Name, message: Messages[Name]): Promise<Messages['ack']>;
  /** Writes raw bytes to the control stream. */
  writeControl(bytes: Uint8Array): void;
  /** Binds a session. */
  bind(): Promise<AgentSession>;
}

/** Connects a client to one. */
export async function startScriptedServer(): Promise<ScriptedServer> {
  const { client: clientEnd, server: connection } = createMemoryTransportPair();
  const clock = createFakeClock();
  const asked: Frame[] = [];
  const decided: Frame[] = [];
  const answers: Answer[] = [
    {
      welcome: {
        node: 'scripted',
        challenge: new Uint8Array(32).fill(9),
        tokenEndpoint: 'https://rta.example/oauth/token',
        nonce: 'nonce-1',
        nowMs: 0,
      },
    },
  ];
  let decide: Decide | undefined;
  let control: TransportStream | undefined;
  let pushes: TransportStream | undefined;
  const acks: ((ack: Messages['ack']) => void)[] = [];

  const onControl = (frame: Frame): void => {
    asked.push(frame);
    for (const [name, message] of Object.entries(answers.shift() ?? {})) {
      control?.write(encodeMessage(name as MessageName, frame.requestId, message as never));
    }
  };

  connection.onStream((stream) => {
    const decoder = createFrameDecoder();
    stream.setHandlers({
      onData: (chunk) =>
        decoder.push(chunk, (frame) => {
          if (frame.type === FRAME.authorize) {
            decided.push(frame);
            const decision = decide?.(frame, decided.length - 1, stream);
            if (decision !== undefined) stream.write(encodeDecision(frame.requestId, decision));
            return;
          }
          control = stream;
          onControl(frame);
        }),
    });
  });

  const client = await createRtaClient(clientEnd, { clock });
  return {
    client,
    clock,
    connection,
    asked,
    decided,
    answerNext: (answer) => void answers.push(answer),
    decide(by) {
      decide = by;
    },
    push(name, message) {
      if (pushes === undefined) {
        pushes = connection.openStream();
        const decoder = createFrameDecoder();
        pushes.setHandlers({
          onData: (chunk) => decoder.push(chunk, (frame) => acks.shift()?.(decodeMessage('ack', frame))),
        });
      }
      const acknowledged = new Promise<Messages['ack']>((resolve) => acks.push(resolve));
      pushes.write(encodeMessage(name, 1, message));
      return acknowledged;
    },
    writeControl: (bytes) => void control?.write(bytes),
    bind() {
      answers.push({
        bound: {
          session: SESSION,
          token: tokenNumber(1),
          generation: 1,
          expiresAtMs: 1_000_000,
          scope: ['files.*'],
        },
      });
      return client.bind({ session: SESSION, key: generateAgentKey() });
    },
    async [Symbol.asyncDispose]() {
      await client.close();
    },
  };
}
