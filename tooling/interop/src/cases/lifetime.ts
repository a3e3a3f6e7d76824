import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { InteropCase } from '../interop-case.ts';
import { echo, exchange, openTalk } from '../our-side.ts';

/** What a path of Ethernet carries over IPv4, and a little less. */
const LARGE_DATAGRAM_BYTES = 1_452;
/** Round trips in which a path MTU is found, at most. */
const MTU_ROUNDS = 30;

/** Keys, packets and silence: what happens while a connection lives. */
export const LIFETIME_CASES: readonly InteropCase[] = [
  {
    name: 'they update the keys twice',
    ourClient: async (stage) => {
      const { peer, port } = await stage.theirServer();
      const [connection] = await Promise.all([stage.dial(port), peer.ask({ command: 'accept' })]);
      const talk = openTalk(connection);
      for (const text of ['before', 'after', 'after the second']) {
        assert.equal(await talk.say(text), text);
        await peer.ask({ command: 'update-keys' });
      }
      assert.equal(await exchange(connection, { count: 10, bytes: 10_000 }), 10);
    },
    ourServer: async (stage) => {
      const server = await stage.listen();
      const peer = await stage.theirClient(server.port);
      await peer.ask({ command: 'connect' });
      echo(await server.next());
      for (const text of ['before', 'after', 'after the second']) {
        assert.equal((await peer.ask({ command: 'talk', text }))['answer'], text);
        await peer.ask({ command: 'update-keys' });
      }
      assert.equal((await peer.ask({ command: 'exchange', count: 10, bytes: 10_000 }))['exchanged'], 10);
    },
  },
  {
    name: 'they send datagrams of 1452 bytes',
    ourClient: async (stage) => {
      const { peer, port } = await stage.theirServer({ datagramBytes: LARGE_DATAGRAM_BYTES });
      const [connection] = await Promise.all([stage.dial(port), peer.ask({ command: 'accept' })]);
      assert.equal(await exchange(connection, { count: 1, bytes: 300_000 }), 1);
    },
    ourServer: async (stage) => {
      const server = await stage.listen();
      const peer = await stage.theirClient(server.port, { datagramBytes: LARGE_DATAGRAM_BYTES });
      await peer.ask({ command: 'connect' });
      echo(await server.next());
      assert.equal((await peer.ask({ command: 'exchange', count: 1, bytes: 300_000 }))['exchanged'], 1);
    },
  },
  {
    name: 'they find out that the path carries larger datagrams',
    lacking: { aioquic: 'it does not look for the path MTU' },
    ourClient: async (stage) => {
      const { peer, port } = await stage.theirServer();
      const [connection] = await Promise.all([stage.dial(port), peer.ask({ command: 'accept' })]);
      const talk = openTalk(connection);
      let mtu = 0;
      for (let round = 0; round < MTU_ROUNDS && mtu < LARGE_DATAGRAM_BYTES; round++) {
        await talk.say(`round ${round}`);
        mtu = Number((await peer.ask({ command: 'mtu' }))['bytes']);
      }
      assert.equal(mtu, LARGE_DATAGRAM_BYTES);
    },
    ourServer: async (stage) => {
      const server = await stage.listen();
      const peer = await stage.theirClient(server.port);
      await peer.ask({ command: 'connect' });
      echo(await server.next());
      let mtu = 0;
      for (let round = 0; round < MTU_ROUNDS && mtu < LARGE_DATAGRAM_BYTES; round++) {
        await peer.ask({ command: 'talk', text: `round ${round}` });
        mtu = Number((await peer.ask({ command: 'mtu' }))['bytes']);
      }
      assert.equal(mtu, LARGE_DATAGRAM_BYTES);
    },
  },
  {
    name: 'the shorter idle timeout of the two ends a silent connection on both sides',
    ourServer: async (stage) => {
      const server = await stage.listen({ idleTimeoutMs: 600 });
      const peer = await stage.theirClient(server.port, { idleMs: 20_000 });
      await peer.ask({ command: 'connect' });
      const connection = await server.next();
      assert.equal((await peer.ask({ command: 'closed' }))['by'], 'timeout');
      assert.equal((await connection.closed).by, 'timeout');
    },
  },
  {
    name: 'a peer that vanishes is given up after the idle timeout',
    ourClient: async (stage) => {
      const { peer, port } = await stage.theirServer();
      const dialing = stage.dial(port, { idleTimeoutMs: 600 });
      const [connection] = await Promise.all([dialing, peer.ask({ command: 'accept' })]);
      await openTalk(connection).say('hello');
      await peer.kill();
      assert.equal((await connection.closed).by, 'timeout');
    },
    ourServer: async (stage) => {
      const server = await stage.listen({ idleTimeoutMs: 600 });
      const peer = await stage.theirClient(server.port);
      await peer.ask({ command: 'connect' });
      const connection = await server.next();
      await peer.kill();
      assert.equal((await connection.closed).by, 'timeout');
    },
  },
  {
    name: 'a server that has forgotten the connection says so with a stateless reset',
    lacking: { aioquic: 'it neither sends nor reads stateless resets' },
    ourClient: async (stage) => {
      const resetKey = 'what reset tokens are derived from';
      const before = await stage.theirServer({ resetKey });
      const dialing = stage.dial(before.port);
      const [connection] = await Promise.all([dialing, before.peer.ask({ command: 'accept' })]);
      const talk = openTalk(connection);
      await talk.say('hello');
      await before.peer.kill();
      await stage.theirServer({ resetKey, port: before.port });
      await assert.rejects(talk.say('who are you?'));
      assert.equal((await connection.closed).by, 'transport');
    },
    ourServer: async (stage) => {
      const secret = randomBytes(32);
      const before = await stage.listen({ secret });
      const network = await stage.networkTo(before.port);
      const peer = await stage.theirClient(network.port);
      await peer.ask({ command: 'connect' });
      echo(await before.next());
      await peer.ask({ command: 'talk', text: 'hello' });
      const restarted = await stage.listen({ secret });
      network.leadTo(restarted.port);
      const answer = await peer.ask({ command: 'talk', text: 'who are you?' });
      assert.equal(answer['by'], 'reset');
    },
  },
];
