import { generateKeyPairSync } from 'node:crypto';
import {
  createSetReceiver,
  createSetSigner,
  createTransmitter,
  keptStreamChannel,
  SSF_EVENTS,
  signSet,
} from '@rta/ssf';
import { createMemoryStore } from '@rta/store';
import { createFakeClock } from '@rta/testkit';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { startTelemetry } from './telemetry.ts';

const NOW_MS = 1_700_000_000_000;
const ISSUER = 'https://idp.example';
const AUDIENCE = 'https://rta.example';
const SESSION_REVOKED = 'https://schemas.openid.net/secevent/caep/event-type/session-revoked';
const key = generateKeyPairSync('ed25519');
const signer = await createSetSigner({
  key: key.privateKey.export({ format: 'jwk' }),
  keyId: 'key-1',
  algorithm: 'EdDSA',
});

function sign(changes: Partial<Parameters<typeof signSet>[0]> = {}): Promise<string> {
  return signSet(
    {
      issuer: ISSUER,
      audience: AUDIENCE,
      jti: 'jti-1',
      subject: { format: 'iss_sub', iss: ISSUER, sub: 'alice' },
      event: { type: SESSION_REVOKED, value: {} },
      issuedAtMs: NOW_MS,
      ...changes,
    },
    signer,
  );
}

/** A receiver, and what an operator sees of it. */
function watched() {
  const clock = createFakeClock(NOW_MS);
  const lines: Record<string, unknown>[] = [];
  const logger = pino(
    { base: null, level: 'debug', timestamp: false },
    { write: (line) => void lines.push(JSON.parse(line) as Record<string, unknown>) },
  );
  const telemetry = startTelemetry(logger, clock);
  const receiver = createSetReceiver({
    transmitters: [
      {
        issuer: ISSUER,
        audience: AUDIENCE,
        algorithms: ['EdDSA'],
        jwks: { keys: [{ ...key.publicKey.export({ format: 'jwk' }), kid: 'key-1' }] },
      },
    ],
    singleUse: createMemoryStore({ clock }).singleUse,
    clock,
    accept: async () => {},
  });
  return {
    clock,
    receiver,
    warnings: () => lines.filter(({ level }) => level === 40),
    text: () => JSON.stringify(lines),
    metrics: async () => (await telemetry.metrics()).body,
    async [Symbol.asyncDispose]() {
      telemetry.close();
      await receiver.close();
    },
  };
}

describe('security events that come', () => {
  test('are counted by way and outcome, with the time until they were durable', async () => {
    await using t = watched();
    const set = await sign();
    await t.receiver.receive(set, { way: 'push' });
    await t.receiver.receive(set, { way: 'push' });
    await t.receiver.receive('junk', { way: 'poll' });
    const metrics = await t.metrics();
    expect(metrics).toContain('rta_security_events_total{way="push",outcome="accepted"} 1');
    expect(metrics).toContain('rta_security_events_total{way="push",outcome="duplicate"} 1');
    expect(metrics).toContain('rta_security_events_total{way="poll",outcome="refused"} 1');
    expect(metrics).toContain('rta_security_event_accept_seconds_count{way="push"} 1');
  });

  test('are warned of where they are refused: who, what and why, and never the token', async () => {
    await using t = watched();
    const set = await sign({ jti: 'too-old', issuedAtMs: NOW_MS - 700_000_000 });
    await t.receiver.receive(set, { way: 'quic' });
    await t.receiver.receive(set, { way: 'quic' });
    const warning = {
      level: 40,
      way: 'quic',
      issuer: ISSUER,
      code: 'RTA_SSF_TIME',
      jti: 'too-old',
      msg: expect.stringContaining('refused'),
    };
    expect(t.warnings()).toEqual([warning, warning]);
    expect(t.text()).not.toContain(set.split('.')[1]);
    expect(t.text()).not.toContain('alice');
  });

  test('that nobody vouches for cannot fill the log', async () => {
    await using t = watched();
    for (let count = 0; count < 1_000; count += 1) await t.receiver.receive('junk', { way: 'push' });
    expect(t.warnings()).toMatchObject([{ code: 'RTA_SSF_MALFORMED' }]);
    t.clock.advance(10_000);
    await t.receiver.receive('junk', { way: 'push' });
    expect(t.warnings()).toMatchObject([{}, { code: 'RTA_SSF_MALFORMED', unsaidCount: 999 }]);
  });

  test('of a stream that stops are warned of once', async () => {
    await using t = watched();
    const subject = { format: 'opaque', id: 'stream-1' } as const;
    const event = {
      type: SSF_EVENTS.streamUpdated,
      value: { status: 'paused', reason: 'maintenance' },
    } as const;
    for (const jti of ['paused-1', 'paused-2']) {
      await t.receiver.receive(await sign({ jti, subject, event }), { way: 'push' });
    }
    expect(t.warnings()).toMatchObject([{ issuer: ISSUER, status: 'paused', reason: 'maintenance' }]);
  });
});

/** Says how the stream is now. */
function tell(now: { readonly status?: 'enabled' | 'paused'; readonly code?: string }): void {
  keptStreamChannel.publish({ issuer: ISSUER, ...now });
}

describe('a stream that the server keeps', () => {
  test('is warned of when it cannot be kept and when it stops, once for each change', async () => {
    await using t = watched();
    tell({ code: 'RTA_SSF_STREAM_UNAVAILABLE' });
    tell({ code: 'RTA_SSF_STREAM_UNAVAILABLE' });
    tell({ status: 'enabled' });
    const set = await sign({
      jti: 'paused',
      subject: { format: 'opaque', id: 'stream-1' },
      event: { type: SSF_EVENTS.streamUpdated, value: { status: 'paused' } },
    });
    await t.receiver.receive(set, { way: 'push' });
    tell({ status: 'paused' });
    tell({ status: 'paused', code: 'RTA_SSF_STREAM_UNVERIFIED' });
    expect(t.warnings()).toMatchObject([
      { code: 'RTA_SSF_STREAM_UNAVAILABLE' },
      { status: 'paused' },
      { status: 'paused', code: 'RTA_SSF_STREAM_UNVERIFIED' },
    ]);
    expect(t.text().match(/is in order/g)).toHaveLength(1);
  });
});

describe('security events that are sent', () => {
  test('are counted, and warned of where they do not get through, once until they do', async () => {
    await using t = watched();
    let status = 503;
    const store = createMemoryStore({ clock: t.clock });
    const sender = await createSetSigner({
      key: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' }),
      keyId: 'key-2',
      algorithm: 'ES256',
    });
    await using transmitter = await createTransmitter({
      issuer: AUDIENCE,
      signers: [sender],
      streams: store.streams,
      outbox: store.outbox,
      authorize: async () => ({ receiver: 'siem', scopes: ['ssf.manage'] }),
      eventsSupported: [SESSION_REVOKED],
      clock: t.clock,
      isShared: false,
      allowLoopbackHttp: true,
      fetch: async () => new Response(null, { status }),
    });
    const made = await transmitter.handle(
      new Request(`${AUDIENCE}/ssf/streams`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: 'Bearer x' },
        body: JSON.stringify({
          delivery: {
            method: 'urn:ietf:rfc:8935',
            endpoint_url: 'http://127.0.0.1:9/events',
            authorization_header: 'Bearer secret-of-siem',
          },
        }),
      }),
    );
    const { stream_id: stream } = (await made.json()) as { stream_id: string };
    await transmitter.emit({
      id: 'event-1',
      subject: { format: 'opaque', id: 's' },
      type: SESSION_REVOKED,
      value: {},
    });
    const count = async (outcome: string): Promise<number> => {
      const found = new RegExp(`sent_total\\{way="push",outcome="${outcome}"\\} (\\d+)`).exec(
        await t.metrics(),
      );
      return Number(found?.[1] ?? 0);
    };
    await expect
      .poll(async () => {
        t.clock.advance(60_000);
        return count('failed');
      })
      .toBeGreaterThan(2);
    expect(t.warnings()).toMatchObject([{ stream, way: 'push', msg: 'security events do not get through' }]);
    status = 202;
    await expect
      .poll(async () => {
        t.clock.advance(60_000);
        return count('delivered');
      })
      .toBe(1);
    expect(t.text()).toContain('get through again');
    expect(t.text()).not.toContain('secret-of-siem');
  });
});
