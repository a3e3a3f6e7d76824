import { describe, expect, test } from 'vitest';
import { ssfError } from '../../src/index.ts';
import { claims, openBench, sign } from '../fixture.ts';
import { ACCEPTED, answered, connect, ISSUER, type Judge, sets, turns } from './raw-sender.ts';

/** A judge that answers when the test says so. */
function heldJudge(): { judge: Judge; release: (count?: number) => void; readonly waiting: number } {
  const waiting: (() => void)[] = [];
  return {
    judge: async () => {
      await new Promise<void>((resolve) => waiting.push(resolve));
      return ACCEPTED;
    },
    release: (count = waiting.length) => {
      for (const resolve of waiting.splice(0, count)) resolve();
    },
    get waiting() {
      return waiting.length;
    },
  };
}

test('a SET is judged as one of this stream, under the name that it came by [Q-4.1]', async () => {
  const asked: unknown[] = [];
  const { stream } = connect({
    judge: async (set, via) => {
      asked.push([set, via]);
      return ACCEPTED;
    },
  });
  const raw = stream();
  await raw.opened();
  raw.send(sets('j1'));
  await raw.until(2);
  expect(asked).toEqual([['set-j1', { way: 'quic', issuer: ISSUER, jti: 'j1' }]]);
});

test('a SET under the `jti` of another is refused, and the other is not acknowledged by it [Q-4.1, Q-4.3]', async () => {
  await using bench = openBench({ transmitter: { issuer: ISSUER } });
  const other = await sign(claims({ iss: ISSUER, jti: 'other' }));
  const { stream } = connect({ judge: bench.receiver.receive });
  const raw = stream();
  await raw.opened();
  raw.send({ kind: 'sets', sets: new Map([['mine', other]]) });
  expect(answered(await raw.until(2))).toEqual({ acks: [], errors: { mine: 'invalid_request' } });
  expect(bench.events).toEqual([]);
  raw.send({ kind: 'sets', sets: new Map([['other', other]]) });
  expect(answered(await raw.until(3))).toEqual({ acks: ['other'], errors: { mine: 'invalid_request' } });
});

test.each([
  { outcome: 'accepted', jti: 'j1' },
  { outcome: 'duplicate', jti: 'j1' },
  { outcome: 'no-effect', jti: 'j1', why: 'subject-format' },
] as const)('a SET is acknowledged that is $outcome [Q-4.2]', async (verdict) => {
  const { stream } = connect({ judge: async () => verdict });
  const raw = stream();
  await raw.opened();
  raw.send(sets('j1'));
  expect((await raw.until(2))[1]).toEqual({ kind: 'answer', ack: ['j1'], setErrs: new Map() });
});

test('a SET is not acknowledged before it was taken [Q-4.2]', async () => {
  const held = heldJudge();
  const { stream } = connect({ judge: held.judge });
  const raw = stream();
  await raw.opened();
  raw.send(sets('j1', 'j2'));
  await turns();
  expect([raw.frames.length, held.waiting]).toEqual([1, 2]);
  held.release(1);
  expect(answered(await raw.until(2))).toEqual({ acks: ['j1'], errors: {} });
});

test('a SET that is wrong is named with its error, and the others go on [Q-4.3]', async () => {
  const { stream } = connect({
    judge: async (set) => {
      if (set === 'set-j2') {
        return { outcome: 'refused', error: ssfError('RTA_SSF_SIGNATURE'), err: 'invalid_key' };
      }
      // Wrong for ever, though no code of the registry says so.
      if (set === 'set-j3')
        return { outcome: 'refused', error: ssfError('RTA_SSF_TOO_LARGE'), err: undefined };
      return ACCEPTED;
    },
  });
  const raw = stream();
  await raw.opened();
  raw.send(sets('j1', 'j2', 'j3', 'j4'));
  await turns();
  expect(answered(raw.frames)).toEqual({
    acks: ['j1', 'j4'],
    errors: { j2: 'invalid_key', j3: 'invalid_request' },
  });
});

test('answers of one turn share a frame [Q-4.4]', async () => {
  const held = heldJudge();
  const { stream } = connect({ judge: held.judge });
  const raw = stream();
  await raw.opened();
  raw.send(sets('j1', 'j2'));
  raw.send(sets('j3'));
  await turns();
  held.release();
  await turns();
  expect(raw.frames.slice(1)).toEqual([{ kind: 'answer', ack: ['j1', 'j2', 'j3'], setErrs: new Map() }]);
});

test('where a SET cannot be taken now, it is not answered, and the sender is told to come again [Q-4.5, Q-7.1]', async () => {
  const { stream, closed } = connect({
    judge: async (set) =>
      set === 'set-j2'
        ? { outcome: 'refused', error: ssfError('RTA_SSF_NOT_ACCEPTED'), err: undefined }
        : ACCEPTED,
  });
  const raw = stream();
  await raw.opened();
  raw.send(sets('j1', 'j2', 'j3'));
  expect(await closed).toMatchObject({ code: 0x20, reason: 'RTA_SSF_NOT_ACCEPTED' });
  expect(answered(raw.frames)).toEqual({ acks: ['j1'], errors: {} });
});

describe('a sender that is faster than the receiver', () => {
  test('is held back, and everything comes in the end [Q-5.1]', async () => {
    const held = heldJudge();
    const { stream, asked } = connect({
      judge: held.judge,
      transport: { highWaterBytes: 1_024, maxChunkBytes: 1_024 },
    });
    const raw = stream();
    await raw.opened();
    const names = Array.from({ length: 1_000 }, (_, index) => `j${index}`);
    let isHeldBack = false;
    for (const name of names) isHeldBack = !raw.send(sets(name));
    await turns();
    expect([held.waiting, isHeldBack]).toEqual([16, true]);
    expect(raw.stream.bufferedBytes).toBeGreaterThan(0);
    while (answered(raw.frames).acks.length < names.length) {
      held.release();
      await turns(1);
    }
    expect(answered(raw.frames).acks).toEqual(names);
    expect(asked).toEqual(names.map((name) => `set-${name}`));
  });

  test('that does not read the answers is not read, and closed after 30 seconds [Q-5.2, Q-7.1]', async () => {
    const { stream, clock, closed, asked } = connect({
      transport: { highWaterBytes: 64, maxChunkBytes: 256 },
    });
    const raw = stream();
    await raw.opened();
    raw.stream.pause();
    for (let index = 0; index < 500; index++) raw.send(sets(`j${index}`));
    await turns(20);
    const judged = asked.length;
    await turns(20);
    expect(asked.length).toBe(judged);
    expect(judged).toBeLessThan(500);
    clock.advance(29_999);
    await turns();
    clock.advance(1);
    expect(await closed).toMatchObject({ code: 0x15 });
  });

  test('that reads them at last goes on [Q-5.2]', async () => {
    const { stream, clock } = connect({ transport: { highWaterBytes: 64, maxChunkBytes: 256 } });
    const raw = stream();
    await raw.opened();
    raw.stream.pause();
    const names = Array.from({ length: 500 }, (_, index) => `j${index}`);
    for (const name of names) raw.send(sets(name));
    await turns(20);
    clock.advance(29_999);
    raw.stream.resume();
    while (answered(raw.frames).acks.length < names.length) await turns(1);
    clock.advance(30_000);
    expect(answered(raw.frames).acks).toEqual(names);
  });
});

describe('what breaks the protocol closes the connection', () => {
  test.each([
    ['no frame', 'ffffffff', 0x10],
    ['no JSON', '000000027b7b', 0x10],
    ['a frame of the receiver', '0000000d7b226f70656e6564223a7b7d7d', 0x11],
    ['a second `open`', '0000001a7b226f70656e223a7b22697373756572223a2268747470227d7d', 0x11],
  ])('%s [Q-2.4, Q-7.1]', async (_what, hex, code) => {
    const { stream, closed } = connect();
    const raw = stream();
    await raw.opened();
    raw.stream.write(Buffer.from(hex, 'hex'));
    expect(await closed).toMatchObject({ by: 'peer', code });
  });

  test('a stream that ends inside a frame, or before it was opened [Q-2.4]', async () => {
    const inside = connect();
    const raw = inside.stream();
    await raw.opened();
    raw.stream.write(Uint8Array.of(0, 0));
    raw.stream.end();
    expect(await inside.closed).toMatchObject({ code: 0x10 });

    const before = connect();
    before.stream().stream.end();
    expect(await before.closed).toMatchObject({ code: 0x11 });
  });
});

test('a sender that ends its stream is answered to the end, and closes itself [Q-6.1]', async () => {
  const held = heldJudge();
  const { stream, client } = connect({ judge: held.judge });
  const raw = stream();
  await raw.opened();
  raw.send(sets('j1', 'j2'));
  raw.stream.end();
  await turns();
  held.release();
  expect(await raw.over).toBe('ended');
  expect(answered(raw.frames).acks).toEqual(['j1', 'j2']);
  await client.close();
});

test('a stream that breaks off leaves the others alone', async () => {
  const held = heldJudge();
  const { stream } = connect({ judge: held.judge });
  const [broken, whole] = [stream(), stream()];
  await Promise.all([broken.opened(), whole.opened()]);
  broken.send(sets('j1'));
  whole.send(sets('j2'));
  await turns();
  broken.stream.reset(0);
  await turns();
  held.release();
  expect(answered(await whole.until(2)).acks).toEqual(['j2']);
});

describe('a receiver that goes away', () => {
  test('answers what it works on, takes no more, and says where to go [Q-6.2, Q-7.1]', async () => {
    const held = heldJudge();
    const { stream, delivery, closed } = connect({ judge: held.judge, limits: { concurrentSetCount: 2 } });
    const raw = stream();
    await raw.opened();
    raw.send(sets('j1', 'j2', 'j3'));
    await turns();
    const gone = delivery.close();
    raw.send(sets('j4'));
    await turns();
    held.release();
    await gone;
    expect(await closed).toMatchObject({ by: 'peer', code: 0x01 });
    expect(answered(raw.frames).acks).toEqual(['j1', 'j2']);
  });

  test('does not wait for ever [Q-6.2]', async () => {
    const { stream, delivery, clock, closed } = connect({ judge: heldJudge().judge });
    const raw = stream();
    await raw.opened();
    raw.send(sets('j1'));
    await turns();
    const gone = delivery.close();
    clock.advance(2_000);
    await gone;
    expect(await closed).toMatchObject({ code: 0x01 });
  });

  test('has nothing to wait for at streams that are not opened', async () => {
    const { stream, delivery, closed } = connect();
    stream().stream.write(Uint8Array.of(0));
    await turns();
    await Promise.all([delivery.close(), delivery[Symbol.asyncDispose]()]);
    expect(await closed).toMatchObject({ code: 0x01 });
  });
});
