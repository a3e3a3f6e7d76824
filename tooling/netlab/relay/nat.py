"""
Address translation between the client side and the path, without I/O.

It stands beside the client's machine: what the client sends is translated before the path, what comes back after it.
"""

from __future__ import annotations

from typing import Dict, Optional, Tuple

TCP, UDP = 6, 17

# Where the checksum of a protocol stands in its header.
_CHECKSUM_AT = {TCP: 16, UDP: 6}
_SHORTEST_HEADER = {TCP: 20, UDP: 8}

# Protocol, address, port.
Endpoint = Tuple[int, bytes, int]


def protocol_of(packet: bytes) -> int:
    """The protocol that an IPv4 packet carries."""
    return packet[9]


class Nat:
    """
    Off until the first `rebind`: addresses pass as they are. From then on every flow has an outside port of its own,
    the same towards all peers (RFC 4787 §4.1, endpoint-independent mapping), until the next `rebind` forgets them
    all. What comes back to a forgotten port is nobody's.
    """

    def __init__(self, first_port: int, last_port: int) -> None:
        self._first_port = first_port
        self._ports = last_port - first_port + 1
        self._taken = 0
        self._is_on = False
        self._outside_address: Optional[bytes] = None
        self._outside: Dict[Endpoint, Tuple[bytes, int]] = {}
        self._inside: Dict[Endpoint, Tuple[bytes, int]] = {}

    def rebind(self, outside_address: Optional[bytes]) -> None:
        """Gives every flow another port, and this address where there is one; else each keeps the client's."""
        self._is_on = True
        if outside_address is not None:
            self._outside_address = outside_address
        self._outside.clear()
        self._inside.clear()

    def outwards(self, packet: bytes) -> Optional[bytes]:
        """A packet of the client as the path sees it; None where it cannot be translated."""
        if not self._is_on:
            return packet
        protocol, ports_at = _ports_of(packet)
        if ports_at is None:
            return None
        address = packet[12:16]
        port = int.from_bytes(packet[ports_at : ports_at + 2], "big")
        outside = self._outside.get((protocol, address, port))
        if outside is None:
            outside = self._map(protocol, address, port)
        return _rewritten(packet, protocol, 12, ports_at, ports_at, outside)

    def inwards(self, packet: bytes) -> Optional[bytes]:
        """A packet for the client as the client knows the flow; None where it belongs to none."""
        if not self._is_on:
            return packet
        protocol, ports_at = _ports_of(packet)
        if ports_at is None:
            return None
        port = int.from_bytes(packet[ports_at + 2 : ports_at + 4], "big")
        inside = self._inside.get((protocol, packet[16:20], port))
        if inside is None:
            return None
        return _rewritten(packet, protocol, 16, ports_at, ports_at + 2, inside)

    def _map(self, protocol: int, address: bytes, port: int) -> Tuple[bytes, int]:
        outside_port = self._next_port()
        if outside_port == port:
            outside_port = self._next_port()
        outside = (self._outside_address or address, outside_port)
        # After a whole round of ports the oldest mapping gives way.
        former = self._inside.get((protocol, *outside))
        if former is not None:
            del self._outside[(protocol, *former)]
        self._outside[(protocol, address, port)] = outside
        self._inside[(protocol, *outside)] = (address, port)
        return outside

    def _next_port(self) -> int:
        port = self._first_port + self._taken % self._ports
        self._taken += 1
        return port


def _ports_of(packet: bytes) -> Tuple[int, Optional[int]]:
    """The protocol and where its ports stand; None for fragments and for what has none or is cut short."""
    protocol = protocol_of(packet)
    shortest = _SHORTEST_HEADER.get(protocol)
    header_bytes = (packet[0] & 0x0F) * 4
    is_fragment = packet[6] & 0x3F or packet[7]
    if shortest is None or is_fragment or len(packet) < header_bytes + shortest:
        return protocol, None
    return protocol, header_bytes


def _rewritten(
    packet: bytes, protocol: int, address_at: int, header_at: int, port_at: int, to: Tuple[bytes, int]
) -> bytes:
    address, port = to
    result = bytearray(packet)
    address_change = _change(packet[address_at : address_at + 4], address)
    _update(result, 10, address_change)
    checksum_at = header_at + _CHECKSUM_AT[protocol]
    port_bytes = port.to_bytes(2, "big")
    # A UDP checksum of zero says that there is none (RFC 768).
    if protocol == TCP or result[checksum_at] or result[checksum_at + 1]:
        _update(result, checksum_at, address_change + _change(packet[port_at : port_at + 2], port_bytes))
        if protocol == UDP and not (result[checksum_at] or result[checksum_at + 1]):
            result[checksum_at : checksum_at + 2] = b"\xff\xff"
    result[address_at : address_at + 4] = address
    result[port_at : port_at + 2] = port_bytes
    return bytes(result)


def _change(before: bytes, after: bytes) -> int:
    """What a checksum's sum gains where these words are replaced (RFC 1624 §3: ~m + m')."""
    total = 0
    for at in range(0, len(before), 2):
        total += 0xFFFF - int.from_bytes(before[at : at + 2], "big") + int.from_bytes(after[at : at + 2], "big")
    return total


def _update(packet: bytearray, at: int, change: int) -> None:
    total = 0xFFFF - int.from_bytes(packet[at : at + 2], "big") + change
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    packet[at : at + 2] = (0xFFFF - total).to_bytes(2, "big")
