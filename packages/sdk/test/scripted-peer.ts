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
import type { TransportConnection, TransportStream } from '@rta/transport';

export const SESSION = 'AAECAwQFBgcICQoLDA0ODw';
export const READ = { action: 'files.read', resource: { type: 'File', id: 'a.txt' } };

/** A token that can be told from others by its number. */
export function tokenNumber(number: number): Uint8Array {
  return new Uint8Array(96).fill(number);
}

/** What BOUND says of a session. */
export function boundTo(session: string, generation = 1): Messages['bound'] {
  return {
    session,
    token: tokenNumber(generation),
    generation,
    expiresAtMs: 1_800_000_000_000,
    scope: ['files.*'],
    state: 'active',
  };
}

/** What CONTEXT says of a session since a change of risk. */
export function changedTo(
  generation: number,
  { session = SESSION, ...other }: Partial<Messages['context']> = {},
): Messages['context'] {
  return {
    session,
    generation,
    token: tokenNumber(generation),
    state: 'active',
    scope: ['files.read'],
    gained: [],
    lost: ['files.*'],
    attributes: { riskLevel: 'HIGH' },
    cause: { kind: 'risk-level-change', change: 'change-2' },
    ...other,
  };
}

/** Messages by name; there is one of them. */
export type Answer = Partial<{ readonly [Name in MessageName]: Messages[Name] }>;

/** Answers an AUTHORIZE frame, or does not. */
type Decide = (request: Frame, index: number, lane: TransportStream) => DecisionMessage | undefined;

/** The server's end of one connection, which answers what a test tells it to: what no real server would do. */
export interface ScriptedPeer {
  readonly connection: TransportConnection;
  /** Control messages and RESUME that came, newest last. */
  readonly asked: Frame[];
  /** AUTHORIZE frames that came; the token of each is its first byte's fill. */
  readonly decided: Frame[];
  /** Pushes that were acknowledged. */
  readonly acknowledged: Messages['ack'][];
  /** What the next requests are answered with, in order, before `answerWith` is asked. */
  answerNext(answer: Answer): void;
  /** What all other requests are answered with; unanswered where it gives nothing. */
  answerWith(by: (frame: Frame) => Answer | undefined): void;
  /** What AUTHORIZE is answered with. */
  decide(by: Decide): void;
  /** Sends an APPROVAL, which is not acknowledged. */
  tellApproval(message: Messages['approval']): void;
  /** Sends a push, and resolves with the acknowledgement. */
  push<Name extends 'context' | 'revoked'>(name: Name, message: Messages[Name]): Promise<Messages['ack']>;
  /** Writes raw bytes to the control stream. */
  writeControl(bytes: Uint8Array): void;
}

const WELCOME: Messages['welcome'] = {
  node: 'scripted',
  challenge: new Uint8Array(32).fill(9),
  tokenEndpoint: 'https://rta.example/oauth/token',
  nonce: 'nonce-1',
  nowMs: 0,
};

/** Serves one connection by a script. HELLO is answered with WELCOME. */
export function scriptPeer(connection: TransportConnection): ScriptedPeer {
  const asked: Frame[] = [];
  const decided: Frame[] = [];
  const acknowledged: Messages['ack'][] = [];
  const answers: Answer[] = [];
  let answerWith: ((frame: Frame) => Answer | undefined) | undefined;
  let decide: Decide | undefined;
  let control: TransportStream | undefined;
  let pushes: TransportStream | undefined;
  const acks: ((ack: Messages['ack']) => void)[] = [];

  const onRequest = (frame: Frame, stream: TransportStream): void => {
    asked.push(frame);
    const answer =
      frame.type === FRAME.hello ? { welcome: WELCOME } : (answers.shift() ?? answerWith?.(frame) ?? {});
    for (const [name, message] of Object.entries(answer)) {
      stream.write(encodeMessage(name as MessageName, frame.requestId, message as never));
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
          if (frame.type !== FRAME.resume) control = stream;
          onRequest(frame, stream);
        }),
    });
  });

  const openPushes = (): TransportStream => {
    const stream = connection.openStream();
    const decoder = createFrameDecoder();
    stream.setHandlers({
      onData: (chunk) =>
        decoder.push(chunk, (frame) => {
          const ack = decodeMessage('ack', frame);
          acknowledged.push(ack);
          acks.shift()?.(ack);
        }),
    });
    return stream;
  };

  return {
    connection,
    asked,
    decided,
    acknowledged,
    answerNext: (answer) => void answers.push(answer),
    answerWith(by) {
      answerWith = by;
    },
    decide(by) {
      decide = by;
    },
    tellApproval(message) {
      pushes ??= openPushes();
      pushes.write(encodeMessage('approval', 1, message));
    },
    push(name, message) {
      pushes ??= openPushes();
      const answer = new Promise<Messages['ack']>((resolve) => acks.push(resolve));
      pushes.write(encodeMessage(name, 1, message));
      return answer;
    },
    writeControl: (bytes) => void control?.write(bytes),
  };
}
