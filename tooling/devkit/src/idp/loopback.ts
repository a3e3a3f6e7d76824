const LOOPBACK = new Set(['127.0.0.1', '::1', '[::1]', 'localhost']);

/** Whether a host name, as options or URLs spell it, is this machine: where plain HTTP is tolerable. */
export function isLoopback(hostname: string): boolean {
  return LOOPBACK.has(hostname);
}
