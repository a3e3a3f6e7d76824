import { describe, expect, test } from 'vitest';
import { facts, fulfilled, memoryOutbox, rejectedWith, setOf, stage, turns } from './support.ts';

describe('an outbox', () => {
  test('has a SET before it is sent, until it was answered [Q-4.6]', async () => {
    const outbox = memoryOutbox();
    let kept: string[] = [];
    const { sender, send, listen } = stage({
      sender: { outbox },
      judge: (jti) => {
        kept = [...outbox.kept.keys()];
        return { outcome: 'accepted', jti };
      },
    });
    listen();
    await send('j1');
    expect([kept, outbox.kept.size]).toEqual([['j1'], 0]);
    await sender.close();
  });

  test('is sent from after a restart, the oldest first [Q-4.6]', async () => {
    const outbox = memoryOutbox();
    const before = stage({ sender: { outbox } });
    const settled = before.send('j1', 'j2');
    await turns();
    const closing = before.sender.close();
    before.clock.advance(5_000);
    await closing;
    expect(await settled).toEqual([rejectedWith('RTA_SENDER_CLOSED'), rejectedWith('RTA_SENDER_CLOSED')]);

    const after = stage({ sender: { outbox } });
    after.listen();
    await turns();
    expect(after.arrived).toEqual(['j1', 'j2']);
    expect(outbox.kept.size).toBe(0);
    await after.sender.close();
  });

  test('that does not keep a SET stops it', async () => {
    const outbox = { ...memoryOutbox(), put: () => Promise.reject(new Error('disk full')) };
    const { sender, send, listen, arrived } = stage({ sender: { outbox } });
    listen();
    expect(await send('j1')).toEqual([rejectedWith('RTA_SENDER_OUTBOX')]);
    expect([arrived, sender.health.pendingCount]).toEqual([[], 0]);
    await sender.close();
  });

  test('that cannot be read is read again, and one that forgets nothing is told of', async () => {
    const heard = facts();
    const kept = memoryOutbox();
    await kept.put({ jti: 'j1', set: setOf('j1') });
    let reads = 0;
    const outbox = {
      ...kept,
      load: () => (++reads === 1 ? Promise.reject(new Error('locked')) : kept.load()),
      remove: () => Promise.reject(new RangeError('locked')),
    };
    const { sender, listen, arrived, clock } = stage({ sender: { outbox } });
    listen();
    await turns();
    expect(sender.health).toMatchObject({ state: 'waiting', because: 'Error' });
    clock.advance(200);
    await turns();
    expect(arrived).toEqual(['j1']);
    expect(heard.map((fact) => fact.fact === 'outbox-failed' && fact.because)).toContain('RangeError');
    await sender.close();
  });
});

describe('closing', () => {
  test('waits for what is on its way, ends the stream, and takes no more [Q-6.1]', async () => {
    let answer: (() => void) | undefined;
    const { sender, send, listen, connections } = stage({
      judge: (jti) => new Promise((resolve) => (answer = () => resolve({ outcome: 'accepted', jti }))),
    });
    listen();
    const settled = send('j1');
    await turns();
    const closing = Promise.all([sender.close(), sender[Symbol.asyncDispose]()]);
    await expect(sender.send('j2', setOf('j2'))).rejects.toMatchObject({ code: 'RTA_SENDER_CLOSED' });
    answer?.();
    expect(await settled).toEqual([fulfilled]);
    await closing;
    expect(await connections[0]?.closed).toEqual({ by: 'peer', code: 0, reason: '' });
    expect(sender.health.state).toBe('closed');
  });

  test('gives up after 5 seconds what is not answered', async () => {
    const { sender, send, listen, clock } = stage({ judge: () => new Promise(() => {}) });
    listen();
    const settled = send('j1');
    await turns();
    const closing = sender.close();
    clock.advance(5_000);
    await closing;
    expect(await settled).toEqual([rejectedWith('RTA_SENDER_CLOSED')]);
  });

  test('while nobody is reached ends the attempts', async () => {
    const { sender } = stage();
    await turns();
    await sender.close();
    expect(sender.health).toMatchObject({ state: 'closed', pendingCount: 0 });
  });
});
