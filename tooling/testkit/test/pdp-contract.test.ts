import { type Decision, denyOnFailure, type PolicyDecisionPoint } from '@rta/pdp';
import { describe, expect, test } from 'vitest';
import { PDP_CHECKS, type PdpContractEnv, type PdpFixture, pdpContract } from '../src/index.ts';
import { openStaticFixture } from './static-fixture.ts';

pdpContract({ name: 'the static PDP', open: async () => openStaticFixture() });
pdpContract({
  name: 'the static PDP that answers by promises',
  open: async () => openStaticFixture({ synchronous: false }),
});
pdpContract({
  name: 'a guarded PDP',
  open: async () => {
    const fixture = openStaticFixture({ synchronous: false });
    return { ...fixture, pdp: denyOnFailure(fixture.pdp, { timeoutMs: 5000 }) };
  },
});

type Evaluate = PolicyDecisionPoint['evaluate'];
type EvaluateMany = PolicyDecisionPoint['evaluateMany'];

/** A static PDP with some of its promises broken. */
function broken(breakIt: (pdp: PolicyDecisionPoint) => Partial<PolicyDecisionPoint>): PdpContractEnv {
  return {
    name: 'a broken PDP',
    async open(): Promise<PdpFixture> {
      const fixture = openStaticFixture();
      const { pdp } = fixture;
      const overridden = breakIt(pdp);
      return {
        ...fixture,
        pdp: new Proxy(pdp, {
          get: (target, member) => Reflect.get(member in overridden ? overridden : target, member),
        }),
      };
    },
  };
}

/** The names of the checks that a PDP fails. */
async function failedChecks(env: PdpContractEnv): Promise<readonly string[]> {
  const failed: string[] = [];
  for (const check of PDP_CHECKS) {
    await check.run(env).catch(() => failed.push(check.name));
  }
  return failed;
}

const each =
  (evaluate: Evaluate): EvaluateMany =>
  async (requests, options) =>
    Promise.all(requests.map(async (request) => evaluate(request, options)));

/** Breaks the single answer, and the answers to several in the same way. */
const answering = (
  change: (decision: Decision, ...asked: Parameters<Evaluate>) => Decision,
): PdpContractEnv =>
  broken((pdp) => {
    const evaluate: Evaluate = (request, options) =>
      change(pdp.evaluate(request, options) as Decision, request, options);
    return { evaluate, evaluateMany: each(evaluate) };
  });

const PERMIT: Decision = {
  effect: 'permit',
  cause: 'policy',
  reasons: [{ policyId: 'read' }],
  obligations: [],
  revision: 'static:1',
};

describe('the contract of PolicyDecisionPoint catches a PDP that', () => {
  test('throws where it owes a denial', async () => {
    const env = broken((pdp) => ({
      evaluate(request, options) {
        const decision = pdp.evaluate(request, options) as Decision;
        if (decision.cause === 'error') throw new Error('evaluation failed');
        return decision;
      },
    }));
    expect(await failedChecks(env)).toContain('a request that cannot be evaluated is denied by cause error');
    expect(await failedChecks(env)).toContain('a malformed request is denied, not thrown');
  });

  test('permits what it cannot evaluate', async () => {
    const env = answering((decision) =>
      decision.failure?.code === 'RTA_PDP_RULE' ? { ...PERMIT, revision: decision.revision } : decision,
    );
    expect(await failedChecks(env)).toContain('a request that cannot be evaluated is denied by cause error');
  });

  test('permits with a cause that is no policy', async () => {
    const env = answering((decision) =>
      decision.effect === 'permit' ? { ...decision, cause: 'default' } : decision,
    );
    expect(await failedChecks(env)).toContain('what a policy permits is permitted by cause policy');
  });

  test('hides that a request could not be evaluated', async () => {
    const env = answering((decision) => {
      const { failure: _, ...rest } = decision;
      return decision.cause === 'error' ? { ...rest, cause: 'default' } : decision;
    });
    expect(await failedChecks(env)).toEqual([
      'a request that cannot be evaluated is denied by cause error',
      'a request that fails takes no other with it',
      'a closed PDP denies everything by cause error',
    ]);
  });

  test('answers several requests out of order', async () => {
    const env = broken((pdp) => ({
      evaluateMany: async (requests, options) => (await pdp.evaluateMany(requests, options)).toReversed(),
    }));
    expect(await failedChecks(env)).toContain('decisions stand in the order of their requests');
  });

  test('leaves out the answers that are denials', async () => {
    const env = broken((pdp) => ({
      evaluateMany: async (requests, options) =>
        (await pdp.evaluateMany(requests, options)).filter(({ effect }) => effect === 'permit'),
    }));
    expect(await failedChecks(env)).toContain('decisions stand in the order of their requests');
  });

  test.each([
    ['properties', 'requests of equal ids and other properties are decided each by itself'],
    ['contexts', 'requests of equal ids and other contexts are decided each by itself'],
  ])('takes requests of equal ids and other %s for one', async (_, name) => {
    const env = broken((pdp) => ({
      evaluateMany: async (requests, options) => {
        const first = new Map<string, Decision>();
        for (const request of requests) {
          const key = `${request.subject.id} ${request.action.name} ${request.resource.id}`;
          if (!first.has(key)) first.set(key, await pdp.evaluate(request, options));
        }
        return requests.flatMap(
          ({ subject, action, resource }) => first.get(`${subject.id} ${action.name} ${resource.id}`) ?? [],
        );
      },
    }));
    expect(await failedChecks(env)).toContain(name);
  });

  test('fails a whole batch for one request', async () => {
    const env = broken((pdp) => ({
      evaluateMany: async (requests, options) => {
        const decisions = await pdp.evaluateMany(requests, options);
        const failed = decisions.find(({ cause }) => cause === 'error');
        return failed === undefined ? decisions : decisions.map(() => failed);
      },
    }));
    expect(await failedChecks(env)).toContain('a request that fails takes no other with it');
  });

  test('mixes up requests that run at the same time', async () => {
    let last: Parameters<Evaluate>[0] | undefined;
    const env = broken((pdp) => ({
      features: { ...pdp.features, synchronous: false },
      evaluate: async (request, options) => {
        last = request;
        await Promise.resolve();
        return pdp.evaluate(last, options);
      },
    }));
    expect(await failedChecks(env)).toEqual(['requests at the same time do not mix']);
  });

  test('changes its revision while its policies stand', async () => {
    let version = 0;
    const env = answering((decision) => ({ ...decision, revision: `static:${(version += 1)}` }));
    expect(await failedChecks(env)).toContain('the revision stands as long as the policies do');
  });

  test('keeps its revision while its policies change', async () => {
    const env = broken((pdp) => {
      const evaluate: Evaluate = (request, options) => ({
        ...(pdp.evaluate(request, options) as Decision),
        revision: 'static',
      });
      return { revision: 'static', evaluate, evaluateMany: each(evaluate) };
    });
    expect(await failedChecks(env)).toContain('watch is what it claims to be');
  });

  test('claims to watch and tells nobody', async () => {
    const env = broken(() => ({ watch: () => ({ close() {} }) }));
    expect(await failedChecks(env)).toContain('watch is what it claims to be');
  });

  test('claims to watch and cannot show it', async () => {
    const env: PdpContractEnv = {
      name: 'a broken PDP',
      async open() {
        const { pdp, failing } = openStaticFixture();
        return { pdp, failing };
      },
    };
    expect(await failedChecks(env)).toEqual(['watch is what it claims to be']);
  });

  test('goes on telling those who closed their handle', async () => {
    const env = broken((pdp) => ({
      watch(onChange) {
        pdp.watch(onChange);
        return { close() {} };
      },
    }));
    expect(await failedChecks(env)).toEqual(['a handle that is closed hears no more']);
  });

  test('claims to answer at once and does not', async () => {
    const env = broken((pdp) => ({ evaluate: async (request, options) => pdp.evaluate(request, options) }));
    expect(await failedChecks(env)).toEqual(['synchronous is what it claims to be']);
  });

  test('claims to be deterministic and is not', async () => {
    let answers = 0;
    const env = answering((decision) => ({
      ...decision,
      reasons: [{ policyId: `read-${(answers += 1)}` }],
    }));
    expect(await failedChecks(env)).toContain('deterministic is what it claims to be');
  });

  test('claims reasons and gives none', async () => {
    const env = answering((decision) => ({ ...decision, reasons: [] }));
    expect(await failedChecks(env)).toEqual(['reasons and obligations are what they claim to be']);
  });

  test('writes into the request', async () => {
    const env = answering((decision, request) => {
      if (request?.resource?.id !== undefined) Object.assign(request.resource, { id: request.resource.id });
      return decision;
    });
    expect(await failedChecks(env)).toContain('requests are read, never written');
  });

  test('answers a caller who gave up', async () => {
    const env = broken((pdp) => ({
      evaluate: (request) => pdp.evaluate(request),
      evaluateMany: (requests) => pdp.evaluateMany(requests),
    }));
    expect(await failedChecks(env)).toEqual(['a caller who gave up is denied by cause timeout']);
  });

  test('compares action names loosely', async () => {
    const env = broken((pdp) => {
      const evaluate: Evaluate = (request, options) => {
        const name = request?.action?.name;
        return pdp.evaluate(
          typeof name === 'string' ? { ...request, action: { name: name.trim().toLowerCase() } } : request,
          options,
        );
      };
      return { evaluate, evaluateMany: each(evaluate) };
    });
    expect(await failedChecks(env)).toEqual(['hostile text in names and ids gets nobody in']);
  });

  test('permits after it was closed', async () => {
    const env = broken((pdp) => ({ close: async () => {}, health: () => pdp.health() }));
    expect(await failedChecks(env)).toEqual([
      'health is up while it is open and down afterwards',
      'a closed PDP denies everything by cause error',
    ]);
  });

  test('cannot be closed twice', async () => {
    const env = broken((pdp) => {
      let closed = false;
      return {
        async close() {
          if (closed) throw new Error('closed already');
          closed = true;
          await pdp.close();
        },
      };
    });
    expect(await failedChecks(env)).toContain('closing again, and watching what is closed, does nothing');
  });
});

describe('a guard around a PDP that throws', () => {
  test('keeps the whole contract', async () => {
    const throwing = broken((pdp) => ({
      evaluate(request, options) {
        const decision = pdp.evaluate(request, options) as Decision;
        if (decision.cause === 'error') throw new Error('evaluation failed');
        return decision;
      },
    }));
    const env: PdpContractEnv = {
      name: 'guarded',
      async open() {
        const fixture = await throwing.open();
        return { ...fixture, pdp: denyOnFailure(fixture.pdp, { timeoutMs: 5000 }) };
      },
    };
    expect(await failedChecks(env)).toEqual([]);
  });
});
