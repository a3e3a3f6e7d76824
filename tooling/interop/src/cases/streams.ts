import assert from 'node:assert/strict';
import type { TransportConnection } from '@rta/transport';
import type { InteropCase } from '../interop-case.ts';
import { echo, echoAtEnd, echoUntilBroken, exchange, openTalk } from '../our-side.ts';
import type { PeerProcess } from '../peer-process.ts';
import type { Stage } from '../stage.ts';

/** Both ends of a connection. */
interface Ends {
  readonly ours: TransportConnection;
  readonly peer: PeerProcess;
}

/** Runs the same with either side as the client. */
function bothWays(run: (ends: Ends) => Promise<void>): Pick<InteropCase, 'ourClient' | 'ourServer'> {
  return {
    ourClient: async (stage) => run(await dialed(stage)),
    ourServer: async (stage) => run(await accepted(stage)),
  };
}

async function dialed(stage: Stage): Promise<Ends> {
  const { peer, port } = await stage.theirServer();
  const [ours] = await Promise.all([stage.dial(port), peer.ask({ command: 'accept' })]);
  return { ours, peer };
}

async function accepted(stage: Stage): Promise<Ends> {
  const server = await stage.listen();
  const peer = await stage.theirClient(server.port);
  const [ours] = await Promise.all([server.next(), peer.ask({ command: 'connect' })]);
  // A client whose handshake is not confirmed may close in a way that a server does not hear any more.
  echo(ours);
  await peer.ask({ command: 'talk', text: 'hello' });
  return { ours, peer };
}

/** Streams: opened, ended and broken off by either side; and the end of them all. */
export const STREAM_CASES: readonly InteropCase[] = [
  {
    name: 'they open 300 streams at once, more than we allow at a time',
    ...bothWays(async ({ ours, peer }) => {
      echo(ours);
      const answer = await peer.ask({ command: 'exchange', count: 300, bytes: 1_000 });
      assert.equal(answer['exchanged'], 300);
    }),
  },
  {
    name: 'we open 300 streams, more than they allow at a time',
    ...bothWays(async ({ ours }) => {
      for (let round = 0; round < 15; round++) {
        assert.equal(await exchange(ours, { count: 20, bytes: 1_000 }), 20);
      }
    }),
  },
  {
    name: '1 MB travels each way on a stream that they open',
    ...bothWays(async ({ ours, peer }) => {
      echo(ours);
      const answer = await peer.ask({ command: 'exchange', count: 1, bytes: 1_000_000 });
      assert.equal(answer['exchanged'], 1);
    }),
  },
  {
    name: '1 MB travels each way on a stream that we open',
    ...bothWays(async ({ ours }) => {
      assert.equal(await exchange(ours, { count: 1, bytes: 1_000_000 }), 1);
    }),
  },
  {
    name: 'a stream that they have ended is answered after its end',
    ...bothWays(async ({ ours, peer }) => {
      echoAtEnd(ours);
      const answer = await peer.ask({ command: 'exchange', count: 3, bytes: 100_000 });
      assert.equal(answer['exchanged'], 3);
    }),
  },
  {
    name: 'they break a stream off, and we hear their code',
    ...bothWays(async ({ ours, peer }) => {
      const codes = echoUntilBroken(ours);
      await peer.ask({ command: 'break', code: 77 });
      assert.equal(await codes.next(), 77);
    }),
  },
  {
    name: 'we break a stream off, and they hear our code in both directions',
    ...bothWays(async ({ ours, peer }) => {
      const talk = openTalk(ours);
      await talk.say('x');
      talk.stream.reset(78);
      assert.deepEqual(await peer.ask({ command: 'broken' }), { ok: true, reset: 78, stop: 78 });
    }),
  },
  {
    name: 'they close with a code and a reason, and we hear both',
    ...bothWays(async ({ ours, peer }) => {
      await peer.ask({ command: 'close', code: 4_242, reason: 'bis später' });
      assert.deepEqual(await ours.closed, { by: 'peer', code: 4_242, reason: 'bis später' });
    }),
  },
  {
    name: 'we close with a code and a reason, and they hear both',
    ...bothWays(async ({ ours, peer }) => {
      await ours.close(4_243, 'bis später');
      const how = { ok: true, by: 'peer', code: 4_243, reason: 'bis später' };
      assert.deepEqual(await peer.ask({ command: 'closed' }), how);
    }),
  },
];
