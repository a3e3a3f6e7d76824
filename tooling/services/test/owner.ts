import { startRedis } from '../src/index.ts';

/** Starts a Redis and waits to be killed. */
const server = await startRedis();
const info = String(await server.command('INFO', 'server'));
const [, processId] = /^process_id:(\d+)/m.exec(info) ?? [];
const [, folder] = (await server.command('CONFIG', 'GET', 'dir')) as string[];
console.log(JSON.stringify({ processId: Number(processId), folder }));
