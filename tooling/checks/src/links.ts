import { posix } from 'node:path';
import type { Check, Problem } from './check.ts';
import { anchorsOf, withoutCode } from './markdown.ts';
import type { Tree } from './tree.ts';

/** Relative links of the documents lead to files, and to headings, that exist. */
export const links: Check = {
  name: 'links',
  run({ tree }) {
    const problems: Problem[] = [];
    const known = new Set(tree.paths);
    for (const path of tree.paths) {
      for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1))
        known.add(path.slice(0, at));
    }
    let count = 0;
    for (const file of tree.paths) {
      if (!file.endsWith('.md') || file.endsWith('CHANGELOG.md')) continue;
      for (const { target, line } of relativeLinksIn(tree.read(file) ?? '')) {
        count++;
        const message = faultOf(tree, known, file, target);
        if (message !== undefined) problems.push({ file, line, message });
      }
    }
    return Promise.resolve({ problems, seen: `${count} links` });
  },
};

function relativeLinksIn(markdown: string): readonly { readonly target: string; readonly line: number }[] {
  const found: { target: string; line: number }[] = [];
  withoutCode(markdown)
    .split('\n')
    .forEach((text, index) => {
      const inline = text.matchAll(/\]\(<?([^()<>\s]+(?:\([^()\s]*\))?[^()<>\s]*)>?(?:\s+"[^"]*")?\)/g);
      const reference = text.matchAll(/^\s*\[[^\]]+\]:\s+<?(\S+?)>?(?:\s|$)/g);
      for (const [, target = ''] of [...inline, ...reference]) {
        if (!/^[a-z][a-z0-9+.-]*:|^\/\//i.test(target)) found.push({ target, line: index + 1 });
      }
    });
  return found;
}

function faultOf(tree: Tree, known: ReadonlySet<string>, file: string, target: string): string | undefined {
  const [rawPath = '', anchor] = target.split('#');
  if (rawPath.startsWith('/')) return `${target} is absolute: links within the repository are relative`;
  let decoded: string;
  try {
    decoded = decodeURIComponent(rawPath);
  } catch {
    return `${target} is not a well-formed link`;
  }
  const path = decoded === '' ? file : posix.join(posix.dirname(file), decoded).replace(/\/$/, '');
  if (path !== '.' && !known.has(path)) return `${target}: there is no ${path}`;
  if (anchor === undefined || !path.endsWith('.md')) return undefined;
  if (anchorsOf(tree.read(path) ?? '').has(anchor.toLowerCase())) return undefined;
  return `${target}: ${path} has no heading for #${anchor}`;
}
