import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';

/** Runs a module in a process of its own: what it does to the engine stays there. */
function runModule(script: string): unknown {
  const printed = execFileSync(
    process.execPath,
    ['--conditions=rta-source', '--input-type=module', '--eval', script],
    { cwd: new URL('.', import.meta.url), encoding: 'utf8', timeout: 15_000 },
  );
  return JSON.parse(printed);
}

const INDEX = JSON.stringify(new URL('../src/index.ts', import.meta.url).href);

test.each([
  ['without a schema', {}],
  [
    'with a schema',
    { 'a.cedarschema': 'entity U; entity F; action a appliesTo { principal: U, resource: F };' },
  ],
])('an engine that has ended denies everything, takes no policies, and is down: %s', (_, schema) => {
  const result = runModule(`
    import { policyToJson } from '@cedar-policy/cedar-wasm/nodejs';
    import { cedarText, createCedarPdp } from ${INDEX};
    const READ = 'permit(principal, action, resource);';
    const schema = ${JSON.stringify(schema)};
    const source = cedarText({ 'a.cedar': READ, ...schema });
    const pdp = await createCedarPdp({ source });
    const request = { subject: { type: 'U', id: '' }, action: { name: 'a' }, resource: { type: 'F', id: '' } };
    const before = pdp.evaluate(request).effect;
    // What the limits keep from it.
    try {
      policyToJson('permit(principal, action, resource) when { ' + '('.repeat(1000) + 'true' + ')'.repeat(1000) + ' };');
    } catch {}
    const { effect, cause, failure } = pdp.evaluate(request);
    const health = await pdp.health();
    source.replace({ 'a.cedar': READ + READ, ...schema });
    const refusal = await pdp.reload().then(() => 'taken', (error) => error.code);
    await pdp.close();
    console.log(JSON.stringify([before, effect, cause, failure.code, health, refusal]));
  `);
  expect(result).toEqual([
    'permit',
    'deny',
    'error',
    'RTA_PDP_CEDAR_ENGINE',
    { status: 'down', detail: 'RTA_PDP_CEDAR_ENGINE' },
    'RTA_PDP_CEDAR_ENGINE',
  ]);
});

test('an open PDP keeps no process alive', () => {
  const folder = JSON.stringify(new URL('../../../apps/demo-agents/policies', import.meta.url).pathname);
  const result = runModule(`
    import { cedarFolder, createCedarPdp } from ${INDEX};
    const pdp = await createCedarPdp({ source: cedarFolder(${folder}) });
    console.log(JSON.stringify(await pdp.health()));
  `);
  expect(result).toEqual({ status: 'up' });
});
