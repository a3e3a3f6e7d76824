import { type JsonObject, toBase64Url } from '@rta/core';
import { createDevIdp } from '@rta/devkit';
import { createStaticPdp, type StaticPolicy } from '@rta/pdp';
import { createEd25519Key } from '@rta/token';
import { afterAll } from 'vitest';
import { type RawSession, rawSession } from './raw-agent.ts';
import { type SigningIssuer, startSigningIssuer } from './signing-issuer.ts';
import {
  ISSUER,
  startTestServer,
  type TestServer,
  type TestServerOptions,
  trustedIdp,
} from './test-server.ts';

/** What tokens of administrators are for. */
export const ADMIN_AUDIENCE = `${ISSUER}/admin`;
/** Signs receipts in tests. */
const AUDIT_KEY = createEd25519Key({ keyId: 0, privateKey: new Uint8Array(32).fill(9) });

/** The security team may do everything; a backend may introspect. */
export const ADMIN_POLICY: StaticPolicy = [
  {
    id: 'security',
    effect: 'permit',
    when: ({ subject }) => JSON.stringify(subject.properties?.['groups']).includes('"security"'),
  },
  {
    id: 'backends',
    effect: 'permit',
    when: ({ subject, action }) => subject.id === 'backend' && action.name === 'admin:introspect',
  },
];

/** What answers have in them, as far as tests look for it by name. */
export interface AnswerBody {
  readonly code: string;
  readonly error: string;
  readonly members: readonly string[];
  readonly change: string;
  readonly changes: readonly { readonly id: string }[];
  readonly sessions: readonly { readonly session: string }[];
  readonly next?: string;
  readonly approvals: readonly { readonly id: string; readonly questionHash: string }[];
  readonly acknowledgedCount: number;
  readonly isComplete: boolean;
  readonly active: boolean;
  readonly sub: string;
}

/** An answer over HTTP. `body` is what its text says, where it is JSON. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: AnswerBody;
}

async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text();
  const isJson = response.headers.get('Content-Type')?.includes('json') === true;
  const body = JSON.parse(isJson ? text : '{}') as AnswerBody;
  return { status: response.status, headers: response.headers, text, body };
}

/** A server that is administered: by people of an issuer that signs whatever a test needs. */
export interface AdminServer extends TestServer {
  readonly signing: SigningIssuer;
  /** An access token of somebody of the security team, with other claims where they are given. */
  adminToken(claims?: JsonObject): string;
  /** Asks the admin API, as the security team where no token is given. */
  ask(
    path: string,
    options?: {
      readonly body?: unknown;
      readonly token?: string;
      readonly headers?: Record<string, string>;
      readonly method?: string;
    },
  ): Promise<Answer>;
  /** Gives an order; resolves when it is in force here. */
  order(order: JsonObject): Promise<string>;
  /** An agent of somebody, by hand: its pushes are acknowledged when the test says so. */
  agent(user?: 'alice' | 'bob', id?: string, scope?: string): Promise<RawSession>;
}

const user = (sub: string) => ({ sub, email: `${sub}@example.com`, password: `${sub} password` });

/** Starts the IdP of agents' users. */
export async function startUsersIdp() {
  const idp = await createDevIdp({
    users: [user('alice'), user('bob'), user('sam')],
    clients: [{ clientId: 'app', redirectUris: ['http://127.0.0.1/callback'] }],
    resourceServers: [
      {
        resource: ISSUER,
        scopes: ['files.read', 'files.write'],
        clientId: 'rta',
        clientSecret: 'introspection-secret',
      },
      {
        resource: ADMIN_AUDIENCE,
        scopes: ['rta:admin'],
        clientId: 'rta-admin',
        clientSecret: 'introspection-secret',
        accessTokenFormat: 'jwt',
      },
    ],
  });
  afterAll(() => idp.close());
  return idp;
}

/** Starts one. */
export async function startAdminServer(
  options: TestServerOptions & {
    readonly adminPolicy?: StaticPolicy;
    readonly scope?: string;
    readonly tenantClaim?: string;
    readonly isUnsigned?: boolean;
  },
): Promise<AdminServer> {
  const { adminPolicy = ADMIN_POLICY, scope, tenantClaim, isUnsigned = false, ...rest } = options;
  const signing = await startSigningIssuer(ISSUER);
  const pdp = createStaticPdp({ rules: adminPolicy });
  const t = await startTestServer({
    issuers: [
      trustedIdp(options.idp),
      { ...signing.trusted, ...(tenantClaim === undefined ? {} : { claims: { tenant: tenantClaim } }) },
    ],
    admin: { audience: ADMIN_AUDIENCE, pdp, ...(scope === undefined ? {} : { scope }) },
    ...(isUnsigned ? {} : { auditKey: AUDIT_KEY }),
    ...rest,
  });
  const adminToken = (claims: JsonObject = {}): string =>
    signing.sign(t.clock.now(), { sub: 'sam', aud: ADMIN_AUDIENCE, groups: ['security'], ...claims });

  const ask: AdminServer['ask'] = async (path, { body, token = adminToken(), headers = {}, method } = {}) => {
    const response = await t.server.http.request(`${ISSUER}${path}`, {
      method: method ?? (body === undefined ? 'GET' : 'POST'),
      headers: {
        ...(token === '' ? {} : { Authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    return answerOf(response);
  };

  return {
    ...t,
    signing,
    adminToken,
    ask,
    async order(order) {
      const { status, body } = await ask('/admin/v1/changes', { body: { reason: 'a test', ...order } });
      if (status !== 202) throw new Error(`${status} ${JSON.stringify(body)}`);
      return body.change;
    },
    async agent(user = 'alice', id = 'agent-1', granted = 'files.read files.write') {
      const { accessToken } = await t.signIn(user);
      return rawSession(t.rawConnect(), accessToken, { agent: JSON.stringify({ id }), scope: granted });
    },
  };
}

/** Asks an OAuth endpoint with a form. */
export async function postForm(
  t: TestServer,
  path: string,
  form: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await t.server.http.request(`${ISSUER}${path}`, {
    method: 'POST',
    headers,
    body: new URLSearchParams(form),
  });
  return answerOf(response);
}

/** A token as it travels in forms. */
export function formToken(token: Uint8Array): string {
  return toBase64Url(token);
}
