import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import { type SetSigner, SSF_EVENTS, signSet } from '@rta/ssf';
import { Hono } from 'hono';
import type { TlsIdentity } from '../rta/identity.ts';
import type { SignedSet, Way } from './way.ts';

/** A transmitter whose one stream is polled. */
export interface PolledTransmitter extends Way {
  readonly issuer: string;
  /** Resolves when the server has found it, made its stream and had it verified. */
  readonly inUse: Promise<void>;
}

interface PollRequest {
  readonly maxEvents: number;
  readonly returnImmediately: boolean;
  readonly ack?: readonly string[];
  readonly setErrs?: Readonly<Record<string, unknown>>;
}

const STREAM_ID = 'bench';

/**
 * A transmitter that gives away tokens which are signed already: just as much of SSF 1.0 and RFC 8936 as the server
 * asks for. A poll waits until there is something.
 */
export async function startPolledTransmitter(options: {
  readonly host: string;
  readonly identity: TlsIdentity;
  readonly audience: string;
  readonly signers: readonly SetSigner[];
  readonly resources: AsyncDisposableStack;
}): Promise<PolledTransmitter> {
  const { host, identity, audience, signers, resources } = options;
  const app = new Hono();
  const issuer = `https://${host}:${await listen(app, host, identity, resources)}`;
  const inUse = Promise.withResolvers<void>();
  const outbox: SignedSet[] = [];
  const unacknowledged = new Set<string>();
  let onFilled: (() => void) | undefined;
  let delivery: PromiseWithResolvers<void> | undefined;

  const add = (sets: readonly SignedSet[]): void => {
    outbox.push(...sets);
    for (const { jti } of sets) unacknowledged.add(jti);
    onFilled?.();
  };
  const settle = ({ ack = [], setErrs }: PollRequest): void => {
    for (const jti of ack) unacknowledged.delete(jti);
    if (setErrs !== undefined) delivery?.reject(new Error(`refused: ${JSON.stringify(setErrs)}`));
    if (unacknowledged.size === 0) delivery?.resolve();
  };

  app.get('/.well-known/ssf-configuration', (context) =>
    context.json({
      spec_version: '1_0',
      issuer,
      jwks_uri: `${issuer}/jwks`,
      delivery_methods_supported: ['urn:ietf:rfc:8936'],
      configuration_endpoint: `${issuer}/streams`,
      status_endpoint: `${issuer}/status`,
      verification_endpoint: `${issuer}/verify`,
    }),
  );
  app.get('/jwks', (context) => context.json({ keys: signers.map(({ publicJwk }) => publicJwk) }));
  app.get('/streams', (context) => context.json([]));
  app.post('/streams', async (context) => {
    const { delivery: wanted, ...rest } = await context.req.json<{ delivery: object }>();
    const endpoint = { ...wanted, endpoint_url: `${issuer}/poll` };
    return context.json(
      { ...rest, stream_id: STREAM_ID, iss: issuer, aud: audience, delivery: endpoint },
      201,
    );
  });
  app.get('/status', (context) => context.json({ stream_id: STREAM_ID, status: 'enabled' }));
  app.post('/verify', async (context) => {
    const { state } = await context.req.json<{ state: string }>();
    const [signer] = signers;
    if (signer === undefined) throw new TypeError('nothing signs here');
    const jti = `verification-${state}`;
    const set = await signSet(
      {
        issuer,
        audience,
        jti,
        subject: { format: 'opaque', id: STREAM_ID },
        event: { type: SSF_EVENTS.verification, value: { state } },
        issuedAtMs: Date.now(),
      },
      signer,
    );
    add([{ jti, set }]);
    inUse.resolve();
    return context.body(null, 204);
  });
  app.post('/poll', async (context) => {
    const asked = await context.req.json<PollRequest>();
    settle(asked);
    if (outbox.length === 0 && !asked.returnImmediately) {
      await new Promise<void>((resolve) => {
        onFilled = resolve;
        context.req.raw.signal.addEventListener('abort', () => resolve(), { once: true });
      });
    }
    const sets = outbox.splice(0, asked.maxEvents);
    return context.json({
      sets: Object.fromEntries(sets.map(({ jti, set }) => [jti, set])),
      moreAvailable: outbox.length > 0,
    });
  });

  return {
    issuer,
    inUse: inUse.promise,
    async deliver(sets) {
      delivery = Promise.withResolvers();
      add(sets);
      await delivery.promise;
    },
  };
}

function listen(
  app: Hono,
  hostname: string,
  serverOptions: TlsIdentity,
  resources: AsyncDisposableStack,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const https = serve(
      { fetch: app.fetch, createServer, serverOptions, hostname, port: 0 },
      (address: AddressInfo) => resolve(address.port),
    );
    https.once('error', reject);
    resources.defer(() => {
      https.close();
      if ('closeAllConnections' in https) https.closeAllConnections();
    });
  });
}
