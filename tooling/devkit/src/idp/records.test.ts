import { createFakeClock } from '@rta/testkit';
import { describe, expect, it } from 'vitest';
import { createIdpRecords } from './records.ts';

const SESSION = {
  uid: 'uid-1',
  accountId: 'user-anna',
  loginTs: 1_767_225_600,
  authorizations: { 'co-pilot': { sid: 'sid-1', grantId: 'grant-1' }, portal: { sid: 'sid-2' } },
};

describe('the records of the IdP', () => {
  it('are kept per model', async () => {
    const records = createIdpRecords({ maxCount: 10, clock: createFakeClock() });
    await records.adapterFor('AccessToken').upsert('id', { jti: 'token' }, 60);
    await records.adapterFor('Grant').upsert('id', { jti: 'grant' }, 60);
    expect(await records.adapterFor('AccessToken').find('id')).toEqual({ jti: 'token' });
    await records.adapterFor('Grant').destroy('id');
    expect(await records.adapterFor('Grant').find('id')).toBeUndefined();
    expect(await records.adapterFor('AccessToken').find('id')).toEqual({ jti: 'token' });
  });

  it('are gone once they expire', async () => {
    const clock = createFakeClock();
    const records = createIdpRecords({ maxCount: 10, clock });
    const sessions = records.adapterFor('Session');
    await sessions.upsert('id', { ...SESSION }, 60);
    clock.advance(59_999);
    expect(await sessions.findByUid('uid-1')).toEqual(SESSION);
    clock.advance(1);
    expect(await sessions.find('id')).toBeUndefined();
    expect(await sessions.findByUid('uid-1')).toBeUndefined();
    expect(records.sessions()).toEqual([]);
    expect(records.endSession('sid-1')).toBe(false);
  });

  it('are refused above the limit, until others expire', async () => {
    const clock = createFakeClock();
    const records = createIdpRecords({ maxCount: 2, clock });
    const tokens = records.adapterFor('AccessToken');
    await tokens.upsert('1', {}, 60);
    await tokens.upsert('2', {});
    await expect(tokens.upsert('3', {}, 60)).rejects.toMatchObject({ code: 'RTA_DEVIDP_FULL' });
    await tokens.upsert('2', { jti: 'changed' });
    clock.advance(60_000);
    await tokens.upsert('3', {}, 60);
    expect(await tokens.find('2')).toEqual({ jti: 'changed' });
    expect(await tokens.find('3')).toEqual({});
  });

  it('say when a code was used', async () => {
    const records = createIdpRecords({ maxCount: 10, clock: createFakeClock(1_767_225_600_900) });
    const codes = records.adapterFor('AuthorizationCode');
    await codes.upsert('code', {}, 60);
    await codes.consume('code');
    await codes.consume('unknown');
    expect(await codes.find('code')).toEqual({ consumed: 1_767_225_600 });
  });

  it('of a grant go together, those of one model at a time', async () => {
    const records = createIdpRecords({ maxCount: 10, clock: createFakeClock() });
    const tokens = records.adapterFor('AccessToken');
    const codes = records.adapterFor('AuthorizationCode');
    await tokens.upsert('mine', { grantId: 'grant-1' }, 60);
    await tokens.upsert('other', { grantId: 'grant-2' }, 60);
    await codes.upsert('mine', { grantId: 'grant-1' }, 60);
    await tokens.revokeByGrantId('grant-1');
    expect(await tokens.find('mine')).toBeUndefined();
    expect(await tokens.find('other')).toEqual({ grantId: 'grant-2' });
    expect(await codes.find('mine')).toEqual({ grantId: 'grant-1' });
  });

  it('list a session once for each client, and end it for all by the sid of one', async () => {
    const records = createIdpRecords({ maxCount: 10, clock: createFakeClock() });
    const sessions = records.adapterFor('Session');
    await sessions.upsert('id', { ...SESSION }, 60);
    await sessions.upsert('nobody', { uid: 'uid-2' }, 60);
    expect(records.sessions()).toEqual([
      { sid: 'sid-1', sub: 'user-anna', clientId: 'co-pilot', signedInAtMs: 1_767_225_600_000 },
      { sid: 'sid-2', sub: 'user-anna', clientId: 'portal', signedInAtMs: 1_767_225_600_000 },
    ]);
    expect(records.endSession('sid-3')).toBe(false);
    expect(records.endSession('sid-2')).toBe(true);
    expect(records.sessions()).toEqual([]);
  });
});
