import { createHash } from 'node:crypto';

/** A Lua script as Redis knows it. */
export interface Script {
  readonly text: string;
  /** SHA-1 of the text, which is its name in Redis. */
  readonly sha: string;
}

/** Makes a script of Lua. */
export function script(...parts: readonly string[]): Script {
  const text = parts.join('\n');
  return { text, sha: createHash('sha1').update(text).digest('hex') };
}
