import { createNetlab } from '../src/index.ts';

// Opens a laboratory, says in which namespaces, and waits to be killed.
const lab = await createNetlab();
process.send?.([lab.command('client').args[2], lab.command('server').args[2]]);
