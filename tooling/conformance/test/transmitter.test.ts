import { afterAll, beforeAll } from 'vitest';
import { planSuite } from '../src/plan-suite.ts';
import { TRANSMITTER_MODULES, TRANSMITTER_PLAN } from '../src/plans.ts';
import { openTransmitterRun, type TransmitterRun } from '../src/transmitter/transmitter-run.ts';

let transmitter: TransmitterRun | undefined;

beforeAll(async () => {
  transmitter = await openTransmitterRun();
});

afterAll(async () => {
  await transmitter?.[Symbol.asyncDispose]();
});

planSuite(TRANSMITTER_PLAN, async (name) => {
  const module = TRANSMITTER_MODULES.find((each) => each.name === name);
  if (module === undefined || transmitter === undefined) throw new Error(`no module ${name}`);
  await transmitter.run(module);
});
