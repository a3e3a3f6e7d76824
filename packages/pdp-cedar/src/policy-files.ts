import { createHash } from 'node:crypto';
import { canonicalJson, toBase64Url } from '@rta/core';
import type { CedarFile } from './cedar-source.ts';
import { pdpCedarError } from './errors.ts';
import { PDP_CEDAR_LIMITS } from './limits.ts';
import { isUnicode } from './plain-json.ts';

/** Files that may be read, in the order of their names. */
export interface PolicyFiles {
  readonly files: readonly CedarFile[];
  /** `cedar:` and the SHA-256 of all names and texts, base64url: equal for equal files on every node. */
  readonly revision: string;
}

/**
 * Takes files of policies from a source, in any order, before anything in them is read.
 *
 * @throws RtaError `RTA_PDP_CEDAR_SOURCE`, `RTA_PDP_CEDAR_LIMIT`
 */
export function acceptFiles(offered: readonly CedarFile[]): PolicyFiles {
  const files = offered.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  let totalBytes = 0;
  for (const [at, { name, text }] of files.entries()) {
    if (!isUnicode(name) || !/\.cedar(schema)?$/.test(name)) {
      throw pdpCedarError('RTA_PDP_CEDAR_SOURCE', `${name} is neither *.cedar nor *.cedarschema`);
    }
    if (files[at + 1]?.name === name) {
      throw pdpCedarError('RTA_PDP_CEDAR_SOURCE', `there are two files of the name ${name}`);
    }
    if (!isUnicode(text)) throw pdpCedarError('RTA_PDP_CEDAR_SOURCE', `${name} is not Unicode`);
    const bytes = Buffer.byteLength(text);
    if (bytes > PDP_CEDAR_LIMITS.maxFileBytes) {
      throw pdpCedarError('RTA_PDP_CEDAR_LIMIT', `${name} has ${bytes} bytes`);
    }
    totalBytes += bytes;
  }
  if (files.length > PDP_CEDAR_LIMITS.maxFiles || totalBytes > PDP_CEDAR_LIMITS.maxTotalBytes) {
    throw pdpCedarError('RTA_PDP_CEDAR_LIMIT', `${files.length} files with ${totalBytes} bytes`);
  }
  // More often than the wish to deny everything, this is a folder that is being written.
  if (!files.some(({ name }) => name.endsWith('.cedar'))) {
    throw pdpCedarError('RTA_PDP_CEDAR_SOURCE', 'there is no *.cedar file');
  }
  const committed = canonicalJson(files.map(({ name, text }) => [name, text]));
  return { files, revision: `cedar:${toBase64Url(createHash('sha256').update(committed).digest())}` };
}
