import { COLLECTION_NAMES, type CollectionName } from '@rta/store';

/** The keys of one store in Redis. All are in one slot of a cluster, so that a script can write several. */
export interface KeyNames {
  readonly fence: string;
  readonly singleUse: string;
  readonly audit: string;
  /** The records of a collection and their expiries, in this order. */
  collection(name: CollectionName): readonly [records: string, expiries: string];
  /** What expires: single-use keys, then collections, as the sweeping script takes them. */
  readonly expiring: readonly string[];
}

/**
 * Makes the names of keys.
 *
 * @throws TypeError for a prefix or a node that would not be one part of a name.
 */
export function keyNames(
  prefix: string,
  node: string,
  limits: { readonly nameCharacters: number },
): KeyNames {
  if (!/^[\w.:-]+$/.test(prefix) || prefix.length > limits.nameCharacters) {
    throw new TypeError('a key prefix has letters, digits and -_.: only');
  }
  if (!/^[\w.:-]+$/.test(node) || node.length > limits.nameCharacters) {
    throw new TypeError('the name of a node has letters, digits and -_.: only');
  }
  // What is in the braces decides the slot (Redis Cluster, hash tags).
  const base = `{${prefix}}`;
  const collection = (name: CollectionName): readonly [string, string] => [
    `${base}:${name}`,
    `${base}:${name}:expiries`,
  ];
  const singleUse = `${base}:single-use`;
  return {
    fence: `${base}:fence`,
    singleUse,
    audit: `${base}:audit:${node}`,
    collection,
    expiring: [singleUse, ...COLLECTION_NAMES.flatMap(collection)],
  };
}
