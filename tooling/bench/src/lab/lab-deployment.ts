import { createDevPki } from '@rta/devkit';
import { type BenchChild, startChild } from '../harness/child-process.ts';
import { benchUser, INTROSPECTION, ISSUER } from '../rta/bench-idp.ts';
import { issueIdentity, type TlsIdentity } from '../rta/identity.ts';
import type { IdpContract } from '../rta/idp-process.ts';
import type { RtaServerContract } from '../rta/server-process.ts';
import type { Laboratory } from './laboratory.ts';

/** A server on the server side of a laboratory; its IdP stands beside it, so that loss is between agent and server. */
export interface LabDeployment {
  readonly server: BenchChild<RtaServerContract>;
  readonly host: string;
  /** What agents connect with. */
  readonly endpoint: string;
  readonly ca: string;
  /** The server's certificate and key, for servers that it is compared with. */
  readonly identity: TlsIdentity;
  /** Signs a user in, and gives the token that can be exchanged. */
  signIn(): Promise<string>;
}

/** Starts an IdP and a server there. */
export async function deployInLab(lab: Laboratory, resources: AsyncDisposableStack): Promise<LabDeployment> {
  const host = lab.serverAddress;
  const place = lab.place('server');
  const pki = await createDevPki();
  const identity = await issueIdentity(pki, [host]);
  const idp = await startChild<IdpContract>(
    new URL('../rta/idp-process.ts', import.meta.url),
    { user: benchUser('anna') },
    resources,
    place,
  );
  const server = await startChild<RtaServerContract>(
    new URL('../rta/server-process.ts', import.meta.url),
    {
      host,
      issuer: ISSUER,
      ...identity,
      idp: idp.ready,
      introspection: INTROSPECTION,
      pushSecret: 'Bearer nobody-pushes-here',
    },
    resources,
    place,
  );
  return {
    server,
    host,
    endpoint: `${host}:${server.ready.agentsPort}`,
    ca: pki.caCertPem,
    identity,
    signIn: () => idp.ask('sign-in'),
  };
}
