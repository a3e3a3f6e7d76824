import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of the repository. */
export const ROOT: string = fileURLToPath(new URL('../../..', import.meta.url));

/** The sources of the peers, a folder each. */
export const PEERS: string = fileURLToPath(new URL('../peers', import.meta.url));

/** What is installed and built for the peers, and what the last runs found; nothing of it is committed. */
export const CACHE: string = join(ROOT, 'node_modules', '.cache', 'rta-interop');
