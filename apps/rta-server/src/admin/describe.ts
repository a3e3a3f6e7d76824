import type { AdminRequest } from './arguments.ts';

type Members = Readonly<Record<string, unknown>>;

const METHODS: Readonly<Record<string, string>> = {
  'urn:ietf:rfc:8935': 'push',
  'urn:ietf:rfc:8936': 'poll',
};

/** An answer of the admin API in words, for a terminal. */
export function describeAnswer({ kind, body }: AdminRequest, answer: unknown): string {
  const members = membersOf(answer);
  const lines = linesOf(kind, members, membersOf(body));
  return lines.map((line) => `${printable(line)}\n`).join('');
}

function linesOf(kind: AdminRequest['kind'], answer: Members, asked: Members): readonly string[] {
  switch (kind) {
    case 'order':
      return answer['dryRun'] === true ? dryRunLines(answer) : orderLines(answer, asked);
    case 'change':
      return changeLines(answer);
    case 'changes':
      return listOf(answer['changes']).map(changeLine);
    case 'sessions':
      return [
        ...listOf(answer['sessions']).map(sessionLine),
        ...(answer['next'] === undefined ? [] : [`more: --after ${textOf(answer['next'])}`]),
      ];
    case 'session':
      return [sessionLine(answer), ...listOf(answer['below']).map((one) => `  ${sessionLine(one)}`)];
    case 'approvals':
      return listOf(answer['approvals']).map(approvalLine);
    case 'verdict':
      return [`${textOf(answer['state'])}: ${approvalLine(answer)}`];
    case 'streams':
      return listOf(answer['streams']).map((stream) =>
        stream['direction'] === 'outgoing' ? outgoingStreamLine(stream) : streamLine(stream),
      );
    case 'refused':
      return listOf(answer['refused']).map(refusedLine);
    case 'verification':
      return [`${textOf(answer['issuer'])}: events get through; it took ${textOf(answer['lagMs'])} ms`];
    case 'whoami':
      return [
        `${textOf(answer['sub'])} of ${textOf(answer['issuer'])}`,
        `groups: ${names(answer['groups'])}; roles: ${names(answer['roles'])}; scope: ${names(answer['scope'])}`,
      ];
  }
}

function dryRunLines(answer: Members): readonly string[] {
  const sessions = listOf(answer['sessions']);
  const count = Number(answer['sessionCount']);
  return [
    `would meet ${count} sessions, ${textOf(answer['connectedCount'])} of them connected, on ${textOf(answer['node'])}; nothing was changed`,
    ...sessions.map(sessionLine),
    ...(sessions.length < count ? [`and ${count - sessions.length} more`] : []),
  ];
}

function orderLines(answer: Members, asked: Members): readonly string[] {
  const { type, ...who } = membersOf(asked['target']);
  const whom = Object.entries(who).map(([name, value]) => `${name} ${textOf(value)}`);
  return [
    `ordered: ${textOf(asked['action'])} ${[textOf(type), ...whom].join(', ')}`,
    `change ${textOf(answer['change'])}; see rta-server admin change ${textOf(answer['change'])}`,
  ];
}

function changeLines(change: Members): readonly string[] {
  const decided = change['decidedAfterMs'];
  return [
    changeLine(change),
    `received ${time(change['receivedAtMs'])} at ${textOf(change['node'])}; in force after ${typeof decided === 'number' ? ms(decided) : '?'}`,
    ...listOf(change['points']).map((point) => {
      const { agent, session, generation, outcome, settledAfterMs } = point;
      const after = typeof settledAfterMs === 'number' ? ` after ${ms(settledAfterMs)}` : '';
      return `  ${textOf(outcome)}${after}: ${textOf(agent)}, session ${textOf(session)}, generation ${textOf(generation)}`;
    }),
  ];
}

function changeLine(change: Members): string {
  const {
    id,
    kind,
    source,
    reason,
    sessionCount,
    acknowledgedCount,
    cutOffCount,
    offlineCount,
    pendingCount,
  } = change;
  const why = reason === undefined ? '' : ` (${textOf(reason)})`;
  const counts = `acknowledged ${textOf(acknowledgedCount)}, cut off ${textOf(cutOffCount)}, offline ${textOf(offlineCount)}, pending ${textOf(pendingCount)}`;
  return `${textOf(id)}: ${textOf(kind)} by ${textOf(source)}${why}; ${textOf(sessionCount)} sessions: ${counts}`;
}

function sessionLine(session: Members): string {
  const user = membersOf(session['user']);
  const agents = listOf(session['agents']).map(({ id }) => textOf(id));
  const connected = session['connected'] === true ? 'connected' : 'away';
  return `${textOf(session['session'])}: ${agents.join(' > ')} for ${textOf(user['sub'])} (${textOf(user['issuer'])}), ${textOf(session['state'])}, ${connected}, may ${names(session['scope'])}`;
}

function streamLine(stream: Members): string {
  const { issuer, streamId, status, lastEventAtMs, lastVerificationAtMs, lagMs, lastError } = stream;
  const words = [
    streamId === undefined ? 'no stream yet' : `stream ${textOf(streamId)} ${textOf(status)}`,
    lastEventAtMs === undefined ? 'no event yet' : `last event ${time(lastEventAtMs)}`,
    lastVerificationAtMs === undefined
      ? 'not verified yet'
      : `verified ${time(lastVerificationAtMs)} in ${textOf(lagMs)} ms`,
    ...(lastError === undefined ? [] : [textOf(lastError)]),
  ];
  return `${textOf(issuer)}: ${words.join(', ')}`;
}

function outgoingStreamLine(stream: Members): string {
  const { id, receiver, method, status, reason, waitingCount, activeAtMs } = stream;
  const way = METHODS[textOf(method)] ?? textOf(method);
  const why = reason === undefined ? '' : ` (${textOf(reason)})`;
  return `to ${textOf(receiver)}: stream ${textOf(id)} ${textOf(status)}${why}, by ${way}, ${textOf(waitingCount)} events wait, last heard of ${time(activeAtMs)}`;
}

function refusedLine(refused: Members): string {
  const { jti, err, description, refusedAtMs } = refused;
  const words = description === undefined ? '' : `: ${textOf(description)}`;
  return `${time(refusedAtMs)} ${textOf(jti)}: ${textOf(err)}${words}`;
}

function approvalLine(task: Members): string {
  const resource = membersOf(task['resource']);
  const subject = membersOf(task['subject']);
  return `${textOf(task['id'])}: ${names(task['actors'], ' > ')} for ${textOf(subject['sub'])} asks to ${textOf(task['action'])} ${textOf(resource['type'])} ${textOf(resource['id'])} until ${time(task['expiresAtMs'])}`;
}

function membersOf(value: unknown): Members {
  return typeof value === 'object' && value !== null ? (value as Members) : {};
}

function listOf(value: unknown): readonly Members[] {
  return Array.isArray(value) ? value.map(membersOf) : [];
}

function names(value: unknown, between = ' '): string {
  return Array.isArray(value) && value.length > 0 ? value.map(textOf).join(between) : '(nothing)';
}

function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '?';
}

function ms(value: number): string {
  return `${value.toFixed(1)} ms`;
}

function time(value: unknown): string {
  return typeof value === 'number' && Number.isFinite(value) ? new Date(value).toISOString() : '?';
}

/** What others chose must not steer the terminal, nor show another text than the one that is there. */
function printable(line: string): string {
  return line.replaceAll(/[\p{Cc}\p{Cs}\u2028\u2029\u202A-\u202E\u2066-\u2069]/gu, '\uFFFD');
}
