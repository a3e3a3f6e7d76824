import { readFile } from 'node:fs/promises';
import { appError } from '../errors.ts';
import type { AdminRequest } from './arguments.ts';

/** Where and as whom to ask. */
export interface AdminAccess {
  /** The server's HTTPS address. */
  readonly url: string;
  /** Secret: an access token of the identity provider, for the admin audience. */
  readonly token: string;
}

/** How long an answer is waited for. */
const ANSWER_TIMEOUT_MS = 30_000;
const TOKEN = /^[\x21-\x7e]+$/;

/**
 * Finds the token: a file that was named, else the environment. Never an argument, which everybody on the machine sees.
 *
 * @throws RtaError `RTA_CLI_TOKEN`, `RTA_CONFIG_FILE`
 */
export async function adminToken(
  file: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<string> {
  let token = environment['RTA_ADMIN_TOKEN'];
  if (file !== undefined) {
    token = await readFile(file, 'utf8').catch((cause: unknown) => {
      throw appError('RTA_CONFIG_FILE', `cannot read ${file}`, { cause });
    });
  }
  const trimmed = token?.trim() ?? '';
  if (!TOKEN.test(trimmed)) throw appError('RTA_CLI_TOKEN');
  return trimmed;
}

/**
 * Asks the admin API.
 *
 * @returns the answer: JSON, or the text of a signed receipt.
 * @throws RtaError `RTA_CLI_SERVER`, `RTA_CLI_REFUSED`
 */
export async function askServer({ url, token }: AdminAccess, request: AdminRequest): Promise<unknown> {
  const base = URL.parse(url);
  // A token that can stop everybody travels encrypted, and to nobody else.
  if (base?.protocol !== 'https:')
    throw appError('RTA_CLI_SERVER', 'the address of the server must be https');
  let response: Response;
  let text: string;
  try {
    response = await fetch(new URL(`/admin/v1${request.path}`, base), {
      method: request.method,
      redirect: 'error',
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
      headers: {
        Authorization: `Bearer ${token}`,
        Accept: request.isSigned ? 'application/jose' : 'application/json',
        ...(request.body === undefined ? {} : { 'Content-Type': 'application/json' }),
      },
      ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
    });
    text = await response.text();
  } catch (cause) {
    const { cause: inner } = cause as { cause?: { code?: unknown } };
    const why = typeof inner?.code === 'string' ? ` (${inner.code})` : '';
    throw appError('RTA_CLI_SERVER', `${base.origin} cannot be reached${why}`, { cause });
  }
  const type = response.headers.get('Content-Type') ?? '';
  if (response.ok && request.isSigned && type.startsWith('application/jose')) return text;
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    throw appError('RTA_CLI_SERVER', `${base.origin} answered ${response.status}, and no JSON`);
  }
  if (response.ok) return answer;
  throw appError('RTA_CLI_REFUSED', refusalText(response, answer));
}

function refusalText(response: Response, answer: unknown): string {
  const { code, detail, members } = Object(answer) as Readonly<Record<string, unknown>>;
  const challenge = response.headers.get('WWW-Authenticate') ?? '';
  return [
    typeof code === 'string' ? `${response.status} ${code}` : String(response.status),
    ...(typeof detail === 'string' ? [detail] : []),
    ...(Array.isArray(members) ? members.map(String) : []),
    // What sign-in is asked for stands there and nowhere else (RFC 9470 §3).
    ...(challenge.includes('insufficient_user_authentication') ? [challenge] : []),
  ].join('; ');
}
