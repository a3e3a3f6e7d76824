import { Hono } from 'hono';
import { serverError } from '../errors.ts';
import type { AdminApi, Authenticate } from './admin-api.ts';
import { addApprovalRoutes } from './admin-approval-routes.ts';
import { addChangeRoutes } from './admin-change-routes.ts';
import { addSessionRoutes } from './admin-session-routes.ts';
import { addStreamRoutes } from './admin-stream-routes.ts';
import { problemAnswer } from './refusal.ts';

/** The admin API. Every answer is about this moment and this node; none may be kept. */
export function adminRoutes(options: AdminApi): Hono {
  const { administrators, nonces } = options;
  const app = new Hono();

  const authenticate: Authenticate = (context) =>
    administrators.authenticate({
      authorization: context.req.header('Authorization'),
      proof: context.req.header('DPoP'),
      method: context.req.method,
      path: new URL(context.req.url).pathname,
    });

  app.use(async (context, next) => {
    context.header('Cache-Control', 'no-store');
    context.header('DPoP-Nonce', nonces.issue());
    await next();
  });
  app.onError((error, context) => problemAnswer(context, error, nonces));

  app.get('/whoami', async (context) => context.json({ ...(await authenticate(context)) }));
  addChangeRoutes(app, authenticate, options);
  addSessionRoutes(app, authenticate, options);
  addApprovalRoutes(app, authenticate, options);
  addStreamRoutes(app, authenticate, options);

  app.all('*', () => {
    throw serverError('RTA_SERVER_ADMIN_UNKNOWN');
  });
  return app;
}
