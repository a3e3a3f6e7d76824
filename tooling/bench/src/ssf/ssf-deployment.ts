import { createDevPki, type DevUser } from '@rta/devkit';
import type { SecurityEventSource } from '@rta/server';
import { createSetSigner } from '@rta/ssf';
import { exportJWK, generateKeyPair, type JWK } from 'jose';
import { type BenchChild, startChild } from '../harness/child-process.ts';
import { ISSUER } from '../rta/bench-idp.ts';
import { type Deployment, deploy } from '../rta/deployment.ts';
import { issueIdentity } from '../rta/identity.ts';
import type { SenderContract } from './sender-process.ts';
import { ALGORITHMS, type Algorithm } from './way.ts';

/** A server that keeps its state durably, and a transmitter that it takes events from by all ways. */
export interface SsfDeployment {
  readonly deployment: Deployment;
  readonly sender: BenchChild<SenderContract>;
}

const HOST = '127.0.0.1';
const TRANSMITTER = 'https://transmitter.bench.localhost';
const CREDENTIAL = 'Bearer bench-transmitter-secret';

/** Starts both, and the IdP of these users. */
export async function deployWithTransmitter(
  users: readonly DevUser[],
  resources: AsyncDisposableStack,
): Promise<SsfDeployment> {
  const pki = await createDevPki();
  const keys = { RS256: await privateKey('RS256'), EdDSA: await privateKey('EdDSA') };
  const sender = await startChild<SenderContract>(
    new URL('./sender-process.ts', import.meta.url),
    { host: HOST, identity: await issueIdentity(pki, [HOST]), issuer: TRANSMITTER, audience: ISSUER, keys },
    resources,
  );
  const published = await Promise.all(
    ALGORITHMS.map((algorithm) => createSetSigner({ key: keys[algorithm], keyId: algorithm, algorithm })),
  );
  const jwks = { keys: published.flatMap(({ publicJwk }) => publicJwk ?? []) };
  const deployment = await deploy(users, resources, {
    store: 'lmdb',
    trusted: [pki.caCertPem],
    sourcesFor: (idpIssuer): SecurityEventSource[] => [
      {
        issuer: TRANSMITTER,
        audience: ISSUER,
        jwks,
        algorithms: ALGORITHMS,
        authorizationHeader: CREDENTIAL,
        subjectIssuers: [idpIssuer],
        quic: { authorization: CREDENTIAL },
      },
      {
        issuer: sender.ready.polledIssuer,
        algorithms: ALGORITHMS,
        subjectIssuers: [idpIssuer],
        stream: { delivery: 'poll', auth: { token: 'bench-poll-token' } },
      },
    ],
  });
  const { ca, eventsUrl, endpoint } = deployment;
  await sender.ask({
    kind: 'connect',
    push: { url: eventsUrl, authorization: CREDENTIAL, ca },
    quic: { endpoint, issuer: TRANSMITTER, authorization: CREDENTIAL, ca },
  });
  return { deployment, sender };
}

async function privateKey(algorithm: Algorithm): Promise<JWK> {
  const { privateKey: key } = await generateKeyPair(algorithm, { extractable: true });
  return exportJWK(key);
}
