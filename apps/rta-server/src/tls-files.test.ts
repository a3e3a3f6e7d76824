import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDevPki } from '@rta/devkit';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { loadClientAuthentication, loadCredentials, watchFiles } from './tls-files.ts';

const folder = await mkdtemp(join(tmpdir(), 'rta-tls-files-'));
afterAll(() => rm(folder, { recursive: true }));
const path = (name: string): string => join(folder, name);

const pki = await createDevPki();
const [one, other] = await Promise.all([
  pki.issueServerCertificate({ names: ['localhost'] }),
  pki.issueServerCertificate({ names: ['localhost'] }),
]);
await writeFile(path('cert.pem'), one.certPem);
await writeFile(path('key.pem'), one.keyPem);
await writeFile(path('other.pem'), other.keyPem);
await writeFile(path('text.pem'), 'no PEM');

describe('the certificate of the server', () => {
  test('is read with its key', async () => {
    expect(await loadCredentials({ certFile: path('cert.pem'), keyFile: path('key.pem') })).toEqual({
      cert: one.certPem,
      key: one.keyPem,
    });
  });

  test.each([
    ['the key of another one', 'cert.pem', 'other.pem', 'RTA_CONFIG_INVALID'],
    ['a key that is none', 'cert.pem', 'text.pem', 'RTA_CONFIG_INVALID'],
    ['a certificate that is none', 'text.pem', 'key.pem', 'RTA_CONFIG_INVALID'],
    ['a file that is not there', 'none.pem', 'key.pem', 'RTA_CONFIG_FILE'],
  ])('is refused with %s', async (_, cert, key, code) => {
    const failure = loadCredentials({ certFile: path(cert), keyFile: path(key) });
    await expect(failure).rejects.toMatchObject({ code });
  });
});

describe('the authorities of agents', () => {
  const tls = { certFile: path('cert.pem'), keyFile: path('key.pem') };

  test('are none where none are configured', async () => {
    expect(await loadClientAuthentication(tls)).toBeUndefined();
  });

  test.each([undefined, false, true])('are read; a certificate is required: %s', async (required) => {
    const configured = {
      ...tls,
      clientCaFile: path('cert.pem'),
      ...(required === undefined ? {} : { requireClientCertificate: required }),
    };
    expect(await loadClientAuthentication(configured)).toEqual({
      ca: one.certPem,
      required: required === true,
    });
  });
});

/** Writes other text again and again until somebody has seen it. */
const changeUntil = (seen: () => number): Promise<void> => {
  let times = 0;
  return expect
    .poll(async () => {
      times += 1;
      // Of another length each time: the clock of a file system may be coarse.
      await writeFile(path('watched.pem'), 'x'.repeat(times));
      return seen();
    })
    .toBeGreaterThan(0);
};

describe('a file that is watched', () => {
  test('is told of when it changes, until it is not watched any more', async () => {
    const seen = { byFirst: 0, bySecond: 0 };
    await writeFile(path('watched.pem'), '');
    const stop = watchFiles([path('watched.pem')], () => (seen.byFirst += 1), { pollMs: 5 });
    onTestFinished(stop);
    await changeUntil(() => seen.byFirst);

    stop();
    const before = seen.byFirst;
    onTestFinished(watchFiles([path('watched.pem')], () => (seen.bySecond += 1), { pollMs: 5 }));
    await changeUntil(() => seen.bySecond);

    expect(seen.byFirst).toBe(before);
  });
});
