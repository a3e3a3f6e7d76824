import { type ErrorTable, errorFactory } from '@rta/core';

/** Error codes of `@rta/keys-file`. */
export const KEYS_FILE_ERRORS = {
  RTA_KEYS_FILE_FOLDER: {
    summary: 'the folder of keys cannot be read',
    remedy:
      'check the path, and that the folder is there; `rta-server keys create` makes it with a first key',
    retryable: false,
  },
  RTA_KEYS_FILE_EMPTY: {
    summary: 'the folder of keys holds no key',
    remedy: 'make one with `rta-server keys create`, or check whether the right folder is mounted',
    retryable: false,
  },
  RTA_KEYS_FILE_ACCESS: {
    summary: 'others than the owner can get at keys',
    remedy: 'run the command that the message names; if somebody may have read a key, revoke it',
    retryable: false,
  },
  RTA_KEYS_FILE_MALFORMED: {
    summary: 'a file in the folder of keys is not what its name says',
    remedy: 'restore the file that the message names, or revoke the key',
    retryable: false,
  },
  RTA_KEYS_FILE_REUSED: {
    summary: 'one id stands for two keys, or one key for two ids',
    remedy: 'take the file away that the message names, and make another key with `rta-server keys rotate`',
    retryable: false,
  },
  RTA_KEYS_FILE_LIMIT: {
    summary: 'the folder holds more than it may',
    remedy: 'take away files that are no keys; retire keys whose tokens are all replaced',
    retryable: false,
  },
  RTA_KEYS_FILE_UNKNOWN: {
    summary: 'the folder holds no key with this id',
    remedy: 'see which there are with `rta-server keys list`',
    retryable: false,
  },
  RTA_KEYS_FILE_EXISTS: {
    summary: 'the folder holds keys already',
    remedy: 'to change the key that signs, use `rta-server keys rotate`',
    retryable: false,
  },
  RTA_KEYS_FILE_CURRENT: {
    summary: 'the key that signs new tokens cannot be retired',
    remedy: 'use `rta-server keys rotate` first; after a leak, `rta-server keys revoke`',
    retryable: false,
  },
  RTA_KEYS_FILE_ANNOUNCED: {
    summary: 'a new key is announced already',
    remedy: 'wait until it signs, or let it sign at once with `rta-server keys rotate --now`',
    retryable: false,
  },
  RTA_KEYS_FILE_CONFLICT: {
    summary: 'another process changed the keys meanwhile',
    remedy: 'try again',
    retryable: true,
  },
  RTA_KEYS_FILE_WRITE: {
    summary: 'a file of the folder of keys cannot be written',
    remedy:
      'check the permissions and the room on the disk; where the folder is read-only, change the keys at their source',
    retryable: false,
  },
  RTA_KEYS_FILE_CLOSED: {
    summary: 'the folder of keys was closed',
    remedy: 'open it again',
    retryable: false,
  },
} as const satisfies ErrorTable;

/** Codes that `@rta/keys-file` throws. */
export type KeysFileErrorCode = keyof typeof KEYS_FILE_ERRORS;

export const keysFileError = errorFactory(KEYS_FILE_ERRORS);

/** What the operating system called a fault; its message would only repeat the path. */
export const systemCodeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown error';
