import { isSsfClientError } from './client-errors.ts';
import type { StreamClient } from './stream-client.ts';
import type { StreamConfiguration, StreamRequest } from './stream-configuration.ts';
import type { StreamMemory } from './stream-record.ts';

/** A stream as it is wanted: nothing of it is left to the transmitter. */
export type WantedStream = Required<StreamRequest>;

/**
 * Finds the stream of this receiver at a transmitter, and makes it what is wanted. It is the one that is remembered;
 * else one that is delivered as it is wanted, however it came to be; else a new one; else, where the transmitter allows
 * no new one, the one that is there.
 *
 * @param adopt - called with a stream before it is changed, so that nothing is lost in between.
 * @throws RtaError what the client fails with; `RTA_SSF_STREAM_CLAIMED`
 */
export async function setUpStream(options: {
  readonly client: StreamClient;
  readonly memory: StreamMemory;
  readonly rememberedId: string | undefined;
  readonly wanted: WantedStream;
  readonly adopt: (stream: StreamConfiguration) => void;
}): Promise<StreamConfiguration> {
  const { client, memory, rememberedId, wanted, adopt } = options;

  const change = async (stream: StreamConfiguration): Promise<StreamConfiguration> => {
    adopt(stream);
    return (await client.update(stream.streamId, wanted)) ?? stream;
  };

  const remembered = rememberedId === undefined ? undefined : await readIfThere(client, rememberedId);
  if (remembered !== undefined) return isAsWanted(remembered, wanted) ? remembered : change(remembered);
  if (rememberedId !== undefined) await memory.forget(rememberedId);

  await memory.claim();
  const all = await client.list();
  const same = all.find((stream) => isDeliveredAsWanted(stream, wanted));
  // Its secret, if it has one, is not known here: it is always changed.
  if (same !== undefined) return change(same);
  try {
    return await client.create(wanted);
  } catch (error) {
    const [only] = all;
    if (only === undefined || !isSsfClientError(error) || error.code !== 'RTA_SSF_STREAM_CONFLICT')
      throw error;
    return change(only);
  }
}

async function readIfThere(client: StreamClient, streamId: string): Promise<StreamConfiguration | undefined> {
  try {
    return await client.read(streamId);
  } catch (error) {
    if (isSsfClientError(error) && error.code === 'RTA_SSF_STREAM_UNKNOWN') return undefined;
    throw error;
  }
}

function isAsWanted(stream: StreamConfiguration, wanted: WantedStream): boolean {
  const requested = new Set(stream.eventsRequested);
  return (
    isDeliveredAsWanted(stream, wanted) &&
    requested.size === new Set(wanted.eventsRequested).size &&
    wanted.eventsRequested.every((type) => requested.has(type))
  );
}

function isDeliveredAsWanted({ delivery }: StreamConfiguration, wanted: WantedStream): boolean {
  if (delivery.method !== wanted.delivery.method) return false;
  return !('endpointUrl' in wanted.delivery) || delivery.endpointUrl === wanted.delivery.endpointUrl;
}
