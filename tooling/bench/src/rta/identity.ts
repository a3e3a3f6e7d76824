import type { DevPki } from '@rta/devkit';

/** As whom a server answers: its certificate and those above it, and the key, PEM. */
export interface TlsIdentity {
  readonly cert: string;
  readonly key: string;
}

/** A server certificate for `localhost` and these IP addresses, with its key. */
export async function issueIdentity(pki: DevPki, ips: readonly string[]): Promise<TlsIdentity> {
  const { certPem, keyPem } = await pki.issueServerCertificate({ names: ['localhost'], ips });
  return { cert: certPem, key: keyPem };
}
