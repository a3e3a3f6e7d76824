import { createDevPki } from '@rta/devkit';
import { TRANSPORT_LIMITS } from '@rta/transport';
import { describe, expect, test } from 'vitest';
import { clientConfig, serverConfig } from './config.ts';
import { ConnectionIds, randomResetToken } from './connection-ids.ts';
import type { PacketReceiver } from './endpoint.ts';
import { NativeConnection } from './native.ts';
import { connectionIdKey, newConnectionId } from './packet-routing.ts';

const pki = await createDevPki();
const { certPem: cert, keyPem: key } = await pki.issueServerCertificate({ names: ['localhost'], ips: [] });
const common = { alpn: ['test'], limits: TRANSPORT_LIMITS, idleTimeoutMs: 10_000, earlyData: false };
const CLIENT = { host: '192.0.2.1', port: 1 };
const SERVER = { host: '192.0.2.2', port: 2 };

/** A client and a server of quiche, with no network between them, and the ids that the server has given. */
function connect() {
  const clientId = newConnectionId();
  const serverId = newConnectionId();
  const client = NativeConnection.connect(
    'localhost',
    clientId,
    CLIENT,
    SERVER,
    clientConfig({ ...common, ca: pki.caCertPem, credentials: undefined }),
  );
  const server = NativeConnection.accept(
    serverId,
    null,
    SERVER,
    CLIENT,
    serverConfig({ ...common, credentials: { cert, key }, clientAuthentication: undefined }),
  );
  const routes = new Map<string, PacketReceiver>();
  const receiver: PacketReceiver = { receive: () => {}, turn: () => {}, flush: () => {} };
  const ids = new ConnectionIds({
    native: server,
    router: {
      addRoute: (id, to) => routes.set(connectionIdKey(id), to),
      removeRoute: (id) => routes.delete(connectionIdKey(id)),
    },
    receiver,
    initial: [serverId],
    resetToken: randomResetToken,
  });
  const exchange = (): void => {
    const space = Buffer.alloc(1_200);
    for (let packets = -1; packets !== 0; ) {
      packets = 0;
      for (let sent = client.send(space); sent !== null; sent = client.send(space), packets++) {
        server.recv(space.subarray(0, sent[0]), { from: CLIENT, to: SERVER });
        ids.dropRetired();
      }
      for (let sent = server.send(space); sent !== null; sent = server.send(space), packets++) {
        client.recv(space.subarray(0, sent[0]), { from: SERVER, to: CLIENT });
      }
    }
  };
  exchange();
  return {
    client,
    ids,
    exchange,
    /** Routes that lead to the connection, and others. */
    routed: () => [...routes.values()].filter((to) => to === receiver).length,
    elsewhere: () => [...routes.values()].filter((to) => to !== receiver).length,
  };
}

describe('the ids that a side gives its peer', () => {
  test('are as many as both allow, and lead to the connection', () => {
    const { client, ids, exchange, routed } = connect();
    expect(routed()).toBe(1);
    ids.replenish();
    exchange();
    expect(client.availableDcids()).toBe(7);
    expect(ids.live.length).toBe(8);
    expect(new Set(ids.live.map(connectionIdKey)).size).toBe(8);
    expect(routed()).toBe(8);
    ids.replenish();
    expect(routed()).toBe(8);
  });

  test('are replaced when the peer retires them, and lead nowhere then', () => {
    const { client, ids, exchange, routed, elsewhere } = connect();
    ids.replenish();
    exchange();
    const first = new Set(ids.live.map(connectionIdKey));
    client.retireDestinationCid(1);
    client.retireDestinationCid(2);
    exchange();
    expect(client.availableDcids()).toBe(7);
    expect(ids.live.filter((id) => first.has(connectionIdKey(id))).length).toBe(6);
    expect(routed()).toBe(8);
    expect(elsewhere()).toBe(2);
  });

  test('are remembered only for a while, however many are retired', () => {
    const { client, ids, exchange, routed, elsewhere } = connect();
    ids.replenish();
    exchange();
    for (let sequence = 1; sequence <= 40; sequence++) {
      client.retireDestinationCid(sequence);
      exchange();
    }
    expect(routed()).toBe(8);
    expect(elsewhere()).toBe(8);
  });

  test('lead nowhere when the connection is over', () => {
    const { client, ids, exchange, routed, elsewhere } = connect();
    ids.replenish();
    exchange();
    client.retireDestinationCid(1);
    exchange();
    ids.release();
    expect(routed() + elsewhere()).toBe(0);
    // For those who have not heard of the close.
    expect(ids.live.length).toBe(8);
  });

  test('are not given before the handshake is complete', () => {
    const { ids, routed } = connect();
    ids.dropRetired();
    expect(routed()).toBe(1);
  });
});
