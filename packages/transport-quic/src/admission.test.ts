import { createFakeClock, type FakeClock } from '@rta/testkit';
import { describe, expect, test } from 'vitest';
import {
  type Admission,
  createAdmission,
  type Place,
  type RetryPolicy,
  resolveAdmissionLimits,
  type Verdict,
} from './admission.ts';
import type { Address } from './native.ts';
import { createRetryTokens } from './retry-token.ts';

const tokens = createRetryTokens(new Uint8Array(32).fill(1));
const ORIGINAL_ID = Buffer.from('8394c8f03e515708', 'hex');
const RETRY_ID = Buffer.alloc(16, 3);

interface Door {
  readonly clock: FakeClock;
  readonly admission: Admission;
  /** Judges a first packet without a token. */
  unproven(host: string): string;
  /** Judges the packet that brings the token of a Retry. */
  proven(host: string): string;
  enter(host: string, count: number): Place[];
}

const at = (host: string): Address => ({ host, port: 4_433 });

const headerTo = (dcid: Buffer) => ({ version: 1, dcid, scid: Buffer.alloc(0), isInitial: true });

const said = (verdict: Verdict): string =>
  verdict.kind === 'refuse' ? `${verdict.because} ${verdict.code ?? 'unanswered'}` : verdict.kind;

function open(options: { retry?: RetryPolicy } & Parameters<typeof resolveAdmissionLimits>[0] = {}): Door {
  const clock = createFakeClock();
  const { retry = 'under-load', ...limits } = options;
  const admission = createAdmission({ limits: resolveAdmissionLimits(limits), retry, tokens, clock });
  return {
    clock,
    admission,
    unproven: (host) =>
      said(admission.judge({ header: headerTo(ORIGINAL_ID), token: new Uint8Array(0) }, at(host))),
    proven: (host) => {
      const token = tokens.seal(ORIGINAL_ID, { from: at(host), retryId: RETRY_ID, nowMs: clock.now() });
      return said(admission.judge({ header: headerTo(RETRY_ID), token }, at(host)));
    },
    enter: (host, count) => Array.from({ length: count }, () => admission.enter(at(host))),
  };
}

/** An address of its own network. */
const far = (index: number): string => `10.${index >> 8}.${index & 0xff}.1`;

describe('a Retry', () => {
  test('is not asked for while there is room', () => {
    const door = open();
    for (let index = 0; index < 249; index++) door.enter(far(index), 1);
    expect(door.unproven('192.0.2.1')).toBe('accept');
  });

  test('is asked for above a quarter of the handshakes, and who brings the token is let in', () => {
    const door = open();
    for (let index = 0; index < 250; index++) door.enter(far(index), 1);
    expect(door.unproven('192.0.2.1')).toBe('retry');
    expect(door.proven('192.0.2.1')).toBe('accept');
  });

  test('is asked for above a quarter of the handshakes that one network may have', () => {
    const door = open({ maxNetworkHandshakeCount: 4 });
    door.enter('192.0.2.1', 1);
    expect(door.unproven('192.0.2.200')).toBe('retry');
    expect(door.unproven('192.0.3.1')).toBe('accept');
    expect(door.proven('192.0.2.200')).toBe('accept');
  });

  test('is asked for above a thousand new connections a second', () => {
    const door = open();
    const said = Array.from({ length: 1_001 }, () => door.unproven('192.0.2.1'));
    expect(said.slice(-2)).toEqual(['accept', 'retry']);
    door.clock.advance(1);
    expect([door.unproven('192.0.2.1'), door.unproven('192.0.2.1')]).toEqual(['accept', 'retry']);
    expect(door.proven('192.0.2.1')).toBe('accept');
  });

  test('is asked of everybody, or of nobody, where the program says so', () => {
    expect(open({ retry: 'always' }).unproven('192.0.2.1')).toBe('retry');
    expect(open({ retry: 'always' }).proven('192.0.2.1')).toBe('accept');
    const door = open({ retry: 'never', retryAboveHandshakeCount: 1 });
    door.enter('192.0.2.1', 5);
    expect(door.unproven('192.0.2.1')).toBe('accept');
  });

  test('is asked again of a client whose token is of another kind', () => {
    const { admission } = open({ retry: 'always' });
    const header = headerTo(ORIGINAL_ID);
    const from = { host: '192.0.2.1', port: 1 };
    expect(admission.judge({ header, token: Buffer.from('of another server') }, from)).toEqual({
      kind: 'retry',
    });
  });
});

test('the original id of the token is given to who accepts', () => {
  const { admission, clock } = open();
  const from = { host: '192.0.2.1', port: 1 };
  const token = tokens.seal(ORIGINAL_ID, { from, retryId: RETRY_ID, nowMs: clock.now() });
  const header = headerTo(RETRY_ID);
  expect(admission.judge({ header, token }, from)).toEqual({
    kind: 'accept',
    originalId: new Uint8Array(ORIGINAL_ID),
  });
});

test('a token that is not good is refused, whether or not one is needed', () => {
  const { admission, clock } = open({ retry: 'never' });
  const from = { host: '192.0.2.1', port: 1 };
  const token = tokens.seal(ORIGINAL_ID, { from, retryId: RETRY_ID, nowMs: clock.now() });
  const header = headerTo(RETRY_ID);
  clock.advance(10_001);
  // INVALID_TOKEN.
  expect(admission.judge({ header, token }, from)).toEqual({ kind: 'refuse', because: 'token', code: 11 });
});

describe('a client is turned away', () => {
  test('where the listener is full, with CONNECTION_REFUSED', () => {
    const door = open({ maxConnectionCount: 2 });
    door.enter(far(1), 2);
    expect([door.unproven('192.0.2.1'), door.proven('192.0.2.1')]).toEqual([
      'connections 2',
      'connections 2',
    ]);
  });

  test('where its address has as many connections as it may, with CONNECTION_REFUSED', () => {
    const door = open({ maxAddressConnectionCount: 2 });
    for (const place of door.enter('192.0.2.1', 2)) place.established();
    expect([door.unproven('192.0.2.1'), door.proven('192.0.2.1')]).toEqual(['address 2', 'address 2']);
    expect(door.unproven('192.0.2.2')).toBe('accept');
  });

  test('where its IPv6 link has, by whatever address', () => {
    const door = open({ maxAddressConnectionCount: 1 });
    door.enter('2001:db8::1', 1);
    expect(door.unproven('2001:db8::abcd:1')).toBe('address 2');
    expect(door.unproven('2001:db8:0:1::1')).toBe('accept');
  });

  test('without an answer, where there are as many handshakes as may be', () => {
    const door = open({ maxHandshakeCount: 2, retry: 'never' });
    door.enter(far(1), 2);
    expect(door.unproven('192.0.2.1')).toBe('handshakes unanswered');
    expect(door.proven('192.0.2.1')).toBe('handshakes unanswered');
  });

  test('without an answer, where its network has as many handshakes as it may', () => {
    const door = open({ maxNetworkHandshakeCount: 2 });
    door.enter('192.0.2.1', 2);
    expect(door.proven('192.0.2.200')).toBe('network unanswered');
    expect(door.proven('192.0.3.1')).toBe('accept');
  });
});

describe('forged addresses', () => {
  test('fill a quarter of the room for handshakes, and no more', () => {
    const door = open({ maxHandshakeCount: 100 });
    let letIn = 0;
    for (let index = 0; index < 1_000; index++) {
      if (door.unproven(far(index)) !== 'accept') continue;
      door.enter(far(index), 1);
      letIn += 1;
    }
    expect(letIn).toBe(25);
    expect(door.proven('192.0.2.1')).toBe('accept');
  });

  test('of one network do not lock that network out', () => {
    const door = open({ maxNetworkHandshakeCount: 8 });
    for (let index = 0; index < 256; index++) {
      if (door.unproven(`192.0.2.${index}`) === 'accept') door.enter(`192.0.2.${index}`, 1);
    }
    expect(door.proven('192.0.2.1')).toBe('accept');
  });
});

describe('room', () => {
  test('for a handshake is free when it is complete; for a connection when it is over', () => {
    const door = open({ maxConnectionCount: 1, maxHandshakeCount: 1, retry: 'never' });
    const [place] = door.enter('192.0.2.1', 1);
    expect(door.unproven('192.0.2.1')).toBe('connections 2');
    place?.established();
    expect(door.unproven('192.0.2.1')).toBe('connections 2');
    place?.release();
    expect(door.unproven('192.0.2.1')).toBe('accept');
  });

  test('is given back once, however often that is said', () => {
    const door = open({ maxConnectionCount: 2, maxHandshakeCount: 2, retry: 'never' });
    const [one] = door.enter('192.0.2.1', 2);
    one?.established();
    one?.established();
    one?.release();
    one?.release();
    one?.established();
    expect(door.unproven('192.0.2.1')).toBe('accept');
    door.enter('192.0.2.1', 1);
    expect(door.unproven('192.0.2.1')).toBe('connections 2');
  });

  test('of a handshake that failed is free for all', () => {
    const door = open({
      maxNetworkHandshakeCount: 1,
      maxHandshakeCount: 1,
      maxAddressConnectionCount: 1,
      retry: 'never',
    });
    const [place] = door.enter('192.0.2.1', 1);
    place?.release();
    expect(door.unproven('192.0.2.1')).toBe('accept');
  });
});

describe('the limits in force', () => {
  test('are the defaults', () => {
    expect(resolveAdmissionLimits({})).toEqual({
      maxConnectionCount: 10_000,
      maxHandshakeCount: 1_000,
      maxAddressConnectionCount: 2_500,
      maxNetworkHandshakeCount: 250,
      retryAboveHandshakeCount: 250,
    });
  });

  test('ask for a Retry at a quarter of a smaller number of handshakes', () => {
    expect(resolveAdmissionLimits({ maxHandshakeCount: 10 }).retryAboveHandshakeCount).toBe(3);
    expect(resolveAdmissionLimits({ maxHandshakeCount: 100_000 }).retryAboveHandshakeCount).toBe(250);
  });

  test.each([
    { maxConnectionCount: 0 },
    { maxHandshakeCount: -1 },
    { maxAddressConnectionCount: 1.5 },
    { maxNetworkHandshakeCount: Number.NaN },
    { retryAboveHandshakeCount: 0 },
  ])('are positive integers: %j', (chosen) => {
    expect(() => resolveAdmissionLimits(chosen)).toThrow(
      expect.objectContaining({
        code: 'RTA_TRANSPORT_CONFIG',
        details: expect.objectContaining({ option: Object.keys(chosen)[0] }),
      }),
    );
  });
});
