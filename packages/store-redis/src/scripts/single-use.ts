import { readingScript, writingScript } from './fence.ts';

/** Takes a key. KEYS[2]: a sorted set. ARGV[7..10]: how many there may be, now, the key, its expiry. */
export const CLAIM_KEY = writingScript(`
local taken = redis.call('ZSCORE', KEYS[2], ARGV[9])
if taken and tonumber(taken) >= tonumber(ARGV[8]) then return {'ok', 0, 0} end
local function full()
  return not redis.call('ZSCORE', KEYS[2], ARGV[9]) and redis.call('ZCARD', KEYS[2]) >= tonumber(ARGV[7])
end
if full() then
  sweep(KEYS[2])
  if full() then return {'full', 0} end
end
local count = wrote()
redis.call('ZADD', KEYS[2], ARGV[10], ARGV[9])
sweep(KEYS[2])
return {'ok', count, 1}
`);

/** When a key expires. KEYS[2]: a sorted set. ARGV[5]: the key. */
export const READ_KEY = readingScript(`return {'ok', 0, redis.call('ZSCORE', KEYS[2], ARGV[5])}`);
