import { subscribe } from 'node:diagnostics_channel';
import type { DevIdp } from '@rta/devkit';
import { generateAgentKey } from '@rta/sdk';
import { afterAll, afterEach, beforeEach, expect } from 'vitest';
import { faultChannel, lifecycleChannel } from '../src/index.ts';
import { type Door, type Outcome, TOKEN_URL } from './exchange-doors.ts';
import { exchangeParameters, type FormParameters, type ProofChanges, proofOf, READ } from './raw-agent.ts';
import { type SigningIssuer, startSigningIssuer } from './signing-issuer.ts';
import { ISSUER, startTestIdp, startTestServer, type TestServer, trustedIdp } from './test-server.ts';

/** One server for all exchanges of a test file, with somebody who must not notice any of them. */
export interface ExchangeFixture {
  readonly t: TestServer;
  readonly idp: DevIdp;
  /** Signs tokens of `carol`. */
  readonly carols: SigningIssuer;
  /** Of `alice`, and good. */
  readonly accessToken: string;
  /** A good request of alice's, with changes. */
  readonly good: (changes?: Record<string, string>) => FormParameters;
  readonly key: ReturnType<typeof generateAgentKey>;
  /** A proof that is good at a door, with changes. */
  readonly proved: (door: Door, changes?: ProofChanges) => Promise<string>;
  /** What was audited since the test began. */
  readonly audited: () => Promise<readonly Record<string, unknown>[]>;
  /**
   * Refused with the code, audited, with a nonce to try again, and none of the secrets got anywhere.
   *
   * @param opened - sessions that the test itself has opened.
   */
  readonly expectRefusal: (
    outcome: Outcome,
    code: string,
    secrets: readonly string[],
    opened?: number,
  ) => Promise<void>;
}

/** Makes it; what one request does must not show in the next one. */
export async function startExchangeFixture(): Promise<ExchangeFixture> {
  const idp = await startTestIdp();
  const carols = await startSigningIssuer(ISSUER);
  const t = await startTestServer({ idp, issuers: [trustedIdp(idp), carols.trusted] });
  afterAll(() => t[Symbol.asyncDispose]());
  const { accessToken } = await t.signIn();
  const { session: bystander } = await t.openSession({ subjectToken: accessToken });
  const key = generateAgentKey();
  const published: unknown[] = [];
  for (const { name } of [faultChannel, lifecycleChannel]) {
    subscribe(name, (message) => published.push(message));
  }
  let auditedBefore = 0;
  let openBefore = 0;
  const audited = async () => (await t.audit()).slice(auditedBefore);

  beforeEach(async () => {
    auditedBefore = (await t.audit()).length;
    openBefore = t.server.openSessions;
  });
  afterEach(async () => {
    expect(await bystander.authorize(READ)).toMatchObject({ permitted: true, generation: 1 });
  });

  return {
    t,
    idp,
    carols,
    accessToken,
    good: (changes) => exchangeParameters(accessToken, changes),
    key,
    async proved(door, changes = {}) {
      const { nonce, ...rest } = 'nonce' in changes ? changes : { ...changes, nonce: await door.nonce(t) };
      return proofOf(key, TOKEN_URL, nonce, { now: t.clock.now(), ...rest });
    },
    audited,
    async expectRefusal(outcome, code, secrets, opened = 0) {
      expect(outcome).toMatchObject({ ok: false, code, nonce: expect.stringMatching(/^[\w-]{75}$/) });
      expect(t.server.openSessions).toBe(openBefore + opened);
      const records = await audited();
      expect(records).toContainEqual(
        expect.objectContaining({ kind: 'exchange', outcome: 'refused', cause: code }),
      );
      for (const secret of secrets) {
        expect(outcome.text).not.toContain(secret);
        expect(JSON.stringify([records, published])).not.toContain(secret);
      }
    },
  };
}
