import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { RtaError } from '@rta/core';
import { afterEach, describe, expect, test } from 'vitest';
import { type CedarDiagnostic, cedarText, createCedarPdp } from '../src/index.ts';

const SCHEMA = `
entity User; entity File { owner?: String };
action read, write appliesTo { principal: User, resource: File, context: { level?: Long } };
`;
const READ = 'permit(principal, action == Action::"read", resource);';

/** Code, message and details of the refusal of files. */
async function refusalOf(files: Record<string, string>) {
  const { code, message, details } = await createCedarPdp({ source: cedarText(files) }).then(
    () => {
      throw new Error('the files were taken');
    },
    (error: RtaError) => error,
  );
  return { code, message, details };
}

const ask = (action: string) => ({
  subject: { type: 'User', id: 'alice' },
  action: { name: action },
  resource: { type: 'File', id: 'a' },
});

describe('policies that are refused say where the fault is:', () => {
  test('a syntax error', async () => {
    expect(
      await refusalOf({ 'a.cedar': `${READ}\n\npermit(principal, action, resource) when { 1 + };` }),
    ).toEqual({
      code: 'RTA_PDP_CEDAR_POLICY',
      message: expect.stringMatching(/^a\.cedar:3:48: unexpected token `}`, expected /),
      details: {
        file: 'a.cedar',
        line: 3,
        column: 48,
        faults: [expect.stringMatching(/^a\.cedar:3:48: unexpected token `}`, expected /)],
      },
    });
  });

  test('a syntax error after text beyond ASCII, in characters', async () => {
    const file = `// 😀 für alle\n${READ}\n@id("é😀") permit(principal, action, resource) when { "ü" == };`;
    expect((await refusalOf({ 'a.cedar': file })).details).toMatchObject({ line: 3, column: 61 });
  });

  test('a policy that breaks off', async () => {
    expect(await refusalOf({ 'a.cedar': `${READ}\npermit(principal, action, resource)` })).toMatchObject({
      code: 'RTA_PDP_CEDAR_POLICY',
      details: { line: 2, column: 36 },
    });
  });

  test('a missing semicolon', async () => {
    const file = `${READ.slice(0, -1)}\n${READ}`;
    expect(await refusalOf({ 'a.cedar': file })).toMatchObject({
      code: 'RTA_PDP_CEDAR_POLICY',
      details: { line: 2, column: 7 },
    });
  });

  test('a text without an end', async () => {
    const file = `${READ}\nforbid(principal, action == Action::"read, resource);\n${READ}`;
    expect(await refusalOf({ 'a.cedar': file })).toMatchObject({
      code: 'RTA_PDP_CEDAR_POLICY',
      details: { line: 3 },
    });
  });

  test('a template, which nobody links', async () => {
    expect(
      await refusalOf({ 'a.cedar': 'permit(principal == ?principal, action, resource);' }),
    ).toMatchObject({
      code: 'RTA_PDP_CEDAR_POLICY',
      details: { line: 1, column: 21 },
    });
  });

  test('an annotation without a text', async () => {
    expect(await refusalOf({ 'a.cedar': `${READ}\n // é\n @id("") ${READ}` })).toMatchObject({
      code: 'RTA_PDP_CEDAR_POLICY',
      details: { line: 3, column: 2 },
    });
    expect(await refusalOf({ 'a.cedar': `@obligation(" ") ${READ}` })).toMatchObject({
      code: 'RTA_PDP_CEDAR_POLICY',
    });
    expect(await refusalOf({ 'a.cedar': `@obligation ${READ}` })).toMatchObject({
      code: 'RTA_PDP_CEDAR_POLICY',
    });
  });

  test('an id that is taken', async () => {
    expect(await refusalOf({ 'a.cedar': `@id("x") ${READ}\n@id("x") ${READ}` })).toEqual({
      code: 'RTA_PDP_CEDAR_DUPLICATE',
      message: 'a.cedar:2:1: the id a.cedar#x is taken',
      details: { file: 'a.cedar', line: 2, column: 1, faults: ['a.cedar:2:1: the id a.cedar#x is taken'] },
    });
  });

  test('an id that another policy has by its place', async () => {
    expect((await refusalOf({ 'a.cedar': `@id("2") ${READ}\n${READ}` })).code).toBe(
      'RTA_PDP_CEDAR_DUPLICATE',
    );
  });

  test('a schema that is not valid', async () => {
    expect(
      await refusalOf({ 'a.cedar': READ, 's.cedarschema': '// é\nentity User;\nentity File { owner: };' }),
    ).toMatchObject({
      code: 'RTA_PDP_CEDAR_SCHEMA',
      details: { file: 's.cedarschema', line: 3, column: 22 },
    });
  });

  test('a schema without actions of the type that is asked for', async () => {
    const namespaced = `namespace RTA { ${SCHEMA} }`;
    for (const text of ['', 'entity User;', namespaced]) {
      expect(await refusalOf({ 'a.cedar': READ, 's.cedarschema': text })).toMatchObject({
        code: 'RTA_PDP_CEDAR_SCHEMA',
        message: 's.cedarschema declares no action of the type Action',
      });
    }
  });

  test('all policies that do not agree with the schema, in order', async () => {
    const files = {
      's.cedarschema': SCHEMA,
      'b.cedar': 'permit(principal, action == Action::"delete", resource);',
      'a.cedar': `// é\n${READ}\npermit(principal, action == Action::"read", resource) when { resource.size > 1 };`,
    };
    const { code, message, details } = await refusalOf(files);
    expect(code).toBe('RTA_PDP_CEDAR_VALIDATION');
    expect(message).toMatch(/^a\.cedar:3:62: attribute `size` .* \(and 1 more\)$/);
    expect(details).toMatchObject({
      line: 3,
      column: 62,
      faults: [expect.stringMatching(/^a\.cedar:3:62: /), expect.stringMatching(/^b\.cedar:1:29: /)],
    });
  });

  test('an attribute that may be absent and is not tested for', async () => {
    const file = 'permit(principal, action == Action::"read", resource) when { context.level > 1 };';
    expect((await refusalOf({ 'a.cedar': file, 's.cedarschema': SCHEMA })).code).toBe(
      'RTA_PDP_CEDAR_VALIDATION',
    );
  });
});

describe('files that are refused as a whole:', () => {
  test.each([
    ['no file of policies', { 's.cedarschema': SCHEMA }, 'RTA_PDP_CEDAR_SOURCE'],
    ['an empty file', { 'a.cedar': READ, 'b.cedar': '' }, 'RTA_PDP_CEDAR_SOURCE'],
    [
      'a file of comments',
      { 'a.cedar': '// permit(principal, action, resource);\n' },
      'RTA_PDP_CEDAR_SOURCE',
    ],
    ['a name of another kind', { 'a.cedar': READ, 'b.txt': READ }, 'RTA_PDP_CEDAR_SOURCE'],
    ['text that is not Unicode', { 'a.cedar': `// \ud800\n${READ}` }, 'RTA_PDP_CEDAR_SOURCE'],
    [
      'two schemas',
      { 'a.cedar': READ, 'a.cedarschema': SCHEMA, 'b.cedarschema': '' },
      'RTA_PDP_CEDAR_SCHEMA',
    ],
    ['a file above the limit', { 'a.cedar': READ + ' '.repeat(1_048_576) }, 'RTA_PDP_CEDAR_LIMIT'],
    ['too many policies', { 'a.cedar': READ.repeat(5_001) }, 'RTA_PDP_CEDAR_LIMIT'],
    ['a schema that nests', { 'a.cedar': READ, 's.cedarschema': nestedSchema(41) }, 'RTA_PDP_CEDAR_LIMIT'],
  ])('%s', async (_, files, code) => {
    expect((await refusalOf(files)).code).toBe(code);
  });

  test('two files of the same name', async () => {
    const source = { name: 'twins', read: async () => [1, 2].map(() => ({ name: 'a.cedar', text: READ })) };
    await expect(createCedarPdp({ source })).rejects.toMatchObject({ code: 'RTA_PDP_CEDAR_SOURCE' });
  });

  test('a source that throws', async () => {
    const source = { name: 'gone', read: () => Promise.reject(new Error('gone')) };
    await expect(createCedarPdp({ source })).rejects.toMatchObject({ code: 'RTA_PDP_CEDAR_SOURCE' });
  });
});

// Each of these shapes ends the engine for the whole process, not far above the limits.
describe('a policy as deep as the limits allow is parsed, validated and evaluated, and a deeper one refused:', () => {
  const shapes: [string, (more: number) => string][] = [
    ['brackets', (more) => nest('(', 'true', ')', 38 + more)],
    ['records', (more) => twice(nest('{a: ', '1', '}', 38 + more))],
    ['sets', (more) => twice(nest('[', '1', ']', 38 + more))],
    ['a chain of or', (more) => chain(' || ', 194 + more)],
    ['a chain of and', (more) => chain(' && ', 194 + more)],
    ['a chain of if', (more) => `${'if true then true else '.repeat(65 + more)}true`],
    ['a chain in brackets', (more) => nest('(', chain(' || ', 156 + more), ')', 38)],
    ['a chain of sums', (more) => `1 ${'+ 1 '.repeat(195 + more)}== 3`],
  ];

  test.each(shapes)('%s', async (_, shape) => {
    const files = (more: number) => ({
      'a.cedar': `${READ}\npermit(principal, action == Action::"read", resource) when { context has level && (${shape(more)}) };`,
      's.cedarschema': SCHEMA,
    });
    expect(await refusalOf(files(1))).toMatchObject({
      code: 'RTA_PDP_CEDAR_LIMIT',
      details: { line: 2, column: 1 },
    });
    await using pdp = await createCedarPdp({ source: cedarText(files(0)) });
    for (const level of [1, 2]) {
      expect(pdp.evaluate({ ...ask('read'), context: { level } })).toMatchObject({ effect: 'permit' });
    }
    expect(await pdp.health()).toEqual({ status: 'up' });
  });
});

describe('policies that are taken', () => {
  test('have ids of their file and their annotation, or their place', async () => {
    const source = cedarText({
      'a.cedar': `${READ}\n@id("second") ${READ} // end`,
      'b.cedar': `\n\n${READ}`,
    });
    await using pdp = await createCedarPdp({ source });
    expect(pdp.evaluate(ask('read')).reasons).toEqual([
      { policyId: 'a.cedar#1' },
      { policyId: 'a.cedar#second' },
      { policyId: 'b.cedar#1' },
    ]);
  });

  test('may be five hundred', async () => {
    const policies = Array.from({ length: 500 }, (_, at) =>
      READ.replace('principal,', `principal == User::"u${at}",`),
    );
    await using pdp = await createCedarPdp({ source: cedarText({ 'a.cedar': policies.join('\n') }) });
    const { effect, reasons } = pdp.evaluate({ ...ask('read'), subject: { type: 'User', id: 'u499' } });
    expect([effect, reasons]).toEqual(['permit', [{ policyId: 'a.cedar#500' }]]);
    expect(pdp.evaluate(ask('read')).effect).toBe('deny');
  });

  test('have the same revision wherever they are loaded, and another one for every other text or name', async () => {
    const revision = await revisionOf({ 'a.cedar': READ, 's.cedarschema': SCHEMA });
    expect(revision).toBe('cedar:pEHDQilYYyrmHwtHB8e2Rer26GhUtNw8OxHA9OnmPgo');
    expect(await revisionOf({ 's.cedarschema': SCHEMA, 'a.cedar': READ })).toBe(revision);
    expect(await revisionOf({ 'a.cedar': `${READ} `, 's.cedarschema': SCHEMA })).not.toBe(revision);
    expect(await revisionOf({ 'b.cedar': READ, 's.cedarschema': SCHEMA })).not.toBe(revision);
    expect(await revisionOf({ 'a.cedar': READ, 's.cedarschema': `${SCHEMA} ` })).not.toBe(revision);
  });

  test('can attach obligations to the answers that they determine', async () => {
    const file = `@id("r") @obligation("notification") ${READ} @obligation("step-up") ${READ.replace('read', 'write')}`;
    await using pdp = await createCedarPdp({ source: cedarText({ 'a.cedar': file }) });
    expect(pdp.evaluate(ask('read')).obligations).toEqual([
      { id: 'a.cedar#r', type: 'notification', properties: {} },
    ]);
  });

  test.each<[string, readonly { type: string; properties: Record<string, string> }[]]>([
    ['@obligation("notify")', [{ type: 'notify', properties: {} }]],
    [
      '@obligation("step-up") @acr_values("phr phrh") @max_age("300")',
      [{ type: 'step-up', properties: { acr_values: 'phr phrh', max_age: '300' } }],
    ],
    [
      '@max_age("300") @obligation("  notify\\n step-up notify ")',
      [
        { type: 'notify', properties: { max_age: '300' } },
        { type: 'step-up', properties: { max_age: '300' } },
      ],
    ],
    ['@obligation("watermark") @text', [{ type: 'watermark', properties: { text: '' } }]],
    ['@owner("team-a") @acr_values("phr")', []],
  ])(
    'have the obligations of their annotations, with the others as properties: %s',
    async (annotations, found) => {
      const file = `@id("r") ${annotations} ${READ}`;
      await using pdp = await createCedarPdp({ source: cedarText({ 'a.cedar': file }) });
      expect(pdp.evaluate(ask('read')).obligations).toEqual(
        found.map((one) => ({ id: 'a.cedar#r', ...one })),
      );
    },
  );

  test('oblige together where they determine an answer together, and not where they do not', async () => {
    const forbid =
      '@obligation("end-session") forbid(principal, action, resource) when { context has trap };';
    const file = `@obligation("notify") ${READ} ${READ} @obligation("approval") ${READ} ${forbid}`;
    await using pdp = await createCedarPdp({ source: cedarText({ 'a.cedar': file }) });
    const typesOf = (context: Record<string, boolean>) => {
      const { effect, obligations } = pdp.evaluate({ ...ask('read'), context });
      return [effect, ...obligations.map(({ type }) => type)];
    };
    expect(typesOf({})).toEqual(['permit', 'notify', 'approval']);
    expect(typesOf({ trap: true })).toEqual(['deny', 'end-session']);
  });

  test('of one PDP are not disturbed by those of another in the same process', async () => {
    const source = cedarText({ 'a.cedar': READ });
    await using reads = await createCedarPdp({ source });
    const writes = await createCedarPdp({ source: cedarText({ 'a.cedar': READ.replace('read', 'write') }) });
    const effects = () =>
      [reads, writes].flatMap((pdp) => ['read', 'write'].map((name) => pdp.evaluate(ask(name)).effect));
    expect(effects()).toEqual(['permit', 'deny', 'deny', 'permit']);
    source.replace({ 'a.cedar': READ.replace('read', 'other') });
    await reads.reload();
    expect(effects()).toEqual(['deny', 'deny', 'deny', 'permit']);
    source.replace({ 'a.cedar': READ });
    await reads.reload();
    await writes.close();
    expect(effects()).toEqual(['permit', 'deny', 'deny', 'deny']);
  });
});

describe('what was loaded is told on the diagnostics channel', () => {
  const told: CedarDiagnostic[] = [];
  const listen = (message: unknown): void => void told.push(message as CedarDiagnostic);
  afterEach(() => {
    unsubscribe('rta:pdp-cedar', listen);
    told.length = 0;
  });

  test('with the warnings of Cedar', async () => {
    subscribe('rta:pdp-cedar', listen);
    const impossible = `permit(principal, action == Action::"read", resource) when { context has nothing };`;
    const files = { 'a.cedar': `${READ}\n${impossible}`, 's.cedarschema': SCHEMA };
    await using pdp = await createCedarPdp({ source: cedarText(files) });
    expect(told).toEqual([
      {
        kind: 'loaded',
        source: 'memory',
        revision: pdp.revision,
        policies: 2,
        warnings: [expect.stringMatching(/^a\.cedar:2:1: policy is impossible/)],
      },
    ]);
  });

  test('and what was refused', async () => {
    subscribe('rta:pdp-cedar', listen);
    await refusalOf({ 'a.cedar': '' });
    expect(told).toEqual([
      {
        kind: 'refused',
        source: 'memory',
        revision: undefined,
        code: 'RTA_PDP_CEDAR_SOURCE',
        message: 'a.cedar holds no policy; remove a file that is not needed',
      },
    ]);
  });
});

test('actionType is the name of a type of actions', async () => {
  const source = cedarText({ 'a.cedar': READ });
  for (const actionType of ['', 'Act', 'A::', 'A Action', '::Action', 'Action"::Action']) {
    await expect(createCedarPdp({ source, actionType })).rejects.toThrow(TypeError);
  }
});

async function revisionOf(files: Record<string, string>): Promise<string> {
  await using pdp = await createCedarPdp({ source: cedarText(files) });
  return pdp.revision;
}

function twice(text: string): string {
  return `${text} == ${text}`;
}

function nest(open: string, inner: string, close: string, levels: number): string {
  return open.repeat(levels) + inner + close.repeat(levels);
}

function chain(operator: string, operators: number): string {
  return Array.from({ length: operators + 1 }, () => 'context.level == 1').join(operator);
}

function nestedSchema(levels: number): string {
  return `entity User { a: ${'Set<'.repeat(levels)}Long${'>'.repeat(levels)} };`;
}
