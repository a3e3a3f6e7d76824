import { fromBase64Url, toBase64Url, utf8 } from '@rta/core';
import { verifyEd25519 } from '@rta/token';
import { type AuditSigner, auditKeyId } from './audit-key.ts';
import type { AuditPlace, CheckpointClaim } from './audit-record.ts';

/** Keeps a signature of a checkpoint from being one of anything else. */
const LABEL = 'RTA audit checkpoint v1\n';

/** A line of a checkpoint ends with its signature, which covers all that stands before it. */
const SIGNED_LINE = /^(\{.*\}),"signature":"([\w-]{86})"\}$/s;

/** A checkpoint as it was read from a line. Nothing is verified yet. */
export interface Checkpoint {
  readonly claim: CheckpointClaim;
  readonly signedText: string;
  readonly signature: Uint8Array;
}

/** Makes the line of a checkpoint, and signs it: node, place, time and the hash of all rows before. */
export function signCheckpoint(
  place: AuditPlace,
  claim: Omit<CheckpointClaim, 'key' | 'publicKey'>,
  signer: AuditSigner,
): string {
  const { publicKey } = signer;
  const checkpoint: CheckpointClaim = {
    ...claim,
    key: auditKeyId(publicKey),
    ...(claim.cause === 'start' ? { publicKey: toBase64Url(publicKey) } : {}),
  };
  const text = JSON.stringify({ ...place, kind: 'checkpoint', outcome: 'ok', checkpoint }).slice(0, -1);
  return `${text},"signature":"${toBase64Url(signer.sign(utf8(LABEL + text)))}"}`;
}

/**
 * Reads a checkpoint from the line of a row of that kind.
 *
 * @param claim - the row's member `checkpoint`, as it was parsed.
 * @returns undefined where it is out of shape.
 */
export function readCheckpoint(line: string, claim: unknown): Checkpoint | undefined {
  const [, signedText, signatureText] = SIGNED_LINE.exec(line) ?? [];
  if (signedText === undefined || signatureText === undefined || !isClaim(claim)) return undefined;
  let signature: Uint8Array;
  try {
    // One spelling only: of the 86 characters the last one has bits to spare, which could be changed unseen.
    signature = fromBase64Url(signatureText);
  } catch {
    return undefined;
  }
  return { claim, signedText, signature };
}

/** Whether a key signed a checkpoint. */
export function isSignedBy({ signedText, signature }: Checkpoint, publicKey: Uint8Array): boolean {
  return verifyEd25519(publicKey, utf8(LABEL + signedText), signature);
}

function isClaim(value: unknown): value is CheckpointClaim {
  if (typeof value !== 'object' || value === null) return false;
  const { previous, cause, everyRows, key, publicKey } = value as Readonly<Record<string, unknown>>;
  return (
    typeof previous === 'string' &&
    typeof cause === 'string' &&
    Number.isSafeInteger(everyRows) &&
    Number(everyRows) > 0 &&
    typeof key === 'string' &&
    (publicKey === undefined || typeof publicKey === 'string')
  );
}
