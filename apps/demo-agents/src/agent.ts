import { isRtaError } from '@rta/core';
import { type AgentSession, connect, type RtaClient } from '@rta/sdk';
import type { Stage } from './stage.ts';
import type { Timeline } from './timeline.ts';
import type { Tools } from './tools.ts';

/** What an agent can be told to do. */
export type Deed = 'read' | 'write' | 'delete';

/** One agent: a connection of its own, a session of its own, and tools that ask before they act. */
export interface Agent extends AsyncDisposable {
  readonly name: string;
  readonly session: AgentSession;
  /** Does one thing, if it may; says whether it was done. */
  attempt(deed: Deed, file: string): Promise<'done' | 'denied'>;
  /** Starts a long tool call; resolves once it runs. */
  startLongCall(file: string): Promise<LongCall>;
}

/** A tool call that goes on until it is stopped. */
export interface LongCall {
  /** Lines written so far. */
  readonly lines: number;
  /** Resolves when it stopped, with the monotonic time at which the session's signal fired. */
  readonly stopped: Promise<{ readonly signalledAtMs: number; readonly reason: string }>;
}

/** Connects an agent to the server, over a QUIC connection of its own. */
export function connectAgent(stage: Stage): Promise<RtaClient> {
  return connect(stage.endpoint, { ca: stage.ca });
}

/** Makes an agent of a session. */
export function createAgent(options: {
  readonly name: string;
  readonly client: RtaClient;
  readonly session: AgentSession;
  readonly tools: Tools;
  readonly timeline: Timeline;
}): Agent {
  const { name, client, session, tools, timeline } = options;

  const act = (deed: Deed, file: string, signal: AbortSignal): Promise<unknown> => {
    switch (deed) {
      case 'read':
        return tools.read(file, signal);
      case 'write':
        return tools.write(file, `written by ${name}\n`, signal);
      case 'delete':
        return tools.delete(file);
    }
  };

  session.on('context', ({ generation, cause, lost = [], attributes }) => {
    const said = lost.length > 0 ? `lost ${lost.join(' ')}` : JSON.stringify(attributes);
    timeline.tell(name, `has a new token, generation ${generation}`, 'change', `${cause.kind}: ${said}`);
  });
  session.on('revoked', ({ cause }) => {
    timeline.tell(name, 'is told that its session ended', 'stop', cause.reason ?? cause.kind);
  });

  return {
    name,
    session,
    async attempt(deed, file) {
      const request = { action: `files.${deed}`, resource: { type: 'File', id: file } };
      try {
        await session.guard(request, (signal) => act(deed, file, signal));
        timeline.tell(name, `${deed} ${file}`, 'permit');
        return 'done';
      } catch (error) {
        if (!isRtaError(error, 'RTA_SDK_DENIED')) throw error;
        timeline.tell(name, `${deed} ${file}`, 'deny', String(error.details['cause']));
        return 'denied';
      }
    },
    async startLongCall(file) {
      const underWay = Promise.withResolvers<void>();
      const request = { action: 'files.write', resource: { type: 'File', id: file } };
      let lines = 0;
      const call = session.guard(request, (signal) =>
        tools.writeForLong(file, signal, (written) => {
          lines = written;
          if (written === 3) underWay.resolve();
        }),
      );
      const signalled = new Promise<number>((resolve) => {
        session.signal.addEventListener('abort', () => resolve(performance.now()), { once: true });
      });
      const stopped = call.then(
        () => Promise.reject(new Error('a long call ends only when it is stopped')),
        async (error: unknown) => {
          underWay.reject(error);
          const reason = isRtaError(error) ? error.code : String(error);
          return { signalledAtMs: await signalled, reason };
        },
      );
      await underWay.promise;
      return {
        get lines() {
          return lines;
        },
        stopped,
      };
    },
    async [Symbol.asyncDispose]() {
      await client.close();
    },
  };
}
