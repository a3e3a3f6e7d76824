import type { Hono } from 'hono';
import { z } from 'zod';
import type { AdminQuestion } from '../admin/admin-policy.ts';
import type { Administrator } from '../admin/administrators.ts';
import { lineSchema } from '../admin/targets.ts';
import type { ApprovalTask } from '../decide/approvals.ts';
import { serverError } from '../errors.ts';
import { SERVER_LIMITS } from '../limits.ts';
import { type AdminApi, type Authenticate, assertAccountable } from './admin-api.ts';
import { jsonBody, limitSchema, parseRequest } from './json-body.ts';

const verdictSchema = z.strictObject({ approve: z.boolean(), reason: lineSchema.exactOptional() });
const listQuery = z.strictObject({ limit: limitSchema });

/** `/approvals`: what agents wait for a person to look at. */
export function addApprovalRoutes(app: Hono, authenticate: Authenticate, options: AdminApi): void {
  const { approvals, policy, audit, node } = options;

  app.get('/approvals', async (context) => {
    const by = await authenticate(context);
    const { limit } = parseRequest(listQuery, context.req.query());
    const listed: ApprovalTask[] = [];
    // Who may approve what is for the policies to say, of each task by itself.
    for (const task of [...approvals.list()].slice(0, SERVER_LIMITS.maxApprovalsAsked)) {
      if (listed.length >= limit) break;
      const { kind } = await policy.answer(by, questionOf(by, task));
      if (kind !== 'deny') listed.push(task);
    }
    const { issuer, sub } = by;
    const detail = { listed: listed.length };
    audit.record({
      kind: 'admin',
      outcome: 'ok',
      subject: { issuer, sub },
      action: 'admin:approve',
      detail,
    });
    return context.json({ node, approvals: listed });
  });

  app.post('/approvals/:id', async (context) => {
    const by = await authenticate(context);
    const verdict = await jsonBody(context.req.raw, verdictSchema);
    const id = context.req.param('id');
    const task = [...approvals.list()].find((one) => one.id === id);
    if (task === undefined) throw serverError('RTA_SERVER_APPROVAL_UNKNOWN');
    const about = await policy.permit(by, questionOf(by, task, verdict.approve));
    if (verdict.approve) assertAccountable(audit);
    const decided = approvals.decide(id, { ...verdict, by: `${by.issuer} ${by.sub}` });
    const detail = { approval: id, ...verdict, questionHash: task.questionHash };
    audit.record({ ...about, outcome: 'ok', detail });
    return context.json(decided);
  });
}

/** May this person decide this? Whether their own agent asks stands in the question, for policies that want four eyes. */
function questionOf(by: Administrator, task: ApprovalTask, approve?: boolean): AdminQuestion {
  const { session, subject, actors, action, resource, context } = task;
  return {
    action: 'admin:approve',
    resource: {
      type: 'Session',
      id: session,
      properties: { user: subject.sub, issuer: subject.issuer, agent: actors.at(-1) ?? '' },
    },
    request: {
      isOwn: subject.issuer === by.issuer && subject.sub === by.sub,
      ...(approve === undefined ? {} : { approve }),
      task: { action, resource: { ...resource }, actors, context },
    },
  };
}
