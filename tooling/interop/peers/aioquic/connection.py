"""One connection of the peer: answers the streams that the other side opens, and does what a test asks."""

import asyncio

from aioquic.asyncio import QuicConnectionProtocol
from aioquic.quic import events
from aioquic.quic.packet import QuicErrorCode


class ConnectionEnded(Exception):
    """The connection is over; `how` says who ended it, with which code and reason."""

    def __init__(self, how):
        super().__init__("the connection has ended")
        self.how = how


class PeerConnection(QuicConnectionProtocol):
    """A connection of either role."""

    def __init__(self, quic, stream_handler=None, on_shown=None):
        super().__init__(quic, stream_handler)
        loop = asyncio.get_running_loop()
        self._is_client = quic.configuration.is_client
        self._on_shown = on_shown
        self._opened = loop.create_future()
        self._ended = loop.create_future()
        self._closed_here = None
        self._arrived = {}
        self._broken = {}
        self._breaks = asyncio.Queue()
        self._talk_stream = None

    # What happens

    def quic_event_received(self, event):
        if isinstance(event, events.HandshakeCompleted):
            self._opened.set_result(event)
            self._show()
        elif isinstance(event, events.StreamDataReceived):
            self._on_stream_data(event)
        elif isinstance(event, events.StreamReset):
            self._on_break(event.stream_id, "reset", event.error_code)
        elif isinstance(event, events.StopSendingReceived):
            self._on_break(event.stream_id, "stop", event.error_code)
        elif isinstance(event, events.ConnectionTerminated):
            self._ended.set_result(self._how_it_ended(event))
            self._show()
            for queue in self._arrived.values():
                queue.put_nowait(None)

    def _show(self):
        """Gives the connection to the program of a server, once: opened, or failed."""
        if self._on_shown is not None:
            self._on_shown(self)
            self._on_shown = None

    def _on_stream_data(self, event):
        queue = self._arrived.get(event.stream_id)
        if queue is None:
            self._quic.send_stream_data(event.stream_id, event.data, event.end_stream)
            return
        queue.put_nowait(event.data)
        if event.end_stream:
            queue.put_nowait(None)

    def _on_break(self, stream_id, by, code):
        """Tells of a stream once both of its directions are broken off."""
        broken = self._broken.setdefault(stream_id, {})
        broken[by] = code
        if len(broken) == 2:
            self._breaks.put_nowait(broken)

    def _how_it_ended(self, event):
        if self._closed_here is not None:
            return self._closed_here
        if event.reason_phrase == "Idle timeout" and event.error_code == QuicErrorCode.INTERNAL_ERROR:
            return {"by": "timeout", "code": 0, "reason": ""}
        by = "peer" if event.frame_type is None else "transport"
        return {"by": by, "code": event.error_code, "reason": event.reason_phrase}

    # What tests ask

    async def opened(self):
        """Waits for the handshake."""
        await asyncio.wait({self._opened, self._ended}, return_when=asyncio.FIRST_COMPLETED)
        if not self._opened.done():
            raise ConnectionEnded(self._ended.result())
        return self._opened.result()

    async def ended(self):
        """Waits for the end of the connection, and says how it came."""
        return await asyncio.shield(self._ended)

    def send_talk(self, text):
        """Says something on the stream that lives as long as the connection."""
        if self._talk_stream is None:
            self._talk_stream = self._open_stream()
        self._quic.send_stream_data(self._talk_stream, text.encode())

    async def hear_talk(self, text):
        """Waits for the answer to what was said."""
        return (await self._read(self._talk_stream, len(text.encode()))).decode()

    async def talk(self, text):
        self.send_talk(text)
        self.transmit()
        return await self.hear_talk(text)

    async def exchange(self, count, size):
        """Sends so many bytes on so many streams at once, ends them, and reads the answers to their ends."""
        payloads = [bytes((index + stream) & 0xFF for index in range(size)) for stream in range(count)]
        answers = await asyncio.gather(*(self._ask(payload) for payload in payloads))
        return sum(answer == payload for answer, payload in zip(answers, payloads))

    async def _ask(self, payload):
        stream_id = self._open_stream()
        self._quic.send_stream_data(stream_id, payload, end_stream=True)
        self.transmit()
        return await self._read(stream_id)

    async def break_off(self, code):
        """Opens a stream, hears on it, and breaks it off in both directions."""
        stream_id = self._open_stream()
        self._quic.send_stream_data(stream_id, b"x")
        self.transmit()
        await self._read(stream_id, 1)
        self._quic.reset_stream(stream_id, code)
        self._quic.stop_stream(stream_id, code)
        self.transmit()

    async def broken(self):
        """Waits for a stream that the other side breaks off."""
        return await self._breaks.get()

    def close_with(self, code, reason):
        self._closed_here = {"by": "local", "code": code, "reason": reason}
        self.close(code, reason)

    async def update_keys(self):
        """Updates the keys, and waits until a packet under the new ones is acknowledged."""
        self.request_key_update()
        await self.ping()

    async def change_id(self):
        """Goes on with another of the ids that the other side issued; gives the sequence number of the new one."""
        self.change_connection_id()
        await self.ping()
        return self._quic._peer_cid.sequence_number

    @property
    def remote_port(self):
        return self._quic.get_peer_address()[1]

    # Streams of its own

    def _open_stream(self):
        stream_id = self._quic.get_next_available_stream_id()
        # The id is taken with the first bytes; nothing else may take it before.
        self._quic.send_stream_data(stream_id, b"")
        self._arrived[stream_id] = asyncio.Queue()
        return stream_id

    async def _read(self, stream_id, size=None):
        """Reads so many bytes, or to the end of the stream."""
        received = bytearray()
        while size is None or len(received) < size:
            chunk = await self._arrived[stream_id].get()
            if chunk is None and self._ended.done():
                raise ConnectionEnded(self._ended.result())
            if chunk is None:
                break
            received += chunk
        return bytes(received)
