import type { AcceptedFrame } from './format.ts';
import { accept, BRINGING, CAUSES, NOW, TOKEN_96, TOKEN_128 } from './frames.ts';

/** Questions and answers at the edges of their parts. */
export function acceptedDecisions(): AcceptedFrame[] {
  const asked = { action: 'files.read', resource: { type: 'File', id: '/reports/q3.txt' } };
  const denials = CAUSES.filter((cause) => !BRINGING.has(cause)).map((cause) =>
    accept(`DECISION: deny, ${cause}`, 'decision', 8, {
      effect: 'deny',
      cause,
      generation: cause === 'session-unknown' || cause === 'not-bound' ? 0 : 3,
    }),
  );
  return [
    accept('AUTHORIZE with a token of suite 1', 'authorize', 7, { token: TOKEN_96, ...asked }),
    accept('AUTHORIZE with a token of suite 2 and a context', 'authorize', 8, {
      token: TOKEN_128,
      ...asked,
      context: { purpose: 'summary', bytes_: 10 },
    }),
    accept('AUTHORIZE with an amount', 'authorize', 8, {
      token: TOKEN_128,
      ...asked,
      context: { amount: { value: 4_250, currency: 'EUR' } },
    }),
    accept('AUTHORIZE with an empty context', 'authorize', 8, { token: TOKEN_96, ...asked, context: {} }),
    accept('AUTHORIZE with names at their limits', 'authorize', 8, {
      token: TOKEN_96,
      action: 'a'.repeat(256),
      resource: { type: 'ü'.repeat(128), id: 'c'.repeat(2_048) },
    }),
    accept('DECISION: permit', 'decision', 7, { effect: 'permit', cause: 'policy', generation: 1 }),
    accept('DECISION: permit until a time, with reasons and an obligation', 'decision', 7, {
      effect: 'permit',
      cause: 'policy',
      generation: 0xffff_ffff,
      expiresAtMs: Number.MAX_SAFE_INTEGER,
      detail: {
        reasons: ['policy-1', 'policy-2'],
        obligations: [{ id: 'o-1', type: 'log', properties: { level: 'high' } }],
      },
    }),
    ...denials,
    accept('DECISION: deny, stale-token, with the token that replaces', 'decision', 8, {
      effect: 'deny',
      cause: 'stale-token',
      generation: 4,
      token: TOKEN_128,
    }),
    accept('DECISION: deny, step-up-required, by class and age', 'decision', 8, {
      effect: 'deny',
      cause: 'step-up-required',
      generation: 4,
      detail: { stepUp: { acrValues: ['phr', 'phrh'], maxAgeS: 0 }, reasons: ['policy-1'] },
    }),
    accept('DECISION: deny, step-up-required, by class', 'decision', 8, {
      effect: 'deny',
      cause: 'step-up-required',
      generation: 4,
      detail: { stepUp: { acrValues: ['phr'] } },
    }),
    accept('DECISION: deny, step-up-required, by age', 'decision', 8, {
      effect: 'deny',
      cause: 'step-up-required',
      generation: 4,
      detail: { stepUp: { maxAgeS: 300 } },
    }),
    accept('DECISION: deny, approval-required, with the approval that is waited for', 'decision', 8, {
      effect: 'deny',
      cause: 'approval-required',
      generation: 4,
      detail: { approval: { id: 'a-1', expiresAtMs: NOW + 600_000 } },
    }),
  ];
}
