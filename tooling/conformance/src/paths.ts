import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of the repository. */
export const ROOT: string = fileURLToPath(new URL('../../..', import.meta.url));

/** What the last runs found; nothing of it is committed. */
export const CACHE: string = join(ROOT, 'node_modules', '.cache', 'rta-conformance');
