import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createDevPki } from '@rta/devkit';
import { createSetSigner, securityEvent, signSet } from '@rta/ssf';
import { openLmdbStore } from '@rta/store-lmdb';
import { exportJWK, generateKeyPair } from 'jose';
import { expect, onTestFinished, test } from 'vitest';
import { createSetSender } from '../src/index.ts';
import type { ReceiverProcessOptions } from './receiver-process.ts';
import { AUTHORIZATION, ISSUER } from './support.ts';

const AUDIENCE = 'https://rta.example/ssf';
const RECEIVER = fileURLToPath(new URL('receiver-process.ts', import.meta.url));

async function start(options: ReceiverProcessOptions): Promise<{ child: ChildProcess; port: number }> {
  const child = spawn(process.execPath, ['--conditions=rta-source', RECEIVER, JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return { child, port: Number(line) };
}

async function kill(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

/** What the receiver has on its disk, while it is not running. */
async function durable(path: string): Promise<ReadonlySet<string>> {
  await using store = await openLmdbStore({ path });
  const kept = new Set<string>();
  for await (const [jti] of store.changes.entries()) kept.add(jti);
  return kept;
}

test('a receiver that is killed has all that it acknowledged, and gets the rest when it is back [Q-4.2, Q-4.6]', {
  timeout: 120_000,
}, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'rta-ssf-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const pki = await createDevPki();
  const { certPem: cert, keyPem: key } = await pki.issueServerCertificate({ names: [], ips: ['127.0.0.1'] });
  const keys = await generateKeyPair('ES256', { extractable: true });
  const signer = await createSetSigner({ key: keys.privateKey, keyId: 'k1', algorithm: 'ES256' });
  const options = {
    folder: join(folder, 'state'),
    port: 0,
    cert,
    key,
    secret: randomBytes(32).toString('base64url'),
    issuer: ISSUER,
    audience: AUDIENCE,
    authorization: AUTHORIZATION,
    jwks: { keys: [{ ...(await exportJWK(keys.publicKey)), kid: 'k1' }] },
  };
  const first = await start(options);
  await using sender = createSetSender({
    endpoint: `127.0.0.1:${first.port}`,
    issuer: ISSUER,
    authorization: AUTHORIZATION,
    ca: pki.caCertPem,
    limits: { windowCount: 40 },
  });
  const names = Array.from({ length: 200 }, (_, index) => `j${index}`);
  const acknowledged: string[] = [];
  const enough = Promise.withResolvers<void>();
  const all = Promise.all(
    names.map(async (jti) => {
      const subject = { format: 'iss_sub', iss: ISSUER, sub: 'alice' } as const;
      const event = securityEvent('https://schemas.openid.net/secevent/caep/event-type/session-revoked', {});
      await sender.send(
        jti,
        await signSet(
          { issuer: ISSUER, audience: AUDIENCE, jti, subject, event, issuedAtMs: Date.now() },
          signer,
        ),
      );
      acknowledged.push(jti);
      if (acknowledged.length === 60) enough.resolve();
    }),
  );
  await enough.promise;
  await kill(first.child);
  const before = [...acknowledged];
  expect(before.length).toBeLessThan(200);
  const kept = await durable(options.folder);
  expect(before.filter((jti) => !kept.has(jti))).toEqual([]);

  const second = await start({ ...options, port: first.port });
  await all;
  await sender.close();
  await kill(second.child);
  expect([...(await durable(options.folder))].toSorted()).toEqual(names.toSorted());
});
