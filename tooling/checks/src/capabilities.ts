/**
 * What a package can touch outside its own arguments. A floor's row in `ARCHITECTURE.md` names what its packages
 * may touch; whatever is not named there is refused.
 */
export type Capability =
  | 'dates'
  | 'time'
  | 'turns'
  | 'randomness'
  | 'hashes'
  | 'sockets'
  | 'files'
  | 'platform'
  | 'environment'
  | 'console'
  | 'diagnostics';

/** What each capability is, in a few words. */
export const CAPABILITIES: Readonly<Record<Capability, string>> = {
  dates: 'the `Date` class, for a time that was passed in',
  time: 'reading a clock, or timers',
  turns: 'waiting for a later turn of the event loop, which is no measure of time',
  randomness: 'random bytes and new keys',
  hashes: 'hashes, MACs and signatures: `node:crypto` without its randomness',
  sockets: 'the network',
  files: 'the file system',
  platform: 'everything else of Node',
  environment: '`process.env`',
  console: 'output that nobody asked for',
  diagnostics: '`node:diagnostics_channel`',
};

/** Whether a word of the table is a capability. */
export function isCapability(word: string): word is Capability {
  return Object.hasOwn(CAPABILITIES, word);
}

/** Globals that give a capability by their mere name. */
export const GLOBALS: ReadonlyMap<string, Capability> = new Map<string, Capability>([
  ['Date', 'dates'],
  ['Temporal', 'time'],
  ['performance', 'time'],
  ['setTimeout', 'time'],
  ['setInterval', 'time'],
  ['setImmediate', 'turns'],
  ['queueMicrotask', 'turns'],
  ['crypto', 'randomness'],
  ['fetch', 'sockets'],
  ['WebSocket', 'sockets'],
  ['EventSource', 'sockets'],
  ['XMLHttpRequest', 'sockets'],
  ['console', 'console'],
  ['process', 'platform'],
  ['globalThis', 'platform'],
  ['eval', 'platform'],
  ['Function', 'platform'],
]);

/** Members of globals that give another capability than the global itself, or one where it gives none. */
export const GLOBAL_MEMBERS: ReadonlyMap<string, Capability> = new Map<string, Capability>([
  ['Date.now', 'time'],
  ['AbortSignal.timeout', 'time'],
  ['process.hrtime', 'time'],
  ['process.uptime', 'time'],
  ['process.nextTick', 'turns'],
  ['process.env', 'environment'],
]);

const MODULES: ReadonlyMap<string, Capability> = new Map<string, Capability>([
  ['node:timers', 'time'],
  ['node:timers/promises', 'time'],
  ['node:perf_hooks', 'time'],
  ['node:net', 'sockets'],
  ['node:dgram', 'sockets'],
  ['node:tls', 'sockets'],
  ['node:http', 'sockets'],
  ['node:https', 'sockets'],
  ['node:http2', 'sockets'],
  ['node:dns', 'sockets'],
  ['node:dns/promises', 'sockets'],
  ['node:fs', 'files'],
  ['node:fs/promises', 'files'],
  ['node:sqlite', 'files'],
  ['node:console', 'console'],
  ['node:process', 'environment'],
  ['node:diagnostics_channel', 'diagnostics'],
]);

const HASHES: ReadonlySet<string> = new Set([
  'createHash',
  'createHmac',
  'createPrivateKey',
  'createPublicKey',
  'createSecretKey',
  'hash',
  'Hash',
  'Hmac',
  'JsonWebKey',
  'KeyObject',
  'sign',
  'timingSafeEqual',
  'verify',
  'X509Certificate',
]);

/** What importing one name from a module of Node gives. Unknown modules are `platform`, never nothing. */
export function capabilityOfImport(module: string, name: string): Capability {
  if (module === 'node:crypto') return HASHES.has(name) ? 'hashes' : 'randomness';
  if (module.startsWith('node:timers') && name === 'setImmediate') return 'turns';
  return MODULES.get(module) ?? 'platform';
}
