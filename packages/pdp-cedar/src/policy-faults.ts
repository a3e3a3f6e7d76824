import type { RtaError } from '@rta/core';
import type { CedarFault } from './engine.ts';
import { type PdpCedarErrorCode, pdpCedarError } from './errors.ts';
import { PDP_CEDAR_LIMITS } from './limits.ts';
import { formatPosition, positionIn, type SourcePosition } from './source-position.ts';

/** Something wrong with a file, and where. */
export interface LocatedFault {
  readonly position: SourcePosition;
  readonly message: string;
}

// Cedar says first what it was doing; the code and the place say that already.
const PREAMBLE = /^(?:failed to parse (?:policy|policies|schema) from string: (?:error parsing schema: )?)/;

/** Says where a fault is that Cedar found in a part of a file. */
export function locate(
  file: { readonly name: string; readonly text: string },
  part: { readonly text: string; readonly start: number },
  { message, offsetBytes }: Pick<CedarFault, 'message' | 'offsetBytes'>,
): LocatedFault {
  return { position: positionIn(file, part, offsetBytes), message: message.replace(PREAMBLE, '') };
}

/** `file:line:column: message`. */
export function formatFault({ position, message }: LocatedFault): string {
  return `${formatPosition(position)}: ${message}`;
}

/**
 * The error that refuses files for their faults: its message and details name the first, `faults` lists them all, in
 * the order in which they stand.
 */
export function faultsError(
  code: PdpCedarErrorCode,
  faults: readonly LocatedFault[],
): RtaError<PdpCedarErrorCode> {
  const sorted = faults.toSorted(byPosition);
  const lines = sorted.map(formatFault);
  const more = lines.length > 1 ? ` (and ${lines.length - 1} more)` : '';
  return pdpCedarError(code, lines.length === 0 ? undefined : `${lines[0]}${more}`, {
    details: { ...sorted[0]?.position, faults: lines.slice(0, PDP_CEDAR_LIMITS.maxListedFaults) },
  });
}

function byPosition({ position: a }: LocatedFault, { position: b }: LocatedFault): number {
  if (a.file !== b.file) return a.file < b.file ? -1 : 1;
  return a.line - b.line || a.column - b.column;
}
