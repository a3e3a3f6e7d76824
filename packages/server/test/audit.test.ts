import { createAuditVerifier } from '@rta/audit';
import { createMemoryStore, type Store } from '@rta/store';
import { createEd25519Key } from '@rta/token';
import { expect, test } from 'vitest';
import { startTestIdp, startTestServer } from './test-server.ts';

const idp = await startTestIdp();
const READ = { action: 'files.read', resource: { type: 'File', id: 'a.txt' } };
const auditKey = createEd25519Key({ keyId: 0, privateKey: Uint8Array.from({ length: 32 }, (_, i) => i + 1) });

/** A store whose audit log can be told to refuse. */
function breakableStore(): { readonly store: Store; breakDown(): void; mend(): void } {
  const inner = createMemoryStore({ clock: { now: Date.now } });
  let isBroken = false;
  const audit: Store['audit'] = {
    ...inner.audit,
    append: (rows) => (isBroken ? Promise.reject(new Error('disk full')) : inner.audit.append(rows)),
  };
  return {
    store: { ...inner, audit },
    breakDown: () => void (isBroken = true),
    mend: () => void (isBroken = false),
  };
}

test('a decision is recorded with whom it was for, the request that it answered, and the risk in force [I7]', async () => {
  await using t = await startTestServer({ idp });
  const { session } = await t.openSession();
  await session.authorize(READ);
  await t.changeRisk('alice', 'MEDIUM');
  await session.authorize(READ);

  const decisions = (await t.audit()).filter(({ kind }) => kind === 'decision');
  expect([decisions.at(0), decisions.at(-1)]).toMatchObject([
    {
      outcome: 'permit',
      subject: { issuer: idp.issuer, sub: 'alice' },
      actors: ['agent-1'],
      action: 'files.read',
      resource: { type: 'File', id: 'a.txt' },
      transport: 'memory',
      request: expect.any(Number),
    },
    { outcome: 'permit', posture: { riskLevel: 'MEDIUM' } },
  ]);
  expect(decisions[0]).not.toHaveProperty('posture');
  expect(decisions[0]?.['request']).not.toBe(decisions.at(-1)?.['request']);
});

test('a node that was told to go on without its audit log permits, and stays in service [I7]', async () => {
  const { store, breakDown, mend } = breakableStore();
  await using t = await startTestServer({ idp, store, onAuditFailure: 'degrade' });
  const { session } = await t.openSession();
  await t.audit();
  const written = (await t.audit()).length;

  breakDown();
  expect(await session.authorize(READ)).toMatchObject({ permitted: true });
  await t.audit();
  expect(await session.authorize(READ)).toMatchObject({ permitted: true });
  expect(await t.audit()).toHaveLength(written);
  const { isWritable, waitingCount, lostCount } = t.server.audit;
  expect({ isWritable, waitingCount, lostCount }).toEqual({
    isWritable: false,
    waitingCount: 2,
    lostCount: 0,
  });
  expect((await t.server.http.request('/readyz')).status).toBe(200);

  mend();
  t.clock.advance(1_000);
  await expect
    .poll(async () => (await t.audit()).slice(written))
    .toMatchObject([
      { kind: 'decision', outcome: 'permit' },
      { kind: 'decision', outcome: 'permit' },
    ]);
  expect(t.server.audit).toMatchObject({ isWritable: true, waitingCount: 0 });
});

test('a node with a key leaves a log behind that is sealed to its end [I7]', async () => {
  const store = createMemoryStore({ clock: { now: Date.now } });
  {
    await using t = await startTestServer({ idp, store, auditKey });
    const { session } = await t.openSession();
    await session.authorize(READ);
  }

  const verifier = createAuditVerifier({ trustedKeys: [auditKey.publicKey] });
  for await (const row of store.audit.read()) verifier.push(row);
  const { ok, findings, sealed, last, checkpointCount } = verifier.finish();
  expect({ ok, findings, checkpointCount }).toEqual({ ok: true, findings: [], checkpointCount: 2 });
  expect(sealed).toEqual(last);
});
