import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

/** What the caller of `bench` asked for. */
export type BenchRequest =
  | { readonly kind: 'help' }
  | { readonly kind: 'mistake'; readonly message: string }
  | { readonly kind: 'bench'; readonly name: string; readonly args: readonly string[] };

/**
 * Reads the command line of `bench NAME [--json FILE] [--quick]`.
 *
 * @param argv - arguments after the script.
 * @param names - benches that there are.
 * @param cwd - folder that a relative FILE is meant from.
 */
export function parseBenchArguments(
  argv: readonly string[],
  names: readonly string[],
  cwd: string,
): BenchRequest {
  let parsed: ReturnType<typeof read>;
  try {
    parsed = read(argv);
  } catch (error) {
    return { kind: 'mistake', message: error instanceof Error ? error.message : String(error) };
  }
  const { values, positionals } = parsed;
  if (values.help) return { kind: 'help' };
  const [name, ...others] = positionals;
  if (name === undefined) return { kind: 'mistake', message: 'which bench?' };
  if (others.length > 0)
    return { kind: 'mistake', message: `one bench at a time: ${positionals.join(', ')}` };
  if (!names.includes(name)) return { kind: 'mistake', message: `there is no bench \`${name}\`` };
  const args: string[] = [];
  if (values.json !== undefined) args.push('--json', resolve(cwd, values.json));
  if (values.quick) args.push('--quick');
  return { kind: 'bench', name, args };
}

function read(argv: readonly string[]) {
  return parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      json: { type: 'string' },
      quick: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
}
