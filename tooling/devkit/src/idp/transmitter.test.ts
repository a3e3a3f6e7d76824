import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { isRtaError } from '@rta/core';
import { createFakeClock } from '@rta/testkit';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createDevPki, type DevPki } from '../pki/dev-pki.ts';
import { createDevIdp, type DevIdp } from './dev-idp.ts';
import type { EventReceiver } from './push-delivery.ts';

interface Pushed {
  readonly path: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly fromPort: number | undefined;
}

const clock = createFakeClock(1_767_225_600_900);
let idp: DevIdp;
let pki: DevPki;
let server: Server;
let pushed: Pushed[];
let answer: (response: ServerResponse) => void;

beforeAll(async () => {
  pki = await createDevPki();
  const { certPem, keyPem } = await pki.issueServerCertificate({ names: ['localhost'], ips: ['127.0.0.1'] });
  server = createServer({ cert: certPem, key: keyPem }, (request, response) => {
    const chunks: Uint8Array[] = [];
    request.on('data', (chunk: Uint8Array) => chunks.push(chunk));
    request.on('end', () => {
      pushed.push({
        path: request.url,
        headers: request.headers,
        body: Buffer.concat(chunks).toString('utf8'),
        fromPort: request.socket.remotePort,
      });
      answer(response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  idp = await createDevIdp({ users: [], clients: [], resourceServers: [], clock });
});
afterAll(async () => {
  await idp.close();
  server.close();
  server.closeAllConnections();
});
beforeEach(() => {
  pushed = [];
  answer = (response) => response.writeHead(202).end();
  idp.deliverTo(receiver());
});

function receiver(changes: Partial<EventReceiver> = {}): EventReceiver {
  return {
    endpointUrl: `https://127.0.0.1:${(server.address() as AddressInfo).port}/ssf/push`,
    audience: 'https://rta.example/ssf',
    authorizationHeader: 'Bearer push-secret',
    ca: pki.caCertPem,
    ...changes,
  };
}

/** Verifies the newest event as a receiver does that knows the issuer alone. */
async function verified() {
  const metadata = (await (await fetch(`${idp.issuer}/.well-known/ssf-configuration`)).json()) as {
    issuer: string;
    jwks_uri: string;
  };
  return jwtVerify(pushed.at(-1)?.body ?? '', createRemoteJWKSet(new URL(metadata.jwks_uri)), {
    issuer: metadata.issuer,
    audience: 'https://rta.example/ssf',
    typ: 'secevent+jwt',
    algorithms: ['RS256'],
    currentDate: new Date(clock.now()),
  });
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return isRtaError(error) ? error.code : `not an RtaError: ${String(error)}`;
}

describe('a security event', () => {
  it('is pushed as RFC 8935 says', async () => {
    const result = await idp.sendSessionRevoked({ sub: 'user-anna' });
    expect(pushed).toHaveLength(1);
    expect(pushed[0]?.path).toBe('/ssf/push');
    expect(pushed[0]?.headers).toMatchObject({
      'content-type': 'application/secevent+jwt',
      accept: 'application/json',
      authorization: 'Bearer push-secret',
    });
    expect(result).toEqual({ jti: expect.any(String), status: 202, sentAtMs: clock.monotonicMs() });
  });

  it('verifies with the keys of the SSF metadata and names issuer, audience, time and one subject', async () => {
    const { jti } = await idp.sendSessionRevoked({
      sub: 'user-anna',
      reason: 'left the company',
      txn: 'ticket-7',
    });
    const { payload } = await verified();
    expect(payload).toEqual({
      iss: idp.issuer,
      aud: 'https://rta.example/ssf',
      iat: 1_767_225_600,
      jti,
      txn: 'ticket-7',
      sub_id: { format: 'iss_sub', iss: idp.issuer, sub: 'user-anna' },
      events: {
        'https://schemas.openid.net/secevent/caep/event-type/session-revoked': {
          event_timestamp: 1_767_225_600,
          reason_admin: { en: 'left the company' },
        },
      },
    });
  });

  it('has an id and a transaction of its own', async () => {
    const first = await idp.sendSessionRevoked({ sub: 'user-anna' });
    const { payload: firstPayload } = await verified();
    const second = await idp.sendSessionRevoked({ sub: 'user-anna' });
    const { payload: secondPayload } = await verified();
    expect(first.jti).not.toBe(second.jti);
    expect(firstPayload['txn']).not.toBe(secondPayload['txn']);
  });

  it('does not verify with the keys of tokens', async () => {
    await idp.sendSessionRevoked({ sub: 'user-anna' });
    const tokenKeys = createRemoteJWKSet(new URL(idp.endpoints.jwksUri));
    await expect(jwtVerify(pushed[0]?.body ?? '', tokenKeys)).rejects.toMatchObject({
      code: 'ERR_JWKS_NO_MATCHING_KEY',
    });
  });

  it('names one session of a user as a complex subject', async () => {
    await idp.sendSessionRevoked({ sub: 'user-anna', sid: 'session-1' });
    expect((await verified()).payload['sub_id']).toEqual({
      format: 'complex',
      user: { format: 'iss_sub', iss: idp.issuer, sub: 'user-anna' },
      session: { format: 'opaque', id: 'session-1' },
    });
  });

  it('says how the risk of a user changed', async () => {
    await idp.sendRiskLevelChange({
      sub: 'user-anna',
      current: 'HIGH',
      previous: 'LOW',
      reason: 'leaked password',
    });
    expect((await verified()).payload['events']).toEqual({
      'https://schemas.openid.net/secevent/caep/event-type/risk-level-change': {
        principal: 'USER',
        current_level: 'HIGH',
        previous_level: 'LOW',
        risk_reason: 'leaked password',
        event_timestamp: 1_767_225_600,
        reason_admin: { en: 'leaked password' },
      },
    });
  });

  it('says that a device no longer complies', async () => {
    await idp.sendDeviceComplianceChange({ deviceId: 'laptop-1', current: 'not-compliant' });
    const { payload } = await verified();
    expect(payload['sub_id']).toEqual({ format: 'complex', device: { format: 'opaque', id: 'laptop-1' } });
    expect(payload['events']).toEqual({
      'https://schemas.openid.net/secevent/caep/event-type/device-compliance-change': {
        current_status: 'not-compliant',
        previous_status: 'compliant',
        event_timestamp: 1_767_225_600,
      },
    });
  });

  it('says that a credential was withdrawn', async () => {
    await idp.sendCredentialChange({
      sub: 'user-anna',
      credentialType: 'fido2-roaming',
      changeType: 'revoke',
    });
    expect((await verified()).payload['events']).toEqual({
      'https://schemas.openid.net/secevent/caep/event-type/credential-change': {
        credential_type: 'fido2-roaming',
        change_type: 'revoke',
        event_timestamp: 1_767_225_600,
      },
    });
  });

  it('can be any other, as given', async () => {
    await idp.sendEvent({
      type: 'https://schemas.openid.net/secevent/ssf/event-type/verification',
      subject: { format: 'opaque', id: 'stream-1' },
      event: { state: 'abc' },
    });
    expect((await verified()).payload).toMatchObject({
      sub_id: { format: 'opaque', id: 'stream-1' },
      events: { 'https://schemas.openid.net/secevent/ssf/event-type/verification': { state: 'abc' } },
    });
  });

  it('is about somebody', async () => {
    await expect(idp.sendSessionRevoked({})).rejects.toThrow(TypeError);
    expect(pushed).toEqual([]);
  });

  it('can be pushed again, byte for byte', async () => {
    const event = await idp.signEvent({
      type: 'https://schemas.openid.net/secevent/caep/event-type/session-revoked',
      subject: { format: 'iss_sub', iss: idp.issuer, sub: 'user-anna' },
      event: {},
    });
    await idp.pushEvent(event);
    await idp.pushEvent(event);
    expect(pushed.map(({ body }) => body)).toEqual([event.set, event.set]);
  });
});

describe('delivery', () => {
  it('hands back the error code of a receiver that refuses', async () => {
    answer = (response) =>
      response
        .writeHead(400, { 'Content-Type': 'application/json' })
        .end('{"err":"invalid_audience","description":"not for me"}');
    expect(await idp.sendSessionRevoked({ sub: 'user-anna' })).toMatchObject({
      status: 400,
      err: 'invalid_audience',
    });
  });

  it.each([
    ['says nothing', ''],
    ['says something that is not JSON', '<html>'],
    ['says no code', '{"description":"no"}'],
    ['says a code that is not text', '{"err":7}'],
  ])('hands back the status alone of a receiver that refuses and %s', async (_name, body) => {
    answer = (response) => response.writeHead(400).end(body);
    const result = await idp.sendSessionRevoked({ sub: 'user-anna' });
    expect(result.status).toBe(400);
    expect(result).not.toHaveProperty('err');
  });

  it('reads no more of an answer than it may', async () => {
    answer = (response) => response.writeHead(400).end('x'.repeat(20_000));
    expect(await codeOf(idp.sendSessionRevoked({ sub: 'user-anna' }))).toBe('RTA_DEVIDP_PUSH');
  });

  it('leaves the header out where the receiver has none', async () => {
    const { authorizationHeader: _none, ...open } = receiver();
    idp.deliverTo(open);
    await idp.sendSessionRevoked({ sub: 'user-anna' });
    expect(pushed[0]?.headers).not.toHaveProperty('authorization');
  });

  it('trusts no receiver whose authority it was not given', async () => {
    const { ca: _none, ...unknown } = receiver();
    idp.deliverTo(unknown);
    expect(await codeOf(idp.sendSessionRevoked({ sub: 'user-anna' }))).toBe('RTA_DEVIDP_PUSH');
    const other = await createDevPki();
    idp.deliverTo(receiver({ ca: other.caCertPem }));
    expect(await codeOf(idp.sendSessionRevoked({ sub: 'user-anna' }))).toBe('RTA_DEVIDP_PUSH');
    expect(pushed).toEqual([]);
  });

  it('sends no secret over plain HTTP beyond loopback, and keeps the receiver that it has', async () => {
    expect(() => idp.deliverTo(receiver({ endpointUrl: 'http://rta.example/ssf/push' }))).toThrow(TypeError);
    expect(() => idp.deliverTo(receiver({ endpointUrl: 'ftp://127.0.0.1/' }))).toThrow(TypeError);
    expect((await idp.sendSessionRevoked({ sub: 'user-anna' })).status).toBe(202);
  });

  it('fails when the receiver hangs up', async () => {
    answer = (response) => response.destroy();
    expect(await codeOf(idp.sendSessionRevoked({ sub: 'user-anna' }))).toBe('RTA_DEVIDP_PUSH');
  });

  it('ends with the reason of the caller when the caller gives up', async () => {
    const giveUp = new AbortController();
    answer = () => giveUp.abort(new RangeError('enough'));
    const event = await idp.signEvent({
      type: 'https://schemas.openid.net/secevent/caep/event-type/session-revoked',
      subject: { format: 'opaque', id: 'any' },
      event: {},
    });
    await expect(idp.pushEvent(event, { signal: giveUp.signal })).rejects.toThrow(RangeError);
  });

  it('uses one connection again and again, until another receiver is set', async () => {
    await idp.sendSessionRevoked({ sub: 'user-anna' });
    await idp.sendSessionRevoked({ sub: 'user-ben' });
    idp.deliverTo(receiver());
    await idp.sendSessionRevoked({ sub: 'user-cleo' });
    const [first, second, third] = pushed.map(({ fromPort }) => fromPort);
    expect(second).toBe(first);
    expect(third).not.toBe(first);
  });

  it('ends with the IdP', async () => {
    const closed = await createDevIdp({ users: [], clients: [], resourceServers: [] });
    closed.deliverTo(receiver());
    await closed.close();
    expect(await codeOf(closed.sendSessionRevoked({ sub: 'user-anna' }))).toBe('RTA_DEVIDP_NO_RECEIVER');
  });

  it('needs a receiver', async () => {
    await using silent = await createDevIdp({ users: [], clients: [], resourceServers: [] });
    expect(await codeOf(silent.sendSessionRevoked({ sub: 'user-anna' }))).toBe('RTA_DEVIDP_NO_RECEIVER');
    expect(await codeOf(silent.pushEvent({ jti: '1', set: 'x' }))).toBe('RTA_DEVIDP_NO_RECEIVER');
  });
});

describe('the transmitter metadata', () => {
  it('says how events come and which keys sign them', async () => {
    const response = await fetch(idp.endpoints.ssfConfiguration);
    expect(await response.json()).toEqual({
      spec_version: '1_0',
      issuer: idp.issuer,
      jwks_uri: idp.endpoints.ssfJwksUri,
      delivery_methods_supported: ['urn:ietf:rfc:8935'],
      default_subjects: 'ALL',
    });
  });
});
