import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CAN_RUN, type EchoLab, openEchoLab, titled } from './lab.ts';

describe.skipIf(!CAN_RUN)(titled('the addresses of the client'), () => {
  let echo: EchoLab;

  beforeEach(async () => {
    echo = await openEchoLab('netlab');
    await echo.client({ order: 'open', socket: 'a' });
  });
  afterEach(() => echo[Symbol.asyncDispose]());

  /** The address and port that the server sees. */
  const seenFrom = async (socket: string): Promise<{ readonly address: string; readonly port: string }> => {
    const [reply = ''] = await echo.exchange(socket, ['x']);
    const [address = '', port = ''] = reply.replace('x from ', '').split(':');
    return { address, port };
  };

  it('are seen as they are, until a rebinding gives every flow another port', async () => {
    const before = await seenFrom('a');
    await echo.lab.rebind();
    const after = await seenFrom('a');

    expect(before.address).toBe('192.0.2.1');
    expect(after).toEqual({ address: '192.0.2.1', port: '49152' });
    expect(before.port).not.toBe('49152');
  });

  it('are another address and another port after a rebinding of both', async () => {
    await echo.lab.rebind('address');
    expect(await seenFrom('a')).toEqual({ address: '203.0.113.1', port: '49152' });
    expect(await seenFrom('a')).toEqual({ address: '203.0.113.1', port: '49152' });
    await echo.lab.rebind('address');
    expect(await seenFrom('a')).toEqual({ address: '203.0.113.2', port: '49153' });
  });

  it('are not reached any more where they were seen before', async () => {
    const { address, port } = await seenFrom('a');
    await echo.lab.rebind();
    echo.serverSendsTo(`${address}:${port}`);

    await vi.waitFor(async () => expect((await echo.lab.stats()).down.undeliverablePackets).toBe(1), {
      timeout: 10_000,
    });
    // What comes back next is what was asked for, and not the lost one.
    expect((await seenFrom('a')).port).toBe('49152');
  });

  it('cost TCP its connection when they change', async () => {
    await echo.client({ order: 'connect', to: echo.lab.serverAddress });
    expect(await echo.client({ order: 'write', text: 'hello' })).toEqual(['hello']);
    await echo.lab.rebind();

    expect(await echo.client({ order: 'write', text: 'hello' })).toEqual(['ECONNRESET']);
    expect(await echo.client({ order: 'echo', to: echo.lab.serverAddress, bytes: 1000 })).toEqual(['echoed']);
  });

  it('can be more than one', async () => {
    const address = await echo.lab.addClientAddress();
    await echo.client({ order: 'open', socket: 'bound', address });

    expect(address).toBe('192.0.2.2');
    expect((await seenFrom('bound')).address).toBe('192.0.2.2');
    expect((await seenFrom('a')).address).toBe('192.0.2.1');
  });

  it('change for a socket that is bound to none when the first is taken away', async () => {
    const { port } = await seenFrom('a');
    await echo.lab.addClientAddress();
    await echo.lab.removeClientAddress('192.0.2.1');

    expect(await seenFrom('a')).toEqual({ address: '192.0.2.2', port });
  });

  it('are taken away only where the client has them, and not the last', async () => {
    const { lab } = echo;
    const refused = expect.objectContaining({ code: 'RTA_NETLAB_ADDRESS' });
    await expect(lab.removeClientAddress('192.0.2.1')).rejects.toEqual(refused);
    await lab.addClientAddress();
    await expect(lab.removeClientAddress('192.0.2.9')).rejects.toEqual(refused);
    await lab.removeClientAddress('192.0.2.1');
    await expect(lab.removeClientAddress('192.0.2.1')).rejects.toEqual(refused);
    await expect(lab.removeClientAddress('192.0.2.2')).rejects.toEqual(refused);
  });
});
