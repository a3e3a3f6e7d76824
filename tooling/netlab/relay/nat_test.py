"""The address translation, with packets whose checksums are computed from scratch."""

from __future__ import annotations

import random
import struct
import unittest
from typing import Optional, Tuple

from nat import TCP, UDP, Nat

CLIENT = bytes([192, 0, 2, 1])
OTHER_CLIENT = bytes([192, 0, 2, 2])
SERVER = bytes([198, 51, 100, 1])
OUTSIDE = bytes([203, 0, 113, 7])


def checksum(data: bytes) -> int:
    """RFC 1071."""
    total = sum(struct.unpack(f"!{(len(data) + 1) // 2}H", data + b"\0" * (len(data) % 2)))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return 0xFFFF - total


def packet(
    protocol: int,
    source: Tuple[bytes, int],
    target: Tuple[bytes, int],
    body: bytes = b"hello",
    options: bytes = b"",
    has_checksum: bool = True,
) -> bytes:
    (source_address, source_port), (target_address, target_port) = source, target
    ports = struct.pack("!HH", source_port, target_port)
    if protocol == UDP:
        before, after = ports + struct.pack("!H", 8 + len(body)), body
    else:
        before, after = ports + struct.pack("!IIBBH", 1, 2, 0x50, 0x18, 1024), b"\0\0" + body
    length = len(before) + 2 + len(after)
    pseudo = source_address + target_address + struct.pack("!BBH", 0, protocol, length)
    # In UDP, a sum of zero is written as its other form (RFC 768).
    total = checksum(pseudo + before + b"\0\0" + after) or (0xFFFF if protocol == UDP else 0)
    segment = before + struct.pack("!H", total if has_checksum else 0) + after
    words = (len(options) + 20) // 4
    head = struct.pack("!BBHHHBB", 0x40 | words, 0, words * 4 + length, 9, 0x4000, 64, protocol)
    addresses = source_address + target_address + options
    return head + struct.pack("!H", checksum(head + b"\0\0" + addresses)) + addresses + segment


def flow_of(translated: Optional[bytes]) -> Tuple[Tuple[bytes, int], Tuple[bytes, int]]:
    assert translated is not None
    at = (translated[0] & 15) * 4
    source_port, target_port = struct.unpack("!HH", translated[at : at + 4])
    return (translated[12:16], source_port), (translated[16:20], target_port)


def nat() -> Nat:
    return Nat(50_000, 50_003)


class Translation(unittest.TestCase):
    def test_it_is_off_at_first(self) -> None:
        sent = packet(UDP, (CLIENT, 1111), (SERVER, 443))
        self.assertIs(nat().outwards(sent), sent)
        self.assertIs(nat().inwards(sent), sent)

    def test_another_port_or_another_address_too_and_back(self) -> None:
        for protocol in (UDP, TCP):
            for outside in (None, OUTSIDE):
                with self.subTest(protocol=protocol, outside=outside):
                    translation = nat()
                    translation.rebind(outside)
                    seen = (outside or CLIENT, 50_000)
                    self.assertEqual(
                        translation.outwards(packet(protocol, (CLIENT, 1111), (SERVER, 443))),
                        packet(protocol, seen, (SERVER, 443)),
                    )
                    self.assertEqual(
                        translation.inwards(packet(protocol, (SERVER, 443), seen)),
                        packet(protocol, (SERVER, 443), (CLIENT, 1111)),
                    )

    def test_checksums_are_right_for_whatever_is_inside(self) -> None:
        chance = random.Random(1)
        for _ in range(2000):
            translation = Nat(chance.randrange(1, 65_000), 65_535)
            translation.rebind(chance.choice([None, chance.randbytes(4)]))
            protocol = chance.choice([UDP, TCP])
            inside = (chance.randbytes(4), chance.randrange(65_536))
            body = chance.randbytes(chance.randrange(12))
            options = chance.randbytes(chance.choice([0, 4]))
            outwards = translation.outwards(packet(protocol, inside, (SERVER, 443), body, options))
            seen, _target = flow_of(outwards)
            self.assertNotEqual(seen, inside)
            self.assertEqual(outwards, packet(protocol, seen, (SERVER, 443), body, options))
            self.assertEqual(
                translation.inwards(packet(protocol, (SERVER, 443), seen, body, options)),
                packet(protocol, (SERVER, 443), inside, body, options),
            )

    def test_udp_without_a_checksum_stays_without(self) -> None:
        translation = nat()
        translation.rebind(OUTSIDE)
        self.assertEqual(
            translation.outwards(packet(UDP, (CLIENT, 1111), (SERVER, 443), has_checksum=False)),
            packet(UDP, (OUTSIDE, 50_000), (SERVER, 443), has_checksum=False),
        )


class Mapping(unittest.TestCase):
    def test_a_flow_keeps_its_port_towards_all_peers(self) -> None:
        translation = nat()
        translation.rebind(OUTSIDE)
        ports = [
            flow_of(translation.outwards(packet(UDP, source, target)))[0][1]
            for source, target in (
                ((CLIENT, 1111), (SERVER, 443)),
                ((CLIENT, 2222), (SERVER, 443)),
                ((OTHER_CLIENT, 1111), (SERVER, 443)),
                ((CLIENT, 1111), (SERVER, 444)),
            )
        ]
        self.assertEqual(ports, [50_000, 50_001, 50_002, 50_000])

    def test_udp_and_tcp_of_one_port_are_two_flows(self) -> None:
        translation = nat()
        translation.rebind(None)
        for protocol, expected in ((UDP, 50_000), (TCP, 50_001)):
            translated = translation.outwards(packet(protocol, (CLIENT, 1111), (SERVER, 443)))
            self.assertEqual(flow_of(translated)[0], (CLIENT, expected))
        self.assertIsNone(translation.inwards(packet(TCP, (SERVER, 443), (CLIENT, 50_000))))

    def test_what_was_forgotten_is_nobodys_and_what_comes_next_has_another_port(self) -> None:
        translation = nat()
        sent = packet(UDP, (CLIENT, 1111), (SERVER, 443))
        translation.rebind(OUTSIDE)
        first, _ = flow_of(translation.outwards(sent))
        translation.rebind(OUTSIDE)
        self.assertIsNone(translation.inwards(packet(UDP, (SERVER, 443), first)))
        second, _ = flow_of(translation.outwards(sent))
        self.assertEqual((first, second), ((OUTSIDE, 50_000), (OUTSIDE, 50_001)))

    def test_the_clients_own_address_is_nobodys_after_the_first(self) -> None:
        translation = nat()
        translation.rebind(None)
        translation.outwards(packet(UDP, (CLIENT, 1111), (SERVER, 443)))
        self.assertIsNone(translation.inwards(packet(UDP, (SERVER, 443), (CLIENT, 1111))))

    def test_a_port_is_never_mapped_to_itself(self) -> None:
        translation = nat()
        translation.rebind(None)
        translated = translation.outwards(packet(UDP, (CLIENT, 50_000), (SERVER, 443)))
        self.assertEqual(flow_of(translated)[0], (CLIENT, 50_001))

    def test_after_a_round_of_ports_the_oldest_flow_gives_way(self) -> None:
        translation = nat()
        translation.rebind(OUTSIDE)
        for port in range(1, 6):
            translation.outwards(packet(UDP, (CLIENT, port), (SERVER, 443)))
        back = packet(UDP, (SERVER, 443), (OUTSIDE, 50_000))
        self.assertEqual(flow_of(translation.inwards(back))[1], (CLIENT, 5))
        # The one that gave way begins anew.
        again = translation.outwards(packet(UDP, (CLIENT, 1), (SERVER, 443)))
        self.assertEqual(flow_of(again)[0], (OUTSIDE, 50_001))


class Untranslatable(unittest.TestCase):
    def test_fragments_other_protocols_and_stumps_do_not_get_through(self) -> None:
        translation = nat()
        translation.rebind(OUTSIDE)
        whole = packet(UDP, (CLIENT, 1111), (SERVER, 443))
        icmp = bytearray(whole)
        icmp[9] = 1
        more_fragments, later_fragment = bytearray(whole), bytearray(whole)
        more_fragments[6] = 0x20
        later_fragment[7] = 1
        for case in (bytes(icmp), bytes(more_fragments), bytes(later_fragment), whole[:27], whole[:20]):
            with self.subTest(case=case):
                self.assertIsNone(translation.outwards(case))
                self.assertIsNone(translation.inwards(case))


if __name__ == "__main__":
    unittest.main()
