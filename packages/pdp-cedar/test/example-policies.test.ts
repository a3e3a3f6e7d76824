import { fileURLToPath } from 'node:url';
import type { JsonObject } from '@rta/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CedarPdp, cedarFolder, createCedarPdp } from '../src/index.ts';

const FOLDER = fileURLToPath(new URL('../../../apps/demo-agents/policies', import.meta.url));

/** A request in the layout in which the server puts it, with more in it than the schema declares. */
const ask = (action: string, context: JsonObject = {}, agentType = 'writer') => ({
  subject: { type: 'User', id: 'alice', properties: { issuer: 'https://idp.example', email: 'a@b.example' } },
  action: { name: action },
  resource: { type: 'File', id: 'reports/q3.txt' },
  context: {
    session: { id: 'AAAAAAAAAAAAAAAAAAAAAA', depth: 1 },
    agent: { id: 'agent-1', type: agentType, version: '1.0', keyThumbprint: 'x' },
    actors: ['copilot', 'agent-1'],
    scope: ['files.read', 'files.write', 'files.delete'],
    amr: ['pwd', null],
    acr: undefined,
    request: { reason: 'because' },
    ...context,
  },
});

describe('the policies of the demo', () => {
  let pdp: CedarPdp;
  beforeAll(async () => {
    pdp = await createCedarPdp({ source: cedarFolder(FOLDER) });
  });
  afterAll(() => pdp.close());

  const decide = (...asked: Parameters<typeof ask>) => {
    const { effect, cause, reasons } = pdp.evaluate(ask(...asked));
    return [effect, cause, ...reasons.map(({ policyId }) => policyId)];
  };

  test.each([
    ['files.read', {}, 'writer', ['permit', 'policy', 'files.cedar#read']],
    ['files.read', { riskLevel: 'HIGH' }, 'writer', ['permit', 'policy', 'files.cedar#read']],
    ['files.write', {}, 'writer', ['permit', 'policy', 'files.cedar#write-at-low-risk']],
    ['files.write', { riskLevel: 'LOW' }, 'writer', ['permit', 'policy', 'files.cedar#write-at-low-risk']],
    ['files.write', { riskLevel: 'MEDIUM' }, 'writer', ['deny', 'default']],
    ['files.write', { riskLevel: 'HIGH' }, 'writer', ['deny', 'default']],
    ['files.delete', {}, 'writer', ['deny', 'default']],
    ['files.delete', {}, 'janitor', ['permit', 'policy', 'files.cedar#janitor-deletes']],
    ['files.delete', { riskLevel: 'MEDIUM' }, 'janitor', ['deny', 'policy', 'files.cedar#no-delete-at-risk']],
    ['files.read', { deviceCompliant: true }, 'writer', ['permit', 'policy', 'files.cedar#read']],
    [
      'files.read',
      { deviceCompliant: false },
      'writer',
      ['deny', 'policy', 'files.cedar#device-not-compliant'],
    ],
    [
      'files.delete',
      { deviceCompliant: false },
      'janitor',
      ['deny', 'policy', 'files.cedar#device-not-compliant'],
    ],
    ['files.share', {}, 'writer', ['deny', 'error']],
  ] as const)('%s with %o by a %s', (action, context, agentType, expected) => {
    expect(decide(action, context, agentType)).toEqual(expected);
  });

  test('rest on nothing that the agent claims about its request', () => {
    expect(decide('files.delete', { request: { agent: { type: 'janitor' }, riskLevel: 'LOW' } })).toEqual([
      'deny',
      'default',
    ]);
  });
});
