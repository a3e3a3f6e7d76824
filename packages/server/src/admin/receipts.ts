import { createHash } from 'node:crypto';
import type { AuditSigner } from '@rta/audit';
import { type Clock, canonicalJson, fromBase64Url, type JsonObject, toBase64Url, utf8 } from '@rta/core';
import type { Store } from '@rta/store';
import type { ChangeRecord } from '../changes/change-log.ts';
import { reportFault } from '../diagnostics.ts';
import { SERVER_LIMITS } from '../limits.ts';

/** What became of a change on one node, as it is told to those who ask. */
export interface Receipt {
  /** The facts (docs/receipts.md). */
  readonly claims: JsonObject;
  /** The same, signed: a compact JWS. Undefined where the node has no key for it. */
  readonly jws: string | undefined;
}

/** Makes receipts, keeps those that are complete, and finds them again (invariant I8). */
export interface Receipts {
  /** A receipt of a change as it stands. */
  of(record: ChangeRecord): Receipt;
  /** Keeps the receipt of a change that is complete; a fault is told, and thrown nowhere. */
  keep(record: ChangeRecord): void;
  /** The nodes of which a receipt of the change was kept: others than this one where they share the store. */
  nodesOf(change: string): Promise<readonly string[]>;
  /** The receipt that a node kept of a change; undefined where there is none (any more). */
  find(change: string, ofNode: string): Promise<Receipt | undefined>;
  /** The public key as a JWK Set (RFC 7517), for those who verify. */
  readonly keySet: JsonObject;
  /** Resolves when everything was written that is to be kept so far. */
  flush(): Promise<void>;
}

/** Makes the receipts of a node. */
export function createReceipts(options: {
  readonly issuer: string;
  readonly node: string;
  readonly signer: AuditSigner | undefined;
  readonly store: Pick<Store, 'changes'>;
  readonly clock: Clock;
}): Receipts {
  const { issuer, node, signer, store, clock } = options;
  const jwk = signer === undefined ? undefined : publicJwk(signer.publicKey);
  const header = jwk === undefined ? undefined : part({ alg: 'EdDSA', kid: jwk.kid, typ: 'rta-receipt+jwt' });
  const waiting: ChangeRecord[] = [];
  const writers = new Set<Promise<void>>();

  const of = (record: ChangeRecord): Receipt => {
    const claims: JsonObject = {
      iss: issuer,
      iat: Math.floor(clock.now() / 1_000),
      sub: record.id,
      node,
      // A record is plain data, and what is undefined is absent in JSON.
      change: JSON.parse(JSON.stringify(record)) as JsonObject,
    };
    if (signer === undefined || header === undefined) return { claims, jws: undefined };
    const signed = `${header}.${part(claims)}`;
    return { claims, jws: `${signed}.${toBase64Url(signer.sign(utf8(signed)))}` };
  };

  const write = async (record: ChangeRecord): Promise<void> => {
    const { claims, jws } = of(record);
    const text = jws ?? part(claims);
    const expiresAtMs = clock.now() + SERVER_LIMITS.receiptRetentionMs;
    const parts = Math.ceil(text.length / SERVER_LIMITS.receiptPartCharacters);
    if (parts > SERVER_LIMITS.maxReceiptParts) throw new RangeError('the receipt is too long to be kept');
    for (let at = 0; at < parts; at += 1) {
      const from = at * SERVER_LIMITS.receiptPartCharacters;
      const piece = text.slice(from, from + SERVER_LIMITS.receiptPartCharacters);
      await store.changes.put(partKey(record.id, node, at), { text: piece }, { expiresAtMs });
    }
    // Last, so that whoever finds a receipt finds all of it.
    await store.changes.update(headKey(record.id), (head) => ({
      record: { nodes: { ...nodesOf(head), [node]: parts } },
      expiresAtMs,
    }));
  };

  /** Writes until nothing waits. Several do so at once, so that a store can take what they write together. */
  const writeWaiting = async (): Promise<void> => {
    for (let record = waiting.shift(); record !== undefined; record = waiting.shift()) {
      try {
        await write(record);
      } catch (error) {
        reportFault('store', error);
      }
    }
  };

  const read = async (change: string, ofNode: string, parts: number): Promise<Receipt | undefined> => {
    let text = '';
    for (let at = 0; at < parts; at += 1) {
      const piece = (await store.changes.get(partKey(change, ofNode, at)))?.['text'];
      if (typeof piece !== 'string') return undefined;
      text += piece;
    }
    const payload = text.includes('.') ? text.split('.')[1] : text;
    const claims = JSON.parse(new TextDecoder().decode(fromBase64Url(payload ?? ''))) as JsonObject;
    return { claims, jws: text.includes('.') ? text : undefined };
  };

  return {
    of,
    keep(record) {
      if (waiting.length + writers.size >= SERVER_LIMITS.maxPendingReceipts) {
        reportFault('store', new Error('too many receipts wait to be kept'));
        return;
      }
      waiting.push(record);
      if (writers.size >= SERVER_LIMITS.concurrentReceipts) return;
      // Not in this turn: agents are told of the change first.
      const writer = Promise.resolve()
        .then(writeWaiting)
        .finally(() => writers.delete(writer));
      writers.add(writer);
    },
    async nodesOf(change) {
      return Object.keys(nodesOf(await store.changes.get(headKey(change)))).sort();
    },
    async find(change, ofNode) {
      const parts = nodesOf(await store.changes.get(headKey(change)))[ofNode];
      return parts === undefined ? undefined : await read(change, ofNode, parts);
    },
    keySet: { keys: jwk === undefined ? [] : [jwk] },
    async flush() {
      while (writers.size > 0) await Promise.all(writers);
    },
  };
}

/** The public half of a key, named by its RFC 7638 thumbprint. */
function publicJwk(publicKey: Uint8Array): JsonObject & { readonly kid: string } {
  const x = toBase64Url(publicKey);
  const thumbprint = canonicalJson({ crv: 'Ed25519', kty: 'OKP', x });
  const kid = createHash('sha256').update(thumbprint).digest('base64url');
  return { kty: 'OKP', crv: 'Ed25519', x, kid, use: 'sig', alg: 'EdDSA' };
}

function part(value: JsonObject): string {
  return toBase64Url(utf8(JSON.stringify(value)));
}

function nodesOf(head: JsonObject | undefined): Readonly<Record<string, number>> {
  const nodes = head?.['nodes'];
  if (typeof nodes !== 'object' || nodes === null || Array.isArray(nodes)) return {};
  return Object.fromEntries(
    Object.entries(nodes).filter((entry): entry is [string, number] => typeof entry[1] === 'number'),
  );
}

/** Changes have names of any length: what others choose is hashed before it is a key. */
function headKey(change: string): string {
  return createHash('sha256').update(change).digest('base64url');
}

function partKey(change: string, node: string, at: number): string {
  return `${headKey(change)}.${headKey(node)}.${at}`;
}
