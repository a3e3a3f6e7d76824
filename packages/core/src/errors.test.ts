import { describe, expect, test } from 'vitest';
import { type ErrorTable, errorFactory, isRtaError, RtaError } from './errors.ts';

const TABLE = {
  RTA_TEST_GONE: { summary: 'it is gone', remedy: 'look elsewhere', retryable: true, httpStatus: 503 },
  RTA_TEST_WRONG: { summary: 'it is wrong', remedy: 'mend it', retryable: false },
} as const satisfies ErrorTable;
const testError = errorFactory(TABLE);

describe('an error', () => {
  test('has what its table says of its code', () => {
    expect(testError('RTA_TEST_GONE')).toMatchObject({
      name: 'RtaError',
      code: 'RTA_TEST_GONE',
      message: 'it is gone',
      retryable: true,
      httpStatus: 503,
      details: {},
    });
    expect(testError('RTA_TEST_WRONG').httpStatus).toBe(500);
  });

  test('can say more, and keep its cause', () => {
    const cause = new Error('below');
    const error = testError('RTA_TEST_WRONG', 'expected 3 bytes, found 2', { details: { bytes: 2 }, cause });
    expect(error.message).toBe('expected 3 bytes, found 2');
    expect(error.details).toEqual({ bytes: 2 });
    expect(error.cause).toBe(cause);
  });

  test('does not write its cause into JSON: it stays in this process', () => {
    const error = testError('RTA_TEST_WRONG', undefined, { cause: new Error('a secret') });
    expect(JSON.stringify(error)).not.toContain('a secret');
  });
});

describe('isRtaError', () => {
  test('recognises errors, and codes', () => {
    const error: unknown = testError('RTA_TEST_GONE');
    expect(isRtaError(error)).toBe(true);
    expect(isRtaError(error, 'RTA_TEST_GONE')).toBe(true);
    expect(isRtaError(error, 'RTA_TEST_WRONG')).toBe(false);
  });

  test('recognises errors of another copy of this package', () => {
    const foreign = Object.assign(new Error('from elsewhere'), {
      code: 'RTA_TEST_GONE',
      [Symbol.for('@rta/core/RtaError')]: true,
    });
    expect(isRtaError(foreign, 'RTA_TEST_GONE')).toBe(true);
  });

  test.each([undefined, null, 'RTA_TEST_GONE', 7, new Error('RTA_TEST_GONE'), { code: 'RTA_TEST_GONE' }])(
    'is not taken in by %s',
    (value) => {
      expect(isRtaError(value)).toBe(false);
    },
  );

  test('an error is an Error', () => {
    expect(testError('RTA_TEST_GONE')).toBeInstanceOf(RtaError);
    expect(testError('RTA_TEST_GONE')).toBeInstanceOf(Error);
  });
});
