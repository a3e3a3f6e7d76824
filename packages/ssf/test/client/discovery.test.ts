import { createFakeClock, type FakeClock } from '@rta/testkit';
import { describe, expect, test } from 'vitest';
import { createTransmitterDirectory, transmitterMetadataUrl } from '../../src/client/transmitter-metadata.ts';
import { createGuardedFetch } from '../../src/index.ts';
import { openTransmitter, type ScriptedTransmitter } from './scripted-transmitter.ts';

function directoryOf(transmitter: ScriptedTransmitter, path = '', clock: FakeClock = createFakeClock()) {
  const fetch = createGuardedFetch({ clock, allowLoopbackHttp: true });
  return createTransmitterDirectory({ issuer: `${transmitter.issuer}${path}`, fetch, clock });
}

describe('where a transmitter publishes its metadata', () => {
  test.each([
    ['https://tr.example', 'https://tr.example/.well-known/ssf-configuration'],
    ['https://tr.example/', 'https://tr.example/.well-known/ssf-configuration'],
    ['https://tr.example/issuer1', 'https://tr.example/.well-known/ssf-configuration/issuer1'],
    ['https://tr.example:8443/a/b/', 'https://tr.example:8443/.well-known/ssf-configuration/a/b'],
  ])('%s: %s', (issuer, url) => {
    expect(transmitterMetadataUrl(issuer)).toBe(url);
  });

  test.each(['tr.example', 'https://tr.example/?a=1', 'https://tr.example/#a'])(
    '%s is no issuer',
    (issuer) => {
      expect(() => transmitterMetadataUrl(issuer)).toThrow(TypeError);
    },
  );
});

describe('the metadata of a transmitter', () => {
  test('is read with its endpoints', async () => {
    await using transmitter = await openTransmitter();
    transmitter.metadata['critical_subject_members'] = ['tenant'];
    const { issuer } = transmitter;
    expect(await directoryOf(transmitter).metadata()).toEqual({
      issuer,
      specVersion: '1_0',
      jwksUri: `${issuer}/jwks.json`,
      deliveryMethods: ['urn:ietf:rfc:8935', 'urn:ietf:rfc:8936'],
      configurationEndpoint: `${issuer}/streams`,
      statusEndpoint: `${issuer}/status`,
      addSubjectEndpoint: `${issuer}/subjects:add`,
      removeSubjectEndpoint: `${issuer}/subjects:remove`,
      verificationEndpoint: `${issuer}/verify`,
      criticalSubjectMembers: ['tenant'],
      defaultSubjects: 'ALL',
    });
  });

  test('may hold members that nobody knows, and values of `default_subjects` to come', async () => {
    await using transmitter = await openTransmitter();
    Object.assign(transmitter.metadata, { default_subjects: 'SOME', x: { y: [] } });
    expect(await directoryOf(transmitter).metadata()).not.toHaveProperty('defaultSubjects');
  });

  test.each([
    ['issuer', 'https://other.example'],
    ['issuer', undefined],
    ['jwks_uri', 'not a URL'],
    ['jwks_uri', 7],
    ['configuration_endpoint', '/streams'],
    ['configuration_endpoint', 'https://tr.example/\nstreams'],
    ['critical_subject_members', 'tenant'],
    ['delivery_methods_supported', [1]],
  ])('is not used where %s is %j', async (member, value) => {
    await using transmitter = await openTransmitter();
    transmitter.metadata[member] = value;
    await expect(directoryOf(transmitter).metadata()).rejects.toMatchObject({
      code: 'RTA_SSF_METADATA',
      details: { member },
    });
  });

  test('is not used where the issuer differs by a slash', async () => {
    await using transmitter = await openTransmitter();
    transmitter.metadata['issuer'] = `${transmitter.issuer}/`;
    await expect(directoryOf(transmitter).metadata()).rejects.toMatchObject({ code: 'RTA_SSF_METADATA' });
  });

  test('is not taken from another place', async () => {
    await using transmitter = await openTransmitter();
    transmitter.intercept = () => ({ status: 302, headers: { location: '/elsewhere' } });
    await expect(directoryOf(transmitter).metadata()).rejects.toMatchObject({ code: 'RTA_SSF_REDIRECT' });
  });

  test('is read once, by however many, until it is old', async () => {
    await using transmitter = await openTransmitter();
    const clock = createFakeClock();
    const directory = directoryOf(transmitter, '', clock);
    let reads = 0;
    transmitter.intercept = () => {
      reads += 1;
      return undefined;
    };
    await Promise.all([directory.metadata(), directory.metadata()]);
    clock.advance(3_599_999);
    await directory.metadata();
    expect(reads).toBe(1);
    clock.advance(1);
    await directory.metadata();
    expect(reads).toBe(2);
  });

  test.each([
    [404, 'RTA_SSF_METADATA'],
    [503, 'RTA_SSF_STREAM_UNAVAILABLE'],
  ])('that is answered with %i fails with %s, and is asked for again', async (status, code) => {
    await using transmitter = await openTransmitter();
    const directory = directoryOf(transmitter);
    transmitter.intercept = () => ({ status });
    await expect(directory.metadata()).rejects.toMatchObject({ code });
    transmitter.intercept = undefined;
    expect(await directory.metadata()).toMatchObject({ issuer: transmitter.issuer });
  });
});
