import { randomBytes } from 'node:crypto';
import { type Clock, isRtaError } from '@rta/core';
import type { NonceIssuer } from '@rta/idp';
import {
  CHALLENGE_BYTES,
  decodeMessage,
  encodeMessage,
  FRAME,
  type Frame,
  isProtocolErrorCode,
  type MessageName,
  type Messages,
  protocolError,
} from '@rta/protocol';
import type { TransportConnection } from '@rta/transport';
import { originOf } from '../audit/audit-record.ts';
import { serverError } from '../errors.ts';
import { SERVER_LIMITS } from '../limits.ts';
import type { Exchange } from '../sessions/exchange.ts';
import type { SessionService } from '../sessions/session-service.ts';
import { boundMessage } from './bound-message.ts';
import { errorMessage } from './public-error.ts';

/** What the control stream of a connection works with. */
export interface ControlOptions {
  readonly connection: TransportConnection;
  readonly exchange: Exchange;
  readonly sessions: SessionService;
  readonly nonces: NonceIssuer;
  readonly clock: Clock;
  readonly node: string;
  readonly tokenEndpoint: string;
  readonly write: (frame: Uint8Array) => void;
  /** The stream, and so the connection, cannot go on. */
  readonly onFailed: (error: unknown) => void;
}

/** The server's side of a control stream. */
export interface ControlStream {
  /** @throws RtaError of `@rta/protocol` for a frame that may not come here. */
  onFrame(frame: Frame): void;
}

/** Makes the server's side of a control stream; its first frame is HELLO. */
export function createControlStream(options: ControlOptions): ControlStream {
  const { connection, exchange, sessions, nonces, clock, write } = options;
  const challenge = Uint8Array.from(randomBytes(CHALLENGE_BYTES));
  const origin = originOf(connection);
  let greeted = false;
  let inFlight = 0;

  const answer = <Name extends MessageName>(name: Name, requestId: number, message: Messages[Name]): void =>
    write(encodeMessage(name, requestId, message));

  const welcome = (frame: Frame): void => {
    decodeMessage('hello', frame);
    greeted = true;
    answer('welcome', frame.requestId, {
      node: options.node,
      challenge,
      tokenEndpoint: options.tokenEndpoint,
      nonce: nonces.issue(),
      nowMs: clock.now(),
    });
  };

  const handle = async (frame: Frame): Promise<void> => {
    const { requestId } = frame;
    switch (frame.type) {
      case FRAME.exchange: {
        const { parameters, proof } = decodeMessage('exchange', frame);
        const session = await exchange.exchange({
          parameters,
          proof,
          origin,
          certificateThumbprint: connection.clientThumbprint,
        });
        return answer('exchanged', requestId, {
          token: session.token,
          session: session.id,
          generation: session.generation,
          expiresAtMs: session.expiresAtMs,
          scope: session.grant.scope,
          nonce: nonces.issue(),
        });
      }
      case FRAME.bind: {
        const session = sessions.bind(decodeMessage('bind', frame), connection, challenge);
        return answer('bound', requestId, boundMessage(session));
      }
      case FRAME.delegate: {
        const child = await sessions.delegate(decodeMessage('delegate', frame), origin);
        return answer('delegated', requestId, {
          session: child.id,
          expiresAtMs: child.expiresAtMs,
          scope: child.grant.scope,
        });
      }
      case FRAME.end: {
        const session = await sessions.end(decodeMessage('end', frame), origin);
        return answer('ended', requestId, { session });
      }
      case FRAME.list:
        return answer('listed', requestId, sessions.list(decodeMessage('list', frame), origin));
      case FRAME.narrow: {
        const { id, generation, grant } = await sessions.narrow(decodeMessage('narrow', frame), origin);
        return answer('narrowed', requestId, { session: id, generation, scope: grant.scope });
      }
      case FRAME.ping:
        decodeMessage('ping', frame);
        return answer('pong', requestId, { nowMs: clock.now() });
      default:
        throw protocolError('RTA_PROTOCOL_UNEXPECTED_FRAME', undefined, { details: { type: frame.type } });
    }
  };

  const refuse = ({ type, requestId }: Frame, error: unknown): void => {
    answer('error', requestId, {
      ...errorMessage(error),
      // The one that the exchange came with may be used up, whatever it was refused for (RFC 9449 §8).
      ...(type === FRAME.exchange ? { nonce: nonces.issue() } : {}),
    });
  };

  return {
    onFrame(frame) {
      if (!greeted) return welcome(frame);
      if (inFlight >= SERVER_LIMITS.maxControlRequestsInFlight) {
        return refuse(frame, serverError('RTA_SERVER_OVERLOAD'));
      }
      inFlight += 1;
      handle(frame)
        .catch((error: unknown) => {
          // What breaks the protocol breaks the stream; what is merely refused is answered.
          if (isRtaError(error) && isProtocolErrorCode(error.code)) options.onFailed(error);
          else refuse(frame, error);
        })
        .catch(options.onFailed)
        .finally(() => {
          inFlight -= 1;
        });
    },
  };
}
