import { describe, expect, test } from 'vitest';
import { TRANSPORT_CHECKS } from '../src/index.ts';
import { ENDING_FAULTS } from './transport-ending-faults.ts';
import { STREAM_FAULTS } from './transport-stream-faults.ts';

const CASES = [...STREAM_FAULTS, ...ENDING_FAULTS];

const checkNamed = (name: string) => {
  const check = TRANSPORT_CHECKS.find((one) => one.name === name);
  if (check === undefined) throw new Error(`no check is called "${name}"`);
  return check;
};

describe('the transport contract catches a transport that', () => {
  for (const [broken, check, fault] of CASES) {
    test(`${broken} (${check})`, async () => {
      const run = checkNamed(check).run({
        name: broken,
        patienceMs: 500,
        open: async (limits) => {
          const { client, server } = fault(limits);
          return {
            client,
            server,
            close: async () => void (await Promise.all([client.close(), server.close()])),
          };
        },
      });
      await expect(run).rejects.toThrow();
    });
  }
});

test('every check of the transport contract has caught something', () => {
  const proven = new Set(CASES.map(([, check]) => check));
  expect(TRANSPORT_CHECKS.map(({ name }) => name).filter((name) => !proven.has(name))).toEqual([]);
});
