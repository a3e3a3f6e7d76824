import { describe, expect, it } from 'vitest';
import { codeOf } from '../test/code-of.ts';
import { ALICE, COPILOT, MAILER } from '../test/fixture.ts';
import { nodeOf } from '../test/node-of.ts';
import { checkDelegation, type Delegation } from './delegation.ts';
import type { Session } from './session.ts';

const PARENT: Session = nodeOf(1, { ownGrant: { scope: ['files.*'] } }).session;
const ASKED: Delegation = { actor: MAILER, grant: { scope: ['files.read'] }, children: 0 };
const check = (parent: Partial<Session>, asked: Partial<Delegation> = {}): string =>
  codeOf(() => checkDelegation({ ...PARENT, ...parent }, { ...ASKED, ...asked }));

describe('checkDelegation', () => {
  it('lets an agent hand on a part of what it has', () => {
    expect(check({})).toBe('none');
  });

  it.each<[string, Partial<Session>, Partial<Delegation>, string]>([
    ['a suspended parent', { state: 'suspended' }, {}, 'RTA_AUTHORITY_SESSION_SUSPENDED'],
    [
      'an agent that the person did not name',
      { subject: { ...ALICE, mayAct: 'reader' } },
      {},
      'RTA_AUTHORITY_MAY_ACT',
    ],
    ['the tenth floor as a parent', { depth: 10 }, {}, 'RTA_AUTHORITY_DEPTH'],
    ['a child too many', {}, { children: 1_000 }, 'RTA_AUTHORITY_FULL'],
    [
      'more than the parent has',
      {},
      { grant: { scope: ['files.*', 'mail.send'] } },
      'RTA_AUTHORITY_WIDENING',
    ],
    [
      'all scopes, within details',
      { grant: { scope: ['files.*'], details: [{ actions: ['files.read'] }] } },
      { grant: { scope: ['files.*'] } },
      'RTA_AUTHORITY_WIDENING',
    ],
    [
      'no limit, where the parent has one',
      { grant: { scope: ['*'], details: [{ actions: ['*'], limits: { totalCount: 1 } }] } },
      { grant: { scope: ['files.read'] } },
      'RTA_AUTHORITY_WIDENING',
    ],
    ['the parent itself, by its key', {}, { actor: { ...COPILOT, id: 'other' } }, 'RTA_AUTHORITY_CYCLE'],
    [
      'an agent further up, by its key',
      { actors: [MAILER, COPILOT] },
      { actor: { ...MAILER, id: 'other' } },
      'RTA_AUTHORITY_CYCLE',
    ],
    [
      'an agent further up, as the same instance with another key',
      { actors: [{ ...MAILER, instance: 'i' }, COPILOT] },
      { actor: { id: 'mailer', instance: 'i', keyThumbprint: 'other' } },
      'RTA_AUTHORITY_CYCLE',
    ],
  ])('refuses %s', (_, parent, asked, code) => {
    expect(check(parent, asked)).toBe(code);
  });

  it.each<[string, Partial<Session>, Partial<Delegation>]>([
    ['the agent that the person named', { subject: { ...ALICE, mayAct: 'mailer' } }, {}],
    ['the ninth floor as a parent', { depth: 9 }, {}],
    ['the thousandth child', {}, { children: 999 }],
    [
      'another instance of an agent further up',
      { actors: [{ ...MAILER, instance: 'i' }] },
      { actor: { ...MAILER, instance: 'j', keyThumbprint: 'k' } },
    ],
    [
      'an agent of the same name that names no instance',
      { actors: [MAILER] },
      { actor: { id: 'mailer', keyThumbprint: 'k' } },
    ],
  ])('takes %s', (_, parent, asked) => {
    expect(check(parent, asked)).toBe('none');
  });
});
