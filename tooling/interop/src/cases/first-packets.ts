import assert from 'node:assert/strict';
import type { InteropCase } from '../interop-case.ts';
import { echo, openTalk } from '../our-side.ts';

/** Version negotiation and address validation: what may come before a handshake. */
export const FIRST_PACKET_CASES: readonly InteropCase[] = [
  {
    name: 'a client that offers another version first is brought to version 1',
    ourServer: async (stage) => {
      const server = await stage.listen();
      const peer = await stage.theirClient(server.port, { version: stage.implementation.foreignVersion });
      const connected = await peer.ask({ command: 'connect' });
      assert.equal(connected['negotiated'], true);
      echo(await server.next());
      assert.equal((await peer.ask({ command: 'talk', text: 'hello' }))['answer'], 'hello');
    },
  },
  {
    name: 'a server that does not speak version 1 is given up',
    ourClient: async (stage) => {
      const { port } = await stage.theirServer({ version: stage.implementation.foreignVersion });
      await assert.rejects(stage.dial(port), { code: 'RTA_TRANSPORT_HANDSHAKE' });
    },
  },
  {
    name: 'the server validates the address of the client with a Retry packet',
    ourClient: async (stage) => {
      const { peer, port } = await stage.theirServer({ retry: true });
      const network = await stage.networkTo(port);
      const [connection] = await Promise.all([stage.dial(network.port), peer.ask({ command: 'accept' })]);
      assert.equal(await openTalk(connection).say('hello'), 'hello');
      assert.equal(network.retries(), 1);
    },
    ourServer: async (stage) => {
      const server = await stage.listen({ retry: 'always' });
      const network = await stage.networkTo(server.port);
      const peer = await stage.theirClient(network.port);
      await peer.ask({ command: 'connect' });
      echo(await server.next());
      assert.equal((await peer.ask({ command: 'talk', text: 'hello' }))['answer'], 'hello');
      assert.equal(network.retries(), 1);
    },
  },
];
