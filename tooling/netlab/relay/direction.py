"""One direction between two namespaces: reads from one device, asks the link, writes to the other."""

from __future__ import annotations

import os
from time import monotonic
from typing import Callable, Dict, Optional

from link import Link
from namespaces import Namespace
from nat import UDP, protocol_of

# Longer than any packet of the device, whose MTU is 1500.
PACKET_BYTES = 2048
# Packets that one side may send before the other has its turn.
BATCH_PACKETS = 64

Translate = Callable[[bytes], Optional[bytes]]


def as_it_is(packet: bytes) -> bytes:
    """The translation where there is none."""
    return packet


class Direction:
    """
    Every packet that arrives, and every copy that the link makes, is delivered, blocked, undeliverable, dropped by
    the link, or waiting.
    """

    def __init__(
        self,
        link: Link,
        source: Namespace,
        target: Namespace,
        before: Translate = as_it_is,
        after: Translate = as_it_is,
    ) -> None:
        self.link = link
        self.blocks_udp = False
        self._source = source
        self._target = target.device
        self._before = before
        self._after = after
        self._arrived = 0
        self._arrived_bytes = 0
        self._delivered = 0
        self._blocked = 0
        self._undeliverable = 0

    def receive(self) -> bool:
        """Takes what the source has sent, up to a batch of it; whether there may be more."""
        device, offer, before = self._source.device, self.link.offer, self._before
        for _ in range(BATCH_PACKETS):
            try:
                packet = os.read(device, PACKET_BYTES)
            except BlockingIOError:
                return False
            if packet[0] >> 4 != 4:
                continue
            self._arrived += 1
            self._arrived_bytes += len(packet)
            if self.blocks_udp and protocol_of(packet) == UDP:
                self._blocked += 1
                continue
            translated = before(packet)
            if translated is None:
                self._undeliverable += 1
                continue
            offer(monotonic(), translated)
        return True

    def catch_up(self) -> None:
        """Takes all that the source has sent by now; of what it goes on sending, no more than its device holds."""
        batches = self._source.queue_packets // BATCH_PACKETS + 1
        while batches and self.receive():
            batches -= 1

    def deliver(self) -> None:
        """Gives the target what has arrived for it by now."""
        release, after, target = self.link.release, self._after, self._target
        now = monotonic()
        while (packet := release(now)) is not None:
            translated = after(packet)
            if translated is None:
                self._undeliverable += 1
                continue
            try:
                os.write(target, translated)
            except OSError:
                # Somebody inside has taken the device down.
                self._undeliverable += 1
            else:
                self._delivered += 1

    def stats(self) -> Dict[str, float]:
        """`DirectionStats` of `src/stats.ts`."""
        link = self.link
        return {
            "arrivedPackets": self._arrived,
            "arrivedBytes": self._arrived_bytes,
            "deliveredPackets": self._delivered,
            "waitingPackets": link.waiting,
            "lostPackets": link.lost,
            "overflowedPackets": link.overflowed,
            "duplicatedPackets": link.duplicated,
            "reorderedPackets": link.reordered,
            "blockedPackets": self._blocked,
            "undeliverablePackets": self._undeliverable,
            "overrunPackets": self._source.overrun(),
            "meanLateMs": 1000 * link.late_s / max(1, link.released),
            "maxLateMs": 1000 * link.latest_s,
        }
