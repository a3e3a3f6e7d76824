/** One row of a Markdown table. */
export interface TableRow {
  readonly cells: readonly string[];
  readonly line: number;
}

/** A Markdown table: its header cells in lower case, and its rows. */
export interface Table {
  readonly header: readonly string[];
  readonly rows: readonly TableRow[];
}

/** The pipe tables of a Markdown text. */
export function tablesOf(markdown: string): readonly Table[] {
  const tables: Table[] = [];
  const lines = markdown.split('\n');
  for (let i = 0; i < lines.length; i++) {
    if (!isRow(lines[i]) || !/^\|[\s:|-]+\|$/.test((lines[i + 1] ?? '').trim())) continue;
    const header = cellsOf(lines[i]).map((cell) => cell.toLowerCase());
    const rows: TableRow[] = [];
    for (i += 2; isRow(lines[i]); i++) rows.push({ cells: cellsOf(lines[i]), line: i + 1 });
    tables.push({ header, rows });
  }
  return tables;
}

function isRow(line: string | undefined): boolean {
  return line?.trim().startsWith('|') ?? false;
}

function cellsOf(line: string | undefined): readonly string[] {
  const inner = (line ?? '').trim().replace(/^\|/, '').replace(/\|$/, '');
  return inner.split(/(?<!\\)\|/).map((cell) => cell.trim());
}

/** The names that stand in backticks. */
export function codeSpans(text: string): readonly string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '');
}

/** A Markdown text with code blocks and code spans blanked out; lines stay where they are. */
export function withoutCode(markdown: string): string {
  let fence: string | undefined;
  return markdown
    .split('\n')
    .map((line) => {
      const mark = /^\s*(```+|~~~+)/.exec(line)?.[1];
      if (fence === undefined && mark === undefined) return line.replace(/`[^`]*`/g, '');
      if (fence === undefined) fence = mark;
      else if (mark !== undefined && mark.startsWith(fence)) fence = undefined;
      return '';
    })
    .join('\n');
}

/** The anchors of a text's headings, as code hosts make them. */
export function anchorsOf(markdown: string): ReadonlySet<string> {
  const anchors = new Set<string>();
  const seen = new Map<string, number>();
  let fenced = false;
  for (const line of markdown.split('\n')) {
    if (/^\s*(```|~~~)/.test(line)) fenced = !fenced;
    const heading = fenced ? undefined : /^#{1,6}\s+(.*?)\s*#*$/.exec(line)?.[1];
    if (heading === undefined) continue;
    const slug = heading
      .toLowerCase()
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-');
    const count = seen.get(slug) ?? 0;
    seen.set(slug, count + 1);
    anchors.add(count === 0 ? slug : `${slug}-${count}`);
  }
  return anchors;
}

/** Writes a table with its columns aligned, the shape that the formatter keeps. */
export function tableText(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const escaped = rows.map((row) => row.map((cell) => cell.replaceAll('|', '\\|')));
  const widths = header.map((title, column) =>
    Math.max(3, title.length, ...escaped.map((row) => row[column]?.length ?? 0)),
  );
  const lineText = (cells: readonly string[]): string =>
    `| ${widths.map((width, column) => (cells[column] ?? '').padEnd(width)).join(' | ')} |`;
  const rule = lineText(widths.map((width) => '-'.repeat(width)));
  return [lineText(header), rule, ...escaped.map(lineText)].join('\n');
}
