import pc from 'picocolors';

/** One thing that happened. */
export interface TimelineEntry {
  /** Milliseconds since the story began. */
  readonly atMs: number;
  readonly who: string;
  readonly what: string;
  readonly outcome: 'ok' | 'permit' | 'deny' | 'change' | 'stop' | 'info';
  readonly detail?: string;
}

/** Something that the story promises, and whether it came true. */
export interface Expectation {
  readonly what: string;
  readonly held: boolean;
  readonly detail?: string;
}

/** What happened, in order, told as it happens. */
export interface Timeline {
  readonly entries: readonly TimelineEntry[];
  readonly expectations: readonly Expectation[];
  chapter(title: string): void;
  tell(who: string, what: string, outcome: TimelineEntry['outcome'], detail?: string): void;
  /** Checks a promise; the story goes on, and the demo fails at its end. */
  expect(what: string, held: boolean, detail?: string): void;
}

const MARKS: Readonly<Record<TimelineEntry['outcome'], string>> = {
  ok: pc.green('ok    '),
  permit: pc.green('permit'),
  deny: pc.red('deny  '),
  change: pc.yellow('change'),
  stop: pc.magenta('stop  '),
  info: pc.dim('      '),
};

const suffix = (detail: string | undefined): string => (detail === undefined ? '' : pc.dim(`  ${detail}`));

/** Makes a timeline that writes readable lines, or nothing where `write` is absent. */
export function createTimeline(write?: (line: string) => void): Timeline {
  const startedMs = performance.now();
  const entries: TimelineEntry[] = [];
  const expectations: Expectation[] = [];

  return {
    entries,
    expectations,
    chapter(title) {
      write?.(`\n${pc.bold(title)}`);
    },
    tell(who, what, outcome, detail) {
      const atMs = Math.round((performance.now() - startedMs) * 10) / 10;
      entries.push({ atMs, who, what, outcome, ...(detail === undefined ? {} : { detail }) });
      const time = pc.dim(`${atMs.toFixed(1).padStart(8)} ms`);
      write?.(`${time}  ${MARKS[outcome]}  ${pc.cyan(who.padEnd(10))} ${what}${suffix(detail)}`);
    },
    expect(what, held, detail) {
      expectations.push({ what, held, ...(detail === undefined ? {} : { detail }) });
      write?.(`             ${held ? pc.green('✓') : pc.red('✗')} ${what}${suffix(detail)}`);
    },
  };
}
