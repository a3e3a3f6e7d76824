import assert from 'node:assert/strict';
import { assertDenial, assertPermit, effectsOf, type PdpCheck, pdpCheck } from './check.ts';
import { fileRequest } from './fixture.ts';

/** What several answers at once must be. */
export const BATCH_CHECKS: readonly PdpCheck[] = [
  pdpCheck('no requests have no decisions', async ({ pdp }) => {
    assert.deepEqual(await pdp.evaluateMany([]), []);
  }),

  pdpCheck('decisions stand in the order of their requests', async ({ pdp }) => {
    const decisions = await pdp.evaluateMany([
      fileRequest({ fileId: 'a' }),
      fileRequest({ fileId: 'b', action: 'write' }),
      fileRequest({ fileId: 'c' }),
      fileRequest({ fileId: 'd' }),
      fileRequest({ fileId: 'e', action: 'write' }),
    ]);
    assert.deepEqual(effectsOf(decisions), ['permit', 'deny', 'permit', 'permit', 'deny']);
  }),

  pdpCheck('requests of equal ids and other properties are decided each by itself', async ({ pdp }) => {
    const open = fileRequest({ properties: { locked: false } });
    const locked = fileRequest({ properties: { locked: true } });
    assert.deepEqual(effectsOf(await pdp.evaluateMany([open, locked])), ['permit', 'deny']);
    assert.deepEqual(effectsOf(await pdp.evaluateMany([locked, open])), ['deny', 'permit']);
  }),

  pdpCheck('requests of equal ids and other contexts are decided each by itself', async ({ pdp }) => {
    const free = fileRequest({ context: { suspended: false } });
    const suspended = fileRequest({ context: { suspended: true } });
    assert.deepEqual(effectsOf(await pdp.evaluateMany([free, suspended])), ['permit', 'deny']);
    assert.deepEqual(effectsOf(await pdp.evaluateMany([suspended, free])), ['deny', 'permit']);
  }),

  pdpCheck('a request that fails takes no other with it', async ({ pdp, failing }) => {
    const [before, failed, after] = await pdp.evaluateMany([fileRequest(), failing, fileRequest()]);
    assert.ok(before !== undefined && failed !== undefined && after !== undefined);
    assertPermit(before);
    assertDenial(failed, 'error', 'timeout');
    assertPermit(after);
  }),

  pdpCheck('requests at the same time do not mix', async ({ pdp }) => {
    const requests = Array.from({ length: 64 }, (_, at) =>
      fileRequest({ fileId: `file-${at}`, properties: { locked: at % 3 === 0 } }),
    );
    const expected = requests.map((_, at) => (at % 3 === 0 ? 'deny' : 'permit'));
    const single = await Promise.all(requests.map(async (request) => pdp.evaluate(request)));
    assert.deepEqual(effectsOf(single), expected);
    assert.deepEqual(effectsOf(await pdp.evaluateMany(requests)), expected);
  }),
];
