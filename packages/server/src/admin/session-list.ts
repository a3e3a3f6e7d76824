import type { Authority, Session } from '@rta/authority';
import type { Clock, JsonObject, SessionId } from '@rta/core';
import { SERVER_LIMITS } from '../limits.ts';
import { nextTurn } from './next-turn.ts';

/** Which sessions are wanted; members that are given narrow together. */
export interface SessionFilter {
  /** Issuer and name of the person. */
  readonly user?: { readonly issuer: string; readonly sub: string } | undefined;
  /** Id of the agent that holds the session. */
  readonly agent?: string | undefined;
  readonly tenant?: { readonly issuer: string; readonly id: string } | undefined;
  readonly state?: 'active' | 'suspended' | undefined;
}

/** A part of a list, in the order of ids. */
export interface SessionPage {
  readonly sessions: readonly Session[];
  /** Where the next page begins; undefined where nothing is left. */
  readonly next: SessionId | undefined;
}

/** Finds live sessions of this node, a page at a time. */
export async function listSessions(
  authority: Pick<Authority, 'sessions'>,
  clock: Clock,
  options: { readonly filter: SessionFilter; readonly after: string | undefined; readonly limit: number },
): Promise<SessionPage> {
  const { filter, after = '', limit } = options;
  let page: Session[] = [];
  let looked = 0;
  for (const session of authority.sessions(clock.now())) {
    looked += 1;
    if (looked % SERVER_LIMITS.sessionsPerTurn === 0) await nextTurn();
    if (session.id <= after || !matches(session, filter)) continue;
    page.push(session);
    // Sorted only now and then: of many sessions, few belong on this page.
    if (page.length >= 8 * (limit + 1)) page = firstOf(page, limit + 1);
  }
  page = firstOf(page, limit + 1);
  const sessions = page.slice(0, limit);
  return { sessions, next: page.length > limit ? sessions.at(-1)?.id : undefined };
}

function firstOf(sessions: readonly Session[], count: number): Session[] {
  return sessions.toSorted((a, b) => (a.id < b.id ? -1 : 1)).slice(0, count);
}

function matches({ subject, actors, state }: Session, { user, agent, tenant, state: wanted }: SessionFilter) {
  if (user !== undefined && (user.issuer !== subject.issuer || user.sub !== subject.sub)) return false;
  if (agent !== undefined && actors.at(-1)?.id !== agent) return false;
  if (tenant !== undefined && (tenant.issuer !== subject.issuer || tenant.id !== subject.tenantId))
    return false;
  return wanted === undefined || state === wanted;
}

/** A session as administrators see it. It holds no token and no key. */
export function describeSession(session: Session): JsonObject {
  const { id, parent, depth, subject, actors, state, generation, grant, attributes, suspensions } = session;
  const { createdAtMs, expiresAtMs, connection } = session;
  // Plain data, and what is undefined is absent in JSON.
  return JSON.parse(
    JSON.stringify({
      session: id,
      parent,
      depth,
      user: {
        issuer: subject.issuer,
        sub: subject.sub,
        email: subject.email,
        tenant: subject.tenantId,
        signedInAtMs: subject.signedInAtMs,
      },
      agents: actors.map(({ id: agent, name, type, version, instance, model, owner, purpose }) => ({
        id: agent,
        name,
        type,
        version,
        instance,
        model,
        owner,
        purpose,
      })),
      state,
      connected: connection !== undefined,
      generation,
      scope: grant.scope,
      authorizationDetails: grant.details,
      attributes,
      suspensions,
      createdAtMs,
      expiresAtMs,
    }),
  ) as JsonObject;
}
