import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { cedarText, createCedarPdp } from '../src/index.ts';

test('the policies of the README oblige to what it says', async () => {
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
  const policies = /```cedar\n(.*?)```/s.exec(readme)?.[1] ?? '';
  await using pdp = await createCedarPdp({ source: cedarText({ 'readme.cedar': policies }) });

  const obligationsOf = (name: string, id: string) =>
    pdp
      .evaluate({
        subject: { type: 'User', id: 'alice' },
        action: { name },
        resource: { type: 'File', id },
        context: { session: { depth: 3 } },
      })
      .obligations.map(({ id: policy, type, properties }) => [policy, type, properties]);

  expect(obligationsOf('files.read', 'a.txt')).toEqual([['readme.cedar#deep-reads', 'notify', {}]]);
  expect(obligationsOf('payments.send', 'a.txt')).toEqual([
    ['readme.cedar#payments', 'step-up', { acr_values: 'phr phrh', max_age: '300' }],
  ]);
  expect(obligationsOf('files.delete', 'a.txt')).toEqual([
    ['readme.cedar#deletions', 'notify', {}],
    ['readme.cedar#deletions', 'approval', {}],
  ]);
  expect(obligationsOf('files.read', 'secrets/trap.txt')).toEqual([
    ['readme.cedar#honeypot', 'notify', {}],
    ['readme.cedar#honeypot', 'end-session', {}],
  ]);
});
