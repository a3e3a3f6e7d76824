import { createMemoryTransport, createMemoryTransportPair } from '@rta/transport';
import { transportContract } from '../src/index.ts';

transportContract({
  name: 'a pair in memory',
  open: async (limits) => {
    const { client, server } = createMemoryTransportPair(limits);
    return {
      client,
      server,
      close: async () => {
        await Promise.all([client.close(), server.close()]);
      },
    };
  },
});

transportContract({
  name: 'a network in memory',
  open: async (limits) => {
    const network = createMemoryTransport(limits);
    const { promise, resolve } = Promise.withResolvers<Awaited<ReturnType<typeof network.connect>>>();
    const listener = network.listen(resolve);
    const client = await network.connect();
    const server = await promise;
    return {
      client,
      server,
      close: async () => {
        await client.close();
        await listener.close();
      },
    };
  },
});
