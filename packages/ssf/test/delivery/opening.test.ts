import { createHash } from 'node:crypto';
import type { TransportConnection } from '@rta/transport';
import { describe, expect, test } from 'vitest';
import { encodeDeliveryFrame } from '../../src/delivery.ts';
import { createDeliveryAuthentication } from '../../src/index.ts';
import { connect, ISSUER, sets, turns } from './raw-sender.ts';

/** The connection with another fact in the place of its own. */
function having(facts: Partial<TransportConnection>): (inner: TransportConnection) => TransportConnection {
  return (inner) =>
    new Proxy(inner, {
      get(target, name) {
        if (Object.hasOwn(facts, name)) return Reflect.get(facts, name);
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
}

test('a sender that shows the right credential is let in [Q-3.1, Q-3.3]', async () => {
  const { stream } = connect();
  const raw = stream();
  raw.open({ streamId: 's1' });
  expect(await raw.until(1)).toEqual([{ kind: 'opened' }]);
});

describe('a sender is turned away, and hears the same, that has [Q-3.3, Q-3.4]', () => {
  test.each([
    ['another token', { authorization: 'Bearer secre' }],
    ['no token', { authorization: '' }],
    ['an issuer that nobody knows', { issuer: `${ISSUER}/` }],
    ['an issuer that nobody knows, and no token', { issuer: 'https://other.example', authorization: '' }],
    ['another stream', { streamId: 's2' }],
  ])('%s', async (_what, changes) => {
    const { stream, closed, asked } = connect();
    const raw = stream();
    raw.open(changes);
    expect(await closed).toEqual({ by: 'peer', code: 0x17, reason: 'authentication_failed' });
    expect(raw.frames).toEqual([
      {
        kind: 'error',
        err: 'authentication_failed',
        description: 'the issuer is not known, or the credential is not the one that was agreed on',
      },
    ]);
    expect(asked).toEqual([]);
  });
});

test('nobody is let in by a judge that fails [Q-3.3]', async () => {
  const { stream, closed } = connect({ authenticate: () => Promise.reject(new Error('no database')) });
  stream().open();
  expect(await closed).toMatchObject({ code: 0x17 });
});

describe('a certificate', () => {
  const clientThumbprint = createHash('sha256').update('certificate').digest();
  const text = clientThumbprint.toString('base64url');
  const shown = having({ clientThumbprint: new Uint8Array(clientThumbprint) });
  const other = having({ clientThumbprint: new Uint8Array(32) });

  test.each([
    ['that was registered lets in without a token', { clientThumbprint: text }, shown, {}, 'opened'],
    ['that was not registered does not', { clientThumbprint: text }, other, {}, 'error'],
    ['that is missing does not', { clientThumbprint: text }, having({}), {}, 'error'],
    [
      'and a token are both needed where both were agreed on',
      { clientThumbprint: text, authorization: 'Bearer both' },
      shown,
      {},
      'error',
    ],
    [
      'and a token let in where both were agreed on',
      { clientThumbprint: text, authorization: 'Bearer both' },
      shown,
      { authorization: 'Bearer both' },
      'opened',
    ],
    ['does not stand in for a token', { authorization: 'Bearer both' }, shown, {}, 'error'],
  ])('%s [Q-3.3]', async (_what, credential, wrap, changes, answer) => {
    const { stream } = connect({
      authenticate: createDeliveryAuthentication([{ issuer: ISSUER, ...credential }]),
      wrap,
    });
    const raw = stream();
    raw.send({ kind: 'open', issuer: ISSUER, ...changes });
    expect((await raw.until(1)).map(({ kind }) => kind)).toEqual([answer]);
  });
});

test.each([
  ['without a credential', [{ issuer: ISSUER }]],
  [
    'that is there twice',
    [
      { issuer: ISSUER, authorization: 'Bearer a' },
      { issuer: ISSUER, authorization: 'Bearer b' },
    ],
  ],
  ['with a token that no line can hold', [{ issuer: ISSUER, authorization: 'Bearer a\r\n' }]],
  ['with a thumbprint that is none', [{ issuer: ISSUER, clientThumbprint: 'AAAA' }]],
  ['with a thumbprint that is not base64url', [{ issuer: ISSUER, clientThumbprint: 'no+way' }]],
])('a sender %s cannot be registered', (_what, senders) => {
  expect(() => createDeliveryAuthentication(senders)).toThrow(TypeError);
});

test('a connection of another protocol is closed [Q-1.1, Q-7.1]', async () => {
  const { closed } = connect({ protocol: 'rta/1' });
  expect(await closed).toMatchObject({ by: 'peer', code: 0x11 });
});

test('a connection with early data is closed, and nothing of it is taken [Q-1.2, Q-7.1]', async () => {
  const { stream, closed, asked } = connect({ wrap: having({ isEarly: true }) });
  const raw = stream();
  raw.open();
  raw.send(sets('j1'));
  expect(await closed).toMatchObject({ by: 'peer', code: 0x16 });
  expect([raw.frames, asked]).toEqual([[], []]);
});

test('SETs before the answer to `open` are refused, whoever sends them [Q-2.4, Q-3.2]', async () => {
  const early = connect();
  early.stream().send(sets('j1'));
  expect(await early.closed).toMatchObject({ code: 0x11 });

  const { promise, resolve } = Promise.withResolvers<boolean>();
  const impatient = connect({ authenticate: () => promise });
  const raw = impatient.stream();
  raw.open();
  raw.send(sets('j1'));
  expect(await impatient.closed).toMatchObject({ code: 0x11 });
  resolve(true);
  expect([early.asked, impatient.asked]).toEqual([[], []]);
});

test('what an unknown sender may send is 16 KB [Q-2.1]', async () => {
  const { stream, closed } = connect();
  stream().open({ authorization: 'a'.repeat(16_384) });
  expect(await closed).toMatchObject({ code: 0x10 });
});

describe('a sender that keeps the receiver waiting is cut off', () => {
  test('without a stream for 5 seconds [Q-3.5, Q-7.1]', async () => {
    const { clock, closed } = connect();
    clock.advance(5_000);
    expect(await closed).toMatchObject({ code: 0x13 });
  });

  test('with half an `open` for 5 seconds [Q-3.5]', async () => {
    const { clock, closed, stream } = connect();
    stream().stream.write(Uint8Array.of(0, 0, 0, 9, 0x7b));
    await turns();
    clock.advance(5_000);
    expect(await closed).toMatchObject({ code: 0x13 });
  });

  test('with half a frame for 30 seconds, and not before [Q-3.5]', async () => {
    const { clock, closed, stream, asked } = connect();
    const raw = stream();
    await raw.opened();
    const frame = Buffer.from('0000001a7b2273657473223a7b226a31223a22612e622e63227d7d', 'hex');
    raw.stream.write(frame.subarray(0, 20));
    await turns();
    clock.advance(29_999);
    raw.stream.write(frame.subarray(20));
    await turns();
    expect(asked).toEqual([]);
    clock.advance(1);
    expect(await closed).toMatchObject({ code: 0x13 });
  });

  test('by the time of each frame, not of all [Q-3.5]', async () => {
    const { clock, stream, asked } = connect();
    const raw = stream();
    await raw.opened();
    const frames = Buffer.concat([encodeDeliveryFrame(sets('j1')), encodeDeliveryFrame(sets('j2'))]);
    raw.stream.write(frames.subarray(0, 20));
    await turns();
    clock.advance(20_000);
    raw.stream.write(frames.subarray(20, 40));
    await turns();
    clock.advance(20_000);
    raw.stream.write(frames.subarray(40));
    await turns();
    expect(asked).toEqual(['set-j1', 'set-j2']);
  });

  test('but not one that has opened its stream and has nothing to say [Q-1.3]', async () => {
    const { clock, stream, asked } = connect();
    const raw = stream();
    await raw.opened();
    clock.advance(86_400_000);
    raw.send(sets('j1'));
    await raw.until(2);
    expect(asked).toEqual(['set-j1']);
  });

  test('and so is one that has ended its streams and does not close [Q-3.5]', async () => {
    const { clock, stream, closed } = connect();
    const raw = stream();
    await raw.opened();
    raw.stream.end();
    expect(await raw.over).toBe('ended');
    clock.advance(5_000);
    expect(await closed).toMatchObject({ code: 0x13 });
  });
});

test('eight streams may be open, and no ninth [Q-3.1, Q-7.1]', async () => {
  const { stream, closed } = connect();
  const raws = Array.from({ length: 8 }, () => stream());
  await Promise.all(raws.map((raw) => raw.opened()));
  stream().open();
  expect(await closed).toMatchObject({ code: 0x14 });
});

test('a limit that is no number is refused at once', () => {
  expect(() => connect({ limits: { concurrentSetCount: 0 } })).toThrow(RangeError);
});
