import { readingScript } from './fence.ts';

/** The log of a node is a stream: a row has the id `<sequence>-0`, and the fields `line` and `hash`. */

/** KEYS[2]: the stream. ARGV[5]: rows that it may hold, ARGV[6]: the first sequence number; then line, hash, line, … */
export const APPEND_ROWS = readingScript(`
local newest = redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)[1]
local last = newest and tonumber(string.match(newest[1], '^%d+')) or 0
if tonumber(ARGV[6]) ~= last + 1 then return {'sequence', 0, string.format('%.0f', last)} end
if redis.call('XLEN', KEYS[2]) + (#ARGV - 6) / 2 > tonumber(ARGV[5]) then return {'full', 0} end
local count = wrote()
for i = 7, #ARGV, 2 do
  last = last + 1
  redis.call('XADD', KEYS[2], string.format('%.0f-0', last), 'line', ARGV[i], 'hash', ARGV[i + 1])
end
return {'ok', count}
`);

/** KEYS[2]: the stream. ARGV[5..7]: from, to, how many. */
export const READ_ROWS = readingScript(
  `return {'ok', 0, redis.call('XRANGE', KEYS[2], ARGV[5], ARGV[6], 'COUNT', ARGV[7])}`,
);

/** KEYS[2]: the stream. */
export const READ_LAST_ROW = readingScript(
  `return {'ok', 0, redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)}`,
);
