"""
A QUIC peer that tests drive: arguments say which role it has and how it is configured; then each line of standard
input is a command, and each is answered with one line of standard output. All of it is JSON. It ends with its input.
"""

import argparse
import asyncio
import json
import sys

from aioquic.asyncio.server import QuicServer
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from aioquic.quic.packet import QuicProtocolVersion

from connection import ConnectionEnded, PeerConnection

HOST = "127.0.0.1"


class Client:
    """Opens connections, one after the other."""

    def __init__(self, options):
        self._options = options
        self._ticket = None
        self._transport = None

    async def start(self):
        return {}

    async def connect(self, early=None):
        """Connects; `early` is said before the handshake where there is a ticket for it."""
        configuration = self._configuration()
        quic = QuicConnection(configuration=configuration, session_ticket_handler=self._keep_ticket)
        loop = asyncio.get_running_loop()
        self._transport, connection = await loop.create_datagram_endpoint(
            lambda: PeerConnection(quic), local_addr=(HOST, 0)
        )
        connection.connect((HOST, self._options.port), transmit=False)
        if early is not None:
            connection.send_talk(early)
        connection.transmit()
        handshake = await connection.opened()
        result = {
            "alpn": handshake.alpn_protocol,
            "resumed": handshake.session_resumed,
            "negotiated": quic._version_negotiated_incompatible,
        }
        if early is not None:
            result["early"] = handshake.early_data_accepted
            result["answer"] = await connection.hear_talk(early)
        return connection, result

    async def rebind(self, connection):
        """Goes on from another port, as after a NAT has forgotten this one."""
        before = self._transport
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: connection, local_addr=(HOST, 0))
        before.close()
        return {"port": self._transport.get_extra_info("sockname")[1]}

    def _keep_ticket(self, ticket):
        self._ticket = ticket

    def _configuration(self):
        options = self._options
        configuration = QuicConfiguration(
            is_client=True, server_name="localhost", session_ticket=self._ticket, **common(options)
        )
        configuration.load_verify_locations(options.ca)
        if options.cert is not None:
            configuration.load_cert_chain(options.cert, options.key)
        if options.version is not None:
            configuration.supported_versions = [options.version, QuicProtocolVersion.VERSION_1]
        return configuration


class Server:
    """Accepts connections on one port."""

    def __init__(self, options):
        self._options = options
        self._shown = asyncio.Queue()
        self._tickets = {}

    async def start(self):
        options = self._options
        configuration = QuicConfiguration(is_client=False, **common(options))
        configuration.load_cert_chain(options.cert, options.key)
        if options.version is not None:
            configuration.supported_versions = [options.version]
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(
            lambda: QuicServer(
                configuration=configuration,
                create_protocol=self._create_connection,
                session_ticket_fetcher=self._tickets.get,
                session_ticket_handler=lambda ticket: self._tickets.update({ticket.ticket: ticket}),
                retry=options.retry,
            ),
            local_addr=(HOST, options.port),
        )
        return {"port": transport.get_extra_info("sockname")[1]}

    async def accept(self):
        """Waits for the next connection."""
        connection = await self._shown.get()
        handshake = await connection.opened()
        return connection, {
            "alpn": handshake.alpn_protocol,
            "port": connection.remote_port,
        }

    def forget_tickets(self):
        """Knows none of the tickets any more that it gave."""
        self._tickets.clear()

    def _create_connection(self, quic, stream_handler=None):
        return PeerConnection(quic, stream_handler, on_shown=self._shown.put_nowait)


def common(options):
    return {
        "alpn_protocols": [options.alpn],
        "idle_timeout": options.idle_ms / 1000,
        "max_datagram_size": options.datagram_bytes,
    }


async def carry_out(side, connection, command):
    """Does what a command asks. Gives the connection that further commands are about, and the answer."""
    name = command.pop("command")
    if name in ("connect", "accept"):
        return await getattr(side, name)(**command)
    answer = {}
    if name == "talk":
        answer["answer"] = await connection.talk(command["text"])
    elif name == "exchange":
        answer["exchanged"] = await connection.exchange(command["count"], command["bytes"])
    elif name == "break":
        await connection.break_off(command["code"])
    elif name == "broken":
        answer.update(await connection.broken())
    elif name == "close":
        connection.close_with(command["code"], command["reason"])
    elif name == "closed":
        answer.update(await connection.ended())
    elif name == "update-keys":
        await connection.update_keys()
    elif name == "change-id":
        answer["sequence"] = await connection.change_id()
    elif name == "rebind":
        answer.update(await side.rebind(connection))
    elif name == "address":
        answer["port"] = connection.remote_port
    elif name == "forget-tickets":
        side.forget_tickets()
    else:
        raise ValueError(f"there is no command {name}")
    return connection, answer


async def main(options):
    say = lambda message: print(json.dumps(message), flush=True)
    side = Client(options) if options.role == "client" else Server(options)
    say(await side.start())
    commands = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    connection = None
    while line := await commands.readline():
        try:
            connection, answer = await carry_out(side, connection, json.loads(line))
            say({"ok": True, **answer})
        except ConnectionEnded as ended:
            say({"ok": False, **ended.how})


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("role", choices=["client", "server"])
    parser.add_argument("--port", type=int, default=0, help="of the server")
    parser.add_argument("--ca", help="certificates of the authorities to trust, PEM file")
    parser.add_argument("--cert", help="own certificate, PEM file")
    parser.add_argument("--key", help="its private key, PEM file")
    parser.add_argument("--alpn", default="rta/1")
    parser.add_argument("--idle-ms", type=int, default=30_000, help="idle timeout")
    parser.add_argument("--datagram-bytes", type=int, default=1200, help="largest UDP payload to send")
    parser.add_argument("--version", type=int, help="client: the version to try first; server: the only one spoken")
    parser.add_argument("--retry", action="store_true", help="server: validate addresses by Retry packets")
    return parser.parse_args()


if __name__ == "__main__":
    asyncio.run(main(parse_options()))
