import { createMemoryStore, type SingleUseKeys } from '@rta/store';
import { createFakeClock } from '@rta/testkit';
import { describe, expect, test } from 'vitest';
import type { ReceivedEvent } from '../src/index.ts';
import {
  AUDIENCE,
  claims,
  errorOf,
  ISSUER,
  JWKS,
  makeKey,
  NOW_MS,
  NOW_SECONDS,
  openBench,
  sign,
} from './fixture.ts';

const ACKNOWLEDGED = { status: 202, headers: {}, body: null };

describe('[R11] the same token again', () => {
  test('is acknowledged as the first time and has no second effect', async () => {
    await using bench = openBench();
    const set = await sign(claims());
    for (let time = 0; time < 3; time++) expect(await bench.push(set)).toEqual(ACKNOWLEDGED);
    expect(bench.events.length).toBe(1);
    expect(bench.published.map(({ outcome }) => outcome)).toEqual(['accepted', 'duplicate', 'duplicate']);
  });

  test('counts by issuer and jti, whatever else it says', async () => {
    await using bench = openBench();
    await bench.send(claims({ jti: 'same' }));
    const response = await bench.send(
      claims({ jti: 'same', sub_id: { format: 'email', email: 'joe@x.example' } }),
    );
    expect(response).toEqual(ACKNOWLEDGED);
    expect(bench.events.length).toBe(1);
  });

  test('has one effect over two nodes that share a store, and after a restart', async () => {
    const fakeClock = createFakeClock(NOW_MS);
    const { singleUse } = createMemoryStore({ clock: fakeClock });
    const set = await sign(claims());
    const events: ReceivedEvent[] = [];
    for (let node = 0; node < 3; node++) {
      await using bench = openBench({ fakeClock, singleUse });
      expect(await bench.push(set)).toEqual(ACKNOWLEDGED);
      events.push(...bench.events);
    }
    expect(events.length).toBe(1);
  });

  test('arriving at the same moment is acknowledged twice, and what is accepted has one id', async () => {
    await using bench = openBench();
    const set = await sign(claims());
    expect(await Promise.all([bench.push(set), bench.push(set)])).toEqual([ACKNOWLEDGED, ACKNOWLEDGED]);
    expect(new Set(bench.events.map(({ id }) => id)).size).toBe(1);
  });
});

describe('[R12] ids are unique for their issuer only', () => {
  test('the same jti of another issuer has its own effect', async () => {
    const partnerKey = await makeKey('ES256');
    const partner = 'https://partner.example';
    await using bench = openBench({
      transmitters: [
        { issuer: ISSUER, audience: AUDIENCE, jwks: JWKS },
        { issuer: partner, audience: AUDIENCE, jwks: { keys: [partnerKey.jwk] }, subjectIssuers: [ISSUER] },
      ],
    });
    await bench.send(claims({ jti: 'same' }));
    await bench.send(claims({ jti: 'same', iss: partner }), { key: partnerKey });
    expect(bench.events.map(({ transmitter }) => transmitter)).toEqual([ISSUER, partner]);
    expect(new Set(bench.events.map(({ id }) => id)).size).toBe(2);
  });

  test('issuer and jti cannot be shifted into each other', async () => {
    await using bench = openBench({
      transmitters: ['https://a.example/', 'https://a.example/","'].map((issuer) => ({
        issuer,
        audience: AUDIENCE,
        jwks: JWKS,
        subjectIssuers: [ISSUER],
      })),
    });
    await bench.send(claims({ iss: 'https://a.example/', jti: '","b' }));
    await bench.send(claims({ iss: 'https://a.example/","', jti: 'b' }));
    expect(new Set(bench.events.map(({ id }) => id)).size).toBe(2);
  });
});

describe('[R13] replays that are older than replays are remembered', () => {
  const WEEK_MS = 604_800_000;

  test('a token is accepted up to seven days after it was issued, and then refused', async () => {
    await using bench = openBench();
    const [early, late] = [await sign(claims()), await sign(claims())];
    bench.clock.advance(WEEK_MS);
    expect(await bench.push(early)).toEqual(ACKNOWLEDGED);
    bench.clock.advance(1);
    const response = await bench.push(late);
    expect([response.status, errorOf(response)]).toEqual([400, 'invalid_request']);
    expect(bench.published.at(-1)).toMatchObject({ error: { code: 'RTA_SSF_TIME' } });
  });

  test('a token has one effect for as long as it is accepted, also where the store cleans up', async () => {
    await using bench = openBench();
    const set = await sign(claims({ iat: NOW_SECONDS + 299.5 }));
    await bench.push(set);
    for (let day = 0; day < 7; day++) {
      bench.clock.advance(86_400_000);
      await bench.send(claims({ iat: NOW_SECONDS + 86_400 * (day + 1) }));
      await bench.push(set);
    }
    bench.clock.advance(299_500);
    expect(await bench.push(set)).toEqual(ACKNOWLEDGED);
    expect(bench.published.at(-1)).toMatchObject({ outcome: 'duplicate' });
    expect(bench.events.length).toBe(8);
  });

  test('also where the clock of the store is five minutes ahead', async () => {
    const fakeClock = createFakeClock(NOW_MS);
    const { singleUse } = createMemoryStore({ clock: { now: () => fakeClock.now() + 300_000 } });
    await using bench = openBench({ fakeClock, singleUse });
    const set = await sign(claims());
    await bench.push(set);
    fakeClock.advance(WEEK_MS);
    await bench.push(set);
    expect(bench.published.map(({ outcome }) => outcome)).toEqual(['accepted', 'duplicate']);
  });

  test('a token from the future is refused beyond five minutes', async () => {
    await using bench = openBench();
    expect((await bench.send(claims({ iat: NOW_SECONDS + 300 }))).status).toBe(202);
    const response = await bench.send(claims({ iat: NOW_SECONDS + 301 }));
    expect([response.status, errorOf(response)]).toEqual([400, 'invalid_request']);
    expect((await bench.send(claims({ iat: 15_203_800_012 }))).status).toBe(400);
  });
});

describe('[R14] what is not durable is not acknowledged', () => {
  test('a token that could not be accepted is not recorded, and has its effect when it comes again', async () => {
    const accepted: ReceivedEvent[] = [];
    let down = true;
    await using bench = openBench({
      accept: async (event) => {
        if (down) throw new Error('the broker is down');
        accepted.push(event);
      },
    });
    const set = await sign(claims());
    const refused = { status: 503, headers: { 'Retry-After': '5' }, body: null };
    expect(await bench.push(set)).toEqual(refused);
    expect(await bench.push(set)).toEqual(refused);
    down = false;
    expect(await bench.push(set)).toEqual(ACKNOWLEDGED);
    expect(accepted.length).toBe(1);
    expect(bench.published[0]).toMatchObject({
      outcome: 'refused',
      error: { code: 'RTA_SSF_NOT_ACCEPTED', cause: new Error('the broker is down') },
    });
  });

  test('it is acknowledged after `accept` resolved, and not before', async () => {
    const durable = Promise.withResolvers<void>();
    const entered = Promise.withResolvers<void>();
    await using bench = openBench({
      accept: () => {
        entered.resolve();
        return durable.promise;
      },
    });
    const order: string[] = [];
    const answered = bench.send(claims()).then(({ status }) => order.push(`answered ${status}`));
    await entered.promise;
    order.push('durable');
    durable.resolve();
    await answered;
    expect(order).toEqual(['durable', 'answered 202']);
  });

  test('while replays cannot be looked up nothing is accepted', async () => {
    const store = createMemoryStore({ clock: createFakeClock(NOW_MS) });
    await store.close();
    await using bench = openBench({ singleUse: store.singleUse });
    expect((await bench.send(claims())).status).toBe(503);
    expect(bench.events).toEqual([]);
  });

  test('where the replay cannot be recorded the token is sent again, as the same event', async () => {
    const clock = createFakeClock(NOW_MS);
    const { singleUse } = createMemoryStore({ clock, limits: { singleUseCount: 1 } });
    await singleUse.claim('somebody else', NOW_MS + 1_000);
    await using bench = openBench({ singleUse, fakeClock: clock });
    const set = await sign(claims());
    expect((await bench.push(set)).status).toBe(503);
    clock.advance(1_001);
    expect(await bench.push(set)).toEqual(ACKNOWLEDGED);
    expect(new Set(bench.events.map(({ id }) => id)).size).toBe(1);
    expect(await bench.push(set)).toEqual(ACKNOWLEDGED);
    expect(bench.published.at(-1)).toMatchObject({ outcome: 'duplicate' });
  });

  test('a token without effect is not recorded, so that it has one when the receiver learns of it', async () => {
    const clock = createFakeClock(NOW_MS);
    const { singleUse } = createMemoryStore({ clock });
    const set = await sign(
      claims({ sub_id: { format: 'iss_sub', iss: 'https://other.example', sub: 'jane' } }),
    );
    await using before = openBench({ singleUse, fakeClock: clock });
    expect(await before.push(set)).toEqual(ACKNOWLEDGED);
    expect(before.events).toEqual([]);
    await using after = openBench({
      singleUse,
      fakeClock: clock,
      transmitter: { subjectIssuers: [ISSUER, 'https://other.example'] },
    });
    expect(await after.push(set)).toEqual(ACKNOWLEDGED);
    expect(after.events.length).toBe(1);
  });

  test('the token itself and its type come with the event, as proof', async () => {
    await using bench = openBench();
    const set = await sign(claims());
    await bench.push(set);
    expect(bench.events).toMatchObject([
      {
        transmitter: ISSUER,
        event: { type: 'https://schemas.openid.net/secevent/caep/event-type/session-revoked' },
        set,
      },
    ]);
  });
});

test('keys for single use are of one length, whatever the transmitter makes of its ids', async () => {
  const keys: string[] = [];
  const singleUse: SingleUseKeys = {
    has: async () => false,
    claim: async (key) => {
      keys.push(key);
      return true;
    },
  };
  await using bench = openBench({ singleUse });
  for (const jti of ['x', 'x'.repeat(1024), '\u0000', '🔑'])
    expect((await bench.send(claims({ jti }))).status).toBe(202);
  expect(keys.map((key) => key.length)).toEqual([47, 47, 47, 47]);
});
