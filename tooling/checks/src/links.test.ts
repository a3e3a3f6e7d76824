import { describe, expect, it } from 'vitest';
import { problemsOf } from '../test/house.ts';
import { links } from './links.ts';
import { treeOf } from './tree.ts';

describe('links', () => {
  it('follows links to files, folders and headings', async () => {
    const tree = treeOf({
      'README.md': [
        '# Top',
        '[a](docs/a.md), [b](./docs/), [c](docs/a.md#two-words--more), [d](#top), [`e`](docs/a.md "A")',
        '[f](https://example.org/x.md), [g](mailto:a@example.org), `[h](gone.md)`',
        '```md',
        '[i](gone.md)',
        '```',
        '[j]: docs/a.md#same-1',
      ].join('\n'),
      'docs/a.md': '## Two words: `& more`\n\n## Same\n\n## Same\n\n[up](../README.md)\n',
    });

    expect(await problemsOf(links, tree)).toEqual([]);
  });

  it('refuses links that lead nowhere', async () => {
    const tree = treeOf({
      'README.md':
        '[a](gone.md)\n[b](docs/a.md#gone) [c](/docs/a.md)\n\n[d]: docs/gone\n[e](../README.md)\n[f](%zz)\n',
      'docs/a.md': '```\n# gone\n```\n',
    });

    expect(await problemsOf(links, tree)).toEqual([
      'README.md:1 gone.md: there is no gone.md',
      'README.md:2 docs/a.md#gone: docs/a.md has no heading for #gone',
      'README.md:2 /docs/a.md is absolute: links within the repository are relative',
      'README.md:4 docs/gone: there is no docs/gone',
      'README.md:5 ../README.md: there is no ../README.md',
      'README.md:6 %zz is not a well-formed link',
    ]);
  });
});
