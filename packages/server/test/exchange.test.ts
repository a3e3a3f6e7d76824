import { createHash } from 'node:crypto';
import { canonicalJson, toBase64Url } from '@rta/core';
import { GRANT_TYPE } from '@rta/idp';
import { decodeToken } from '@rta/token';
import { describe, expect, test } from 'vitest';
import { CONTROL_STREAM, HTTPS, type Outcome } from './exchange-doors.ts';
import { startExchangeFixture } from './exchange-fixture.ts';
import { exchangeParameters, type FormParameters } from './raw-agent.ts';
import { ISSUER } from './test-server.ts';

const fixture = await startExchangeFixture();
const { t, idp, carols, accessToken, good, key, proved, audited, expectRefusal } = fixture;
const without = (name: string): FormParameters => good().filter(([one]) => one !== name);
const carol = (claims: Record<string, string | number> = {}): FormParameters =>
  exchangeParameters(carols.sign(t.clock.now(), claims));
const seconds = (ms: number): number => Math.floor((t.clock.now() + ms) / 1_000);

/** What is wrong with the parameters, and what they are refused with. */
const REFUSED: readonly (readonly [what: string, parameters: () => FormParameters, code: string])[] = [
  ['no grant type', () => without('grant_type'), 'RTA_IDP_PARAMETER'],
  ['no subject token', () => without('subject_token'), 'RTA_IDP_PARAMETER'],
  ['no subject token type', () => without('subject_token_type'), 'RTA_IDP_PARAMETER'],
  ['no agent', () => without('agent'), 'RTA_IDP_PARAMETER'],
  ['no parameters at all', () => [], 'RTA_IDP_PARAMETER'],
  ['two subject tokens', () => [...good(), ['subject_token', 'another']], 'RTA_IDP_PARAMETER'],
  [
    'an unknown parameter twice',
    () => [...good(), ['colour', 'red'], ['colour', 'blue']],
    'RTA_IDP_PARAMETER',
  ],
  [
    'more parameters than the limit',
    () => [...good(), ...Array.from({ length: 61 }, (_, index): [string, string] => [`p${index}`, 'x'])],
    'RTA_IDP_PARAMETER',
  ],
  ['an actor token', () => good({ actor_token: 'x' }), 'RTA_IDP_PARAMETER'],
  ['another grant type', () => good({ grant_type: 'authorization_code' }), 'RTA_IDP_GRANT_TYPE'],
  [
    'an unknown token type',
    () => good({ subject_token_type: 'urn:ietf:params:oauth:token-type:saml2' }),
    'RTA_IDP_TOKEN_TYPE',
  ],
  [
    'a subject token beyond the limit',
    () => good({ subject_token: 'a'.repeat(16_385) }),
    'RTA_IDP_TOKEN_MALFORMED',
  ],
  ['a subject token that nobody issued', () => good({ subject_token: 'garbage' }), 'RTA_IDP_TOKEN_INACTIVE'],
  [
    'an expired token',
    () => carol({ iat: seconds(-7_200_000), exp: seconds(-3_600_000) }),
    'RTA_IDP_TOKEN_EXPIRED',
  ],
  [
    'a token from the future',
    () => carol({ iat: seconds(600_000), exp: seconds(3_600_000) }),
    'RTA_IDP_TOKEN_NOT_YET_VALID',
  ],
  ['a token for another audience', () => carol({ aud: 'https://other.example' }), 'RTA_IDP_TOKEN_AUDIENCE'],
  [
    'a token of an issuer that is not trusted',
    () => carol({ iss: 'https://evil.example' }),
    'RTA_IDP_ISSUER_UNKNOWN',
  ],
  ['an agent that is not JSON', () => good({ agent: 'agent-1' }), 'RTA_IDP_AGENT'],
  ['an agent without an id', () => good({ agent: '{"name":"x"}' }), 'RTA_IDP_AGENT'],
  ['an agent in a list', () => good({ agent: '[{"id":"x"}]' }), 'RTA_IDP_AGENT'],
  [
    'an agent with a member that is not known',
    () => good({ agent: '{"id":"x","admin":true}' }),
    'RTA_IDP_AGENT',
  ],
  [
    'a scope that the token does not have',
    () => good({ scope: 'files.delete' }),
    'RTA_AUTHORITY_GRANT_EMPTY',
  ],
  ['a scope that is not one', () => good({ scope: 'files.read  "' }), 'RTA_IDP_SCOPE'],
  [
    'authorization details of another type',
    () => good({ authorization_details: '[{"type":"payment_initiation"}]' }),
    'RTA_IDP_AUTHORIZATION_DETAILS',
  ],
  ['a resource elsewhere', () => good({ resource: 'https://other.example' }), 'RTA_SERVER_TARGET'],
  [
    'this server and an audience elsewhere',
    () => good({ resource: ISSUER, audience: 'somebody else' }),
    'RTA_SERVER_TARGET',
  ],
];

describe.each([HTTPS, CONTROL_STREAM])('an exchange $name', (door) => {
  const exchange = async (parameters: FormParameters): Promise<Outcome> =>
    door.exchange(t, { parameters, proof: await proved(door) });

  test.each([GRANT_TYPE.rtaTokenExchange, GRANT_TYPE.tokenExchange])(
    'opens a session under the grant %s [I7]',
    async (grantType) => {
      const outcome = await exchange(good({ grant_type: grantType }));

      if (!outcome.ok) throw new Error(outcome.code);
      expect(outcome.scope).toEqual(['files.read', 'files.write']);
      expect(outcome.token).toHaveLength(96);
      expect(await audited()).toContainEqual(
        expect.objectContaining({
          kind: 'exchange',
          outcome: 'ok',
          session: outcome.session,
          subject: { issuer: idp.issuer, sub: 'alice' },
          actors: ['agent-1'],
          generation: 1,
        }),
      );
    },
  );

  test('answers with a token that commits to user, agent, rights and policies', async () => {
    const parameters = carol({ acr: 'mfa', jti: 'token-1' });
    const outcome = await exchange([
      ...parameters.filter(([name]) => name !== 'agent'),
      ['agent', '{"id":"agent-7","model":"m-1"}'],
    ]);

    if (!outcome.ok) throw new Error(outcome.code);
    const { x } = key.publicJwk;
    const keyThumbprint = createHash('sha256')
      .update(`{"crv":"Ed25519","kty":"OKP","x":"${x}"}`)
      .digest('base64url');
    const committed = canonicalJson({
      v: 1,
      session: outcome.session,
      subject: {
        issuer: carols.trusted.issuer,
        sub: 'carol',
        tokenId: 'token-1',
        clientId: 'app',
        acr: 'mfa',
        signedInAtMs: seconds(0) * 1_000,
      },
      actors: [{ id: 'agent-7', model: 'm-1', keyThumbprint }],
      grant: { scope: ['files.read', 'files.write'] },
      attributes: {},
      suspensions: [],
      policyRevision: 'static:1',
    });
    const { sessionId, contextHash, issuedAtMs } = decodeToken(outcome.token).unverified;
    expect(sessionId).toBe(outcome.session);
    expect(toBase64Url(contextHash)).toBe(createHash('sha256').update(committed).digest('base64url'));
    expect(issuedAtMs).toBe(t.clock.now());
  });

  test('grants what the token has of what was asked for', async () => {
    const outcome = await exchange(good({ scope: 'files.read files.delete' }));

    expect(outcome).toMatchObject({ ok: true, scope: ['files.read'] });
  });

  test('may name this server as its resource and audience', async () => {
    const outcome = await exchange([...good(), ['resource', ISSUER], ['audience', ISSUER]]);

    expect(outcome).toMatchObject({ ok: true });
  });

  test.each(REFUSED)('is refused for %s', async (_, parameters, code) => {
    const asked = parameters();
    const proof = await proved(door);

    const outcome = await door.exchange(t, { parameters: asked, proof });

    const tokens = asked.filter(([name]) => name === 'subject_token').map(([, token]) => token);
    await expectRefusal(outcome, code, [proof, ...tokens]);
  });

  test('is refused for a sign-in that the IdP has ended', async () => {
    const before = new Set(idp.sessions().map(({ sid }) => sid));
    const { accessToken: ended } = await t.signIn('bob');
    for (const { sid } of idp.sessions()) if (!before.has(sid)) idp.endSession(sid);

    const outcome = await exchange(exchangeParameters(ended));

    await expectRefusal(outcome, 'RTA_IDP_TOKEN_INACTIVE', [ended]);
  });

  test('opens nothing for a sign-in that was revoked, and a session for the next one [I2]', async () => {
    const sub = crypto.randomUUID();
    const token = carols.sign(t.clock.now(), { sub });
    const { issuer } = carols.trusted;
    expect(await exchange(exchangeParameters(token))).toMatchObject({ ok: true });

    await t.revoke(sub, issuer);
    expect(await exchange(exchangeParameters(token))).toMatchObject({
      ok: false,
      code: 'RTA_AUTHORITY_SUBJECT_CUT_OFF',
      retryable: false,
    });

    // Tokens are timed in whole seconds: one of the same second does not say that it is newer.
    t.clock.advance(1_000);
    expect(await exchange(exchangeParameters(carols.sign(t.clock.now(), { sub })))).toMatchObject({
      ok: true,
    });
    expect(await exchange(exchangeParameters(token))).toMatchObject({
      ok: false,
      code: 'RTA_AUTHORITY_SUBJECT_CUT_OFF',
    });
  });

  test('does not date a sign-in after the revocation that ends it, though the IdP is ahead [I2]', async () => {
    const sub = crypto.randomUUID();
    const token = carols.sign(t.clock.now() + 20_000, { sub });
    expect(await exchange(exchangeParameters(token))).toMatchObject({ ok: true });
    const open = t.server.openSessions;

    await t.revoke(sub, carols.trusted.issuer, 20_000);

    expect(t.server.openSessions).toBe(open - 1);
    // By now the sign-in lies in the past of this clock, and after the revocation as this clock saw it.
    t.clock.advance(21_000);
    expect(await exchange(exchangeParameters(token))).toMatchObject({
      ok: false,
      code: 'RTA_AUTHORITY_SUBJECT_CUT_OFF',
    });
  });

  test('keeps token, key and proof out of the audit log [I10]', async () => {
    const nonce = await door.nonce(t);
    const proof = await proved(door, { nonce });
    const outcome = await door.exchange(t, { parameters: good(), proof });
    if (!outcome.ok) throw new Error(outcome.code);

    const records = JSON.stringify(await audited());
    expect(records).toContain(outcome.session);
    for (const secret of [accessToken, nonce, proof, key.publicJwk.x, toBase64Url(outcome.token)]) {
      expect(records).not.toContain(secret);
    }
  });
});
