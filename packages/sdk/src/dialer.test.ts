import { createMemoryTransportPair, type TransportConnection } from '@rta/transport';
import type { QuicClientConnection } from '@rta/transport-quic';
import { expect, test, vi } from 'vitest';
import { publishedFacts } from '../test/published-facts.ts';
import { createDialer, type DialOptions, type TransportLoaders } from './dialer.ts';
import { createTicketStore, type TicketStore } from './ticket-store.ts';

const NEVER = new AbortController().signal;
const ENDPOINT = { host: 'rta.example', port: 4433 };

/** Transports that connect nowhere, and tell what they were asked for. */
function fakeTransports(): {
  loaders: TransportLoaders;
  dialled: { readonly kind: string; readonly options: object }[];
  /** What QUIC dialers were made with. */
  quicDialers: readonly object[];
  /** Gives the newest QUIC connection a ticket. */
  giveTicket: (ticket: Uint8Array) => void;
} {
  const dialled: { kind: string; options: object }[] = [];
  const quicDialers: object[] = [];
  let giveTicket: ((ticket: Uint8Array) => void) | undefined;
  const open = (kind: string, options: object): TransportConnection => {
    dialled.push({ kind, options });
    return createMemoryTransportPair().client;
  };
  return {
    dialled,
    quicDialers,
    giveTicket: (ticket) => giveTicket?.(ticket),
    loaders: {
      quic: () =>
        Promise.resolve({
          createQuicDialer: (options) => {
            quicDialers.push(options);
            return {
              dial: (dialOptions = {}) => {
                const connection = Object.assign(open('quic', { ...options, ...dialOptions }), {
                  kind: 'quic' as const,
                  earlyData: 'none' as const,
                  established: Promise.resolve(),
                  onTicket: (handler: (ticket: Uint8Array) => void) => {
                    giveTicket = handler;
                  },
                  migrate: () => Promise.resolve(),
                });
                return Promise.resolve(connection as unknown as QuicClientConnection);
              },
            };
          },
        }),
      websocket: () =>
        Promise.resolve({ dialWebSocket: (options) => Promise.resolve(open('websocket', options)) }),
    },
  };
}

test('both transports are given the same server, trust and client certificate', async () => {
  const { loaders, dialled } = fakeTransports();
  const options: DialOptions = {
    ca: 'authority',
    serverName: 'server.example',
    credentials: { cert: 'cert', key: 'key' },
  };
  const dialer = createDialer(ENDPOINT, options, loaders);
  await dialer.quic(NEVER);
  await dialer.websocket(NEVER);

  const expected = { ...ENDPOINT, ...options, signal: NEVER };
  expect(dialled).toEqual([
    { kind: 'quic', options: expected },
    { kind: 'websocket', options: expected },
  ]);
});

test('one QUIC dialer does all dials: what the client trusts is read once', async () => {
  const { loaders, dialled, quicDialers } = fakeTransports();
  const dialer = createDialer(ENDPOINT, { ca: 'authority' }, loaders);
  await dialer.quic(NEVER);
  await Promise.all([dialer.quic(NEVER), dialer.quic(NEVER, Uint8Array.of(7))]);

  expect(quicDialers).toEqual([{ ...ENDPOINT, ca: 'authority' }]);
  expect(dialled).toHaveLength(3);
});

test('who comes back with the same tickets has the dialer of before', async () => {
  const { loaders, dialled, quicDialers } = fakeTransports();
  const options = { ca: 'authority', tickets: createTicketStore() };
  for (let time = 0; time < 3; time++) await createDialer(ENDPOINT, { ...options }, loaders).quic(NEVER);

  expect(quicDialers).toEqual([{ ...ENDPOINT, ca: 'authority' }]);
  expect(dialled).toHaveLength(3);
});

test.each<[string, Partial<DialOptions>, Partial<typeof ENDPOINT>]>([
  ['authorities', { ca: 'another authority' }, {}],
  ['server name', { serverName: 'another.example' }, {}],
  ['certificate', { credentials: { cert: 'another cert', key: 'key' } }, {}],
  ['key', { credentials: { cert: 'cert', key: 'another key' } }, {}],
  ['trace', { qlog: () => undefined }, {}],
  ['ticket store', { tickets: createTicketStore() }, {}],
  ['host', {}, { host: 'another.example' }],
  ['port', {}, { port: 4434 }],
])('who comes back with another %s has a dialer of its own', async (_what, changed, elsewhere) => {
  const { loaders, quicDialers } = fakeTransports();
  const options: DialOptions = {
    ca: 'authority',
    serverName: 'server.example',
    credentials: { cert: 'cert', key: 'key' },
    tickets: createTicketStore(),
  };
  await createDialer(ENDPOINT, options, loaders).quic(NEVER);
  await createDialer({ ...ENDPOINT, ...elsewhere }, { ...options, ...changed }, loaders).quic(NEVER);

  expect(quicDialers).toHaveLength(2);
});

test('credentials that were changed in their place are other credentials', async () => {
  const { loaders, quicDialers } = fakeTransports();
  const credentials = { cert: 'cert', key: 'key' };
  const options: DialOptions = { credentials, tickets: createTicketStore() };
  await createDialer(ENDPOINT, options, loaders).quic(NEVER);
  credentials.key = 'another key';
  await createDialer(ENDPOINT, options, loaders).quic(NEVER);

  expect(quicDialers).toMatchObject([
    { credentials: { cert: 'cert', key: 'key' } },
    { credentials: { cert: 'cert', key: 'another key' } },
  ]);
});

test('options that QUIC refuses are refused each time', async () => {
  const { loaders } = fakeTransports();
  const refusing: TransportLoaders = {
    ...loaders,
    quic: () =>
      Promise.resolve({
        createQuicDialer: () => {
          throw Object.assign(new Error('no certificate'), { code: 'RTA_TRANSPORT_CONFIG' });
        },
      }),
  };
  const dialer = createDialer(ENDPOINT, { ca: 'x' }, refusing);
  await expect(dialer.quic(NEVER)).rejects.toMatchObject({ code: 'RTA_TRANSPORT_CONFIG' });
  await expect(dialer.quic(NEVER)).rejects.toMatchObject({ code: 'RTA_TRANSPORT_CONFIG' });
});

test('a platform without QUIC is told of once, however often it is tried', async () => {
  const facts = publishedFacts();
  const { loaders } = fakeTransports();
  const without: TransportLoaders = {
    ...loaders,
    quic: () => Promise.reject(Object.assign(new Error('no binary'), { code: 'MODULE_NOT_FOUND' })),
  };
  for (let time = 0; time < 3; time++) {
    await expect(createDialer(ENDPOINT, {}, without).quic(NEVER)).rejects.toMatchObject({
      code: 'RTA_SDK_QUIC_UNAVAILABLE',
    });
  }

  expect(facts).toEqual([{ fact: 'quic-unavailable', because: 'MODULE_NOT_FOUND' }]);
});

test('a ticket is kept for a client that trusts the same, and for no other', async () => {
  const tickets = createTicketStore();
  const { loaders, giveTicket } = fakeTransports();
  await createDialer(ENDPOINT, { ca: 'authority', tickets }, loaders).quic(NEVER);
  giveTicket(Uint8Array.of(1));

  const other = createDialer(ENDPOINT, { ca: 'another authority', tickets }, loaders);
  expect(await other.takeTicket()).toBeUndefined();
  const same = createDialer(ENDPOINT, { ca: 'authority', tickets }, loaders);
  expect(await same.takeTicket()).toEqual(Uint8Array.of(1));
});

test('a ticket is passed on where there is one', async () => {
  const { loaders, dialled } = fakeTransports();
  await createDialer(ENDPOINT, {}, loaders).quic(NEVER, Uint8Array.of(7));

  expect(dialled[0]?.options).toMatchObject({ ticket: Uint8Array.of(7) });
});

test('a trace is for QUIC alone', async () => {
  const { loaders, dialled } = fakeTransports();
  const qlog = vi.fn<() => undefined>();
  const dialer = createDialer(ENDPOINT, { qlog }, loaders);
  await dialer.quic(NEVER);
  await dialer.websocket(NEVER);

  expect(dialled[0]?.options).toMatchObject({ qlog });
  expect(dialled[1]?.options).not.toHaveProperty('qlog');
});

test('a ticket store that fails costs nothing but the ticket', async () => {
  const facts = publishedFacts();
  const broken: TicketStore = {
    take: () => Promise.reject(Object.assign(new Error('no access'), { code: 'EACCES' })),
    put: () => {
      throw Object.assign(new Error('disk full'), { code: 'ENOSPC' });
    },
  };
  const { loaders, giveTicket } = fakeTransports();
  const dialer = createDialer(ENDPOINT, { tickets: broken }, loaders);

  expect(await dialer.takeTicket()).toBeUndefined();
  await dialer.quic(NEVER);
  giveTicket(Uint8Array.of(1));

  expect(facts).toEqual([
    { fact: 'ticket-store-failed', because: 'EACCES' },
    { fact: 'ticket-store-failed', because: 'ENOSPC' },
  ]);
});
