import type { DecisionMessage, Frame, MessageName, Messages } from '@rta/protocol';
import { decodeDecision, decodeMessage, encodeAuthorize, encodeMessage, FRAME } from '@rta/protocol';
import { createMemoryStore, type Store } from '@rta/store';
import type { TransportConnection, TransportStream } from '@rta/transport';
import { expect } from 'vitest';
import type { ConnectionFacts } from './connection-facts.ts';
import { type CollectedFrames, collectFrames, type RawSession, READ, rawSession } from './raw-agent.ts';
import type { TestServer } from './test-server.ts';

/** The certificate of the server, as all its connections show it. */
export const CERTIFICATE = new Uint8Array(32).fill(0xbb);

/** A connection to the server with this certificate. */
export function dial(t: TestServer, facts: ConnectionFacts = {}): TransportConnection {
  // The same object: what the test changes later, the server sees.
  facts.channelBinding ??= CERTIFICATE;
  return t.rawConnect({}, facts);
}

/** A session whose connection was lost, and the server knows it. */
export async function lostSession(t: TestServer, subjectToken: string): Promise<RawSession> {
  const agent = await rawSession(dial(t), subjectToken);
  const before = t.server.openConnections;
  await agent.connection.close();
  await expect.poll(() => t.server.openConnections).toBe(before - 1);
  return agent;
}

/** A lane that a RESUME was written on, and questions behind it, all at once. */
export interface ResumedLane extends CollectedFrames {
  readonly stream: TransportStream;
  /** What was written: to write it again elsewhere. */
  readonly flight: Uint8Array;
  /** What came back, by name; decisions by effect and cause. */
  readonly answers: () => readonly string[];
}

/** Writes bytes on a new stream, and collects what comes back. */
export function play(connection: TransportConnection, flight: Uint8Array): ResumedLane {
  const stream = connection.openStream();
  const collected = collectFrames(stream);
  stream.write(flight);
  return { ...collected, stream, flight, answers: () => collected.frames.map(nameOf) };
}

/** RESUME, and so many questions with a token behind it. */
export function flightOf(message: Messages['resume'], token: Uint8Array, questions = 1): Uint8Array {
  const frames = [encodeMessage('resume', 1, message)];
  for (let id = 2; id < questions + 2; id += 1) frames.push(encodeAuthorize(id, { token, ...READ }));
  return Uint8Array.from(Buffer.concat(frames));
}

function nameOf(frame: Frame): string {
  if (frame.type === FRAME.decision) return verdict(decodeDecision(frame.body));
  if (frame.type === FRAME.error) return decodeMessage('error', frame).code;
  const name = Object.entries(FRAME).find(([, type]) => type === frame.type)?.[0] ?? '?';
  return decodeMessage(name as MessageName, frame) && name;
}

const verdict = ({ effect, cause }: DecisionMessage): string => `${effect} ${cause}`;

/** A store whose claims of RESUME nonces wait until they are let, and then may fail. */
export function gatedStore(): { store: Store; waiting: () => number; go: (failure?: Error) => void } {
  const memory = createMemoryStore({ clock: { now: Date.now } });
  const gates: ((failure?: Error) => void)[] = [];
  const claim: Store['singleUse']['claim'] = async (key, expiresAtMs) => {
    if (key.startsWith('resume:')) {
      const failure = await new Promise<Error | undefined>((resolve) => gates.push(resolve));
      if (failure !== undefined) throw failure;
    }
    return memory.singleUse.claim(key, expiresAtMs);
  };
  return {
    store: { ...memory, singleUse: { ...memory.singleUse, claim } },
    waiting: () => gates.length,
    go: (failure) => {
      for (const gate of gates.splice(0)) gate(failure);
    },
  };
}
