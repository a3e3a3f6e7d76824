import { parseArgs } from 'node:util';
import type { Side } from './netlab.ts';
import { fullProfile, type LinkProfile } from './profile.ts';

/** What the caller of the command asked for. */
export type LabRequest =
  | { readonly kind: 'help' }
  | { readonly kind: 'mistake'; readonly message: string }
  | {
      readonly kind: 'lab';
      readonly profile: LinkProfile;
      readonly blocksUdp: boolean;
      readonly seed: string | undefined;
      readonly side: Side;
      /** A shell command for the other side, while the command runs. */
      readonly other: string | undefined;
      readonly command: readonly [string, ...string[]];
    };

/** Reads the command line; what stands behind `--` is the command to run. */
export function parseLabArguments(argv: readonly string[]): LabRequest {
  let parsed: ReturnType<typeof read>;
  try {
    parsed = read(argv);
  } catch (error) {
    return mistake(error);
  }
  const { values, positionals } = parsed;
  if (values.help) return { kind: 'help' };
  const { side, seed, with: other } = values;
  if (side !== 'client' && side !== 'server') return mistake(`the sides are client and server, not ${side}`);
  const [program, ...args] = positionals;
  if (program === undefined) return mistake('which command? it stands behind --');

  const figures = {
    delayMs: values.delay,
    jitterMs: values.jitter,
    lossRatio: values.loss,
    reorderRatio: values.reorder,
    duplicateRatio: values.duplicate,
    rateBitsPerSecond: values.rate,
    queuePackets: values.queue,
  };
  const told = Object.entries(figures).filter(([, text]) => text !== undefined);
  const profile: LinkProfile = Object.fromEntries(
    told.map(([name, text]) => [name, Number(text || Number.NaN)]),
  );
  try {
    fullProfile(profile);
  } catch (error) {
    return mistake(error);
  }
  return {
    kind: 'lab',
    profile,
    blocksUdp: values['block-udp'],
    seed,
    side,
    other,
    command: [program, ...args],
  };
}

function mistake(error: unknown): LabRequest {
  return { kind: 'mistake', message: error instanceof Error ? error.message : String(error) };
}

function read(argv: readonly string[]) {
  return parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      delay: { type: 'string' },
      jitter: { type: 'string' },
      loss: { type: 'string' },
      reorder: { type: 'string' },
      duplicate: { type: 'string' },
      rate: { type: 'string' },
      queue: { type: 'string' },
      'block-udp': { type: 'boolean', default: false },
      seed: { type: 'string' },
      side: { type: 'string', default: 'client' },
      with: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
}
