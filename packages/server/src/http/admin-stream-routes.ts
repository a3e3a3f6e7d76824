import { isRtaError } from '@rta/core';
import type { RefusedSet, StreamHealth } from '@rta/ssf';
import type { Hono } from 'hono';
import { z } from 'zod';
import { lineSchema } from '../admin/targets.ts';
import { serverError } from '../errors.ts';
import type { AdminApi, Authenticate } from './admin-api.ts';
import { jsonBody, parseRequest } from './json-body.ts';

const noQuery = z.strictObject({});
const verifySchema = z.strictObject({ issuer: lineSchema });

/** `/streams`: streams of security events, from transmitters that the node keeps them at and to receivers that made them. */
export function addStreamRoutes(app: Hono, authenticate: Authenticate, options: AdminApi): void {
  const { streams, transmitter, policy, audit, node } = options;

  app.get('/streams', async (context) => {
    const by = await authenticate(context);
    parseRequest(noQuery, context.req.query());
    const resource = { type: 'Everyone', id: 'everyone' };
    const about = await policy.permit(by, { action: 'admin:list-streams', resource });
    audit.record({ ...about, outcome: 'ok' });
    return context.json({
      node,
      streams: [
        ...streams.map((stream) => ({ direction: 'incoming', ...describe(stream.health()) })),
        ...(transmitter?.streams() ?? []).map((stream) => ({ direction: 'outgoing', ...stream })),
      ],
    });
  });

  app.get('/streams/:id/refused', async (context) => {
    const by = await authenticate(context);
    parseRequest(noQuery, context.req.query());
    const stream = parseRequest(lineSchema, context.req.param('id'));
    const about = await policy.permit(by, {
      action: 'admin:list-streams',
      resource: { type: 'EventStream', id: stream },
    });
    if (transmitter === undefined || !transmitter.streams().some(({ id }) => id === stream)) {
      throw serverError('RTA_SERVER_ADMIN_UNKNOWN');
    }
    const refused = await transmitter.refused(stream);
    audit.record({ ...about, outcome: 'ok' });
    return context.json({ node, stream, refused: refused.map(withoutToken) });
  });

  app.post('/streams/verify', async (context) => {
    const by = await authenticate(context);
    const { issuer } = await jsonBody(context.req.raw, verifySchema);
    const resource = { type: 'Transmitter', id: issuer };
    const about = await policy.permit(by, { action: 'admin:verify-stream', resource });
    const stream = streams.find((one) => one.issuer === issuer);
    if (stream === undefined) throw serverError('RTA_SERVER_ADMIN_UNKNOWN');
    try {
      const { lagMs } = await stream.verify();
      audit.record({ ...about, outcome: 'ok' });
      return context.json({ node, issuer, lagMs });
    } catch (cause) {
      const code = isRtaError(cause) ? cause.code : 'RTA_SERVER_INTERNAL';
      audit.record({ ...about, outcome: 'refused', cause: code });
      throw serverError(
        code === 'RTA_SSF_STREAM_THROTTLED' ? 'RTA_SERVER_STREAM_THROTTLED' : 'RTA_SERVER_STREAM_UNVERIFIED',
        undefined,
        { details: { code }, cause },
      );
    }
  });
}

/** Of what is wrong, its code: messages are for the operator of the node. */
function describe({ lastError, ...health }: StreamHealth): object {
  if (lastError === undefined) return health;
  return { ...health, lastError: isRtaError(lastError) ? lastError.code : 'RTA_SERVER_INTERNAL' };
}

/** What the receiver said. The token is for the receiver: who reads this need not see whom it is about. */
function withoutToken({ jti, err, description, refusedAtMs }: RefusedSet): object {
  return { jti, err, ...(description === undefined ? {} : { description }), refusedAtMs };
}
