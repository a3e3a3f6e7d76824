import { parseSessionId, type SessionId } from '@rta/core';
import type { ActionDetail, AgentDescription, ListedSession, SessionBudget } from '@rta/protocol';
import { sdkError } from './errors.ts';
import { SDK_LIMITS } from './limits.ts';
import type { SessionLink } from './session-link.ts';

/** What another agent is given. */
export interface DelegationRequest {
  readonly agent: AgentDescription;
  /** What it may do, a part of what this session may; all of it where neither this nor details are given. */
  readonly scope?: readonly string[];
  /** Where, and how much; as this session has it where not given. */
  readonly authorizationDetails?: readonly ActionDetail[];
  /** Lets it go on when this agent has been away for half a minute; by default it is suspended until it is back. */
  readonly detached?: boolean;
  /** How often it may ask, over itself and those below it; by default as often as this session may. */
  readonly budget?: SessionBudget;
  /** Public key of the agent, 32 bytes: it binds the session with the private one. */
  readonly publicKey: Uint8Array;
  /** At most as long as this session; by default just as long. */
  readonly lifetimeMs?: number;
}

/** A session that waits for the agent to which it was delegated. */
export interface DelegatedSession {
  /** To be passed to `client.bind` by the agent that holds the key. */
  readonly session: SessionId;
  readonly scope: readonly string[];
  readonly expiresAtMs: number;
}

/** A session below this one, as it was when it was listed. */
export interface Descendant extends ListedSession {
  readonly session: SessionId;
  /** The session that delegated it: this one, or another one below it. */
  readonly parent: SessionId;
}

/** What a session below this one is to keep. */
export interface NarrowRequest {
  /** A part of what it has; empty for nothing. */
  readonly scope: readonly string[];
  /** A part of what it has; as it has them where not given. */
  readonly authorizationDetails?: readonly ActionDetail[];
}

/** What a session below this one reaches since it was narrowed. */
export interface NarrowedSession {
  readonly scope: readonly string[];
  readonly generation: number;
}

/** The sessions below one, as its agent can get at them. */
export interface Descendants {
  delegate(request: DelegationRequest): Promise<DelegatedSession>;
  list(): Promise<readonly Descendant[]>;
  narrow(session: SessionId | string, to: NarrowRequest): Promise<NarrowedSession>;
  end(session: SessionId | string): Promise<void>;
}

/**
 * Makes the access to the sessions below one.
 *
 * @param token - the session's current token; throws where there is nothing to be asked any more.
 */
export function createDescendants(link: SessionLink, token: () => Uint8Array): Descendants {
  /** One way through the list; false where a session that was asked after has ended, and the rest is not known. */
  const listInto = async (found: Map<string, Descendant>): Promise<boolean> => {
    let after: string | undefined;
    for (let count = 0; count <= SDK_LIMITS.maxDescendants; ) {
      const page = await link.list({ token: token(), ...(after === undefined ? {} : { after }) });
      for (const one of page.sessions) found.set(one.session, asDescendant(one));
      count += page.sessions.length;
      const last = page.sessions.at(-1);
      if (last === undefined) return after === undefined;
      if (!page.more) return true;
      after = last.session;
    }
    throw sdkError('RTA_SDK_PROTOCOL', 'the list of sessions does not end');
  };

  return {
    async delegate(request) {
      const { publicKey, ...rest } = request;
      const delegated = await link.delegate({ ...rest, key: publicKey, token: token() });
      return { ...delegated, session: parseSessionId(delegated.session) };
    },
    async list() {
      const found = new Map<string, Descendant>();
      let known = 0;
      // Again for as long as it brings anything new.
      while (!(await listInto(found)) && found.size > known) known = found.size;
      return [...found.values()];
    },
    async narrow(session, to) {
      const { scope, generation } = await link.narrow({ ...to, session, token: token() });
      return { scope, generation };
    },
    async end(session) {
      await link.endBelow({ session, token: token() });
    },
  };
}

const asDescendant = (listed: ListedSession): Descendant => ({
  ...listed,
  session: parseSessionId(listed.session),
  parent: parseSessionId(listed.parent),
});
