import type { AccessRequest } from '@rta/pdp';

/** What the agent wants to do. */
export const QUESTION = {
  action: 'files.read',
  resource: { type: 'File', id: 'reports/2031/q3/summary.txt' },
} as const;

/** Who the agent is. */
export const AGENT = { id: 'researcher', type: 'researcher', version: '1.0.0', model: 'some-model' } as const;

/**
 * The same question as a whole, in AuthZEN's terms: what the server asks its PDP once it has found out from the
 * session who asks. A stateless PDP has to be told all of it, every time.
 */
export const ACCESS_REQUEST: AccessRequest = {
  subject: {
    type: 'User',
    id: 'anna',
    properties: { issuer: 'http://127.0.0.1:43117', email: 'anna@example.com' },
  },
  action: { name: QUESTION.action },
  resource: QUESTION.resource,
  context: {
    session: { id: 'q83vASNFZ4kAESIzRFVmdw', depth: 0 },
    agent: { ...AGENT, keyThumbprint: 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs' },
    actors: [AGENT.id],
    scope: ['files.read', 'files.write'],
    acr: '0',
    amr: ['pwd'],
    request: {},
  },
};
