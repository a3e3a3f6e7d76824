import type { Signal } from '@rta/authority';
import type { Messages } from '@rta/protocol';
import { type AgentKey, generateAgentKey } from '@rta/sdk';
import type { Records, Store } from '@rta/store';
import { bindMessage, openLane, type RawSession, rawHello, receivePushes } from './raw-agent.ts';
import { nextAuditRecord, type TestServer } from './test-server.ts';

/** What an agent keeps while its server is down. */
export type SavedAgent = Pick<RawSession, 'session' | 'key'>;

/** An agent on its own connection, bound by its key. */
export type BoundAgent = Omit<RawSession, 'nextNonce'>;

/** Connects, and binds the session there. */
export async function comeBack(t: TestServer, { session, key }: SavedAgent): Promise<BoundAgent> {
  const connection = t.rawConnect();
  const pushes = receivePushes(connection);
  const control = await rawHello(connection);
  const message = bindMessage(connection, control.welcome.challenge, session, key);
  const bound = await control.ask('bind', message, 'bound');
  return { ...control, connection, pushes, session, key, bound, lane: openLane(connection) };
}

/** The server's code for an agent that wants to come back and may not. */
export async function codeOfReturn(t: TestServer, { session, key }: SavedAgent): Promise<string> {
  const connection = t.rawConnect();
  const control = await rawHello(connection);
  const { code } = await control.refusal(
    'bind',
    bindMessage(connection, control.welcome.challenge, session, key),
  );
  return code;
}

/** Delegates; the child is not bound yet. */
export async function delegateTo(
  parent: Pick<RawSession, 'ask' | 'bound'>,
  id: string,
  changes: Partial<Messages['delegate']> = {},
): Promise<SavedAgent> {
  const key: AgentKey = generateAgentKey();
  const message = { token: parent.bound.token, agent: { id }, key: key.publicKey, ...changes };
  const { session } = await parent.ask('delegate', message, 'delegated');
  return { key, session: session as RawSession['session'] };
}

/** A signal about somebody, of this moment. */
export function signalAbout(
  t: TestServer,
  id: string,
  change: Signal['change'],
  user: { readonly issuer: string; readonly sub: string },
): Signal {
  return {
    id,
    source: { issuer: user.issuer, id },
    subject: { user: { by: 'iss-sub', ...user } },
    change,
    occurredAtMs: t.clock.now(),
    receivedAtMs: t.clock.now(),
  };
}

/** Raises a signal; resolves when it is in force. */
export async function raise(
  t: TestServer,
  id: string,
  change: Signal['change'],
  user: { readonly issuer: string; readonly sub: string },
): Promise<void> {
  t.clock.advance(1);
  const applied = nextAuditRecord((record) => record['kind'] === 'signal' && record['change'] === id);
  await t.server.signal(signalAbout(t, id, change, user));
  await applied;
}

/** A store of a process that is killed in the midst of its work. */
export interface MortalStore {
  readonly store: Store;
  /** Resolves when it was killed: from then on nothing is written, and who waits for it waits in vain. */
  readonly died: Promise<void>;
  /** Kills it now. */
  kill(): void;
  /** Lets those who wait go, so that what is left of the process can be cleared away. */
  bury(): void;
}

/** Makes one that is killed at a write of this number, from 0; never by itself where there is none. */
export function mortalStore(real: Store, killedAtWrite = Number.POSITIVE_INFINITY): MortalStore {
  const died = Promise.withResolvers<void>();
  const buried = Promise.withResolvers<never>();
  buried.promise.catch(() => undefined);
  let writes = 0;
  let isDead = false;

  const kill = (): void => {
    isDead = true;
    died.resolve();
  };
  const write = <Result>(go: () => Promise<Result>): Promise<Result> => {
    if (writes >= killedAtWrite) kill();
    writes += 1;
    return isDead ? buried.promise : go();
  };
  const mortal = (records: Records): Records => ({
    get: (key) => records.get(key),
    entries: () => records.entries(),
    put: (...put) => write(() => records.put(...put)),
    delete: (key) => write(() => records.delete(key)),
    update: (...update) => write(() => records.update(...update)),
  });
  return {
    store: {
      ...real,
      sessions: mortal(real.sessions),
      subjects: mortal(real.subjects),
      approvals: mortal(real.approvals),
      changes: mortal(real.changes),
      cursors: mortal(real.cursors),
      singleUse: {
        has: (key) => real.singleUse.has(key),
        claim: (...claim) => write(() => real.singleUse.claim(...claim)),
      },
      audit: {
        read: (options) => real.audit.read(options),
        last: () => real.audit.last(),
        append: (rows) => write(() => real.audit.append(rows)),
      },
      write: (changes) => write(() => real.write(changes)),
    },
    died: died.promise,
    kill,
    bury: () => buried.reject(new Error('the process was killed')),
  };
}
