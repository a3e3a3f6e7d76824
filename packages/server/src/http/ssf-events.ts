import type { SetReceiver } from '@rta/ssf';
import type { Context } from 'hono';
import { HTTP_PATHS } from './http-paths.ts';

/**
 * Receives security events: one by one as RFC 8935 says, or several in one request of JSON.
 *
 * @see draft-deshpande-secevent-http-multi-set-push
 */
export function securityEventsEndpoint(receiver: SetReceiver): (context: Context) => Promise<Response> {
  return async (context) => {
    const contentType = context.req.header('Content-Type');
    const push = {
      contentType,
      authorization: context.req.header('Authorization'),
      body: new Uint8Array(await context.req.arrayBuffer()),
    };
    const { status, headers, body } = await (isJson(contentType)
      ? receiver.receiveMultiPush(push)
      : receiver.receivePush(push));
    return new Response(body, { status, headers });
  };
}

/** Whether a request is one of several events: such a body may be as large as `SSF_LIMITS.multiPushBytes`. */
export function bringsSeveralEvents({ req }: Context): boolean {
  return (
    req.method === 'POST' && req.path === HTTP_PATHS.securityEvents && isJson(req.header('Content-Type'))
  );
}

function isJson(contentType: string | undefined): boolean {
  return /^\s*application\/json\s*(;|$)/i.test(contentType ?? '');
}
