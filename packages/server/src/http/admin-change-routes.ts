import type { JsonObject } from '@rta/core';
import type { PdpEntity } from '@rta/pdp';
import type { Context, Hono } from 'hono';
import { z } from 'zod';
import { ORDER_ACTIONS, type Order } from '../admin/orders.ts';
import type { Receipt } from '../admin/receipts.ts';
import { describeSession } from '../admin/session-list.ts';
import {
  completeTarget,
  lineSchema,
  type OrderTarget,
  resourceOf,
  sessionResource,
  targetSchema,
} from '../admin/targets.ts';
import { serverError } from '../errors.ts';
import { SERVER_LIMITS } from '../limits.ts';
import { type AdminApi, type Authenticate, assertAccountable } from './admin-api.ts';
import { jsonBody, limitSchema, parseRequest } from './json-body.ts';

const orderSchema = z
  .strictObject({
    action: z.enum(ORDER_ACTIONS),
    target: targetSchema,
    reason: lineSchema,
    scope: z.array(z.string()).exactOptional(),
    keepOut: z.boolean().exactOptional(),
    txn: lineSchema.exactOptional(),
    dryRun: z.boolean().default(false),
  })
  .refine(({ action, scope }) => (scope !== undefined) === (action === 'limit'), {
    path: ['scope'],
    message: 'is for limit, which needs it; an empty list is nothing',
  })
  .refine(
    ({ action, target, keepOut }) => keepOut === undefined || (action === 'end' && target.type !== 'session'),
    { path: ['keepOut'], message: 'is for end, of others than one session' },
  );
const listQuery = z.strictObject({ limit: limitSchema });
const changeQuery = z.strictObject({
  format: z.enum(['json', 'jws']).optional(),
  node: lineSchema.optional(),
});

/** Who stays away until they are let in again, unless an order says otherwise: those who need no person to come back. */
const STAY_AWAY: readonly OrderTarget['type'][] = ['agent', 'tenant', 'everyone'];

/** `/changes`: orders, and what became of them. */
export function addChangeRoutes(app: Hono, authenticate: Authenticate, options: AdminApi): void {
  const { authority, policy, orders, receipts, changes, audit, clock, node, issuers, path } = options;

  const resourceFor = (target: OrderTarget): PdpEntity => {
    const session = target.type === 'session' ? authority.get(target.id, clock.now()) : undefined;
    return session === undefined ? resourceOf(target) : sessionResource(session);
  };

  app.post('/changes', async (context) => {
    const by = await authenticate(context);
    const { dryRun, ...body } = await jsonBody(context.req.raw, orderSchema);
    const target = completeTarget(body.target, issuers);
    const { action, reason, txn, scope = [], keepOut = STAY_AWAY.includes(target.type) } = body;
    const order: Order = { action, target, reason, keepOut, scope, txn };
    const request: JsonObject = {
      dryRun,
      ...(action === 'end' ? { keepOut } : {}),
      ...(action === 'limit' ? { scope } : {}),
    };
    const permitted = await policy.permit(by, {
      action: `admin:${action}`,
      resource: resourceFor(target),
      request,
    });
    const about = { ...permitted, outcome: 'ok', ...(txn === undefined ? {} : { txn }) } as const;
    const detail = { reason, dryRun };
    if (dryRun) {
      const found = await orders.preview(order, SERVER_LIMITS.maxPageItems);
      const { sessionCount, connectedCount, sessions } = found;
      audit.record({ ...about, detail: { ...detail, sessionCount } });
      return context.json({
        dryRun,
        node,
        sessionCount,
        connectedCount,
        sessions: sessions.map(describeSession),
      });
    }
    if (action !== 'end' && action !== 'suspend') assertAccountable(audit);
    const given = await orders.give(order);
    audit.record({ ...about, change: given.change, detail });
    const receipt = `${path}/changes/${given.change}`;
    return context.json({ ...given, node, receipt }, 202, { Location: receipt });
  });

  app.get('/changes', async (context) => {
    const by = await authenticate(context);
    const { limit } = parseRequest(listQuery, context.req.query());
    const about = await policy.permit(by, {
      action: 'admin:read-change',
      resource: { type: 'Everyone', id: 'everyone' },
    });
    const listed: object[] = [];
    for (const { points: _points, ...record } of changes.list()) {
      if (listed.length >= limit) break;
      listed.push(record);
    }
    audit.record({ ...about, outcome: 'ok' });
    return context.json({ node, changes: listed });
  });

  /** A receipt by this node as it stands now; by another one, or of another run, as it was kept. */
  const receiptOf = async (change: string, ofNode: string): Promise<Receipt | undefined> => {
    const own = ofNode === node ? changes.get(change) : undefined;
    return own === undefined ? await receipts.find(change, ofNode) : receipts.of(own);
  };

  app.get('/changes/:id', async (context) => {
    const by = await authenticate(context);
    const change = context.req.param('id');
    const { format, node: asked } = parseRequest(changeQuery, context.req.query());
    const resource = { type: 'Change', id: change };
    const about = await policy.permit(by, { action: 'admin:read-change', resource });
    const kept = await receipts.nodesOf(change);
    const nodes = changes.get(change) === undefined ? kept : [...new Set([...kept, node])].sort();
    const receipt = await receiptOf(change, asked ?? (nodes.includes(node) ? node : (nodes[0] ?? node)));
    if (receipt === undefined) throw serverError('RTA_SERVER_ADMIN_UNKNOWN');
    audit.record({ ...about, outcome: 'ok' });
    if (format === 'jws' || (format === undefined && wantsJose(context))) {
      if (receipt.jws === undefined) throw serverError('RTA_SERVER_ADMIN_UNSIGNED');
      return context.body(receipt.jws, 200, { 'Content-Type': 'application/jose' });
    }
    return context.json({ ...Object(receipt.claims['change']), nodes });
  });
}

/** Whether the answer is wanted signed: JSON wins where both would do. */
function wantsJose(context: Context): boolean {
  const accepted = (context.req.header('Accept') ?? '').split(',').map((one) => one.split(';')[0]?.trim());
  return accepted.includes('application/jose') && !accepted.includes('application/json');
}
