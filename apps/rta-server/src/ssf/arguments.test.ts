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

  test('shows help where it is wanted', () => {
    expect(parse('--help')).toBeUndefined();
    expect(parse('verify -h')).toBeUndefined();
  });

  test.each(['', 'stream', 'streams x', 'verify', 'verify a b', 'streams --token secret'])(
    'does not understand %j',
    (line) => {
      expect(() => parse(line)).toThrow(
        expect.objectContaining({ code: expect.stringMatching(/^ERR_PARSE/) }),
      );
    },
  );
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
    { issuer: 'https://other.example', lastError: 'RTA_SSF_TOKEN_REFUSED' },
  ];
  expect(describeAnswer(call.request, { streams })).toBe(
    'https://idp.example: stream s-1 enabled, last event 1970-01-01T00:00:00.000Z, verified 1970-01-01T00:00:01.000Z in 12 ms\n' +
      'https://other.example: no stream yet, no event yet, not verified yet, RTA_SSF_TOKEN_REFUSED\n',
  );
});

test('a verification is told with the time that it took', () => {
  const call = parse('verify https://idp.example');
  if (call === undefined) throw new Error('help');
  expect(describeAnswer(call.request, { issuer: 'https://idp.example', lagMs: 7 })).toBe(
    'https://idp.example: events get through; it took 7 ms\n',
  );
});
