import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

// On port 7. UDP: a datagram comes back with the address that it came from, as this side sees it; TCP: bytes come
// back. The parent may name an address, `ADDRESS:PORT`: it gets a datagram that nobody there has asked for.
const udp = createSocket('udp4');
udp.on('message', (message, { address, port }) => {
  udp.send(`${message.toString()} from ${address}:${port}`, port, address);
});
const tcp = createServer({ allowHalfOpen: true }, (socket) => {
  // A connection that breaks is the test's doing, and told at the other end.
  socket.on('error', () => undefined);
  socket.pipe(socket);
});

process.on('message', (told) => {
  const [address = '', port] = String(told).split(':');
  udp.send('unasked', Number(port), address);
});
process.once('disconnect', () => process.exit(0));
udp.bind(7, () => tcp.listen(7, () => process.send?.('ready')));
