import { readingScript, writingScript } from './fence.ts';
import type { Script } from './script.ts';

/*
 * A collection is a hash of records and a sorted set of expiries. A field of the hash holds `<expiry>|<JSON>`, the
 * expiry in UNIX milliseconds or empty. The sorted set is only for sweeping: whether a record has expired is judged
 * by who reads it.
 */

/** KEYS[2]: the hash. ARGV[5]: the key. */
export const READ_RECORD = readingScript(`return {'ok', 0, redis.call('HGET', KEYS[2], ARGV[5])}`);

/** KEYS[2]: the hash. ARGV[5]: a cursor, from '0' to '0'. ARGV[6]: about how many. */
export const SCAN_RECORDS = readingScript(`
local page = redis.call('HSCAN', KEYS[2], ARGV[5], 'COUNT', ARGV[6])
return {'ok', 0, page[1], page[2]}
`);

/**
 * Writes records, all or nothing. The collection with the number n has KEYS[2n] and KEYS[2n + 1]. ARGV[7]: records that
 * a collection may hold. From ARGV[first] on four for each write: number of the collection, key, field or an empty
 * text to delete, expiry or an empty text.
 */
function writing(first: number, before: string): Script {
  return writingScript(`${before}
local puts = false
local function overfull()
  local added, present = {}, {}
  for i = ${first}, #ARGV, 4 do
    local collection, id = ARGV[i], ARGV[i] .. ' ' .. ARGV[i + 1]
    if not present[id] then present[id] = redis.call('HEXISTS', KEYS[2 * collection], ARGV[i + 1]) end
    local stays = ARGV[i + 2] == '' and 0 or 1
    if stays == 1 then puts = true end
    added[collection] = (added[collection] or 0) + stays - present[id]
    present[id] = stays
  end
  for collection, count in pairs(added) do
    if count > 0 and redis.call('HLEN', KEYS[2 * collection]) + count > tonumber(ARGV[7]) then return true end
  end
  return false
end
local function sweep_all()
  for i = 2, #KEYS, 2 do sweep(KEYS[i + 1], KEYS[i]) end
end
if overfull() then
  sweep_all()
  if overfull() then return {'full', 0} end
end
local function apply()
  for i = ${first}, #ARGV, 4 do
    local records, expiries = KEYS[2 * ARGV[i]], KEYS[2 * ARGV[i] + 1]
    local key, field, expiry = ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
    if field == '' then redis.call('HDEL', records, key) else redis.call('HSET', records, key, field) end
    if expiry == '' then redis.call('ZREM', expiries, key) else redis.call('ZADD', expiries, expiry, key) end
  end
end
-- Counted first, so that a Redis that is full refuses it before anything is written; last where room is made.
local count
if puts then count = wrote() end
apply()
if not puts then count = wrote() end
sweep_all()
return {'ok', count}
`);
}

/** Puts and deletes. */
export const WRITE_RECORDS = writing(8, '');

/** Puts or deletes one record, where its field is still ARGV[8], or an empty text for none. */
export const REPLACE_RECORD = writing(
  9,
  `
local current = redis.call('HGET', KEYS[2], ARGV[10]) or ''
if current ~= ARGV[8] then return {'conflict', 0, current} end
`,
);

/** Removes what has expired. KEYS[2..]: a sorted set of single-use keys, then hash and sorted set of collections. */
export const SWEEP_EXPIRED = writingScript(`
sweep(KEYS[2])
for i = 3, #KEYS, 2 do sweep(KEYS[i + 1], KEYS[i]) end
return {'ok', 0}
`);
