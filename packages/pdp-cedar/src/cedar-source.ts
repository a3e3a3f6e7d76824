/** One file of policies (`*.cedar`) or of schema (`*.cedarschema`). */
export interface CedarFile {
  /** Without a folder; it begins the ids of the policies in the file. */
  readonly name: string;
  readonly text: string;
}

/** Where policies and their schema come from. */
export interface CedarSource {
  /** For logs. */
  readonly name: string;
  /** Everything that is to be in force, in any order. @throws where it cannot be read. */
  read(): Promise<readonly CedarFile[]>;
  /**
   * Tells when what `read` answers may have changed; it may tell too often. A source that has none is read again
   * by `reload` only.
   *
   * @throws where it cannot be watched now; it is asked again later.
   */
  watch?(onChange: () => void): { close(): void };
}

/** Policies that live in memory. */
export interface CedarTextSource extends CedarSource {
  /** Offers other files, all in place of all. The PDP takes them a little later, if they are valid. */
  replace(files: Readonly<Record<string, string>>): void;
}

/**
 * Policies from memory, by file name.
 *
 * @example
 * ```ts
 * cedarText({ 'files.cedar': 'permit(principal, action == Action::"read", resource);' });
 * ```
 */
export function cedarText(files: Readonly<Record<string, string>>): CedarTextSource {
  const watchers = new Set<{ readonly onChange: () => void }>();
  let current = files;
  return {
    name: 'memory',
    read: () => Promise.resolve(Object.entries(current).map(([name, text]) => ({ name, text }))),
    watch(onChange) {
      const watcher = { onChange };
      watchers.add(watcher);
      return { close: () => void watchers.delete(watcher) };
    },
    replace(others) {
      current = others;
      for (const { onChange } of watchers) onChange();
    },
  };
}
