import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@rta/core';
import { openKeyFolder } from '@rta/keys-file';
import { connect } from '@rta/sdk';
import { expect, onTestFinished, test } from 'vitest';
import { type Deployment, READ, startDeployment } from './deployment.ts';

/** Key ids that a server publishes. */
function published({ server, pki }: Deployment): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    const options = {
      host: '127.0.0.1',
      port: server.httpPort,
      path: '/.well-known/jwks.json',
      ca: pki.caCertPem,
    };
    request(options, (response) => {
      let body = '';
      response.on('data', (text: Buffer) => (body += text.toString()));
      response.on('end', () =>
        resolve((JSON.parse(body) as { keys: { kid: string }[] }).keys.map(({ kid }) => kid)),
      );
    })
      .on('error', reject)
      .end();
  });
}

test('a key that is revoked from outside opens nothing any more on a server that runs [T-6.5]', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'rta-server-keys-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const keyFolder = join(folder, 'keys');
  await using keys = openKeyFolder({ path: keyFolder, clock: systemClock, suite: 'ed25519' });
  await keys.create();
  await using t = await startDeployment({ tokens: { suite: 'ed25519', keyFolder } });
  const endpoint = `127.0.0.1:${t.server.agentsPort}`;
  await using client = await connect(endpoint, { ca: t.pki.caCertPem });
  const session = await client.exchange({ subjectToken: await t.signIn(), agent: { id: 'agent-1' } });
  const { token } = session.save();
  expect(await session.authorize(READ)).toMatchObject({ permitted: true });
  expect(await published(t)).toEqual(['1']);

  await keys.revoke(1, { reason: 'leaked' });

  await expect.poll(() => published(t), { timeout: 10_000 }).toEqual(['2']);
  const again = await client.exchange({ subjectToken: await t.signIn(), agent: { id: 'agent-2' } });
  expect(await again.authorize(READ)).toMatchObject({ permitted: true });
  expect(again.save().token).not.toBe(token);
  expect(await t.audit()).toContainEqual(
    expect.objectContaining({ kind: 'keys', cause: 'key-revoked', change: 'keys-revoked:1' }),
  );
});
