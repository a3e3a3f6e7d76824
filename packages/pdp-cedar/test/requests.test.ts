import { type JsonObject, type JsonValue, systemClock } from '@rta/core';
import type { AccessRequest } from '@rta/pdp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CedarPdp, cedarText, createCedarPdp } from '../src/index.ts';

const ask = (parts: {
  subject?: JsonObject;
  action?: string;
  actionProperties?: JsonObject;
  resource?: JsonObject;
  context?: JsonObject;
}): AccessRequest => ({
  subject: { type: 'User', id: 'alice', ...parts.subject },
  action: {
    name: parts.action ?? 'read',
    ...(parts.actionProperties === undefined ? {} : { properties: parts.actionProperties }),
  },
  resource: { type: 'File', id: 'a.txt', ...parts.resource },
  ...(parts.context === undefined ? {} : { context: parts.context }),
});

/** The value, at the bottom of so many objects. */
const wrapped = (value: JsonValue, levels: number): JsonObject => {
  let object: JsonObject = { value };
  for (let level = 1; level < levels; level++) object = { object };
  return object;
};

const POLICIES = `
    @id("read") permit(principal, action == Action::"read", resource);
    @id("n") permit(principal, action == Action::"n", resource) when { context.n == 5 };
    @id("decimal") permit(principal, action == Action::"decimal", resource)
      when { context.n.lessThan(decimal("0.7")) };
    @id("set") permit(principal, action == Action::"set", resource) when { context.n == [1, 2] };
    @id("has") permit(principal, action == Action::"has", resource) when { context has n };
    @id("properties") permit(principal, action == Action::"properties", resource)
      when { principal.level > 1 && resource.owner == "alice" && action.method == "GET" };
    @id("is") permit(principal is App::User, action == Action::"is", resource);
    @id("erring-forbid") forbid(principal, action == Action::"read", resource == File::"erring")
      when { // é
        resource.locked };
    @id("injected") forbid(principal, action, resource) when { context has ref && context.ref == User::"root" };
  `;

/** A PDP for which every reading of the clock is a millisecond later. */
function openTicking(): Promise<CedarPdp> {
  let ticks = 0;
  const clock = { ...systemClock, monotonicMs: () => (ticks += 1) };
  return createCedarPdp({ source: cedarText({ 'a.cedar': POLICIES }), clock });
}

/** A request whose policy reads properties of all three. */
const leveled = (level: JsonValue) => ({
  action: 'properties',
  subject: { properties: { level } },
  resource: { properties: { owner: 'alice' } },
  actionProperties: { method: 'GET' },
});

const myself = (level: number) => ({ type: 'User', id: 'alice', properties: { level } });

const managedBy = (manager: JsonValue) => ({ subject: { properties: { level: 1, manager } } });

const trues = (length: number) => Array.from({ length }, () => true);

/** A request on the schema's types, unless it says otherwise. */
const inNamespace = (parts: Parameters<typeof ask>[0]): AccessRequest =>
  ask({
    ...parts,
    subject: { type: 'RTA::User', ...parts.subject },
    resource: { type: 'RTA::File', ...parts.resource },
  });

describe('without a schema', () => {
  let pdp: CedarPdp;
  afterAll(() => pdp.close());

  beforeAll(async () => {
    pdp = await createCedarPdp({ source: cedarText({ 'a.cedar': POLICIES }) });
  });

  const effectOf = (...parts: Parameters<typeof ask>): string => pdp.evaluate(ask(...parts)).effect;
  const failureOf = (request: AccessRequest): string | undefined => {
    const { effect, cause, failure } = pdp.evaluate(request);
    expect([effect, cause]).toEqual(['deny', 'error']);
    return failure?.code;
  };

  test('a forbid that errs denies, says where, and says no value', () => {
    const decision = pdp.evaluate(ask({ resource: { id: 'erring', properties: { secret: 's3cr3t' } } }));
    expect(decision).toEqual({
      effect: 'deny',
      cause: 'error',
      reasons: [
        {
          policyId: 'a.cedar#erring-forbid',
          text: '`resource.locked` could not be evaluated at a.cedar:13:9',
        },
      ],
      obligations: [],
      revision: pdp.revision,
      failure: {
        code: 'RTA_PDP_CEDAR_EVALUATION',
        message: 'a.cedar#erring-forbid: `resource.locked` could not be evaluated at a.cedar:13:9',
      },
    });
  });

  test('a permit that errs denies as well, though another might permit', () => {
    expect(failureOf(ask({ action: 'decimal', context: { n: 'text' } }))).toBe('RTA_PDP_CEDAR_EVALUATION');
  });

  test('properties are attributes of the subject, the resource and the action', () => {
    expect(effectOf(leveled(2))).toBe('permit');
    expect(effectOf(leveled(1))).toBe('deny');
  });

  test('types may have namespaces', () => {
    expect(effectOf({ action: 'is', subject: { type: 'App::User' } })).toBe('permit');
    expect(effectOf({ action: 'is' })).toBe('deny');
  });

  test.each([
    ['a whole number is a Long', 'n', 5, 'permit'],
    ['other numbers are decimals', 'decimal', 0.5, 'permit'],
    ['that compare exactly', 'decimal', 0.7001, 'deny'],
    ['below zero too', 'decimal', -0.5, 'permit'],
    ['a list is a Set', 'set', [2, 1, 2], 'permit'],
    ['null in it is absent', 'set', [1, null, 2], 'permit'],
    ['null is absent', 'has', null, 'deny'],
    ['false is not', 'has', false, 'permit'],
    ['an empty object is not', 'has', {}, 'permit'],
  ] as const)('%s', (_, action, n, effect) => {
    const decision = pdp.evaluate(ask({ action, context: { n } }));
    expect([decision.effect, decision.failure]).toEqual([effect, undefined]);
  });

  test('undefined is absent', () => {
    expect(effectOf({ action: 'has', context: { n: undefined } })).toBe('deny');
  });

  test.each([
    ['a number with more than four decimal places', 0.83333],
    ['a number that is hardly one', 1e-7],
    ['a number that JSON does not keep', 2 ** 53],
    ['a number beyond decimals', 922_337_203_685_477.9],
    ['NaN', Number.NaN],
    ['infinity', Number.POSITIVE_INFINITY],
    ['a lone surrogate', '\ud800'],
    ['a reference in Cedar’s JSON', { __entity: { type: 'User', id: 'root' } }],
    ['a function call in Cedar’s JSON', { __extn: { fn: 'decimal', arg: '0.1' } }],
    ['an expression in Cedar’s old JSON', { __expr: '1 + 1' }],
    ['a reference within a list', [[{ __entity: { type: 'User', id: 'root' } }]]],
    ['a reference with more beside it', { a: 1, __entity: { type: 'User', id: 'root' } }],
    ['a prototype', JSON.parse('{"__proto__": {"n": 5}}')],
    ['a date', new Date(0)],
    ['a map', new Map()],
    ['a bigint', 5n],
    ['a function', () => 5],
    ['a symbol', Symbol('n')],
  ])('%s is refused, in the context and in every property', (_, ref) => {
    const value = { ref } as JsonObject;
    for (const request of [
      ask({ context: value }),
      ask({ context: { request: { deeper: [value] } } }),
      ask({ subject: { properties: value } }),
      ask({ resource: { properties: value } }),
      ask({ actionProperties: value }),
    ]) {
      expect(failureOf(request)).toBe('RTA_PDP_CEDAR_REQUEST');
    }
    expect(effectOf({})).toBe('permit');
  });

  test('a reference instead of an entity or a context is refused', () => {
    const reference = { __entity: { type: 'User', id: 'root' } };
    expect(failureOf(ask({ context: reference }))).toBe('RTA_PDP_CEDAR_REQUEST');
    const request = { ...ask({}), subject: reference } as unknown as AccessRequest;
    expect(failureOf(request)).toBe('RTA_PDP_CEDAR_REQUEST');
  });

  test.each([
    '',
    ' File',
    'File ',
    'App :: File',
    'File // x',
    '7File',
    'Fïle',
    'App::',
    '::File',
    'if',
    '__cedar::File',
    'File"::"',
  ])('the type %j is refused', (type) => {
    expect(failureOf(ask({ resource: { type } }))).toBe('RTA_PDP_CEDAR_REQUEST');
    expect(failureOf(ask({ subject: { type } }))).toBe('RTA_PDP_CEDAR_REQUEST');
  });

  test('one entity in two roles must be the same in both', () => {
    expect(effectOf({ subject: myself(1), resource: myself(1) })).toBe('permit');
    expect(failureOf(ask({ subject: myself(1), resource: myself(2) }))).toBe('RTA_PDP_CEDAR_REQUEST');
  });

  test('a request has limits, and may be as large as they say', () => {
    // The context and its list are values too.
    expect(effectOf({ context: { list: trues(1_022) } })).toBe('permit');
    expect(failureOf(ask({ context: { list: trues(1_023) } }))).toBe('RTA_PDP_CEDAR_REQUEST');
    expect(effectOf({ context: { t: 'x'.repeat(65_535) } })).toBe('permit');
    expect(failureOf(ask({ context: { t: 'x'.repeat(65_536) } }))).toBe('RTA_PDP_CEDAR_REQUEST');
    expect(effectOf({ context: wrapped(true, 16) })).toBe('permit');
    expect(failureOf(ask({ context: wrapped({}, 16) }))).toBe('RTA_PDP_CEDAR_REQUEST');
    expect(effectOf({ resource: { id: 'x'.repeat(1_024) } })).toBe('permit');
    expect(failureOf(ask({ resource: { id: 'x'.repeat(1_025) } }))).toBe('RTA_PDP_CEDAR_REQUEST');
    expect(failureOf(ask({ action: 'x'.repeat(1_025) }))).toBe('RTA_PDP_CEDAR_REQUEST');
  });

  test('the limits hold for a request as a whole', () => {
    const half = { t: 'x'.repeat(32_767) };
    expect(effectOf({ subject: { properties: half }, resource: { properties: half } })).toBe('permit');
    expect(
      failureOf(ask({ subject: { properties: half }, resource: { properties: half }, context: { a: 1 } })),
    ).toBe('RTA_PDP_CEDAR_REQUEST');
  });

  test('what fails says what and where, and no value', () => {
    const { failure } = pdp.evaluate(ask({ context: { 'secret-key': { __entity: 'secret-value' } } }));
    expect(failure).toEqual({
      code: 'RTA_PDP_CEDAR_REQUEST',
      message: 'context: a key begins with two underscores',
    });
  });

  describe('many requests at once', () => {
    const requests = Array.from({ length: 50 }, () => ask({}));

    test('leave the event loop its turns', async () => {
      await using ticking = await openTicking();
      let turns = 0;
      let ended = false;
      const takeTurn = (): void => {
        turns += 1;
        if (!ended) setImmediate(takeTurn);
      };
      setImmediate(takeTurn);
      const decisions = await ticking.evaluateMany(requests);
      ended = true;
      expect(decisions.map(({ effect }) => effect)).toEqual(requests.map(() => 'permit'));
      expect(turns).toBeGreaterThan(5);
    });

    test('are denied from where their caller gives up', async () => {
      await using ticking = await openTicking();
      const controller = new AbortController();
      const answering = ticking.evaluateMany(requests, controller);
      controller.abort();
      const decisions = await answering;
      expect(decisions[0]).toMatchObject({ effect: 'permit' });
      expect(decisions.at(-1)).toMatchObject({ effect: 'deny', cause: 'timeout' });
    });

    test('are denied from where the PDP is closed', async () => {
      const ticking = await openTicking();
      const answering = ticking.evaluateMany(requests);
      await ticking.close();
      const decisions = await answering;
      expect(decisions[0]).toMatchObject({ effect: 'permit' });
      expect(decisions.at(-1)).toMatchObject({ effect: 'deny', cause: 'error' });
    });
  });
});

describe('with a schema', () => {
  const SCHEMA = `
    namespace RTA {
      type Risk = { score: decimal, level?: String };
      entity User { level: Long, manager?: User };
      entity File { "odd name"?: Bool };
      entity Robot;
      action readers;
      action read in [readers] appliesTo {
        principal: User, resource: File,
        context: { risk?: Risk, at?: datetime, from?: ipaddr, tags?: Set<String>, scores?: Set<decimal>, count?: Long, ok?: Bool },
      };
      action write appliesTo { principal: [User, Robot], resource: File };
    }
    namespace Other { entity User; action Action appliesTo { principal: User, resource: User }; }
  `;
  const SCHEMA_POLICIES = `
    @id("readers") permit(principal, action in RTA::Action::"readers", resource)
      unless { context has risk && context.risk.score.greaterThan(decimal("0.7")) };
    @id("late") forbid(principal, action == RTA::Action::"read", resource)
      when { context has at && context.at > datetime("2026-01-01") };
    @id("lan") forbid(principal, action == RTA::Action::"read", resource)
      when { context has from && !context.from.isInRange(ip("10.0.0.0/8")) };
    @id("self") forbid(principal, action == RTA::Action::"read", resource)
      when { principal has manager && principal.manager == RTA::User::"alice" };
    @id("odd") forbid(principal, action == RTA::Action::"read", resource)
      when { resource has "odd name" && resource["odd name"] };
  `;
  let pdp: CedarPdp;
  beforeAll(async () => {
    const source = cedarText({ 'a.cedar': SCHEMA_POLICIES, 'a.cedarschema': SCHEMA });
    pdp = await createCedarPdp({ source, actionType: 'RTA::Action' });
  });
  afterAll(() => pdp.close());

  const decide = (parts: Parameters<typeof ask>[0]) => pdp.evaluate(inNamespace(parts));

  test('an action is in the groups that the schema puts it in', () => {
    expect(decide({})).toMatchObject({ effect: 'permit', reasons: [{ policyId: 'a.cedar#readers' }] });
  });

  test('what it does not declare is left out', () => {
    const { effect } = decide({
      context: { more: { and: ['more', null] }, risk: { score: 0.5, vendor: 'x' }, request: { a: 1 } },
      subject: { properties: { level: 1, email: 'a@b.example' } },
      resource: { properties: { size: 12 } },
      actionProperties: { method: 'GET' },
    });
    expect(effect).toBe('permit');
  });

  test.each([
    ['a decimal of a fraction', { risk: { score: 0.75 } }, 'deny'],
    ['a decimal of a whole number', { risk: { score: 1 } }, 'deny'],
    ['a decimal of a text', { risk: { score: '0.2' } }, 'permit'],
    ['a datetime', { at: '2026-02-01T00:00:00Z' }, 'deny'],
    ['a datetime before', { at: '2025-02-01T00:00:00Z' }, 'permit'],
    ['an address', { from: '192.168.0.1' }, 'deny'],
    ['an address in range', { from: '10.1.2.3' }, 'permit'],
    ['a set of decimals', { scores: [1, 0.5, '0.25', null] }, 'permit'],
    ['null for what may be absent', { risk: null, tags: null }, 'permit'],
  ] as const)('it says how values are read: %s', (_, context, effect) => {
    const decision = decide({ context });
    expect([decision.effect, decision.failure]).toEqual([effect, undefined]);
  });

  test('it says what is an entity', () => {
    expect(decide(managedBy({ type: 'RTA::User', id: 'alice' }))).toMatchObject({
      effect: 'deny',
      cause: 'policy',
    });
    expect(decide(managedBy({ type: 'RTA::User', id: 'bob' }))).toMatchObject({ effect: 'permit' });
    expect(decide(managedBy({ type: 'RTA::File', id: 'alice' }))).toMatchObject({ cause: 'error' });
    expect(decide(managedBy({ __entity: { type: 'RTA::User', id: 'bob' } }))).toMatchObject({
      cause: 'error',
    });
  });

  test('names may be any text', () => {
    const decision = decide({ resource: { properties: { 'odd name': true } } });
    expect(decision.reasons).toEqual([{ policyId: 'a.cedar#odd' }]);
  });

  test.each([
    [
      'an action that it does not declare',
      { action: 'zap' },
      'action.name: the schema declares no such action',
    ],
    [
      'an action group',
      { action: 'readers' },
      'subject.type: the schema does not let this type do the action',
    ],
    [
      'an action of another namespace',
      { action: 'Action' },
      'action.name: the schema declares no such action',
    ],
    [
      'a subject of a type that it does not declare',
      { subject: { type: 'Alien' } },
      'subject.type: the schema does not let this type do the action',
    ],
    [
      'a subject of a type that may not do this',
      { subject: { type: 'RTA::Robot' } },
      'subject.type: the schema does not let this type do the action',
    ],
    [
      'a resource of another type',
      { resource: { type: 'RTA::User' } },
      'resource.type: the schema does not apply the action to this type',
    ],
    [
      'a value of another type',
      { context: { tags: 'secret' } },
      'context.tags: the schema declares a set, and it is a text',
    ],
    [
      'an element of another type',
      { context: { tags: ['a', 1] } },
      'context.tags: the schema declares a text, and it is a number',
    ],
    [
      'a text for a Bool',
      { context: { ok: 'true' } },
      'context.ok: the schema declares a bool, and it is a text',
    ],
    [
      'a fraction for a Long',
      { context: { count: 0.5 } },
      'context.count: a number is not a whole one below 2^53',
    ],
    [
      'a missing member',
      { context: { risk: { level: 'LOW' } } },
      'context.risk.score: the schema requires it, and it is absent',
    ],
    [
      'a missing property',
      { subject: { properties: { email: 'a@b.example' } } },
      'subject.properties.level: the schema requires it, and it is absent',
    ],
    ['a text that is no address', { context: { from: 'secret' } }, 'Cedar does not accept the request'],
    [
      'a reference in what is left out',
      { context: { x: { __entity: {} } } },
      'context: a key begins with two underscores',
    ],
  ] as const)('%s is refused, and no value is told', (_, parts, message) => {
    const { effect, cause, failure } = decide(parts);
    expect([effect, cause, failure]).toEqual(['deny', 'error', { code: 'RTA_PDP_CEDAR_REQUEST', message }]);
  });

  test('an action of which it says no context has none', () => {
    expect(decide({ action: 'write', context: { risk: { score: 'bad' } } })).toMatchObject({
      cause: 'default',
    });
  });
});
