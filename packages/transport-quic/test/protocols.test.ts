import { expect, test } from 'vitest';
import { ask, echo, startServer } from './support.ts';

const BOTH = ['rta/1', 'rta-ssf/1'] as const;

test('one port serves several protocols, and each connection says which it speaks', async () => {
  await using server = await startServer({ alpn: BOTH });
  for (const protocol of BOTH) {
    const { client, server: accepted } = await server.pair({ alpn: [protocol] });
    expect([client.protocol, accepted.protocol]).toEqual([protocol, protocol]);
    echo(accepted);
    expect(await ask(client, protocol)).toBe(protocol);
  }
});

test('where a client offers several, its order counts', async () => {
  await using server = await startServer({ alpn: BOTH });
  const { client, server: accepted } = await server.pair({ alpn: ['rta-ssf/1', 'rta/1'] });
  expect([client.protocol, accepted.protocol]).toEqual(['rta-ssf/1', 'rta-ssf/1']);
});

test.each(BOTH)('in early data the protocol %s is known from the first byte on', async (protocol) => {
  await using server = await startServer({ alpn: BOTH, earlyData: true });
  const first = await server.pair({ alpn: [protocol] });
  const ticket = await new Promise<Uint8Array>((resolve) => first.client.onTicket(resolve));

  const client = await server.dial({ alpn: [protocol], ticket });
  expect(client.protocol).toBe(protocol);
  const answer = ask(client, 'early');
  const accepted = await server.next();
  expect([accepted.isEarly, accepted.protocol]).toEqual([true, protocol]);
  echo(accepted);
  await answer;
  await client.established;
  expect([client.earlyData, client.protocol, accepted.protocol]).toEqual(['accepted', protocol, protocol]);
});

test('a ticket of one protocol begins no connection of another', async () => {
  await using server = await startServer({ alpn: BOTH, earlyData: true });
  const { client } = await server.pair({ alpn: ['rta/1'] });
  const ticket = await new Promise<Uint8Array>((resolve) => client.onTicket(resolve));
  const other = await server.pair({ alpn: ['rta-ssf/1'], ticket });
  expect([other.client.earlyData, other.server.isEarly, other.server.protocol]).toEqual([
    'none',
    false,
    'rta-ssf/1',
  ]);
});
