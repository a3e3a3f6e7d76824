export { KEYS_FILE_ERRORS, type KeysFileErrorCode } from './errors.ts';
export type { NextKey, RevokeOutcome } from './folder-changes.ts';
export { type KeyFolder, type KeyFolderOptions, type KeyListing, openKeyFolder } from './key-folder.ts';
export { KEYS_FILE_LIMITS } from './limits.ts';
