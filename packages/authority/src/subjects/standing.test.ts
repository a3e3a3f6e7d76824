import { describe, expect, it } from 'vitest';
import {
  ceiling,
  credential,
  device,
  IDP,
  REVOKED,
  risk,
  signalOf,
  suspension,
  T0,
} from '../../test/fixture.ts';
import { factOf } from './fact.ts';
import type { Signal, SignalChange } from './signal.ts';
import { type Standing, standingOf } from './standing.ts';

const said = (change: SignalChange, atMs: number, parts: Partial<Signal> = {}) =>
  factOf(signalOf(change, atMs, parts));
const MDM = { source: { issuer: 'https://mdm.example', id: 'jti' } };
const PARENT: Standing = standingOf(
  [said(risk('MEDIUM'), T0), said(ceiling('a'), T0), said(suspension(true), T0)],
  undefined,
);

describe('standingOf', () => {
  it('says nothing where nothing was said', () => {
    expect(standingOf([], undefined)).toEqual({
      attributes: {},
      evidence: {},
      ceilings: [],
      suspensions: [],
    });
    expect(standingOf([said(REVOKED, T0)], undefined).attributes).toEqual({});
  });

  it('has for each attribute its source and since when it holds', () => {
    const { attributes, evidence } = standingOf(
      [
        said(risk('HIGH'), T0 + 1),
        said(device('compliant'), T0 + 2, MDM),
        said(credential('update'), T0 + 3),
      ],
      undefined,
    );
    expect(attributes).toEqual({ riskLevel: 'HIGH', deviceCompliant: true, credentialChangedAtMs: T0 + 3 });
    expect(evidence).toEqual({
      riskLevel: { source: IDP, atMs: T0 + 1, change: `risk-level-change@${T0 + 1}` },
      deviceCompliant: {
        source: 'https://mdm.example',
        atMs: T0 + 2,
        change: `device-compliance-change@${T0 + 2}`,
      },
      credentialChangedAtMs: { source: IDP, atMs: T0 + 3, change: `credential-change@${T0 + 3}` },
    });
  });

  it('has the same evidence in whatever order facts came: nodes agree on what suspends a session', () => {
    const facts = [
      said(risk('HIGH'), T0, { id: 'b' }),
      said(risk('HIGH'), T0, { id: 'a', ...MDM }),
      said(risk('LOW'), T0 - 1),
    ];
    const inBothOrders = [facts, facts.toReversed()].map(
      (all) => standingOf(all, undefined).evidence.riskLevel?.change,
    );
    expect(inBothOrders).toEqual(['a', 'a']);
  });

  it('takes a fact once that is found under two names', () => {
    const fact = said(ceiling('a'), T0);
    expect(standingOf([fact, fact], undefined).ceilings).toHaveLength(1);
  });

  it('starts from the attributes of the parent, and makes them worse only', () => {
    const riskOf = (level: 'LOW' | 'HIGH') =>
      standingOf([said(risk(level), T0 + 1)], PARENT).attributes.riskLevel;
    expect([riskOf('LOW'), riskOf('HIGH')]).toEqual(['MEDIUM', 'HIGH']);
    expect(standingOf([], PARENT).evidence.riskLevel?.change).toBe(`risk-level-change@${T0}`);
  });

  it('does not repeat ceilings and orders of the parent: they come with its grant and its state', () => {
    expect(PARENT).toMatchObject({
      ceilings: [{ grant: { scope: ['a'] } }],
      suspensions: [{ kind: 'ordered' }],
    });
    expect(standingOf([], PARENT)).toMatchObject({ ceilings: [], suspensions: [] });
  });

  it('has no ceiling that was lifted, and no order that is over', () => {
    const lifted = standingOf([said(ceiling(), T0), said(suspension(false), T0)], undefined);
    expect(lifted).toMatchObject({ ceilings: [], suspensions: [] });
  });
});
