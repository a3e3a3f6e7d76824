import assert from 'node:assert/strict';
import { assertDenial, assertPermit, collectChanges, type PdpCheck, pdpCheck } from './check.ts';
import { fileRequest } from './fixture.ts';

/** What happens when policies change, and when the PDP ends. */
export const LIFE_CHECKS: readonly PdpCheck[] = [
  pdpCheck('the revision stands as long as the policies do', async ({ pdp, failing }) => {
    const { revision } = pdp;
    for (const request of [fileRequest(), fileRequest({ action: 'write' }), failing, fileRequest()]) {
      assert.equal((await pdp.evaluate(request)).revision, revision);
      for (const decision of await pdp.evaluateMany([request, request])) {
        assert.equal(decision.revision, revision);
      }
    }
    assert.equal(pdp.revision, revision);
  }),

  pdpCheck('watch is what it claims to be', async ({ pdp, permitWrite }) => {
    assert.ok(
      !pdp.features.watch || permitWrite !== undefined,
      'an adapter that claims watch must show it: give the fixture permitWrite',
    );
    if (permitWrite === undefined) return;
    const { revision } = pdp;
    const changes = collectChanges(pdp);
    assertDenial(await pdp.evaluate(fileRequest({ action: 'write' })));
    await permitWrite();
    assertPermit(await pdp.evaluate(fileRequest({ action: 'write' })));
    assert.notEqual(pdp.revision, revision, 'other policies have another revision');
    if (pdp.features.watch) assert.deepEqual(changes.seen, [{ kind: 'policy', revision: pdp.revision }]);
  }),

  pdpCheck('a handle that is closed hears no more', async ({ pdp, permitWrite }) => {
    const gone = collectChanges(pdp);
    const stays = collectChanges(pdp);
    gone.close();
    gone.close();
    if (permitWrite === undefined) return;
    await permitWrite();
    assert.deepEqual(gone.seen, []);
    if (pdp.features.watch) assert.equal(stays.seen.length, 1);
  }),

  pdpCheck('policies that are refused leave the old ones in force', async ({ pdp, offerBrokenPolicy }) => {
    if (offerBrokenPolicy === undefined) return;
    const { revision } = pdp;
    const changes = collectChanges(pdp);
    await offerBrokenPolicy();
    assert.equal(pdp.revision, revision);
    assertPermit(await pdp.evaluate(fileRequest()));
    assertDenial(await pdp.evaluate(fileRequest({ properties: { locked: true } })), 'policy');
    if (!pdp.features.watch) return;
    const [change, ...more] = changes.seen;
    assert.deepEqual(more, []);
    assert.ok(change?.kind === 'refused', 'watchers hear of the refusal');
    assert.equal(change.revision, revision);
    assert.ok(change.error instanceof Error);
  }),

  pdpCheck('health is up while it is open and down afterwards', async ({ pdp }) => {
    assert.equal((await pdp.health()).status, 'up');
    await pdp.close();
    assert.equal((await pdp.health()).status, 'down');
  }),

  pdpCheck('a closed PDP denies everything by cause error', async ({ pdp }) => {
    await pdp.close();
    assertDenial(await pdp.evaluate(fileRequest()), 'error');
    for (const decision of await pdp.evaluateMany([fileRequest(), fileRequest()])) {
      assertDenial(decision, 'error');
    }
  }),

  pdpCheck('closing again, and watching what is closed, does nothing', async ({ pdp }) => {
    await pdp.close();
    await pdp.close();
    await pdp[Symbol.asyncDispose]();
    const changes = collectChanges(pdp);
    changes.close();
    assert.deepEqual(changes.seen, []);
  }),
];
