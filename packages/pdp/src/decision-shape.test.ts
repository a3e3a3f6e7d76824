import { describe, expect, test } from 'vitest';
import { decisionFault, isDecision } from './decision-shape.ts';

const PERMIT = {
  effect: 'permit',
  cause: 'policy',
  reasons: [{ policyId: 'a', text: 'because' }],
  obligations: [{ id: 'a', type: 'notification', properties: {} }],
  expiresAtMs: 1_767_225_600_000,
  revision: 'v1',
};

describe('a decision', () => {
  test.each([
    ['a permit', PERMIT],
    ['a denial', { ...PERMIT, effect: 'deny', cause: 'default', reasons: [] }],
    ['a failure', { ...PERMIT, effect: 'deny', cause: 'error', failure: { code: 'RTA_X', message: 'x' } }],
    ['a permit with members of later versions', { ...PERMIT, advice: [] }],
  ])('is %s', (_, value) => {
    expect(decisionFault(value)).toBe(undefined);
    expect(isDecision(value)).toBe(true);
  });

  test.each([
    ['undefined', undefined],
    ['a truth', true],
    ['an effect alone', 'permit'],
    ['a list', [PERMIT]],
    ['a promise', Promise.resolve(PERMIT)],
    ['an unknown effect', { ...PERMIT, effect: 'allow' }],
    ['an unknown cause', { ...PERMIT, cause: 'cache' }],
    ['a permit by default', { ...PERMIT, cause: 'default' }],
    ['a permit by error', { ...PERMIT, cause: 'error' }],
    ['a permit by timeout', { ...PERMIT, cause: 'timeout' }],
    ['no reasons', { ...PERMIT, reasons: undefined }],
    ['a reason that is a text', { ...PERMIT, reasons: ['a'] }],
    ['a reason without an id', { ...PERMIT, reasons: [{ text: 'because' }] }],
    ['no obligations', { ...PERMIT, obligations: null }],
    ['an obligation without a type', { ...PERMIT, obligations: [{ id: 'a', properties: {} }] }],
    ['an obligation without properties', { ...PERMIT, obligations: [{ id: 'a', type: 'step-up' }] }],
    ['an expiry that is a text', { ...PERMIT, expiresAtMs: '1767225600000' }],
    ['an expiry that is no number', { ...PERMIT, expiresAtMs: Number.NaN }],
    ['an expiry that never comes', { ...PERMIT, expiresAtMs: Number.POSITIVE_INFINITY }],
    ['no revision', { ...PERMIT, revision: undefined }],
    ['an empty revision', { ...PERMIT, revision: '' }],
    ['a failure without a code', { ...PERMIT, failure: { message: 'x' } }],
  ])('is not %s', (_, value) => {
    expect(decisionFault(value)).toBeTypeOf('string');
    expect(isDecision(value)).toBe(false);
  });
});
