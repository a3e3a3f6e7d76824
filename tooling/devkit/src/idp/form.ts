import type { IncomingMessage } from 'node:http';
import { devIdpError } from './errors.ts';
import { DEV_IDP_LIMITS } from './limits.ts';

/**
 * Reads the fields of a posted form.
 *
 * @throws RtaError `RTA_DEVIDP_FORM` for another content type, or a body above `DEV_IDP_LIMITS.formBytes`.
 */
export async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  const type = request.headers['content-type'] ?? '';
  if (type.split(';')[0]?.trim() !== 'application/x-www-form-urlencoded')
    throw devIdpError('RTA_DEVIDP_FORM');
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  // What is too long is read to its end, but not kept: the browser hears why before it would hear of a reset.
  for await (const chunk of request as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    if (bytes <= DEV_IDP_LIMITS.formBytes) chunks.push(chunk);
  }
  if (bytes > DEV_IDP_LIMITS.formBytes) {
    throw devIdpError(
      'RTA_DEVIDP_FORM',
      `the form has ${bytes} bytes, at most ${DEV_IDP_LIMITS.formBytes} are read`,
    );
  }
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
}
