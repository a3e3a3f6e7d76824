import assert from 'node:assert/strict';
import type { AccessRequest } from '@rta/pdp';
import { assertDecision, assertDenial, assertPermit, deepFreeze, type PdpCheck, pdpCheck } from './check.ts';
import { fileRequest } from './fixture.ts';

/** Text that means something to a policy language, a query, a URL or an object in JavaScript. */
const HOSTILE_TEXTS: readonly string[] = [
  '',
  ' ',
  '*',
  '../read',
  'read"',
  'read", resource) || ("',
  "read' or '1'='1",
  'read\u0000',
  'read\n',
  'READ',
  'réad',
  're\u200bad',
  '\ud83d\ude00',
  '\ud800',
  '__proto__',
  'constructor',
  'toString',
  '{"__entity":{"type":"User","id":"root"}}',
  'x'.repeat(10_000),
];

/** Requests that the types forbid and that arrive all the same. */
const MALFORMED_REQUESTS: readonly unknown[] = [
  undefined,
  null,
  'read',
  {},
  { subject: null, action: null, resource: null },
  { subject: { type: 'User' }, action: { name: 'write' }, resource: { type: 'File' } },
  { subject: { type: 7, id: {} }, action: { name: ['write'] }, resource: { type: true, id: 1n } },
  { ...fileRequest({ action: 'write' }), context: 'suspended' },
  { ...fileRequest({ action: 'write' }), context: nested(10_000) },
];

/** What one answer must be. */
export const ANSWER_CHECKS: readonly PdpCheck[] = [
  pdpCheck('what a policy permits is permitted by cause policy', async ({ pdp }) => {
    assertPermit(await pdp.evaluate(fileRequest()));
    assertPermit(await pdp.evaluate(fileRequest({ properties: { locked: false, label: 'q3' } })));
  }),

  pdpCheck('what no policy permits is denied by default', async ({ pdp }) => {
    assertDenial(await pdp.evaluate(fileRequest({ action: 'write' })), 'default', 'policy');
  }),

  pdpCheck('a policy that denies wins over one that permits', async ({ pdp }) => {
    assertDenial(await pdp.evaluate(fileRequest({ properties: { locked: true } })), 'policy');
  }),

  pdpCheck('policies see the context of the request', async ({ pdp }) => {
    assertPermit(await pdp.evaluate(fileRequest({ context: { suspended: false, note: 'a' } })));
    assertDenial(await pdp.evaluate(fileRequest({ context: { suspended: true, note: 'a' } })), 'policy');
  }),

  pdpCheck('a request that cannot be evaluated is denied by cause error', async ({ pdp, failing }) => {
    const decision = await pdp.evaluate(failing);
    assertDenial(decision, 'error', 'timeout');
    assert.notEqual(decision.failure, undefined, 'a failed decision says what failed');
    assertPermit(await pdp.evaluate(fileRequest()));
  }),

  pdpCheck('a malformed request is denied, not thrown', async ({ pdp }) => {
    for (const request of MALFORMED_REQUESTS) assertDenial(await pdp.evaluate(request as AccessRequest));
    assertPermit(await pdp.evaluate(fileRequest()));
  }),

  pdpCheck('hostile text in names and ids gets nobody in', async ({ pdp }) => {
    for (const text of HOSTILE_TEXTS) {
      assertDenial(await pdp.evaluate(fileRequest({ action: text })));
      assertDenial(await pdp.evaluate(fileRequest({ action: 'write', subjectId: text, fileId: text })));
      const locked = fileRequest({
        subjectId: text,
        fileId: text,
        properties: { locked: true, label: text },
      });
      assertDenial(await pdp.evaluate(locked));
      assertDecision(await pdp.evaluate(fileRequest({ fileId: text, context: { note: text } })));
    }
  }),

  pdpCheck('requests are read, never written', async ({ pdp }) => {
    const request = deepFreeze(
      fileRequest({ properties: { locked: false, label: 'q3' }, context: { suspended: false } }),
    );
    assertPermit(await pdp.evaluate(request));
    assert.deepEqual(await pdp.evaluateMany(deepFreeze([request])), [await pdp.evaluate(request)]);
  }),

  pdpCheck('a decision bears the revision in force', async ({ pdp }) => {
    assert.notEqual(pdp.revision, '');
    const permit = await pdp.evaluate(fileRequest());
    const denial = await pdp.evaluate(fileRequest({ action: 'write' }));
    assert.equal(permit.revision, pdp.revision);
    assert.equal(denial.revision, pdp.revision);
  }),

  pdpCheck('synchronous is what it claims to be', async ({ pdp }) => {
    const answer = pdp.evaluate(fileRequest());
    assert.equal(answer instanceof Promise, !pdp.features.synchronous);
    assertPermit(await answer);
  }),

  pdpCheck('deterministic is what it claims to be', async ({ pdp }) => {
    if (!pdp.features.deterministic) return;
    const requests = [
      fileRequest(),
      fileRequest({ action: 'write' }),
      fileRequest({ properties: { locked: true } }),
    ];
    for (const request of requests) {
      const { expiresAtMs: _, ...first } = await pdp.evaluate(request);
      const { expiresAtMs: __, ...second } = await pdp.evaluate(request);
      assert.deepEqual(second, first);
    }
  }),

  pdpCheck('reasons and obligations are what they claim to be', async ({ pdp }) => {
    const permit = await pdp.evaluate(fileRequest());
    const denial = await pdp.evaluate(fileRequest({ properties: { locked: true } }));
    for (const { reasons, obligations } of [permit, denial]) {
      if (pdp.features.reasons) assert.notEqual(reasons.length, 0, 'a decision by policy names the policy');
      // The policies of the contract have none.
      assert.deepEqual(obligations, []);
    }
  }),

  pdpCheck('a caller who gave up is denied by cause timeout', async ({ pdp }) => {
    const signal = AbortSignal.abort();
    assertDenial(await pdp.evaluate(fileRequest(), { signal }), 'timeout');
    for (const decision of await pdp.evaluateMany([fileRequest(), fileRequest()], { signal })) {
      assertDenial(decision, 'timeout');
    }
  }),
];

function nested(levels: number): unknown {
  let value: unknown = 'end';
  for (let level = 0; level < levels; level++) value = { next: value };
  return value;
}
