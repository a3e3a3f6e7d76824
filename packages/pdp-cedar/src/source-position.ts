/** A place in a file, as editors count: lines and columns from 1, a column a character. */
export interface SourcePosition {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/**
 * Finds a place in a file.
 *
 * Cedar counts in bytes of UTF-8 and from the beginning of the part that it was given; JavaScript counts in UTF-16
 * units; people count characters. All three differ after the first letter beyond ASCII.
 *
 * @param part - what Cedar was given: a part of the file that begins at `start`, in UTF-16 units.
 * @param offsetBytes - Cedar's offset into the part.
 */
export function positionIn(
  file: { readonly name: string; readonly text: string },
  part: { readonly text: string; readonly start: number },
  offsetBytes: number,
): SourcePosition {
  const inPart = Buffer.from(part.text, 'utf8').subarray(0, offsetBytes).toString('utf8').length;
  const before = file.text.slice(0, part.start + inPart);
  const lineStart = before.lastIndexOf('\n') + 1;
  let line = 1;
  for (let at = before.indexOf('\n'); at >= 0; at = before.indexOf('\n', at + 1)) line += 1;
  return { file: file.name, line, column: characterCount(before.slice(lineStart)) + 1 };
}

const characterCount = (text: string): number => text.replace(/[\uDC00-\uDFFF]/g, '').length;

/** `file:line:column`. */
export function formatPosition({ file, line, column }: SourcePosition): string {
  return `${file}:${line}:${column}`;
}
