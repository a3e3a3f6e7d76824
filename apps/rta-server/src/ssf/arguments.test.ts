import { describe, expect, test } from 'vitest';
import { describeAnswer } from '../admin/describe.ts';
import { parseSsfArguments } from './arguments.ts';

const parse = (line: string) => parseSsfArguments(line.split(' '));

describe('rta-server ssf', () => {
  test('asks how streams are', () => {
    expect(parse('streams --json --url https://rta.example')).toEqual({
      request: { kind: 'streams', method: 'GET', path: '/streams', isSigned: false },
      url: 'https://rta.example',
      tokenFile: undefined,
      isJson: true,
    });
  });

  test('asks for a verification', () => {
    expect(parse('verify https://idp.example')?.request).toEqual({
      kind: 'verification',
      method: 'POST',
      path: '/streams/verify',
      body: { issuer: 'https://idp.example' },
      isSigned: false,
    });
  });

  test('asks what the receiver of a stream refused', () => {
    expect(parse('refused s/1')?.request).toEqual({
      kind: 'refused',
      method: 'GET',
      path: '/streams/s%2F1/refused',
      isSigned: false,
    });
  });

  test('shows help where it is wanted', () => {
    expect(parse('--help')).toBeUndefined();
    expect(parse('verify -h')).toBeUndefined();
  });

  test.each([
    '',
    'stream',
    'streams x',
    'verify',
    'verify a b',
    'refused',
    'refused a b',
    'streams --token secret',
  ])('does not understand %j', (line) => {
    expect(() => parse(line)).toThrow(expect.objectContaining({ code: expect.stringMatching(/^ERR_PARSE/) }));
  });
});

test('a stream is told in one line', () => {
  const call = parse('streams');
  if (call === undefined) throw new Error('help');
  const streams = [
    {
      issuer: 'https://idp.example',
      streamId: 's-1',
      status: 'enabled',
      lastEventAtMs: 0,
      lastVerificationAtMs: 1_000,
      lagMs: 12,
    },
    { direction: 'incoming', issuer: 'https://other.example', lastError: 'RTA_SSF_TOKEN_REFUSED' },
    {
      direction: 'outgoing',
      id: 's-2',
      receiver: 'siem',
      method: 'urn:ietf:rfc:8935',
      status: 'paused',
      reason: 'pushes fail',
      waitingCount: 3,
      createdAtMs: 0,
      activeAtMs: 2_000,
    },
  ];
  expect(describeAnswer(call.request, { streams })).toBe(
    'https://idp.example: stream s-1 enabled, last event 1970-01-01T00:00:00.000Z, verified 1970-01-01T00:00:01.000Z in 12 ms\n' +
      'https://other.example: no stream yet, no event yet, not verified yet, RTA_SSF_TOKEN_REFUSED\n' +
      'to siem: stream s-2 paused (pushes fail), by push, 3 events wait, last heard of 1970-01-01T00:00:02.000Z\n',
  );
});

test('what was refused is told with what the receiver says of it, which cannot steer the terminal', () => {
  const call = parse('refused s-2');
  if (call === undefined) throw new Error('help');
  const refused = [
    { jti: 'jti-1', err: 'invalid_audience', refusedAtMs: 0 },
    { jti: 'jti-2', err: 'invalid_key', description: 'no\u001B[2J', refusedAtMs: 1_000 },
  ];
  expect(describeAnswer(call.request, { refused })).toBe(
    '1970-01-01T00:00:00.000Z jti-1: invalid_audience\n' +
      '1970-01-01T00:00:01.000Z jti-2: invalid_key: no\uFFFD[2J\n',
  );
});

test('a verification is told with the time that it took', () => {
  const call = parse('verify https://idp.example');
  if (call === undefined) throw new Error('help');
  expect(describeAnswer(call.request, { issuer: 'https://idp.example', lagMs: 7 })).toBe(
    'https://idp.example: events get through; it took 7 ms\n',
  );
});
