import { askAndTell } from '../admin/command.ts';
import { parseSsfArguments } from './arguments.ts';
import { SSF_HELP } from './help.ts';

/**
 * Runs `rta-server ssf …`, by the admin API.
 *
 * @param argv - what stands behind `ssf`.
 * @returns the exit code.
 * @throws TypeError with a `code` for what is not understood; RtaError `RTA_CLI_TOKEN`, `RTA_CLI_SERVER`,
 *   `RTA_CLI_REFUSED`, `RTA_CONFIG_FILE`
 */
export async function runSsf(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  return askAndTell(parseSsfArguments(argv), SSF_HELP, environment);
}
