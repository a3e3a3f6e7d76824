import { createDevPki } from '@rta/devkit';
import { cedarText, createCedarPdp } from '@rta/pdp-cedar';
import { connect } from '@rta/sdk';
import { listenQuic } from '@rta/transport-quic';
import { expect, test } from 'vitest';
import { READ } from './raw-agent.ts';
import { ISSUER, PUSH_SECRET, startTestIdp, startTestServer } from './test-server.ts';

const idp = await startTestIdp();

const POLICIES = `
@id("read")
permit (principal == User::"alice", action == Action::"files.read", resource)
unless { context has riskLevel && context.riskLevel == "HIGH" };
`;

test('over QUIC and with Cedar, from sign-in to revocation', async () => {
  await using pdp = await createCedarPdp({ source: cedarText({ 'files.cedar': POLICIES }) });
  await using t = await startTestServer({ idp, pdp });
  const pki = await createDevPki();
  const { certPem, keyPem } = await pki.issueServerCertificate({ names: ['localhost'], ips: ['127.0.0.1'] });
  await using agents = await listenQuic({
    host: '127.0.0.1',
    port: 0,
    cert: certPem,
    key: keyPem,
    onConnection: t.server.accept,
  });
  await using client = await connect(`127.0.0.1:${agents.address.port}`, { ca: pki.caCertPem });
  const { accessToken, sub } = await t.signIn();
  const session = await client.exchange({ subjectToken: accessToken, agent: { id: 'agent-1' } });
  expect(client.transport).toBe('quic');

  expect(await session.authorize(READ)).toMatchObject({
    permitted: true,
    cause: 'policy',
    reasons: ['files.cedar#read'],
  });
  expect(await session.authorize({ ...READ, action: 'files.write' })).toMatchObject({
    permitted: false,
    cause: 'default',
  });

  // A tool call is under way when the IdP revokes the session.
  const started = Promise.withResolvers<void>();
  const call = session.guard(READ, async (signal) => {
    started.resolve();
    await new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason));
    });
  });
  call.catch(() => undefined);
  await started.promise;
  idp.deliverTo({ endpointUrl: 'http://127.0.0.1:9/ssf/events', audience: ISSUER });
  const { set } = await idp.signEvent({
    type: 'https://schemas.openid.net/secevent/caep/event-type/session-revoked',
    subject: { format: 'iss_sub', iss: idp.issuer, sub },
    event: {},
  });
  const response = await t.server.http.request(`${ISSUER}/ssf/events`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/secevent+jwt', Authorization: PUSH_SECRET },
    body: set,
  });

  expect(response.status).toBe(202);
  await expect(call).rejects.toMatchObject({ code: 'RTA_SDK_REVOKED', details: { kind: 'session-revoked' } });
  await expect(session.authorize(READ)).rejects.toMatchObject({ code: 'RTA_SDK_REVOKED' });
  await expect
    .poll(() => t.audit())
    .toContainEqual(
      expect.objectContaining({ kind: 'enforcement', outcome: 'acknowledged', session: session.id }),
    );
});
