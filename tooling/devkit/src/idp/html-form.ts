/** A form of a page, as far as filling it in needs it. */
export interface HtmlForm {
  /** Where it is posted; undefined for the page's own address. */
  readonly action: string | undefined;
  /** Names of its inputs with the values that stand in them. */
  readonly inputs: ReadonlyMap<string, string>;
  /** Its buttons that carry a value, in order. */
  readonly buttons: readonly { readonly name: string; readonly value: string }[];
}

const FORM = /<form\b([^>]*)>([\s\S]*?)<\/form>/i;
const INPUT = /<input\b([^>]*)>/gi;
const BUTTON = /<button\b([^>]*)>/gi;
const ATTRIBUTE = /([a-z-]+)(?:="([^"]*)")?/gi;

/**
 * Finds the first form of a page that writes its attributes in double quotes, as the development IdP does.
 * It is not a reader of arbitrary HTML.
 */
export function findForm(html: string): HtmlForm | undefined {
  const [, formTag, content] = FORM.exec(html) ?? [];
  if (formTag === undefined || content === undefined) return undefined;
  const inputs = tags(content, INPUT).flatMap(({ name, value = '' }) =>
    name === undefined ? [] : [[name, value] as const],
  );
  const buttons = tags(content, BUTTON).flatMap(({ name, value }) =>
    name === undefined || value === undefined ? [] : [{ name, value }],
  );
  return { action: attributes(formTag)['action'], inputs: new Map(inputs), buttons };
}

function tags(html: string, pattern: RegExp): { readonly name?: string; readonly value?: string }[] {
  return [...html.matchAll(pattern)].map(([, tag = '']) => attributes(tag));
}

function attributes(tag: string): Record<string, string> {
  return Object.fromEntries(
    [...tag.matchAll(ATTRIBUTE)].map(([, name = '', value = '']) => [
      name.toLowerCase(),
      unescapeHtml(value),
    ]),
  );
}

function unescapeHtml(text: string): string {
  return text
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
}
