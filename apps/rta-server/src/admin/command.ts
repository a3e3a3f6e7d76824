import { type AdminCall, mistake, parseAdminArguments } from './arguments.ts';
import { adminToken, askServer } from './client.ts';
import { describeAnswer } from './describe.ts';
import { ADMIN_HELP } from './help.ts';

/**
 * Runs `rta-server admin …`.
 *
 * @param argv - what stands behind `admin`.
 * @returns the exit code.
 * @throws TypeError with a `code` for what is not understood; RtaError `RTA_CLI_TOKEN`, `RTA_CLI_SERVER`,
 *   `RTA_CLI_REFUSED`, `RTA_CONFIG_FILE`
 */
export async function runAdmin(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  return askAndTell(parseAdminArguments(argv), ADMIN_HELP, environment);
}

/** Asks what was called for and writes the answer out; help where nothing was. @throws as {@link runAdmin} */
export async function askAndTell(
  call: AdminCall | undefined,
  help: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  if (call === undefined) {
    process.stdout.write(help);
    return 0;
  }
  const url = call.url ?? environment['RTA_ADMIN_URL'];
  if (url === undefined) throw mistake('--url or RTA_ADMIN_URL says where the server is');
  const token = await adminToken(call.tokenFile, environment);
  const answer = await askServer({ url, token }, call.request);
  if (typeof answer === 'string') process.stdout.write(`${answer}\n`);
  else if (call.isJson) process.stdout.write(`${JSON.stringify(answer)}\n`);
  else process.stdout.write(describeAnswer(call.request, answer));
  return 0;
}
