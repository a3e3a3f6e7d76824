import { isRtaError } from '@rta/core';
import { storeError } from '@rta/store';
import type { Argument, Connection } from './connection.ts';
import { redisStoreError } from './errors.ts';

/** What the operator knows of a Redis that does not tell; where it tells, that counts. */
export interface Vouched {
  /** Every write is on a disk, or in several places, before it is acknowledged. */
  readonly durable?: boolean;
  /** `maxmemory-policy` is `noeviction`, or one of the `volatile-` policies; and the address leads to a primary. */
  readonly keepsKeys?: boolean;
}

/**
 * Looks whether a Redis can keep a store.
 *
 * @returns whether each write is on its disk before it is acknowledged.
 * @throws RtaError `RTA_STORE_UNSAFE` where it evicts keys, or nobody knows; `RTA_STORE_UNAVAILABLE` where it is no
 *   primary, or still loads.
 */
export async function examine(connection: Connection, vouched: Vouched): Promise<boolean> {
  const info = await ask(connection, 'INFO');
  const fields = typeof info === 'string' ? fieldsOf(info) : undefined;
  if (fields === undefined) {
    if (vouched.keepsKeys !== true) {
      throw redisStoreError('RTA_STORE_UNSAFE', 'Redis does not answer INFO: nobody knows what it evicts');
    }
    return vouched.durable ?? false;
  }

  const role = fields.get('role') ?? 'unknown';
  if (role !== 'master' || fields.get('loading') === '1') {
    throw storeError('RTA_STORE_UNAVAILABLE', 'this Redis is no primary, or still loads', {
      details: { role },
    });
  }
  const policy = fields.get('maxmemory_policy');
  const keepsKeys = policy === undefined ? vouched.keepsKeys === true : !policy.startsWith('allkeys-');
  if (!keepsKeys) {
    throw redisStoreError('RTA_STORE_UNSAFE', 'maxmemory-policy must be noeviction', {
      details: { policy: policy ?? 'unknown' },
    });
  }
  const settings = await ask(connection, 'CONFIG', 'GET', 'append*');
  if (!Array.isArray(settings) || settings.length === 0) return vouched.durable ?? false;
  const settingOf = (name: string): unknown => settings[settings.indexOf(name) + 1];
  return settingOf('appendonly') === 'yes' && settingOf('appendfsync') === 'always';
}

/** The answer; undefined where Redis does not let this user ask, or has no such command. */
async function ask(connection: Connection, name: string, ...args: readonly Argument[]): Promise<unknown> {
  try {
    return await connection.send(name, ...args);
  } catch (error) {
    if (isRtaError(error) && typeof error.details['reply'] === 'string') {
      if (['NOPERM', 'ERR'].includes(error.details['reply'])) return undefined;
    }
    throw error;
  }
}

function fieldsOf(info: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const line of info.split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1));
  }
  return fields;
}
