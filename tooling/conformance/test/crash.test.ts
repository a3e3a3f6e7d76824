import { expect, test } from 'vitest';
import { WAYS } from '../src/crash/ways.ts';

test.each(WAYS)(
  'by $name, nothing that was acknowledged is lost when the server is killed [I2]',
  async ({ run }) => {
    const { lost, superfluous, ...counts } = await run({ sets: 200, kills: 2, onProgress: () => undefined });

    expect({ lost, superfluous }).toEqual({ lost: [], superfluous: 0 });
    expect(counts).toEqual({ sent: 200, acknowledged: 200, kills: 2 });
  },
  120_000,
);
