import { z } from 'zod';
import { serverError } from '../errors.ts';
import { SERVER_LIMITS } from '../limits.ts';

const DEFAULT_PAGE_ITEMS = 50;

/** How many items of a list are wanted. */
export const limitSchema = z
  .string()
  .regex(/^[1-9]\d{0,3}$/)
  .transform(Number)
  .refine((count) => count <= SERVER_LIMITS.maxPageItems, `must be at most ${SERVER_LIMITS.maxPageItems}`)
  .default(DEFAULT_PAGE_ITEMS);

/**
 * Reads a JSON body. A page of another site can send no `application/json` without being asked (CORS), so a browser
 * cannot be made to give orders.
 *
 * @throws RtaError `RTA_SERVER_ADMIN_REQUEST` with the members that are wrong.
 */
export async function jsonBody<Schema extends z.ZodType>(
  request: Request,
  schema: Schema,
): Promise<z.infer<Schema>> {
  const type = request.headers.get('Content-Type')?.split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/json') throw requestError(['(body): expected application/json']);
  let body: unknown;
  try {
    body = JSON.parse(await request.text());
  } catch {
    throw requestError(['(body): expected JSON']);
  }
  return parseRequest(schema, body);
}

/** @throws RtaError `RTA_SERVER_ADMIN_REQUEST` with the members that are wrong. */
export function parseRequest<Schema extends z.ZodType>(schema: Schema, value: unknown): z.infer<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  // Paths are ours but for what is not known, which is not named: nothing of the request is repeated.
  throw requestError(
    parsed.error.issues.slice(0, 10).map(({ path, code, message }) => {
      const what = code === 'unrecognized_keys' ? 'has members that are not known' : message;
      return `${path.join('.') || '(body)'}: ${what}`;
    }),
  );
}

function requestError(members: readonly string[]): Error {
  return serverError('RTA_SERVER_ADMIN_REQUEST', undefined, { details: { members } });
}
