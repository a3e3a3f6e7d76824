import { RtaError } from '@rta/core';
import { expect, test } from 'vitest';
import { IDP_ERRORS, type IdpErrorCode, idpError } from './errors.ts';
import { oauthErrorOf } from './oauth-error.ts';

const nonces = { issue: () => 'fresh-nonce' };
const codes = Object.keys(IDP_ERRORS) as IdpErrorCode[];

test.each([
  ['RTA_IDP_TOKEN_EXPIRED', 'invalid_request', 400],
  ['RTA_IDP_TOKEN_INACTIVE', 'invalid_request', 400],
  ['RTA_IDP_PARAMETER', 'invalid_request', 400],
  ['RTA_IDP_GRANT_TYPE', 'unsupported_grant_type', 400],
  ['RTA_IDP_SCOPE', 'invalid_scope', 400],
  ['RTA_IDP_TARGET', 'invalid_target', 400],
  ['RTA_IDP_AUTHORIZATION_DETAILS', 'invalid_authorization_details', 400],
  ['RTA_IDP_DPOP_REPLAY', 'invalid_dpop_proof', 400],
  ['RTA_IDP_DPOP_NONCE_MISSING', 'use_dpop_nonce', 400],
  ['RTA_IDP_DPOP_NONCE', 'use_dpop_nonce', 400],
  ['RTA_IDP_UNAVAILABLE', 'temporarily_unavailable', 503],
  ['RTA_IDP_SINGLE_USE', 'temporarily_unavailable', 503],
] as const)('%s is answered as %s with status %i', (code, error, status) => {
  expect(oauthErrorOf(idpError(code), nonces)).toMatchObject({ error, status });
});

test('an answer is complete: code and summary, status, and headers', () => {
  expect(oauthErrorOf(idpError('RTA_IDP_TOKEN_EXPIRED'), nonces)).toEqual({
    error: 'invalid_request',
    error_description: 'RTA_IDP_TOKEN_EXPIRED: the subject token has expired',
    status: 400,
    headers: { 'cache-control': 'no-store' },
  });
});

test('a client that needs a nonce gets one', () => {
  expect(oauthErrorOf(idpError('RTA_IDP_DPOP_NONCE_MISSING'), nonces).headers).toEqual({
    'cache-control': 'no-store',
    'dpop-nonce': 'fresh-nonce',
  });
});

test('nothing but the code decides what is answered', () => {
  const error = idpError('RTA_IDP_TOKEN_CLAIMS', 'sub was mallory', {
    details: { claim: 'mallory' },
    cause: new Error('mallory'),
  });
  expect(JSON.stringify(oauthErrorOf(error, nonces))).not.toContain('mallory');
});

test('any other error says nothing', () => {
  const answer = {
    error: 'server_error',
    error_description: 'internal error',
    status: 500,
    headers: { 'cache-control': 'no-store' },
  };
  const foreign = new RtaError('RTA_STORE_FULL', 'mallory', { retryable: true, httpStatus: 503 });
  const odd = new RtaError('toString', 'mallory', { retryable: false });
  for (const error of [new Error('mallory'), foreign, odd, 'mallory', undefined, null]) {
    expect(oauthErrorOf(error, nonces)).toEqual(answer);
  }
});

test.each(codes)('the description of %s keeps to the characters of RFC 6749', (code) => {
  const { error_description, status } = oauthErrorOf(idpError(code), nonces);
  expect(error_description).toMatch(/^[\x20\x21\x23-\x5b\x5d-\x7e]+$/);
  expect([400, 503]).toContain(status);
});
