import { describe, expect, test } from 'vitest';
import { STORE_CHECKS } from '../src/index.ts';
import { AUDIT_FAULTS } from './store-audit-faults.ts';
import { BATCH_FAULTS } from './store-batch-faults.ts';
import { breakWith } from './store-fault.ts';
import { LIFETIME_FAULTS } from './store-lifetime-faults.ts';
import { RECORD_FAULTS } from './store-record-faults.ts';
import { SINGLE_USE_FAULTS } from './store-single-use-faults.ts';
import { UPDATE_FAULTS } from './store-update-faults.ts';

const FAULTS = [
  ...SINGLE_USE_FAULTS,
  ...RECORD_FAULTS,
  ...UPDATE_FAULTS,
  ...BATCH_FAULTS,
  ...AUDIT_FAULTS,
  ...LIFETIME_FAULTS,
];

describe('the contract of Store catches a store that', () => {
  test.each(FAULTS)('%s', async (_broken, checkName, fault) => {
    const check = STORE_CHECKS.find(({ name }) => name === checkName);
    expect(check).toBeDefined();
    await expect(check?.run(breakWith(fault))).rejects.toThrow();
  });
});

test('each check of the contract of Store is known to catch something', () => {
  const catching = new Set(FAULTS.map(([, checkName]) => checkName));
  expect(STORE_CHECKS.map(({ name }) => name).filter((name) => !catching.has(name))).toEqual([]);
});
