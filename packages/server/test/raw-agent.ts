import { isRtaError, parseSessionId, type SessionId } from '@rta/core';
import { createDpopProof, GRANT_TYPE, TOKEN_TYPE } from '@rta/idp';
import {
  createFrameDecoder,
  decodeMessage,
  encodeMessage,
  type Frame,
  type MessageName,
  type Messages,
} from '@rta/protocol';
import type { AgentKey } from '@rta/sdk';
import type { TransportConnection } from '@rta/transport';

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
}

/** Opens the control stream and says HELLO. */
export async function rawHello(connection: TransportConnection): Promise<RawControl> {
  const stream = connection.openStream();
  const decoder = createFrameDecoder();
  const waiting = new Map<number, (frame: Frame) => void>();
  stream.setHandlers({
    onData: (chunk) => decoder.push(chunk, (frame) => waiting.get(frame.requestId)?.(frame)),
  });
  let requestId = 0;
  const ask: Ask = async (question, message, answer) => {
    requestId += 1;
    const reply = new Promise<Frame>((resolve) => waiting.set(requestId, resolve));
    stream.write(encodeMessage(question, requestId, message));
    const frame = await reply;
    try {
      return decodeMessage(answer, frame);
    } catch (error) {
      if (!isRtaError(error, 'RTA_PROTOCOL_UNEXPECTED_FRAME')) throw error;
      throw new Error(decodeMessage('error', frame).code, { cause: error });
    }
  };
  return { ask, welcome: await ask('hello', { client: 'by hand' }, 'welcome') };
}

/** The parameters of an exchange as a client would send them. */
export function exchangeParameters(subjectToken: string, changes: Record<string, string> = {}): [string, string][] {
  return Object.entries({
    grant_type: GRANT_TYPE.rtaTokenExchange,
    subject_token: subjectToken,
    subject_token_type: TOKEN_TYPE.accessToken,
    agent: JSON.stringify({ id: 'agent-1' }),
    ...changes,
  });
}

/** A proof as a client would make it. */
export function proofOf(
  key: AgentKey,
  url: string,
  nonce: string,
  changes: Partial<Parameters<typeof createDpopProof>[0]> = {},
): Promise<string> {
  return createDpopProof({
    privateKey: key.privateKey,
    publicJwk: key.publicJwk,
    method: 'POST',
    url,
    nonce,
    now: Date.now(),
    jti: crypto.randomUUID(),
    ...changes,
  });
}

/** Exchanges a token by hand, and leaves the session unbound. */
export async function rawExchange(
  connection: TransportConnection,
  subjectToken: string,
  key: AgentKey,
): Promise<{ session: SessionId; challenge: Uint8Array; token: Uint8Array; ask: Ask }> {
  const { ask, welcome } = await rawHello(connection);
  const proof = await proofOf(key, welcome.tokenEndpoint, welcome.nonce);
  const exchanged = await ask('exchange', { parameters: exchangeParameters(subjectToken), proof }, 'exchanged');
  return {
    session: parseSessionId(exchanged.session),
    challenge: welcome.challenge,
    token: exchanged.token,
    ask,
  };
}
