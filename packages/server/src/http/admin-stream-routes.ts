import { isRtaError } from '@rta/core';
import type { StreamHealth } from '@rta/ssf';
import type { Hono } from 'hono';
import { z } from 'zod';
import { lineSchema } from '../admin/targets.ts';
import { serverError } from '../errors.ts';
import type { AdminApi, Authenticate } from './admin-api.ts';
import { jsonBody, parseRequest } from './json-body.ts';

const noQuery = z.strictObject({});
const verifySchema = z.strictObject({ issuer: lineSchema });

/** `/streams`: streams of security events that the node keeps. */
export function addStreamRoutes(app: Hono, authenticate: Authenticate, options: AdminApi): void {
  const { streams, policy, audit, node } = options;

  app.get('/streams', async (context) => {
    const by = await authenticate(context);
    parseRequest(noQuery, context.req.query());
    const resource = { type: 'Everyone', id: 'everyone' };
    const about = await policy.permit(by, { action: 'admin:list-streams', resource });
    audit.record({ ...about, outcome: 'ok' });
    return context.json({ node, streams: streams.map((stream) => describe(stream.health())) });
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
