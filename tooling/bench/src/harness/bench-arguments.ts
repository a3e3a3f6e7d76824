import { parseArgs } from 'node:util';

/** What a bench was asked for. */
export type BenchArguments =
  | { readonly kind: 'help' }
  | { readonly kind: 'mistake'; readonly message: string }
  | { readonly kind: 'run'; readonly scale: BenchScale; readonly jsonFile: string | undefined };

/** `quick` ends within 60 seconds, and its figures are rough. */
export type BenchScale = 'full' | 'quick';

/** Reads `[--json FILE] [--quick] [--help]`. */
export function parseBenchArguments(argv: readonly string[]): BenchArguments {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        json: { type: 'string' },
        quick: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.help) return { kind: 'help' };
    return { kind: 'run', scale: values.quick ? 'quick' : 'full', jsonFile: values.json };
  } catch (error) {
    return { kind: 'mistake', message: error instanceof Error ? error.message : String(error) };
  }
}
