import { type Script, script } from './script.ts';

/**
 * The fence, a hash: `format` of the data, `epoch` of this lineage of it, `lost` once something was, and for each node
 * `w:<node>`, how many writes it has made.
 *
 * Every script begins with this. Each caller says which lineage it knows and how many writes of its own were
 * acknowledged: a Redis that knows of fewer has forgotten some, however many others have written meanwhile. Then it
 * is marked for all.
 *
 * KEYS[1]: the fence. ARGV[1..4]: the node's field, the epoch, writes acknowledged, the name of a loss if there is one.
 */
const CHECK = `
local known = redis.call('HMGET', KEYS[1], 'epoch', 'lost', ARGV[1])
if known[2] or known[1] ~= ARGV[2] or tonumber(known[3] or '0') < tonumber(ARGV[3]) then
  if not known[2] then
    known[2] = ARGV[4]
    -- A Redis that is full refuses the first write of a script, unless it only deletes.
    redis.call('HDEL', KEYS[1], 'lost')
    redis.call('HSET', KEYS[1], 'lost', known[2])
  end
  return {'lost', 0, known[2]}
end
local function wrote()
  return redis.call('HINCRBY', KEYS[1], ARGV[1], 1)
end
`;

/** Removes what has expired: at most ARGV[6] entries of a sorted set that expired before ARGV[5]. */
const SWEEP = `
local function sweep(expiries, hash)
  local keys = redis.call('ZRANGEBYSCORE', expiries, '-inf', '(' .. ARGV[5], 'LIMIT', 0, ARGV[6])
  for _, key in ipairs(keys) do
    redis.call('ZREM', expiries, key)
    if hash then redis.call('HDEL', hash, key) end
  end
end
`;

/** A script that reads. Its own arguments begin at ARGV[5]. */
export function readingScript(body: string): Script {
  return script(CHECK, body);
}

/** A script that writes. Its own arguments begin at ARGV[7]; ARGV[5] and ARGV[6] are for `sweep`. */
export function writingScript(body: string): Script {
  return script(CHECK, SWEEP, body);
}

/** Finds out that nothing was lost, and does nothing else. */
export const CHECK_FENCE = readingScript(`return {'ok', 0}`);

/**
 * Opens a store: makes the fence where there is none, and counts as a write of the node.
 *
 * KEYS[1]: the fence. ARGV: the node's field, the format, an epoch if a new one begins, the loss that is accepted or
 * an empty text.
 */
export const OPEN_FENCE = script(`
local known = redis.call('HMGET', KEYS[1], 'format', 'lost')
if known[1] and known[1] ~= ARGV[2] then return {'format', 0, known[1]} end
if known[2] and known[2] ~= ARGV[4] then return {'lost', 0, known[2]} end
-- Also lets a node open while Redis is full: it may be the one that makes room.
redis.call('HDEL', KEYS[1], 'lost')
if known[2] then redis.call('HSET', KEYS[1], 'epoch', ARGV[3]) end
redis.call('HSETNX', KEYS[1], 'format', ARGV[2])
redis.call('HSETNX', KEYS[1], 'epoch', ARGV[3])
return {'ok', redis.call('HINCRBY', KEYS[1], ARGV[1], 1), redis.call('HGET', KEYS[1], 'epoch')}
`);
