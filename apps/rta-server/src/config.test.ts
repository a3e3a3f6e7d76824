import { isRtaError } from '@rta/core';
import { describe, expect, test } from 'vitest';
import { parseConfig } from './config.ts';

const MINIMAL = `issuer: https://rta.example
tls: { certFile: server.pem, keyFile: server.key }
idps:
  - issuer: https://idp.example
    audiences: [https://rta.example]
    introspection: { clientId: rta, clientSecret: secret }
policies: policies
`;

function failureOf(text: string, environment: Record<string, string> = {}): string {
  try {
    parseConfig(text, '/etc/rta/rta.yaml', environment);
  } catch (error) {
    if (isRtaError(error)) return `${error.code} ${error.message}`;
    throw error;
  }
  return 'none';
}

describe('a configuration', () => {
  test('has defaults for all that need not be said', () => {
    expect(parseConfig(MINIMAL, '/etc/rta/rta.yaml', {})).toEqual({
      issuer: 'https://rta.example',
      http: { host: '0.0.0.0', port: 8443 },
      agents: { host: '0.0.0.0', port: 4433, transports: ['quic', 'websocket'], earlyData: true },
      tls: { certFile: '/etc/rta/server.pem', keyFile: '/etc/rta/server.key' },
      tokens: {
        suite: 'hmac-sha256',
        rotateEveryMs: 2_592_000_000,
        overlapMs: 172_800_000,
        announceMs: 3_600_000,
      },
      idps: [
        {
          issuer: 'https://idp.example',
          audiences: ['https://rta.example'],
          introspection: { clientId: 'rta', clientSecret: 'secret' },
        },
      ],
      transmitters: [],
      ssf: {},
      policies: '/etc/rta/policies',
      store: { kind: 'lmdb', folder: '/etc/rta/state' },
      audit: { file: '/etc/rta/audit.jsonl', keyFile: '/etc/rta/audit.key', onFailure: 'deny' },
      sessions: { delegation: 'grant' },
      log: { level: 'info' },
    });
  });

  test('has paths that start at the file', () => {
    const text = MINIMAL.replace('server.key }', 'server.key, clientCaFile: agents.pem }').concat(
      'agents: { secretFile: transport.key }\ntokens: { keyFolder: keys }\n',
    );
    expect(parseConfig(text, '/etc/rta/rta.yaml', {})).toMatchObject({
      agents: { secretFile: '/etc/rta/transport.key' },
      tls: { clientCaFile: '/etc/rta/agents.pem' },
      tokens: { keyFolder: '/etc/rta/keys' },
    });
  });

  test('has defaults for a transmitter of events, whose key starts at the file', () => {
    const text = `${MINIMAL}ssf: { transmitter: { audience: https://rta.example/ssf } }\n`;
    expect(parseConfig(text, '/etc/rta/rta.yaml', {}).ssf).toEqual({
      transmitter: {
        audience: 'https://rta.example/ssf',
        keyFile: '/etc/rta/events.key',
        sessionPresented: false,
        defaultSubjects: 'ALL',
        allowPrivateAddresses: false,
        allowLoopbackHttp: false,
      },
    });
  });

  test('takes secrets from the environment', () => {
    const text = MINIMAL.replace('clientSecret: secret', 'clientSecret: "a-${IDP_SECRET}"');
    const config = parseConfig(text, 'rta.yaml', { IDP_SECRET: 'b' });
    expect(config.idps[0]?.introspection?.clientSecret).toBe('a-b');
  });

  test.each<[string, string, string | undefined]>([
    ['a token', 'quic: { authorization: Bearer x }', undefined],
    ['nothing', 'quic: {}', 'transmitters.0.quic: needs authorization or clientThumbprint'],
    ['what is no digest', 'quic: { clientThumbprint: abc }', 'must be a SHA-256 digest in base64url'],
    [
      'a certificate, where none is asked for',
      `quic: { clientThumbprint: ${'A'.repeat(43)} }`,
      'tls: needs clientCaFile',
    ],
    [
      'a token, where there is no QUIC',
      'quic: { authorization: Bearer x }\nagents: { transports: [websocket] }',
      'agents.transports: must name quic',
    ],
  ])('lets a transmitter over QUIC show %s, or says what is missing', (_what, text, fault) => {
    const [quic = '', rest = ''] = text.split('\n');
    const failure = failureOf(
      `${MINIMAL}transmitters:\n  - { issuer: https://idp.example, audience: a, jwksUri: https://idp.example/keys, ${quic} }\n${rest}\n`,
    );
    expect(failure).toContain(fault ?? 'none');
  });

  test.each([
    ['a member that is not known', `${MINIMAL}audits: {}\n`, 'RTA_CONFIG_INVALID', 'audits'],
    [
      'a wrong type',
      MINIMAL.replace('policies: policies', 'policies: 7'),
      'RTA_CONFIG_INVALID',
      'rta.yaml:7:11',
    ],
    [
      'a port out of range',
      `${MINIMAL}http: { port: 70000 }\n`,
      'RTA_CONFIG_INVALID',
      'rta.yaml:8:15 http.port',
    ],
    [
      'an issuer with a path',
      MINIMAL.replace('https://rta.example\n', 'https://rta.example/x\n'),
      'RTA_CONFIG_INVALID',
      'rta.yaml:1:9 issuer',
    ],
    [
      'an issuer without TLS',
      MINIMAL.replace('issuer: https://rta', 'issuer: http://rta'),
      'RTA_CONFIG_INVALID',
      'rta.yaml:1:9 issuer',
    ],
    [
      'no transport for agents',
      `${MINIMAL}agents: { transports: [] }\n`,
      'RTA_CONFIG_INVALID',
      'rta.yaml:8:23',
    ],
    [
      'a transport that is not known',
      `${MINIMAL}agents: { transports: [tcp] }\n`,
      'RTA_CONFIG_INVALID',
      'agents.transports.0',
    ],
    [
      'a transport that stands twice',
      `${MINIMAL}agents: { transports: [quic, quic] }\n`,
      'RTA_CONFIG_INVALID',
      'agents.transports: must name each transport once',
    ],
    [
      'client certificates that nobody could have issued',
      MINIMAL.replace('server.key }', 'server.key, requireClientCertificate: true }'),
      'RTA_CONFIG_INVALID',
      'tls: requireClientCertificate needs clientCaFile',
    ],
    [
      'an overlap that is shorter than a session',
      `${MINIMAL}tokens: { keyFolder: keys, overlapMs: 60000 }\n`,
      'RTA_CONFIG_INVALID',
      'rta.yaml:8:9 tokens: overlapMs must be 86400000 or more',
    ],
    [
      'a rotation that begins before the last one ended',
      `${MINIMAL}tokens: { rotateEveryMs: 86400000 }\n`,
      'RTA_CONFIG_INVALID',
      'tokens: rotateEveryMs must be 176400000 or more',
    ],
    [
      'a single key file, as it was once',
      `${MINIMAL}tokens: { keyFile: token.key }\n`,
      'RTA_CONFIG_INVALID',
      'keyFile',
    ],
    ['no IdP', MINIMAL.replace(/idps:[^]*?policies/, 'idps: []\npolicies'), 'RTA_CONFIG_INVALID', 'idps'],
    [
      'a member that is missing',
      MINIMAL.replace('policies: policies\n', ''),
      'RTA_CONFIG_INVALID',
      'policies',
    ],
    ['a tab where none may be', `${MINIMAL}log:\n\tlevel: info\n`, 'RTA_CONFIG_SYNTAX', 'rta.yaml:9:1'],
    ['a key that stands twice', `${MINIMAL}policies: other\n`, 'RTA_CONFIG_SYNTAX', 'rta.yaml:8:1'],
    [
      'an alias, with which a small file grows large',
      `${MINIMAL}audit: &a { file: x }\nlog: *a\n`,
      'RTA_CONFIG_SYNTAX',
      'alias',
    ],
    ['an empty file', '', 'RTA_CONFIG_INVALID', '(file)'],
    [
      'a variable that is not set',
      MINIMAL.replace('clientSecret: secret', 'clientSecret: "${NOT_SET}"'),
      'RTA_CONFIG_ENVIRONMENT',
      'NOT_SET',
    ],
  ])('is refused with %s', (_, text, code, where) => {
    const failure = failureOf(text);
    expect(failure).toContain(code);
    expect(failure).toContain(where);
  });

  test('that is refused does not show its secrets', () => {
    const text = MINIMAL.replace('clientSecret: secret', 'clientSecret: [hunter2]');
    expect(failureOf(text)).toContain('idps.0.introspection.clientSecret');
    expect(failureOf(text)).not.toContain('hunter2');
  });
});

function withTransmitter(members: object): string {
  return `${MINIMAL}transmitters: ${JSON.stringify([{ issuer: 'https://idp.example', ...members }])}\n`;
}

function parsed(members: object): unknown {
  return parseConfig(withTransmitter(members), '/etc/rta/rta.yaml', {}).transmitters[0];
}

describe('a transmitter', () => {
  const stream = { delivery: 'poll', auth: { clientId: 'rta', clientSecret: 'secret' } };
  test('with a stream needs to be told no more', () => {
    expect(parsed({ stream })).toEqual({ issuer: 'https://idp.example', stream });
    expect(parsed({ audience: 'https://rta.example', stream: { ...stream, auth: { token: 't' } } })).toEqual({
      issuer: 'https://idp.example',
      audience: 'https://rta.example',
      stream: { delivery: 'poll', auth: { token: 't' } },
    });
  });

  test('without a stream is told by hand', () => {
    const byHand = {
      audience: 'https://rta.example',
      jwksUri: 'https://idp.example/jwks.json',
      streamId: 's',
    };
    expect(parsed(byHand)).toEqual({ issuer: 'https://idp.example', ...byHand });
  });

  test.each([
    [{}, 'transmitters.0.audience: is needed without `stream`'],
    [{ audience: 'a' }, 'transmitters.0.jwksUri: is needed without `stream`'],
    [{ stream, jwksUri: 'https://idp.example/jwks.json' }, 'transmitters.0.jwksUri: is learned'],
    [{ stream, authorizationHeader: 'Bearer x' }, 'transmitters.0.authorizationHeader: is learned'],
    [{ stream, streamId: 's' }, 'transmitters.0.streamId: is learned'],
    [{ stream: { delivery: 'mail', auth: { token: 't' } } }, 'transmitters.0.stream.delivery'],
    [{ stream: { delivery: 'poll', auth: { clientId: 'rta' } } }, 'transmitters.0.stream.auth: must have'],
    [{ stream: { delivery: 'poll' } }, 'transmitters.0.stream.auth'],
  ])('is refused as %j', (members, fault) => {
    expect(failureOf(withTransmitter(members))).toContain(fault);
  });
});
