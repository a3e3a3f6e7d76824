import { AUDIT_ERRORS } from '@rta/audit';
import { type ErrorSpec, type ErrorTable, errorFactory, isRtaError } from '@rta/core';
import { KEYS_FILE_ERRORS } from '@rta/keys-file';

/** Error codes of `rta-server`. */
export const APP_ERRORS = {
  RTA_CONFIG_FILE: {
    summary: 'a file that the configuration names cannot be read',
    remedy: 'check the path (relative ones start at the configuration file) and its permissions',
    retryable: false,
  },
  RTA_CONFIG_PERMISSIONS: {
    summary: 'a file that holds a secret can be read by others than its owner',
    remedy: 'take the rights of others away (chmod 600), and consider the secret known: make another one',
    retryable: false,
  },
  RTA_CONFIG_SYNTAX: {
    summary: 'the configuration file is not YAML',
    remedy: 'mend the line that the message names',
    retryable: false,
  },
  RTA_CONFIG_INVALID: {
    summary: 'the configuration says something that is not understood',
    remedy: 'mend the members that the message names; apps/rta-server/README.md lists them all',
    retryable: false,
  },
  RTA_CONFIG_ENVIRONMENT: {
    summary: 'the configuration refers to an environment variable that is not set',
    remedy: 'set the variable, or write the value into the file',
    retryable: false,
  },
  RTA_CLI_TOKEN: {
    summary: 'there is no access token to administer with',
    remedy: 'put one into RTA_ADMIN_TOKEN, or into a file and name that by --token-file',
    retryable: false,
  },
  RTA_CLI_SERVER: {
    summary: 'the server could not be reached, or what answered is not it',
    remedy:
      'check --url (https), the network, and NODE_EXTRA_CA_CERTS where the certificate is by an authority of your own',
    retryable: true,
  },
  RTA_CLI_REFUSED: {
    summary: 'the server refused',
    remedy: 'the message has its code and reason; docs/errors.md tells what to do about each',
    retryable: false,
  },
} as const satisfies ErrorTable;

export const appError = errorFactory(APP_ERRORS);

const REMEDIES: ReadonlyMap<string, ErrorSpec> = new Map(
  Object.entries({ ...APP_ERRORS, ...AUDIT_ERRORS, ...KEYS_FILE_ERRORS }),
);

/** What can be done about an error of the configuration, the keys or the audit log; undefined for others. */
export function remedyOf(error: unknown): string | undefined {
  return isRtaError(error) ? REMEDIES.get(error.code)?.remedy : undefined;
}
