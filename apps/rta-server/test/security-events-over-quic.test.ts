import { connect } from '@rta/sdk';
import { createSetSender } from '@rta/ssf-sender';
import { expect, test } from 'vitest';
import { READ, startDeployment } from './deployment.ts';

test('a transmitter sends over QUIC to the port of the agents, and stops them', async () => {
  await using t = await startDeployment((idp) => ({
    transmitters: [
      {
        issuer: idp.issuer,
        audience: 'https://rta.example',
        jwksUri: idp.endpoints.ssfJwksUri,
        allowInsecureHttp: true,
        quic: { authorization: 'Bearer over quic' },
      },
    ],
  }));
  const endpoint = `127.0.0.1:${t.server.agentsPort}`;
  const ca = t.pki.caCertPem;
  await using client = await connect(endpoint, { ca });
  const session = await client.exchange({ subjectToken: await t.signIn(), agent: { id: 'agent-1' } });
  expect(await session.authorize(READ)).toMatchObject({ permitted: true });
  const stopped = new Promise((resolve) => session.signal.addEventListener('abort', resolve));

  await using sender = createSetSender({
    endpoint,
    issuer: t.idp.issuer,
    authorization: 'Bearer over quic',
    ca,
  });
  const { jti, set } = await t.idp.signEvent({
    type: 'https://schemas.openid.net/secevent/caep/event-type/session-revoked',
    subject: { format: 'iss_sub', iss: t.idp.issuer, sub: 'alice' },
    event: {},
  });
  await sender.send(jti, set);

  await stopped;
  expect(session.signal.reason).toMatchObject({ code: 'RTA_SDK_REVOKED' });
});
