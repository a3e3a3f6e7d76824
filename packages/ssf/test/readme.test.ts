import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { securityEvents } from '../examples/hono-receiver.ts';
import type { SubjectIdentifier } from '../src/index.ts';
import { AUDIENCE, claims, ISSUER, JWKS, sign } from './fixture.ts';

const read = (file: string): string => readFileSync(new URL(`../${file}`, import.meta.url), 'utf8');

test('the example of the README is the one that runs here', () => {
  expect(read('README.md')).toContain(`\`\`\`ts\n${read('examples/hono-receiver.ts')}\`\`\``);
});

test('it ends sessions when it is told to, and answers what is not in order with why', async () => {
  const ended: SubjectIdentifier[] = [];
  const authorizationHeader = 'Bearer secret';
  const app = securityEvents(
    { issuer: ISSUER, audience: AUDIENCE, jwks: JWKS, authorizationHeader },
    async (subject) => void ended.push(subject),
  );
  const push = (set: string): Response | Promise<Response> =>
    app.request('/ssf/events', {
      method: 'POST',
      headers: { 'Content-Type': 'application/secevent+jwt', Authorization: authorizationHeader },
      body: set,
    });
  const iat = Math.floor(Date.now() / 1_000);

  const accepted = await push(await sign(claims({ iat })));
  expect([accepted.status, await accepted.text()]).toEqual([202, '']);
  expect(ended).toEqual([{ format: 'iss_sub', iss: ISSUER, sub: 'jane' }]);

  const refused = await push(await sign(claims({ iat, aud: 'https://other.example' })));
  expect([refused.status, await refused.json()]).toMatchObject([400, { err: 'invalid_audience' }]);
  expect(ended.length).toBe(1);
});
