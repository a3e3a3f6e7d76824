import { ssfError } from '@rta/ssf';
import type { DeliveryFrame } from '@rta/ssf/delivery';
import { createMemoryTransportPair } from '@rta/transport';
import { describe, expect, test } from 'vitest';
import { createSetSender } from '../src/index.ts';
import {
  AUTHORIZATION,
  facts,
  fulfilled,
  ISSUER,
  memoryOutbox,
  rejectedWith,
  scripted,
  setOf,
  stage,
  turns,
} from './support.ts';

test('a SET that was sent is acknowledged', async () => {
  const { sender, send, arrived, listen } = stage();
  listen();
  expect(await send('j1')).toEqual([fulfilled]);
  expect(arrived).toEqual(['j1']);
  expect(sender.health).toEqual({
    state: 'open',
    pendingCount: 0,
    pendingBytes: 0,
    oldestPendingMs: 0,
    because: undefined,
  });
  await sender.close();
});

test('the sender says who it is first, and sends nothing before the answer [Q-3.1, Q-3.2]', async () => {
  const heard: DeliveryFrame[] = [];
  let answer: ((frame: DeliveryFrame) => void) | undefined;
  const { sender, listen } = stage({
    sender: { streamId: 's1' },
    serve: scripted((frame, say) => {
      heard.push(frame);
      answer = say;
    }),
  });
  listen();
  void sender.send('j1', setOf('j1'));
  await turns();
  expect(heard).toEqual([{ kind: 'open', issuer: ISSUER, streamId: 's1', authorization: AUTHORIZATION }]);
  answer?.({ kind: 'opened' });
  await turns();
  expect(heard.slice(1)).toEqual([{ kind: 'sets', sets: new Map([['j1', setOf('j1')]]) }]);
  answer?.({ kind: 'answer', ack: ['j1'], setErrs: new Map() });
  await sender.close();
});

test('SETs of one turn share a frame', async () => {
  const heard: number[] = [];
  const { send, sender, listen } = stage({
    serve: scripted((frame, say) => {
      if (frame.kind === 'open') say({ kind: 'opened' });
      if (frame.kind !== 'sets') return;
      heard.push(frame.sets.size);
      say({ kind: 'answer', ack: [...frame.sets.keys()], setErrs: new Map() });
    }),
  });
  listen();
  await send('j0');
  await send('j1', 'j2', 'j3');
  expect(heard).toEqual([1, 3]);
  await sender.close();
});

const judge = (jti: string) =>
  jti === 'bad'
    ? ({ outcome: 'refused', error: ssfError('RTA_SSF_SIGNATURE'), err: 'invalid_key' } as const)
    : ({ outcome: 'accepted', jti } as const);

describe('a SET that the receiver refuses', () => {
  test('rejects with its code, and does not hold the others up [Q-4.3]', async () => {
    const { sender, send, listen } = stage({ judge });
    listen();
    expect(await send('j1', 'bad', 'j2')).toEqual([
      fulfilled,
      rejectedWith('RTA_SENDER_REFUSED', { jti: 'bad', err: 'invalid_key' }),
      fulfilled,
    ]);
    await sender.close();
  });

  test('is not sent again under its jti, neither by itself nor when it is asked for [Q-4.3]', async () => {
    const outbox = memoryOutbox();
    const { sender, send, arrived, listen, vanish, clock } = stage({ judge, sender: { outbox } });
    listen();
    await send('bad');
    expect(outbox.kept.size).toBe(0);
    expect(await send('bad')).toEqual([rejectedWith('RTA_SENDER_REFUSED', { err: 'invalid_key' })]);
    await vanish(1);
    listen();
    await turns();
    clock.advance(30_000);
    await send('j1');
    expect(arrived).toEqual(['bad', 'j1']);
    await sender.close();
  });
});

test('answers may come late, in any order, in any groups, and twice [Q-4.4]', async () => {
  let say: ((frame: DeliveryFrame) => void) | undefined;
  const { sender, send, listen } = stage({
    serve: scripted((frame, answer) => {
      say = answer;
      if (frame.kind === 'open') answer({ kind: 'opened' });
    }),
  });
  listen();
  const settled = send('j1', 'j2', 'j3');
  await turns();
  const nothing = new Map();
  say?.({ kind: 'answer', ack: ['j3', 'never-sent'], setErrs: nothing });
  say?.({
    kind: 'answer',
    ack: ['j3'],
    setErrs: new Map([['unknown', { err: 'invalid_key', description: '' }]]),
  });
  say?.({
    kind: 'answer',
    ack: ['j1', 'j2'],
    setErrs: new Map([['j1', { err: 'invalid_key', description: '' }]]),
  });
  expect(await settled).toEqual([fulfilled, fulfilled, fulfilled]);
  await sender.close();
});

describe('when the connection is lost', () => {
  test('what was not answered is sent again, in its order, before what came later [Q-4.6]', async () => {
    const judged: ((isGood: boolean) => void)[] = [];
    const { sender, send, arrived, listen, vanish, clock } = stage({
      judge: (jti) =>
        new Promise((resolve) => judged.push((isGood) => isGood && resolve({ outcome: 'accepted', jti }))),
    });
    listen();
    const first = send('j1', 'j2', 'j3');
    await turns();
    judged[0]?.(true);
    await turns();
    await vanish(0);
    const later = send('j4');
    await turns();
    expect(sender.health).toMatchObject({
      state: 'waiting',
      pendingCount: 3,
      because: 'closed by peer with 0',
    });
    listen();
    clock.advance(200);
    await turns();
    expect(arrived).toEqual(['j1', 'j2', 'j3', 'j2', 'j3', 'j4']);
    for (const settle of judged) settle(true);
    expect(await Promise.all([first, later])).toEqual([[fulfilled, fulfilled, fulfilled], [fulfilled]]);
    await sender.close();
  });

  test('the pause grows, and has a random part [Q-4.6]', async () => {
    const heard = facts();
    const { sender, clock } = stage();
    const delays: number[] = [];
    for (let attempt = 0; attempt < 10; attempt++) {
      await turns();
      const last = heard.at(-1);
      if (last?.fact === 'lost') delays.push(last.retryInMs);
      clock.advance(30_000);
    }
    expect(delays).toHaveLength(10);
    const longest = [200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000];
    for (const [index, delay] of delays.entries()) {
      expect(delay).toBeGreaterThanOrEqual((longest[index] ?? 0) / 2);
      expect(delay).toBeLessThanOrEqual(longest[index] ?? 0);
    }
    expect(heard.every((fact) => fact.fact === 'lost' && fact.because === 'RTA_TRANSPORT_UNREACHABLE')).toBe(
      true,
    );
    await sender.close();
  });

  test.each([
    ['early', 0x16],
    ['frame', 0x10],
    ['unexpected', 0x11],
    ['limit', 0x14],
    ['refused', 0x17],
  ])('by the code %s, the pause is long at once [Q-4.6]', async (_name, code) => {
    const heard = facts();
    const { sender, listen } = stage({ serve: (connection) => void connection.close(code, 'so it is') });
    listen();
    await turns();
    expect(heard).toMatchObject([{ fact: 'lost', because: 'so it is' }]);
    expect(heard[0]).toHaveProperty(
      'retryInMs',
      expect.toSatisfy((ms: number) => ms >= 15_000),
    );
    await sender.close();
  });

  test.each([0x01, 0x20, 0x7f])('by the code %i, the pause is short [Q-4.6, Q-7.1]', async (code) => {
    const heard = facts();
    const { sender, listen } = stage({ serve: (connection) => void connection.close(code) });
    listen();
    await turns();
    expect(heard[0]).toHaveProperty(
      'retryInMs',
      expect.toSatisfy((ms: number) => ms <= 200),
    );
    await sender.close();
  });
});

test('a receiver that does not know the sender is not asked again soon', async () => {
  const { sender, listen } = stage({ sender: { authorization: 'Bearer other' } });
  listen();
  await turns();
  expect(sender.health).toMatchObject({ state: 'waiting', because: 'authentication_failed' });
  await sender.close();
});

describe('a receiver that is not one', () => {
  test('speaks another protocol, and is sent nothing [Q-1.1]', async () => {
    const frames: DeliveryFrame[] = [];
    const { sender, listen } = stage({
      protocol: 'rta/1',
      serve: scripted((frame) => void frames.push(frame)),
    });
    listen();
    await turns();
    expect(sender.health).toMatchObject({ state: 'waiting', because: 'RTA_SENDER_PROTOCOL' });
    expect(frames).toEqual([]);
    await sender.close();
  });

  test.each<[string, DeliveryFrame[], string]>([
    ['sends SETs', [{ kind: 'sets', sets: new Map() }], 'RTA_SENDER_PROTOCOL'],
    [
      'answers before it has opened',
      [{ kind: 'answer', ack: ['j1'], setErrs: new Map() }],
      'RTA_SENDER_PROTOCOL',
    ],
    ['opens twice', [{ kind: 'opened' }, { kind: 'opened' }], 'RTA_SENDER_PROTOCOL'],
  ])('%s, and is left [Q-2.4]', async (_what, answers, because) => {
    const { sender, listen } = stage({
      serve: scripted((frame, say) => {
        if (frame.kind === 'open') for (const answer of answers) say(answer);
      }),
    });
    listen();
    await turns();
    expect(sender.health).toMatchObject({ state: 'waiting', because });
    await sender.close();
  });

  test('sends no frames, and is left [Q-2.4]', async () => {
    const { sender, listen } = stage({
      serve: scripted((_frame, _say, stream) => void stream.write(Uint8Array.of(255, 255, 255, 255))),
    });
    listen();
    await turns();
    expect(sender.health).toMatchObject({ state: 'waiting', because: 'RTA_SSF_FRAME' });
    await sender.close();
  });

  test('says nothing when it is opened, and is left after 10 seconds', async () => {
    const { sender, listen, clock } = stage({ serve: () => {} });
    listen();
    await turns();
    clock.advance(10_000);
    await turns();
    expect(sender.health).toMatchObject({ state: 'waiting', because: 'the receiver does not answer' });
    await sender.close();
  });

  test('answers no SET for 30 seconds, and is left; and not where there was nothing to answer', async () => {
    const { sender, send, listen, clock, connections } = stage({
      serve: scripted((frame, say) => {
        if (frame.kind === 'open') say({ kind: 'opened' });
        if (frame.kind === 'sets' && connections.length > 1) {
          say({ kind: 'answer', ack: [...frame.sets.keys()], setErrs: new Map() });
        }
      }),
    });
    listen();
    await turns();
    clock.advance(86_400_000);
    await turns();
    expect(sender.health.state).toBe('open');
    const settled = send('j1');
    await turns();
    clock.advance(29_999);
    await turns();
    expect(sender.health.state).toBe('open');
    clock.advance(1);
    await turns();
    expect(sender.health).toMatchObject({ state: 'waiting', because: 'the receiver does not answer' });
    clock.advance(200);
    expect(await settled).toEqual([fulfilled]);
    await sender.close();
  });
});

describe('nothing grows without bound', () => {
  test('SETs on their way are as many as the window [Q-5.1]', async () => {
    let arrived = 0;
    const { sender, send, listen } = stage({
      sender: { limits: { windowCount: 5 } },
      serve: scripted((frame, say) => {
        if (frame.kind === 'open') say({ kind: 'opened' });
        if (frame.kind !== 'sets') return;
        arrived += frame.sets.size;
        if (arrived > 5) say({ kind: 'answer', ack: [...frame.sets.keys()], setErrs: new Map() });
        else setTimeoutless(() => say({ kind: 'answer', ack: [...frame.sets.keys()], setErrs: new Map() }));
      }),
    });
    const later: (() => void)[] = [];
    const setTimeoutless = (callback: () => void): void => void later.push(callback);
    listen();
    const settled = send(...Array.from({ length: 12 }, (_, index) => `j${index}`));
    await turns();
    expect(arrived).toBe(5);
    for (const callback of later) callback();
    expect((await settled).every(({ status }) => status === 'fulfilled')).toBe(true);
    expect(arrived).toBe(12);
    await sender.close();
  });

  test('a receiver that does not read holds the sender back [Q-5.1]', async () => {
    const bufferedBytes: number[] = [];
    const { sender, clock } = stage({
      sender: {
        limits: { windowCount: 10_000 },
        dial: async () => {
          const { client, server } = createMemoryTransportPair({ protocol: 'rta-ssf/1' });
          scripted((frame, say, stream) => {
            if (frame.kind === 'open') say({ kind: 'opened' });
            stream.pause();
          })(server);
          const openStream = client.openStream.bind(client);
          return Object.assign(client, {
            openStream() {
              const stream = openStream();
              const { write } = stream;
              return Object.assign(stream, {
                write(bytes: Uint8Array) {
                  const takesMore = write.call(stream, bytes);
                  bufferedBytes.push(stream.bufferedBytes);
                  return takesMore;
                },
              });
            },
          });
        },
      },
    });
    const big = 'b'.repeat(60_000);
    const names = Array.from({ length: 200 }, (_, index) => `j${index}`);
    const settled = Promise.allSettled(names.map((name) => sender.send(name, `a.${big}.${name}`)));
    await turns();
    // The frame that opens, and the one that went above the mark at which a stream asks to wait.
    expect(bufferedBytes).toHaveLength(2);
    expect(bufferedBytes[1]).toBeLessThan(262_149);
    const closing = sender.close();
    clock.advance(5_000);
    await closing;
    expect((await settled).every(({ status }) => status === 'rejected')).toBe(true);
  });

  test.each([
    ['in number', { pendingCount: 2 }],
    ['in bytes', { pendingBytes: 24 }],
  ])('SETs that wait are limited %s, and those beyond are refused', async (_what, limits) => {
    const { sender, send, listen, clock } = stage({ sender: { limits } });
    const settled = send('j1', 'j2', 'j3');
    await turns();
    listen();
    clock.advance(200);
    expect(await settled).toEqual([fulfilled, fulfilled, rejectedWith('RTA_SENDER_FULL')]);
    expect(await send('j3')).toEqual([fulfilled]);
    await sender.close();
  });

  test('a SET that no receiver reads is refused at once', async () => {
    const { sender } = stage();
    await expect(sender.send('j1', `a.${'b'.repeat(65_536)}.c`)).rejects.toMatchObject({
      code: 'RTA_SENDER_TOO_LARGE',
    });
    await sender.close();
  });
});

test.each([
  ['no jti', '', 'a.b.c'],
  ['a jti that is too long', 'j'.repeat(1_025), 'a.b.c'],
  ['half a character', 'j\ud800', 'a.b.c'],
  ['no JWS', 'j1', 'a.b'],
  ['JSON', 'j1', '{"a":1}'],
])('a token with %s is a mistake of the caller', async (_what, jti, set) => {
  const { sender } = stage();
  await expect(sender.send(jti, set)).rejects.toThrow(TypeError);
  await sender.close();
});

test('the same token twice is one; another under its jti is a mistake', async () => {
  const { sender, listen, arrived } = stage();
  const both = Promise.all([sender.send('j1', setOf('j1')), sender.send('j1', setOf('j1'))]);
  await expect(sender.send('j1', setOf('j2'))).rejects.toThrow(TypeError);
  listen();
  await both;
  expect(arrived).toEqual(['j1']);
  await sender.close();
});

test.each([
  ['an endpoint without a port', { endpoint: 'rta.example' }],
  ['an endpoint with port 0', { endpoint: 'rta.example:0' }],
  ['nothing to show', { authorization: undefined }],
])('a sender with %s cannot be made', (_what, changes) => {
  const options = { endpoint: 'rta.example:4433', issuer: ISSUER, authorization: AUTHORIZATION, ...changes };
  const { authorization, ...rest } = options;
  expect(() => createSetSender(authorization === undefined ? rest : { ...rest, authorization })).toThrow(
    TypeError,
  );
});

test('a limit that is no number is refused at once', () => {
  expect(() => stage({ sender: { limits: { windowCount: 0 } } })).toThrow(RangeError);
});
