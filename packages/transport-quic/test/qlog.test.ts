import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type QlogOpener, qlogFiles } from '../src/index.ts';
import { ask, echo, startServer } from './support.ts';

interface Recorded {
  readonly name?: string;
  readonly time?: number;
  readonly data?: Record<string, unknown>;
  readonly [other: string]: unknown;
}

/** Keeps traces in memory, as records. */
function recorder(): { qlog: QlogOpener; records: Recorded[]; ended: Promise<void> } {
  const records: Recorded[] = [];
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  const qlog: QlogOpener = () => ({
    write: (record) => void records.push(JSON.parse(record.slice(1)) as Recorded),
    end: resolve,
  });
  return { qlog, records, ended };
}

test('a trace begins with who and when, and ends with how the connection ended', async () => {
  const { qlog, records, ended } = recorder();
  await using server = await startServer();
  const { client, server: far } = await server.pair({ qlog });
  echo(far);
  await ask(client, 'hello');
  await client.close(7, 'done');
  await ended;

  expect(records[0]).toMatchObject({
    qlog_version: '0.3',
    qlog_format: 'JSON-SEQ',
    trace: { vantage_point: { type: 'client' }, common_fields: { time_format: 'relative' } },
  });
  expect(records[1]).toMatchObject({
    name: 'connectivity:connection_started',
    data: { src_ip: '127.0.0.1', dst_ip: '127.0.0.1', dst_port: server.port },
  });
  expect(records.at(-1)).toMatchObject({
    name: 'connectivity:connection_closed',
    data: { owner: 'local', application_code: 7, trigger: 'application', reason: 'done' },
  });
});

test('packets are told by type, and those sent by number without gaps', async () => {
  const { qlog, records } = recorder();
  await using server = await startServer();
  const { client, server: far } = await server.pair({ qlog });
  echo(far);
  await ask(client, 'hello');
  await client.close();

  const sent = records.filter(({ name }) => name === 'transport:packet_sent');
  const headers = sent.map(({ data }) => data?.['header'] as { packet_type: string; packet_number: number });
  const numbers = (type: string): number[] =>
    headers.filter(({ packet_type }) => packet_type === type).map(({ packet_number }) => packet_number);
  expect(numbers('initial')[0]).toBe(0);
  for (const type of ['initial', 'handshake', '1RTT']) {
    expect(numbers(type)).toEqual(numbers(type).map((_, index) => index));
  }
  const received = records.filter(({ name }) => name === 'transport:packet_received');
  const types = new Set(
    received.map(({ data }) => (data?.['header'] as { packet_type: string } | undefined)?.packet_type),
  );
  expect(types).toEqual(new Set(['initial', 'handshake', '1RTT']));
  expect(records.some(({ name }) => name === 'recovery:metrics_updated')).toBe(true);
});

test('a trace holds nothing of what streams carry', async () => {
  const lines: string[] = [];
  const qlog: QlogOpener = () => ({ write: (record) => void lines.push(record), end: () => {} });
  await using server = await startServer({ qlog });
  const { client, server: far } = await server.pair({ qlog });
  echo(far);
  await ask(client, 'a-secret-token');
  await client.close();
  expect(lines.length).toBeGreaterThan(10);
  expect(lines.join('')).not.toContain('a-secret-token');
  expect(lines.join('')).not.toContain(Buffer.from('a-secret-token').toString('hex'));
});

test('files are JSON text sequences, one for each connection', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'rta-qlog-'));
  const inner = join(directory, 'traces');
  try {
    const files = qlogFiles(inner);
    const written: Promise<void>[] = [];
    const qlog: QlogOpener = (subject) => {
      const sink = files(subject);
      if (sink === undefined) return undefined;
      const { promise, resolve } = Promise.withResolvers<void>();
      written.push(promise);
      return {
        write: sink.write,
        end: () => {
          sink.end();
          resolve();
        },
      };
    };
    await using server = await startServer({ qlog });
    const { client } = await server.pair();
    await client.close();
    await server.listener.close();
    await Promise.all(written);

    const [name] = await readdir(inner);
    expect(name).toMatch(/^server-[0-9a-f-]{36}\.sqlog$/);
    await expect
      .poll(async () => await readFile(join(inner, name ?? ''), 'utf8'))
      .toContain('connectivity:connection_closed');
    const text = await readFile(join(inner, name ?? ''), 'utf8');
    const records = text.split('\u001e').slice(1);
    for (const record of records) expect(() => JSON.parse(record)).not.toThrow();
  } finally {
    await rm(directory, { recursive: true });
  }
});

test('a directory that cannot be made is refused', () => {
  expect(() => qlogFiles('/dev/null/traces')).toThrow(
    expect.objectContaining({ code: 'RTA_TRANSPORT_CONFIG' }),
  );
});
