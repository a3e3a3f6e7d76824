import { isRtaError } from '@rta/core';
import { decodeMessage, encodeMessage, FRAME } from '@rta/protocol';
import { createMemoryTransportPair, type TransportStream } from '@rta/transport';
import { describe, expect, test } from 'vitest';
import { connect, createRtaClient, generateAgentKey, importAgentKey } from '../src/index.ts';
import { scriptPeer } from './scripted-peer.ts';
import { READ, SESSION, startScriptedServer, tokenNumber } from './scripted-server.ts';

const REQUEST = {
  subjectToken: 'the-idp-token',
  agent: { id: 'researcher' },
  scope: ['files.read', 'files.write'],
};
const EXCHANGED = {
  exchanged: {
    token: tokenNumber(1),
    session: SESSION,
    generation: 1,
    expiresAtMs: 1_000_000,
    scope: ['files.read'],
    nonce: 'nonce-2',
  },
};
const BOUND = {
  bound: {
    session: SESSION,
    token: tokenNumber(1),
    generation: 1,
    expiresAtMs: 1_000_000,
    scope: ['files.read'],
    state: 'active' as const,
  },
};

/** The claims of a compact JWT. */
function claimsOf(jwt: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>;
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'none',
    (error: unknown) => (isRtaError(error) ? error.code : String(error)),
  );
}

describe('exchange', () => {
  test('sends the parameters and a proof with the nonce of the server, then binds', async () => {
    await using t = await startScriptedServer();
    t.answerNext(EXCHANGED);
    t.answerNext(BOUND);

    const session = await t.client.exchange(REQUEST);

    expect(session.scope).toEqual(['files.read']);
    const [, exchange, bind] = t.asked;
    if (exchange === undefined || bind === undefined) throw new Error('expected EXCHANGE and BIND');
    const { parameters, proof } = decodeMessage('exchange', exchange);
    expect(Object.fromEntries(parameters)).toEqual({
      grant_type: 'urn:ietf:params:oauth:grant-type:rta_token_exchange',
      subject_token: 'the-idp-token',
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      agent: '{"id":"researcher"}',
      scope: 'files.read files.write',
    });
    expect(claimsOf(proof)).toMatchObject({
      htm: 'POST',
      htu: 'https://rta.example/oauth/token',
      nonce: 'nonce-1',
    });
    expect(decodeMessage('bind', bind).session).toBe(SESSION);
  });

  test('tries once more with the nonce that came with a refusal', async () => {
    await using t = await startScriptedServer();
    t.answerNext({
      error: { code: 'RTA_IDP_DPOP_NONCE', message: 'expired', retryable: true, nonce: 'nonce-3' },
    });
    t.answerNext(EXCHANGED);
    t.answerNext(BOUND);

    await t.client.exchange(REQUEST);

    const proofs = t.asked
      .filter(({ type }) => type === FRAME.exchange)
      .map((frame) => claimsOf(decodeMessage('exchange', frame).proof)['nonce']);
    expect(proofs).toEqual(['nonce-1', 'nonce-3']);
  });

  test('passes on the refusal of the server, with its code', async () => {
    await using t = await startScriptedServer();
    t.answerNext({ error: { code: 'RTA_IDP_TOKEN_INACTIVE', message: 'not active', retryable: false } });

    await expect(t.client.exchange(REQUEST)).rejects.toMatchObject({
      code: 'RTA_SDK_REFUSED',
      details: { serverCode: 'RTA_IDP_TOKEN_INACTIVE', retryable: false },
    });
  });
});

describe('a connection', () => {
  test('resolves goingAway when the server says so [P-7.6]', async () => {
    await using t = await startScriptedServer();
    t.writeControl(encodeMessage('goaway', 0, { reason: 'deploy', withinMs: 2_000 }));

    expect(await t.client.goingAway).toEqual({ reason: 'deploy', withinMs: 2_000 });
  });

  test('is closed where the server sends what is not rta/1', async () => {
    await using t = await startScriptedServer();
    const session = await t.bind();
    t.writeControl(Uint8Array.of(0xff, 0, 0, 0, 0, 0, 0, 1));

    expect(await t.client.closed).toEqual({ reason: 'RTA_PROTOCOL_FRAME_TYPE' });
    expect(session.signal.aborted).toBe(true);
  });

  test('is closed where the answer is of another kind than the question [P-2.3]', async () => {
    await using t = await startScriptedServer();
    t.answerNext({ pong: { nowMs: 1 } });

    expect(await codeOf(t.client.exchange(REQUEST))).toBe('RTA_SDK_PROTOCOL');
    expect(await t.client.closed).toEqual({ reason: 'RTA_PROTOCOL_UNEXPECTED_FRAME' });
  });

  test('opens another lane where one has much to do, up to a limit', async () => {
    await using t = await startScriptedServer();
    const session = await t.bind();
    const before = t.connection.openStreams;

    const waiting = Array.from({ length: 300 }, () => codeOf(session.authorize(READ)));
    await expect.poll(() => t.decided.length).toBe(300);

    expect(t.connection.openStreams - before).toBe(4);
    await t.client.close();
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(['RTA_SDK_DISCONNECTED']));
  });

  test('goes on where the server ends one lane', async () => {
    await using t = await startScriptedServer();
    const session = await t.bind();
    const lanes: TransportStream[] = [];
    t.decide((_request, _index, stream) => {
      lanes.push(stream);
      if (lanes.length > 1) return { effect: 'permit', cause: 'policy', generation: 1 };
      stream.reset(0);
      return undefined;
    });

    expect(await codeOf(session.authorize(READ))).toBe('RTA_SDK_DISCONNECTED');
    expect(await session.authorize(READ)).toMatchObject({ permitted: true });
    expect(session.signal.aborted).toBe(false);
  });

  test('takes no more requests than the server reads', async () => {
    await using t = await startScriptedServer();
    const session = await t.bind();
    t.decide((_request, _index, stream) => {
      stream.pause();
      return undefined;
    });
    const context = { text: 'x'.repeat(8_000) };

    const codes = Array.from({ length: 3_000 }, () => codeOf(session.authorize({ ...READ, context })));
    const first = await Promise.race(codes);
    await t.client.close();

    expect(first).toBe('RTA_SDK_OVERLOAD');
    expect(new Set(await Promise.all(codes))).toEqual(new Set(['RTA_SDK_OVERLOAD', 'RTA_SDK_DISCONNECTED']));
  });
});

describe('migrate', () => {
  test('is done by the transport, as it is asked for', async () => {
    const { client: clientEnd, server } = createMemoryTransportPair();
    scriptPeer(server);
    const asked: unknown[] = [];
    const migrate = (options?: object): Promise<void> => {
      asked.push(options);
      return Promise.resolve();
    };
    await using client = await createRtaClient(Object.assign(clientEnd, { migrate }));

    await client.migrate({ localHost: '127.0.0.2' });

    expect(asked).toEqual([{ localHost: '127.0.0.2' }]);
  });

  test('is refused where the transport cannot', async () => {
    await using t = await startScriptedServer();

    expect(await codeOf(t.client.migrate())).toBe('RTA_SDK_CANNOT_MIGRATE');
  });
});

describe('a push that is faster than the answer to BIND', () => {
  test('takes effect when the session is there, and is acknowledged only then [P-7.3]', async () => {
    await using t = await startScriptedServer();
    const bound = t.client.bind({ session: SESSION, key: generateAgentKey() });
    await expect.poll(() => t.asked.length).toBe(2);
    let acknowledged = false;
    const acknowledgement = t
      .push('revoked', { session: SESSION, generation: 2, cause: { kind: 'session-revoked', change: '1' } })
      .then((ack) => {
        acknowledged = true;
        return ack;
      });
    // The push has arrived by then.
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    expect(acknowledged).toBe(false);

    t.writeControl(encodeMessage('bound', t.asked[1]?.requestId ?? 0, BOUND.bound));

    const session = await bound;
    expect(session.signal.reason).toMatchObject({ code: 'RTA_SDK_REVOKED' });
    expect(await acknowledgement).toEqual({ session: SESSION, generation: 2 });
  });
});

describe('delegate', () => {
  test('sends the public key of the agent, and gives its session', async () => {
    await using t = await startScriptedServer();
    const session = await t.bind();
    t.answerNext({ delegated: { session: 'BBECAwQFBgcICQoLDA0ODw', expiresAtMs: 5, scope: ['files.read'] } });
    const { publicKey } = generateAgentKey();

    const delegated = await session.delegate({ agent: { id: 'reader' }, scope: ['files.read'], publicKey });

    expect(delegated).toEqual({ session: 'BBECAwQFBgcICQoLDA0ODw', expiresAtMs: 5, scope: ['files.read'] });
    const frame = t.asked.at(-1);
    if (frame === undefined) throw new Error('expected DELEGATE');
    expect(decodeMessage('delegate', frame)).toEqual({
      token: tokenNumber(1),
      agent: { id: 'reader' },
      scope: ['files.read'],
      key: publicKey,
    });
  });
});

describe('an agent key', () => {
  // RFC 8032 §7.1, test 2
  const JWK = {
    kty: 'OKP',
    crv: 'Ed25519',
    d: 'TM0Imyj_ltqdtsNG7BFOD1uKMZ81q6Yk2oz27U-4pvs',
    x: 'PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw',
  };

  test('signs as RFC 8032 has it', () => {
    const signature = importAgentKey(JWK).sign(Uint8Array.of(0x72));
    expect(Buffer.from(signature).toString('hex')).toBe(
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
    );
  });

  test('is not made of another kind of key', () => {
    expect(() => importAgentKey({ ...JWK, crv: 'X25519' })).toThrow(TypeError);
    expect(() => importAgentKey({ kty: 'OKP', crv: 'Ed25519', x: JWK.x })).toThrow(TypeError);
  });

  test('shows nothing of its private part when it is printed', async () => {
    const { inspect } = await import('node:util');
    expect(inspect(importAgentKey(JWK), { depth: 5 })).not.toContain(JWK.d);
  });
});

describe('connect', () => {
  test.each([
    '',
    'localhost',
    'localhost:',
    'localhost:0',
    'localhost:65536',
    'https://localhost:1',
    '::1:4433',
    'a b:1',
  ])('refuses the endpoint "%s"', async (endpoint) => {
    expect(await codeOf(connect(endpoint, { dial: () => Promise.reject(new Error('dialled')) }))).toMatch(
      /^RTA_SDK_ENDPOINT$/,
    );
  });

  test.each([
    ['rta.example:4433', { host: 'rta.example', port: 4433 }],
    ['[::1]:1', { host: '::1', port: 1 }],
  ])('dials %s', async (endpoint, expected) => {
    const dialled: unknown[] = [];
    await connect(endpoint, {
      dial: (address) => {
        dialled.push(address);
        return Promise.reject(new Error('far enough'));
      },
    }).catch(() => undefined);
    expect(dialled).toEqual([expected]);
  });
});
