import type { DevUser } from '@rta/devkit';
import { runAsChild } from '../harness/run-as-child.ts';
import { createBenchIdp, signInAt } from './bench-idp.ts';

/** An IdP in a process of its own, for where the server cannot reach the bench. It can be asked to sign its user in. */
export interface IdpContract {
  readonly options: { readonly user: DevUser };
  readonly ready: { readonly issuer: string; readonly jwksUri: string };
  readonly request: 'sign-in';
  /** An access token. */
  readonly answer: string;
}

runAsChild<IdpContract>(async ({ user }, resources) => {
  const idp = resources.use(await createBenchIdp([user]));
  return {
    ready: { issuer: idp.issuer, jwksUri: idp.endpoints.ssfJwksUri },
    answer: async () => (await signInAt(idp, user)).accessToken,
  };
});
