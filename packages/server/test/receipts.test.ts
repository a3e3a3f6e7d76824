import { compactVerify, createLocalJWKSet, type JSONWebKeySet } from 'jose';
import { describe, expect, test } from 'vitest';
import { type AdminServer, startAdminServer, startUsersIdp } from './admin-fixture.ts';
import { ISSUER } from './test-server.ts';

const idp = await startUsersIdp();

async function signedReceipt(t: AdminServer, change: string) {
  const { status, text, headers } = await t.ask(`/admin/v1/changes/${change}`, {
    headers: { Accept: 'application/jose' },
  });
  expect([status, headers.get('Content-Type')]).toEqual([200, 'application/jose']);
  return text;
}

async function verified(t: AdminServer, jws: string) {
  const response = await t.server.http.request(`${ISSUER}/.well-known/rta-receipt-keys`);
  const keys = createLocalJWKSet((await response.json()) as JSONWebKeySet);
  const { protectedHeader, payload } = await compactVerify(jws, keys);
  return { header: protectedHeader, claims: JSON.parse(new TextDecoder().decode(payload)) };
}

describe('a receipt', () => {
  test('verifies with the published key, and names every enforcement point with its outcome [I8]', async () => {
    await using t = await startAdminServer({ idp });
    const obedient = await t.agent('alice', 'obedient');
    await t.agent('alice', 'deaf');
    const away = await t.agent('alice', 'away');
    await away.connection.close();
    await expect.poll(() => t.server.openConnections).toBe(2);

    const change = await t.order({
      action: 'end',
      target: { type: 'everyone' },
      reason: 'drill',
      txn: 'x-1',
    });
    // First nobody may come back, then they end: both are changes, and the agents hear of both.
    const pushes = [await obedient.pushes.next(), await obedient.pushes.next()];
    t.clock.advance(40);
    for (const push of pushes) push.acknowledge();
    await expect
      .poll(async () => (await t.ask(`/admin/v1/changes/${change}`)).body.acknowledgedCount)
      .toBe(1);
    const early = await t.ask(`/admin/v1/changes/${change}`);
    // Whoever does not acknowledge within five seconds loses its connection.
    t.clock.advance(6_000);

    const { header, claims } = await verified(t, await signedReceipt(t, change));
    expect(early.body.isComplete).toBe(false);
    expect(header).toEqual({
      alg: 'EdDSA',
      typ: 'rta-receipt+jwt',
      kid: expect.stringMatching(/^[\w-]{43}$/),
    });
    expect(claims).toMatchObject({
      iss: ISSUER,
      iat: Math.floor(t.clock.now() / 1_000),
      sub: change,
      node: 'test-node',
      change: {
        id: change,
        kind: 'session-revoked',
        source: 'https://rta.example/admin',
        reason: 'drill',
        txn: 'x-1',
        node: 'test-node',
        sessionCount: 3,
        acknowledgedCount: 1,
        cutOffCount: 1,
        offlineCount: 1,
        pendingCount: 0,
        isComplete: true,
      },
    });
    const outcomes = claims.change.points.map(({ agent, outcome }: { agent: string; outcome: string }) => [
      agent,
      outcome,
    ]);
    expect(outcomes.toSorted()).toEqual([
      ['away', 'offline'],
      ['deaf', 'cut-off'],
      ['obedient', 'acknowledged'],
    ]);
  });

  test('that was changed does not verify', async () => {
    await using t = await startAdminServer({ idp });
    const change = await t.order({ action: 'suspend', target: { type: 'agent', id: 'nobody' } });
    const [header, payload = '', signature] = (await signedReceipt(t, change)).split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
    claims.change.sessionCount = 7;
    const changed = Buffer.from(JSON.stringify(claims)).toString('base64url');

    await expect(verified(t, `${header}.${changed}.${signature}`)).rejects.toThrow(
      'signature verification failed',
    );
  });

  test('outlives the process, signature and all', async () => {
    await using t = await startAdminServer({ idp });
    const agent = await t.agent();
    const change = await t.order({ action: 'end', target: { type: 'session', id: agent.session } });
    (await agent.pushes.next()).acknowledge();
    await expect.poll(async () => (await t.ask(`/admin/v1/changes/${change}`)).body.isComplete).toBe(true);
    await agent.connection.close();
    await t.server.close();
    // Another node: what it says of this change is what that one signed.
    await using again = await startAdminServer({ idp, store: t.store, clock: t.clock, node: 'another-node' });

    const { body } = await again.ask(`/admin/v1/changes/${change}`);
    const { claims } = await verified(again, await signedReceipt(again, change));

    expect(body).toMatchObject({ id: change, node: 'test-node', acknowledgedCount: 1, nodes: ['test-node'] });
    expect(claims.change.points).toEqual([expect.objectContaining({ outcome: 'acknowledged' })]);
  });

  test('is forgotten after thirty days', async () => {
    await using t = await startAdminServer({ idp });
    const change = await t.order({ action: 'suspend', target: { type: 'agent', id: 'nobody' } });
    await t.server.close();
    await using again = await startAdminServer({ idp, store: t.store, clock: t.clock, node: 'another-node' });
    const before = await again.ask(`/admin/v1/changes/${change}`);
    await again.server.close();
    t.clock.advance(30 * 86_400_000 + 1);
    await using late = await startAdminServer({ idp, store: t.store, clock: t.clock, node: 'a-third-node' });
    const after = await late.ask(`/admin/v1/changes/${change}`);

    expect([before.status, after.status]).toEqual([200, 404]);
  });

  test('is unsigned where the node has no key, which is said to those who want it signed', async () => {
    await using t = await startAdminServer({ idp, isUnsigned: true });
    const change = await t.order({ action: 'suspend', target: { type: 'agent', id: 'nobody' } });
    const plain = await t.ask(`/admin/v1/changes/${change}`);
    const signed = await t.ask(`/admin/v1/changes/${change}?format=jws`);
    const keys = await t.ask('/.well-known/rta-receipt-keys', { token: '' });

    expect([plain.status, plain.body.isComplete]).toEqual([200, true]);
    expect([signed.status, signed.body.code]).toEqual([406, 'RTA_SERVER_ADMIN_UNSIGNED']);
    expect(keys.body).toEqual({ keys: [] });
  });

  test('of a change that nobody knows is not there', async () => {
    await using t = await startAdminServer({ idp });
    const { status, body } = await t.ask('/admin/v1/changes/none?format=jws');
    expect([status, body.code]).toEqual([404, 'RTA_SERVER_ADMIN_UNKNOWN']);
  });

  test('stands in the list of changes, the newest first and without its points', async () => {
    await using t = await startAdminServer({ idp });
    const first = await t.order({ action: 'suspend', target: { type: 'agent', id: 'a' } });
    const second = await t.order({ action: 'resume', target: { type: 'agent', id: 'a' } });

    const { body } = await t.ask('/admin/v1/changes?limit=2');
    expect(body.changes.map(({ id }) => id)).toEqual([second, first]);
    expect(body.changes[0]).not.toHaveProperty('points');
  });
});
