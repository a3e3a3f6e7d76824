import assert from 'node:assert/strict';
import type { InteropCase } from '../interop-case.ts';
import { echo, openTalk } from '../our-side.ts';

/** How often a client changes its port, one time right after the other. */
const CHANGES = 3;
/** Round trips in which an id has been retired, at most. */
const MAX_ROUNDS = 2_000;

/** Networks that change, and the connection ids that make it safe. */
export const PATH_CASES: readonly InteropCase[] = [
  {
    name: 'the client goes on from another port, three times',
    ourClient: async (stage) => {
      const { peer, port } = await stage.theirServer();
      const [connection, accepted] = await Promise.all([stage.dial(port), peer.ask({ command: 'accept' })]);
      const talk = openTalk(connection);
      const ports = new Set([accepted['port']]);
      for (let change = 0; change < CHANGES; change++) {
        assert.equal(await talk.say(`before change ${change}`), `before change ${change}`);
        await connection.migrate?.();
        assert.equal(await talk.say(`after change ${change}`), `after change ${change}`);
        ports.add((await peer.ask({ command: 'address' }))['port']);
      }
      assert.equal(ports.size, 1 + CHANGES);
    },
    ourServer: async (stage) => {
      const server = await stage.listen();
      const peer = await stage.theirClient(server.port);
      await peer.ask({ command: 'connect' });
      echo(await server.next());
      for (let change = 0; change < CHANGES; change++) {
        assert.equal((await peer.ask({ command: 'talk', text: 'before' }))['answer'], 'before');
        await peer.ask({ command: 'rebind' });
        assert.equal((await peer.ask({ command: 'talk', text: 'after' }))['answer'], 'after');
      }
      assert.equal(server.listener.openConnections, 1);
    },
  },
  {
    name: 'a NAT forgets the client, which shows another port from then on',
    ourClient: async (stage) => {
      const { peer, port } = await stage.theirServer();
      const network = await stage.networkTo(port);
      const [connection] = await Promise.all([stage.dial(network.port), peer.ask({ command: 'accept' })]);
      const talk = openTalk(connection);
      await talk.say('before');
      network.forget();
      assert.equal(await talk.say('after'), 'after');
    },
    ourServer: async (stage) => {
      const server = await stage.listen();
      const network = await stage.networkTo(server.port);
      const peer = await stage.theirClient(network.port);
      await peer.ask({ command: 'connect' });
      echo(await server.next());
      await peer.ask({ command: 'talk', text: 'before' });
      network.forget();
      assert.equal((await peer.ask({ command: 'talk', text: 'after' }))['answer'], 'after');
    },
  },
  {
    name: 'they go on with one after the other of the connection ids that we issue',
    lacking: { quinn: 'it takes another id only when its address changes' },
    ourClient: async (stage) => {
      const { peer, port } = await stage.theirServer();
      const [connection] = await Promise.all([stage.dial(port), peer.ask({ command: 'accept' })]);
      const talk = openTalk(connection);
      for (const sequence of [1, 2, 3, 4, 5]) {
        await talk.say('hello');
        assert.equal((await peer.ask({ command: 'change-id' }))['sequence'], sequence);
      }
      assert.equal(await talk.say('hello'), 'hello');
    },
    ourServer: async (stage) => {
      const server = await stage.listen();
      const peer = await stage.theirClient(server.port);
      await peer.ask({ command: 'connect' });
      echo(await server.next());
      for (const sequence of [1, 2, 3, 4, 5]) {
        await peer.ask({ command: 'talk', text: 'hello' });
        assert.equal((await peer.ask({ command: 'change-id' }))['sequence'], sequence);
      }
      assert.equal((await peer.ask({ command: 'talk', text: 'hello' }))['answer'], 'hello');
    },
  },
  {
    name: 'they have the connection ids retired that they issued, and we go on with others',
    lacking: { aioquic: 'it never asks for that' },
    ourClient: async (stage) => {
      const { peer, port } = await stage.theirServer({ idLifetimeMs: 50 });
      const [connection] = await Promise.all([stage.dial(port), peer.ask({ command: 'accept' })]);
      const talk = openTalk(connection);
      let returned = 0;
      for (let round = 0; round < MAX_ROUNDS && returned === 0; round++) {
        assert.equal(await talk.say('hello'), 'hello');
        returned = Number((await peer.ask({ command: 'ids' }))['returned']);
      }
      assert.notEqual(returned, 0);
      assert.equal(await talk.say('once more'), 'once more');
    },
    ourServer: async (stage) => {
      const server = await stage.listen();
      const peer = await stage.theirClient(server.port, { idLifetimeMs: 50 });
      await peer.ask({ command: 'connect' });
      echo(await server.next());
      let returned = 0;
      for (let round = 0; round < MAX_ROUNDS && returned === 0; round++) {
        assert.equal((await peer.ask({ command: 'talk', text: 'hello' }))['answer'], 'hello');
        returned = Number((await peer.ask({ command: 'ids' }))['returned']);
      }
      assert.notEqual(returned, 0);
      const answer = await peer.ask({ command: 'talk', text: 'once more' });
      assert.equal(answer['answer'], 'once more');
    },
  },
];
