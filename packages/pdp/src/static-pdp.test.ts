import { describe, expect, test } from 'vitest';
import type { AccessRequest, PdpChange } from './policy-decision-point.ts';
import { createStaticPdp, type StaticAnswer, type StaticRule } from './static-pdp.ts';

const ask = (action: string, locked = false): AccessRequest => ({
  subject: { type: 'User', id: 'alice' },
  action: { name: action },
  resource: { type: 'File', id: 'a', properties: { locked } },
});

const READ: StaticRule = { id: 'read', effect: 'permit', when: ({ action }) => action.name === 'read' };
const ANY: StaticRule = { id: 'any', effect: 'permit' };
const LOCKED: StaticRule = {
  id: 'locked',
  effect: 'forbid',
  when: ({ resource }) => resource.properties?.['locked'] === true,
};

describe('a static PDP', () => {
  test('permits by the rules that apply, and names them', () => {
    const pdp = createStaticPdp({ rules: [READ, ANY, LOCKED] });
    expect(pdp.evaluate(ask('read'))).toEqual({
      effect: 'permit',
      cause: 'policy',
      reasons: [{ policyId: 'read' }, { policyId: 'any' }],
      obligations: [],
      revision: 'static:1',
    });
  });

  test.each([[[LOCKED, ANY]], [[ANY, LOCKED]]])('lets the rule win that forbids, in any order', (rules) => {
    expect(createStaticPdp({ rules }).evaluate(ask('read', true))).toMatchObject({
      effect: 'deny',
      cause: 'policy',
      reasons: [{ policyId: 'locked' }],
    });
  });

  test('denies by default', () => {
    expect(createStaticPdp({ rules: [] }).evaluate(ask('read'))).toEqual({
      effect: 'deny',
      cause: 'default',
      reasons: [],
      obligations: [],
      revision: 'static:1',
    });
  });

  test.each([
    [
      'throws',
      () => {
        throw new Error('secret');
      },
      'rule bad threw an error',
    ],
    ['answers no boolean', () => 'yes' as unknown as boolean, 'rule bad answered string, not a boolean'],
    [
      'answers later',
      () => Promise.resolve(true) as unknown as boolean,
      'rule bad answered object, not a boolean',
    ],
  ])('denies by cause error where a rule %s, whatever others permit', (_, when, message) => {
    const pdp = createStaticPdp({ rules: [ANY, { id: 'bad', effect: 'permit', when }] });
    expect(pdp.evaluate(ask('read'))).toEqual({
      effect: 'deny',
      cause: 'error',
      reasons: [{ policyId: 'bad' }],
      obligations: [],
      revision: 'static:1',
      failure: { code: 'RTA_PDP_RULE', message },
    });
  });

  test('attaches the obligations of the rules that determine the answer, and no others', () => {
    const pdp = createStaticPdp({
      rules: [
        { ...READ, obligations: [{ type: 'notification', properties: { to: 'owner' } }] },
        { ...LOCKED, obligations: [{ type: 'step-up' }] },
      ],
    });
    const obligations = [ask('read'), ask('read', true), ask('write')].map(
      (request) => atOnce(pdp.evaluate(request)).obligations,
    );
    expect(obligations).toEqual([
      [{ id: 'read', type: 'notification', properties: { to: 'owner' } }],
      [{ id: 'locked', type: 'step-up', properties: {} }],
      [],
    ]);
  });

  test('takes a function for rules, and fills in what it leaves out', () => {
    const pdp = createStaticPdp({
      rules: ({ action }) => ({ effect: 'permit', expiresAtMs: action.name.length }),
    });
    expect(pdp.evaluate(ask('read'))).toEqual({
      effect: 'permit',
      cause: 'policy',
      reasons: [],
      obligations: [],
      expiresAtMs: 4,
      revision: 'static:1',
    });
  });

  test.each([
    ['permits with another cause', { effect: 'permit', cause: 'default' }, 'only a policy permits'],
    ['answers another effect', { effect: 'maybe' }, 'effect must be permit or deny'],
    ['answers nothing', undefined, 'effect must be permit or deny'],
  ])('denies where a function %s', (_, answer, message) => {
    const pdp = createStaticPdp({ rules: () => answer as unknown as StaticAnswer });
    expect(pdp.evaluate(ask('read'))).toMatchObject({
      effect: 'deny',
      cause: 'error',
      failure: { code: 'RTA_PDP_ANSWER', message },
    });
  });

  test('denies where a function throws', () => {
    const pdp = createStaticPdp({
      rules: () => {
        throw new Error('secret');
      },
    });
    expect(pdp.evaluate(ask('read'))).toMatchObject({
      effect: 'deny',
      cause: 'error',
      failure: { code: 'RTA_PDP_RULE', message: 'a rule of the static PDP threw an error' },
    });
  });

  test('tells of other rules, once they are in force', () => {
    const pdp = createStaticPdp({ rules: [] });
    const seen: [PdpChange, unknown][] = [];
    pdp.watch((change) => seen.push([change, pdp.evaluate(ask('read'))]));
    pdp.replace([READ]);
    expect(seen).toEqual([
      [
        { kind: 'policy', revision: 'static:2' },
        expect.objectContaining({ effect: 'permit', revision: 'static:2' }),
      ],
    ]);
  });

  test('refuses rules of the same id, and keeps the old ones', () => {
    expect(() => createStaticPdp({ rules: [READ, { ...ANY, id: 'read' }] })).toThrow(TypeError);
    const pdp = createStaticPdp({ rules: [READ] });
    expect(() => pdp.replace([ANY, ANY])).toThrow(TypeError);
    expect([pdp.revision, atOnce(pdp.evaluate(ask('write'))).effect]).toEqual(['static:1', 'deny']);
  });

  test('is not changed by a list that is changed later', () => {
    const rules = [READ];
    const pdp = createStaticPdp({ rules });
    rules.push(ANY);
    expect(atOnce(pdp.evaluate(ask('write'))).effect).toBe('deny');
  });
});

/** The decision of a PDP that answers at once. */
function atOnce<Decision>(answer: Decision | Promise<Decision>): Decision {
  if (answer instanceof Promise) throw new TypeError('expected an answer at once');
  return answer;
}
