import { afterAll, beforeAll } from 'vitest';
import { planSuite } from '../src/plan-suite.ts';
import { RECEIVER_MODULES, RECEIVER_PLAN } from '../src/plans.ts';
import { openReceiverRun, type ReceiverRun } from '../src/receiver/receiver-run.ts';

let receiver: ReceiverRun | undefined;

beforeAll(async () => {
  receiver = await openReceiverRun(RECEIVER_MODULES);
});

afterAll(async () => {
  await receiver?.[Symbol.asyncDispose]();
});

planSuite(RECEIVER_PLAN, async (name, variant) => {
  const module = RECEIVER_MODULES.find((each) => each.name === name);
  if (module === undefined || receiver === undefined) throw new Error(`no module ${name}`);
  await receiver.run(module, variant);
});
