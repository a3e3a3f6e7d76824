import { hash as digestOf } from 'node:crypto';

/** One record as it is kept: its text is what the hash chain covers. */
export interface AuditRow {
  /** 1, 2, 3 … without gaps, per node. */
  readonly sequence: number;
  /** The record, one line of JSON without a line end. */
  readonly line: string;
  /** {@link auditHash} of the previous row's hash and this line. */
  readonly hash: string;
}

/** A place in a chain: the row up to which it is meant. */
export type ChainPlace = Pick<AuditRow, 'sequence' | 'hash'>;

/** What stands before the first row. */
export const CHAIN_START: ChainPlace = Object.freeze({ sequence: 0, hash: '' });

/**
 * The hash of a row: SHA-256 over the previous row's hash, a line feed and the line, base64url.
 * A row that is edited, dropped or moved breaks the chain from there on.
 */
export function auditHash(previousHash: string, line: string): string {
  return digestOf('sha256', `${previousHash}\n${line}`, 'base64url');
}
