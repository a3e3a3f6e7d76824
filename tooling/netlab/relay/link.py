"""One direction of the path between the two sides, without I/O: times and packets come in, packets go out."""

from __future__ import annotations

import random
from collections import deque
from heapq import heappop, heappush
from typing import Deque, List, NamedTuple, Optional, Tuple


class Profile(NamedTuple):
    """What a direction does to its packets; `src/profile.ts` says what each means."""

    delay_s: float = 0.0
    jitter_s: float = 0.0
    loss: float = 0.0
    reorder: float = 0.0
    duplicate: float = 0.0
    bits_per_s: Optional[float] = None
    queue_packets: int = 0


class Link:
    """
    A queue that empties at the rate of the link, then a wire that delays, loses, doubles and reorders.

    Times are seconds on any clock that does not go back. Each packet takes four numbers from the generator, whatever
    the profile: so the n-th packet of a run has the fate of the n-th packet of every run with this seed, and one
    that is lost at 1 % is lost at 2 % too.
    """

    def __init__(self, seed: str, waiting_limit: int) -> None:
        self._chance = random.Random(seed).random
        self._waiting_limit = waiting_limit
        # What is on its way: when it arrives, a number that keeps the order of equal times, the packet.
        self._waiting: List[Tuple[float, int, bytes]] = []
        self._next_number = 0
        # When each packet that is still in the queue will have left it.
        self._queue: Deque[float] = deque()
        self._free_at = 0.0
        self._last_due = 0.0
        self._profile = Profile()
        self.released = 0
        self.lost = 0
        self.overflowed = 0
        self.duplicated = 0
        self.reordered = 0
        self.late_s = 0.0
        self.latest_s = 0.0

    @property
    def waiting(self) -> int:
        """Packets that are on their way."""
        return len(self._waiting)

    def set_profile(self, profile: Profile) -> None:
        """Holds for packets that arrive from now on: they may overtake those that are on their way already."""
        self._profile = profile
        self._queue.clear()
        self._free_at = 0.0
        self._last_due = 0.0

    def offer(self, now: float, packet: bytes) -> None:
        """Takes a packet that has arrived."""
        loss, duplicate, reorder, jitter = self._chance(), self._chance(), self._chance(), self._chance()
        profile = self._profile

        sent_at = now
        if profile.bits_per_s is not None:
            queue = self._queue
            while queue and queue[0] <= now:
                queue.popleft()
            if len(queue) >= profile.queue_packets:
                self.overflowed += 1
                return
            sent_at = max(now, self._free_at) + len(packet) * 8 / profile.bits_per_s
            self._free_at = sent_at
            queue.append(sent_at)

        if loss < profile.loss:
            self.lost += 1
            return
        if reorder < profile.reorder:
            self.reordered += 1
            due = sent_at
        else:
            # Jitter is how long others stood in front; it does not change the order.
            due = max(self._last_due, sent_at + profile.delay_s + jitter * profile.jitter_s)
            self._last_due = due
        self._send(due, packet)
        if duplicate < profile.duplicate:
            self.duplicated += 1
            self._send(due, packet)

    def _send(self, due: float, packet: bytes) -> None:
        if len(self._waiting) >= self._waiting_limit:
            self.overflowed += 1
            return
        heappush(self._waiting, (due, self._next_number, packet))
        self._next_number += 1

    def due_at(self) -> Optional[float]:
        """When the next packet arrives at the other side."""
        return self._waiting[0][0] if self._waiting else None

    def release(self, now: float) -> Optional[bytes]:
        """The next packet whose time has come."""
        waiting = self._waiting
        if not waiting or waiting[0][0] > now:
            return None
        due, _, packet = heappop(waiting)
        late = now - due
        self.late_s += late
        if late > self.latest_s:
            self.latest_s = late
        self.released += 1
        return packet
