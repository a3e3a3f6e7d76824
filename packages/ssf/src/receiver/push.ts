import type { Clock, JsonObject } from '@rta/core';
import { isSsfError, ssfError } from '../errors.ts';
import { type ReceiverLimits, SSF_LIMITS } from '../limits.ts';
import { isObject, parseStrictObject } from '../set/strict-json.ts';
import { setChannel } from './diagnostics.ts';
import type { Inlet } from './received-event.ts';
import type { Transmitter } from './registered-transmitter.ts';
import { acknowledge, acknowledgeEach, type PushResponse, refuse, type SetError } from './respond.ts';
import type { SetReceiver, SetVerdict } from './set-receiver.ts';

/** One push, as an HTTP server sees it. The method is POST, and TLS is the server's matter. */
export interface Push {
  readonly contentType: string | undefined;
  readonly authorization: string | undefined;
  readonly body: Uint8Array;
}

interface PushParts {
  /** The one validator. `senders` are those who may have sent it, by the way it came. */
  readonly receive: (
    set: Uint8Array | string,
    via: Inlet,
    senders: ReadonlySet<string>,
  ) => Promise<SetVerdict>;
  readonly transmitters: () => readonly Transmitter[];
  readonly isClosed: () => boolean;
  readonly clock: Clock;
  readonly limits: ReceiverLimits;
}

/** Makes the ways in by HTTP: what is checked there is the request, and all else by the one validator. */
export function createPushReceivers(
  parts: PushParts,
): Pick<SetReceiver, 'mayPush' | 'receivePush' | 'receiveMultiPush'> {
  const { receive, transmitters, isClosed, limits } = parts;

  /** Who sends this header. All are asked, whatever the first says. */
  const authorizedBy = (authorization: string | undefined): ReadonlySet<string> => {
    const all = transmitters();
    const those = all.map((transmitter) => transmitter.authorizes(authorization));
    return new Set(all.filter((_, index) => those[index]).map(({ issuer }) => issuer));
  };

  /** Checks the request. @throws RtaError `RTA_SSF_CLOSED`, `_TOO_LARGE`, `_MEDIA_TYPE`, `_UNAUTHENTICATED` */
  const sendersOf = (push: Push, type: string, maxBytes: number): ReadonlySet<string> => {
    if (isClosed()) throw ssfError('RTA_SSF_CLOSED');
    if (push.body.byteLength > maxBytes) {
      throw ssfError('RTA_SSF_TOO_LARGE', `a push has at most ${maxBytes} bytes`);
    }
    if (mediaType(push.contentType) !== type) throw ssfError('RTA_SSF_MEDIA_TYPE');
    const senders = authorizedBy(push.authorization);
    if (senders.size === 0) throw ssfError('RTA_SSF_UNAUTHENTICATED');
    return senders;
  };

  return {
    mayPush: (authorization) => !isClosed() && authorizedBy(authorization).size > 0,

    async receivePush(push) {
      let senders: ReadonlySet<string>;
      try {
        senders = sendersOf(push, 'application/secevent+jwt', limits.setBytes);
      } catch (cause) {
        return refuseRequest('push', cause);
      }
      const verdict = await receive(push.body, { way: 'push' }, senders);
      return verdict.outcome === 'refused' ? refuse(verdict.error) : acknowledge();
    },

    async receiveMultiPush(push) {
      let senders: ReadonlySet<string>;
      let sets: readonly (readonly [jti: string, set: string])[];
      try {
        senders = sendersOf(push, 'application/json', SSF_LIMITS.multiPushBytes);
        sets = readSets(parseStrictObject(push.body, 'body'));
      } catch (cause) {
        return refuseRequest('multi-push', cause);
      }
      const ack: string[] = [];
      const setErrs: [jti: string, error: SetError][] = [];
      // One after another: events about one subject keep their order, and one request takes one place.
      for (const [jti, set] of sets) {
        const verdict = await receive(set, { way: 'multi-push', jti }, senders);
        if (verdict.outcome !== 'refused') ack.push(jti);
        else if (verdict.err !== undefined) {
          setErrs.push([jti, { err: verdict.err, description: verdict.error.message }]);
        }
      }
      return acknowledgeEach(ack, Object.fromEntries(setErrs));
    },
  };
}

/** What is wrong with the request, and not with a token. */
function refuseRequest(way: Inlet['way'], cause: unknown): PushResponse {
  const error = isSsfError(cause) ? cause : ssfError('RTA_SSF_NOT_ACCEPTED', undefined, { cause });
  setChannel.publish({ way, outcome: 'refused', error, durationMs: 0 });
  return refuse(error);
}

/** @throws RtaError `RTA_SSF_MALFORMED`, `RTA_SSF_TOO_LARGE` */
function readSets({ sets }: JsonObject): readonly (readonly [jti: string, set: string])[] {
  if (!isObject(sets)) throw ssfError('RTA_SSF_MALFORMED', 'the body has no `sets`');
  const entries = Object.entries(sets);
  if (entries.length > SSF_LIMITS.multiPushSetCount) {
    throw ssfError('RTA_SSF_TOO_LARGE', `a push has at most ${SSF_LIMITS.multiPushSetCount} tokens`);
  }
  return entries.map(([jti, set]) => {
    if (typeof set !== 'string') throw ssfError('RTA_SSF_MALFORMED', 'a token in `sets` is not a text');
    return [jti, set];
  });
}

/** The media type of a header value, without its parameters. */
function mediaType(contentType: string | undefined): string | undefined {
  return contentType?.split(';', 1)[0]?.trim().toLowerCase();
}
