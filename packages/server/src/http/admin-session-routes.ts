import type { JsonObject } from '@rta/core';
import type { Hono } from 'hono';
import { z } from 'zod';
import { describeSession, listSessions, type SessionFilter } from '../admin/session-list.ts';
import {
  lineSchema,
  type OrderTarget,
  resourceOf,
  sessionIdSchema,
  sessionResource,
  trustedIssuer,
} from '../admin/targets.ts';
import { serverError } from '../errors.ts';
import { SERVER_LIMITS } from '../limits.ts';
import type { AdminApi, Authenticate } from './admin-api.ts';
import { limitSchema, parseRequest } from './json-body.ts';

const sessionsQuery = z.strictObject({
  user: lineSchema.optional(),
  issuer: lineSchema.optional(),
  agent: lineSchema.optional(),
  tenant: lineSchema.optional(),
  state: z.enum(['active', 'suspended']).optional(),
  limit: limitSchema,
  after: sessionIdSchema.optional(),
});

/** `/sessions`: who acts for whom at this moment. */
export function addSessionRoutes(app: Hono, authenticate: Authenticate, options: AdminApi): void {
  const { authority, policy, audit, clock, node, issuers } = options;

  app.get('/sessions', async (context) => {
    const by = await authenticate(context);
    const { user, issuer, agent, tenant, state, after, limit } = parseRequest(
      sessionsQuery,
      context.req.query(),
    );
    const filter: SessionFilter = {
      user: user === undefined ? undefined : { issuer: trustedIssuer(issuer, issuers), sub: user },
      tenant: tenant === undefined ? undefined : { issuer: trustedIssuer(issuer, issuers), id: tenant },
      agent,
      state,
    };
    const about = await policy.permit(by, {
      action: 'admin:list-sessions',
      resource: resourceOf(targetOf(filter)),
    });
    const { sessions, next } = await listSessions(authority, clock, { filter, after, limit });
    audit.record({ ...about, outcome: 'ok' });
    return context.json({
      node,
      sessions: sessions.map(describeSession),
      ...(next === undefined ? {} : { next }),
    });
  });

  app.get('/sessions/:id', async (context) => {
    const by = await authenticate(context);
    const id = parseRequest(sessionIdSchema, context.req.param('id'));
    const session = authority.get(id, clock.now());
    const about = await policy.permit(by, {
      action: 'admin:list-sessions',
      resource: session === undefined ? resourceOf({ type: 'session', id }) : sessionResource(session),
    });
    if (session === undefined) throw serverError('RTA_SERVER_ADMIN_UNKNOWN');
    let belowCount = 0;
    const below: JsonObject[] = [];
    for (const one of authority.treeOf(id, clock.now())) {
      if (one.id === id) continue;
      belowCount += 1;
      if (below.length < SERVER_LIMITS.maxPageItems) below.push(describeSession(one));
    }
    audit.record({ ...about, outcome: 'ok' });
    return context.json({ node, ...describeSession(session), belowCount, below });
  });
}

/** Members narrow together: who may see all of one of them may see what is left of it. */
function targetOf({ user, agent, tenant }: SessionFilter): OrderTarget {
  if (user !== undefined) return { type: 'user', ...user };
  if (agent !== undefined) return { type: 'agent', id: agent };
  return tenant === undefined ? { type: 'everyone' } : { type: 'tenant', ...tenant };
}
