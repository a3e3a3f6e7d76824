import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { NetlabStats } from '../src/index.ts';
import { CAN_RUN, type EchoLab, numbered, openEchoLab, titled } from './lab.ts';

describe.skipIf(!CAN_RUN)(titled('the path between client and server'), () => {
  let echo: EchoLab;

  beforeEach(async () => {
    echo = await openEchoLab('netlab');
    await echo.client({ order: 'open', socket: 'a' });
  });
  afterEach(() => echo[Symbol.asyncDispose]());

  /** Sends texts and waits until the relay has them; whether anything comes back is the test's question. */
  const sendAll = async (texts: readonly string[]): Promise<NetlabStats> => {
    const { arrivedPackets } = (await echo.lab.stats()).up;
    await echo.client({ order: 'send', socket: 'a', to: echo.lab.serverAddress, texts });
    return vi.waitFor(
      async () => {
        const stats = await echo.lab.stats();
        expect(stats.up.arrivedPackets).toBe(arrivedPackets + texts.length);
        return stats;
      },
      { timeout: 10_000 },
    );
  };

  it('is perfect at first, and shows each side the address of the other', async () => {
    const replies = await echo.exchange('a', numbered(100));

    expect(replies[0]).toMatch(/^0 from 192\.0\.2\.1:\d+$/);
    expect(replies.map((reply) => reply.split(' ')[0])).toEqual(numbered(100));
    expect(await echo.lab.stats()).toMatchObject({
      up: { arrivedPackets: 100, deliveredPackets: 100, lostPackets: 0, overrunPackets: 0 },
      down: { arrivedPackets: 100, deliveredPackets: 100, waitingPackets: 0 },
    });
  });

  it('delays packets, and lets those with a shorter delay arrive before', async () => {
    const { lab } = echo;
    await lab.setProfile({ delayMs: 600_000 }, 'up');
    await sendAll(['in ten minutes']);
    await lab.setProfile({ delayMs: 2_000 }, 'up');
    await sendAll(['soon']);
    await lab.setProfile({}, 'up');
    await sendAll(['now']);
    const replies = await echo.client({ order: 'receive', socket: 'a', count: 2 });

    expect(replies.map((reply) => reply.split(' ')[0])).toEqual(['now', 'soon']);
    expect((await lab.stats()).up).toMatchObject({
      arrivedPackets: 3,
      deliveredPackets: 2,
      waitingPackets: 1,
    });
  });

  it('loses the packets that the seed says, in the direction that was named', async () => {
    const texts = numbered(100);
    await echo.lab.setProfile({ lossRatio: 0.1 }, 'up');
    const { up } = await sendAll(texts);
    await echo.lab.setProfile({}, 'up');
    const replies = await echo.client({ order: 'receive', socket: 'a', count: 100 - up.lostPackets });
    const echoed = new Set(replies.map((reply) => reply.split(' ')[0]));

    expect(up.lostPackets).toBe(9);
    expect(texts.filter((text) => !echoed.has(text))).toEqual([
      '26',
      '38',
      '48',
      '58',
      '65',
      '67',
      '71',
      '96',
      '99',
    ]);
    expect((await echo.lab.stats()).down).toMatchObject({ lostPackets: 0 });
  });

  it('doubles packets', async () => {
    await echo.lab.setProfile({ duplicateRatio: 1 }, 'up');
    await echo.client({ order: 'send', socket: 'a', to: echo.lab.serverAddress, texts: ['x', 'y'] });
    const replies = await echo.client({ order: 'receive', socket: 'a', count: 4 });

    expect(replies.map((reply) => reply[0])).toEqual(['x', 'x', 'y', 'y']);
    expect((await echo.lab.stats()).up).toMatchObject({
      arrivedPackets: 2,
      duplicatedPackets: 2,
      deliveredPackets: 4,
    });
  });

  it('sends some packets ahead of others, and loses none by it', async () => {
    const texts = numbered(100);
    await echo.lab.setProfile({ delayMs: 500, reorderRatio: 0.2 }, 'up');
    const replies = await echo.exchange('a', texts);
    const order = replies.map((reply) => Number(reply.split(' ')[0]));

    expect(order).not.toEqual(texts.map(Number));
    expect(order.toSorted((a, b) => a - b)).toEqual(texts.map(Number));
    expect((await echo.lab.stats()).up.reorderedPackets).toBe(21);
  });

  it('carries no more than its rate, and drops what its queue does not hold', async () => {
    // A datagram of one byte is a packet of 29: at a bit a second, none leaves in this test.
    await echo.lab.setProfile({ rateBitsPerSecond: 1, queuePackets: 5 }, 'up');

    expect((await sendAll(numbered(9))).up).toMatchObject({
      deliveredPackets: 0,
      waitingPackets: 5,
      overflowedPackets: 4,
    });
  });

  it('blocks UDP, and only UDP, until it is let through again', async () => {
    const { lab } = echo;
    await lab.blockUdp(true);
    expect((await sendAll(['blocked'])).up).toMatchObject({ blockedPackets: 1, deliveredPackets: 0 });
    expect(await echo.client({ order: 'echo', to: lab.serverAddress, bytes: 1000 })).toEqual(['echoed']);

    await lab.blockUdp(false);
    expect(await echo.exchange('a', ['through'])).toEqual([expect.stringContaining('through from')]);
  });

  it('carries TCP, whole and in order whatever happens to its packets', async () => {
    const { lab } = echo;
    await lab.setProfile({
      delayMs: 2,
      jitterMs: 1,
      lossRatio: 0.02,
      reorderRatio: 0.02,
      duplicateRatio: 0.02,
    });

    expect(await echo.client({ order: 'echo', to: lab.serverAddress, bytes: 300_000 })).toEqual(['echoed']);
    const { up, down } = await lab.stats();
    expect(up.lostPackets + down.lostPackets).toBeGreaterThan(0);
    expect(up.reorderedPackets + down.reorderedPackets).toBeGreaterThan(0);
  });

  it('accounts for every packet', async () => {
    const { lab } = echo;
    await lab.setProfile({ lossRatio: 0.1, duplicateRatio: 0.2, delayMs: 600_000, reorderRatio: 0.5 }, 'up');
    await sendAll(numbered(200));
    await lab.setProfile({ rateBitsPerSecond: 1, queuePackets: 5 }, 'up');
    await sendAll(numbered(20));
    await lab.blockUdp(true);
    const { up } = await sendAll(numbered(7));

    expect(up.arrivedPackets).toBe(227);
    expect(up.overflowedPackets).toBe(15);
    expect(up.blockedPackets).toBe(7);
    expect(up.waitingPackets).toBeGreaterThan(50);
    const { deliveredPackets, waitingPackets, lostPackets, undeliverablePackets } = up;
    expect(deliveredPackets + waitingPackets + lostPackets + undeliverablePackets + 15 + 7).toBe(
      227 + up.duplicatedPackets,
    );
  });
});
