import { generateAgentKey } from '@rta/sdk';
import { inParallel } from '../harness/in-parallel.ts';
import type { EmbeddedServer } from './embedded-server.ts';
import { createRawAgents, type HeldSession, type RawAgents } from './raw-agent.ts';

/** How large a tree is. */
export interface TreeShape {
  readonly sessions: number;
  readonly fanOut: number;
}

/** A session and the agents among which it is. */
export interface TreeMember {
  readonly session: HeldSession;
  readonly agents: RawAgents;
}

/** A tree of sessions whose agents are connected. */
export interface Tree {
  readonly root: TreeMember;
  /** From the top down. */
  readonly members: readonly TreeMember[];
  /** Resolves when so many pushes have come, with the time of the last one, in `performance.now()` milliseconds. */
  pushes(count: number): Promise<number>;
}

const SESSIONS_PER_CONNECTION = 100;
/** Delegations that are waited for at a time. */
export const WIDTH = 32;

/** Grows a tree, floor by floor: every session delegates `fanOut` others until there are enough. */
export async function growTree(embedded: EmbeddedServer, { sessions, fanOut }: TreeShape): Promise<Tree> {
  let pushed = 0;
  let lastPushMs = 0;
  let wanted: { readonly count: number; readonly resolve: (atMs: number) => void } | undefined;
  const onPush = (): void => {
    pushed += 1;
    lastPushMs = performance.now();
    if (wanted !== undefined && pushed >= wanted.count) wanted.resolve(lastPushMs);
  };

  const connections: RawAgents[] = [];
  const agentsOf = async (index: number): Promise<RawAgents> => {
    const place = Math.floor(index / SESSIONS_PER_CONNECTION);
    while (connections.length <= place) connections.push(await createRawAgents(embedded.connect(), onPush));
    const agents = connections[place];
    if (agents === undefined) throw new RangeError('there is no such connection');
    return agents;
  };

  const rootKey = generateAgentKey();
  const agents = await agentsOf(0);
  const root = { agents, session: await agents.exchange(await embedded.signIn(), 'agent-0', rootKey) };
  const members: TreeMember[] = [root];
  for (let floor: readonly TreeMember[] = members; members.length < sessions; ) {
    // A floor shares a key: agents may, as long as none of them acts on behalf of itself.
    const key = generateAgentKey();
    const first = members.length;
    const count = Math.min(sessions - first, floor.length * fanOut);
    for (let index = 0; index < count; index += SESSIONS_PER_CONNECTION) await agentsOf(first + index);
    const parents = floor;
    const opened = await inParallel(count, WIDTH, async (index) => {
      const parent = parents[Math.floor(index / fanOut)] ?? root;
      const id = await parent.agents.delegate(parent.session, `agent-${first + index}`, key);
      const own = await agentsOf(first + index);
      return { agents: own, session: await own.bind(id, key) };
    });
    members.push(...opened);
    floor = opened;
  }
  return {
    root,
    members,
    pushes(count) {
      if (pushed >= count) return Promise.resolve(lastPushMs);
      return new Promise((resolve) => {
        wanted = { count, resolve };
      });
    },
  };
}
