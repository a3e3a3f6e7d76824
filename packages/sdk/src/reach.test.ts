import { isRtaError } from '@rta/core';
import { createFakeClock } from '@rta/testkit';
import { createMemoryTransportPair, transportError } from '@rta/transport';
import { describe, expect, test } from 'vitest';
import type { TransportName } from './dialer.ts';
import { sdkError } from './errors.ts';
import { reach } from './reach.ts';

type Ends = { readonly [Name in TransportName]?: Error };

/** Reaches a server over the transports that do not fail. */
function reachOver(transports: readonly TransportName[], failing: Ends): ReturnType<typeof reach> {
  return reach({
    transports,
    start: (kind) => {
      const error = failing[kind];
      if (error !== undefined) return Promise.reject(error);
      return Promise.resolve({ connection: createMemoryTransportPair().client });
    },
    clock: createFakeClock(),
    signal: undefined,
  });
}

const unreachable = transportError('RTA_TRANSPORT_UNREACHABLE');

describe('a server that was reached', () => {
  test.each<[string, readonly TransportName[], Ends, boolean]>([
    ['over QUIC', ['quic', 'websocket'], {}, false],
    ['over WebSocket, since QUIC did not answer', ['quic', 'websocket'], { quic: unreachable }, true],
    ['over WebSocket, which stands first', ['websocket', 'quic'], {}, false],
    ['over WebSocket, and nothing else was to be tried', ['websocket'], {}, false],
    [
      'over WebSocket, since this platform has no QUIC',
      ['quic', 'websocket'],
      { quic: sdkError('RTA_SDK_QUIC_UNAVAILABLE') },
      false,
    ],
  ])('%s: whether the client would rather be on QUIC', async (_, transports, failing, wantsQuic) => {
    expect(await reachOver(transports, failing)).toMatchObject({ wantsQuic });
  });
});

describe('a server that was not reached', () => {
  test('is told of with the errors of all transports', async () => {
    const failure: unknown = await reachOver(['websocket', 'quic'], {
      quic: sdkError('RTA_SDK_QUIC_UNAVAILABLE'),
      websocket: unreachable,
    }).catch((error: unknown) => error);

    if (!isRtaError(failure, 'RTA_SDK_UNREACHABLE')) throw new Error('expected RTA_SDK_UNREACHABLE');
    expect(failure.details).toEqual({
      transports: ['websocket: RTA_TRANSPORT_UNREACHABLE', 'quic: RTA_SDK_QUIC_UNAVAILABLE'],
    });
    expect(failure.cause).toBeInstanceOf(AggregateError);
  });

  test('is told of as it is where there was one transport', async () => {
    await expect(reachOver(['websocket'], { websocket: unreachable })).rejects.toBe(unreachable);
  });

  test.each(['RTA_TRANSPORT_CERTIFICATE', 'RTA_TRANSPORT_CONFIG'] as const)(
    'because of %s is not tried over the other transport',
    async (code) => {
      const failure = transportError(code);

      await expect(reachOver(['quic', 'websocket'], { quic: failure })).rejects.toBe(failure);
    },
  );
});
