import assert from 'node:assert/strict';
import type { QuicClientConnection } from '@rta/transport-quic';
import type { InteropCase } from '../interop-case.ts';
import { echo, openTalk } from '../our-side.ts';

function ticketOf(connection: QuicClientConnection): Promise<Uint8Array> {
  return new Promise((resolve) => connection.onTicket(resolve));
}

/** Clients that were here before. */
export const EARLY_DATA_CASES: readonly InteropCase[] = [
  {
    // The server never hears the client's second flight, and so never completes the handshake: it answers all the same.
    name: 'a client that returns is answered to its first flight (0-RTT)',
    ourClient: async (stage) => {
      const { peer, port } = await stage.theirServer();
      const network = await stage.networkTo(port);
      const [first] = await Promise.all([stage.dial(network.port), peer.ask({ command: 'accept' })]);
      const ticket = await ticketOf(first);
      await first.close();

      network.loseSecondFlight();
      const second = await stage.dial(network.port, { ticket });
      assert.equal(second.earlyData, 'pending');
      assert.equal(await openTalk(second).say('early'), 'early');
      await second.established;
      assert.equal(second.earlyData, 'accepted');
    },
    ourServer: async (stage) => {
      const arrivedEarly: boolean[] = [];
      const server = await stage.listen({
        earlyData: true,
        onConnection: (connection) => {
          arrivedEarly.push(connection.isEarly);
          echo(connection);
        },
      });
      const network = await stage.networkTo(server.port);
      const peer = await stage.theirClient(network.port);
      await peer.ask({ command: 'connect' });
      await peer.ask({ command: 'talk', text: 'hello' });
      await peer.ask({ command: 'close', code: 0, reason: '' });

      network.loseSecondFlight();
      const connected = await peer.ask({ command: 'connect', early: 'early' });
      assert.deepEqual([connected['answer'], connected['early']], ['early', true]);
      assert.deepEqual(arrivedEarly, [false, true]);
      network.carry();
      assert.equal((await peer.ask({ command: 'talk', text: 'later' }))['answer'], 'later');
    },
  },
  {
    name: 'what a server rejects as early data is sent again, and answered',
    ourClient: async (stage) => {
      const { peer, port } = await stage.theirServer();
      const [first] = await Promise.all([stage.dial(port), peer.ask({ command: 'accept' })]);
      const ticket = await ticketOf(first);
      await first.close();
      await peer.ask({ command: 'forget-tickets' });

      const second = await stage.dial(port, { ticket });
      assert.equal(await openTalk(second).say('early'), 'early');
      await second.established;
      assert.equal(second.earlyData, 'rejected');
    },
    ourServer: async (stage) => {
      const before = await stage.listen({ earlyData: true });
      const network = await stage.networkTo(before.port);
      const peer = await stage.theirClient(network.port);
      await peer.ask({ command: 'connect' });
      echo(await before.next());
      await peer.ask({ command: 'talk', text: 'hello' });
      await peer.ask({ command: 'close', code: 0, reason: '' });

      // Another secret: it can read none of the tickets of the one before.
      const after = await stage.listen({ earlyData: true, onConnection: echo });
      network.leadTo(after.port);
      const connected = await peer.ask({ command: 'connect', early: 'early' });
      assert.deepEqual([connected['answer'], connected['early']], ['early', false]);
    },
  },
];
