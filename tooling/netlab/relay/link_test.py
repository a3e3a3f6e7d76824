"""What one direction does to packets, at times that the test says."""

from __future__ import annotations

import unittest
from typing import List, Tuple

from link import Link, Profile

PACKET = bytes(1000)


def link(profile: Profile, seed: str = "seed", waiting_limit: int = 10_000) -> Link:
    made = Link(seed, waiting_limit)
    made.set_profile(profile)
    return made


def numbered(n: int) -> bytes:
    return n.to_bytes(4, "big")


def drain(made: Link) -> List[Tuple[float, int]]:
    """When each numbered packet arrives, and its number."""
    arrivals = []
    while (due := made.due_at()) is not None:
        packet = made.release(due)
        assert packet is not None
        arrivals.append((due, int.from_bytes(packet[:4], "big")))
    return arrivals


class Delay(unittest.TestCase):
    def test_a_perfect_link_delivers_at_once(self) -> None:
        perfect = link(Profile())
        perfect.offer(5.0, PACKET)
        self.assertEqual(perfect.release(5.0), PACKET)
        self.assertIsNone(perfect.release(5.0))

    def test_a_packet_is_on_its_way_for_the_delay_and_not_less(self) -> None:
        slow = link(Profile(delay_s=0.25))
        slow.offer(5.0, PACKET)
        self.assertEqual(slow.due_at(), 5.25)
        self.assertIsNone(slow.release(5.2499))
        self.assertEqual(slow.waiting, 1)
        self.assertEqual(slow.release(5.25), PACKET)
        self.assertEqual(slow.waiting, 0)
        self.assertEqual(slow.late_s, 0.0)

    def test_how_late_it_was_asked_is_known(self) -> None:
        slow = link(Profile(delay_s=0.25))
        slow.offer(5.0, PACKET)
        slow.offer(5.5, PACKET)
        slow.release(5.75)
        slow.release(6.0)
        self.assertEqual((slow.late_s, slow.latest_s, slow.released), (0.75, 0.5, 2))

    def test_jitter_adds_up_to_itself_and_keeps_the_order(self) -> None:
        shaky = link(Profile(delay_s=1.0, jitter_s=0.5))
        for n in range(1000):
            shaky.offer(n * 0.001, numbered(n))
        arrivals = drain(shaky)
        self.assertEqual([n for _, n in arrivals], list(range(1000)))
        took = [at - n * 0.001 for at, n in arrivals]
        self.assertGreaterEqual(min(took), 1.0)
        self.assertLess(max(took), 1.5 + 1e-9)
        self.assertGreater(max(took) - min(took), 0.25)

    def test_a_new_profile_is_for_new_packets_which_may_overtake(self) -> None:
        changing = link(Profile(delay_s=10.0))
        changing.offer(0.0, numbered(1))
        changing.set_profile(Profile(delay_s=1.0))
        changing.offer(0.5, numbered(2))
        self.assertEqual(drain(changing), [(1.5, 2), (10.0, 1)])


class Chance(unittest.TestCase):
    def lost(self, profile: Profile, seed: str, count: int = 2000) -> List[int]:
        lossy = link(profile, seed)
        for n in range(count):
            lossy.offer(float(n), numbered(n))
        arrived = {n for _, n in drain(lossy)}
        self.assertEqual(lossy.lost, count - len(arrived))
        return [n for n in range(count) if n not in arrived]

    def test_the_same_seed_loses_the_same_packets(self) -> None:
        once = self.lost(Profile(loss=0.1), "a")
        self.assertEqual(self.lost(Profile(loss=0.1), "a"), once)
        self.assertNotEqual(self.lost(Profile(loss=0.1), "b"), once)
        self.assertTrue(150 < len(once) < 250, len(once))

    def test_a_loss_does_not_depend_on_the_rest_of_the_profile(self) -> None:
        self.assertEqual(
            self.lost(Profile(loss=0.1), "a"),
            self.lost(Profile(loss=0.1, delay_s=1, jitter_s=1, reorder=0.5, bits_per_s=1e9, queue_packets=9), "a"),
        )

    def test_more_loss_loses_the_same_packets_and_others(self) -> None:
        self.assertLess(set(self.lost(Profile(loss=0.02), "a")), set(self.lost(Profile(loss=0.05), "a")))

    def test_nothing_and_everything_can_be_lost(self) -> None:
        self.assertEqual(self.lost(Profile(loss=0.0), "a"), [])
        self.assertEqual(len(self.lost(Profile(loss=1.0), "a")), 2000)

    def test_a_double_arrives_with_its_packet(self) -> None:
        twice = link(Profile(duplicate=1.0, delay_s=1.0))
        twice.offer(0.0, numbered(1))
        twice.offer(0.5, numbered(2))
        self.assertEqual(drain(twice), [(1.0, 1), (1.0, 1), (1.5, 2), (1.5, 2)])
        self.assertEqual(twice.duplicated, 2)

    def test_a_lost_packet_has_no_double(self) -> None:
        both = link(Profile(duplicate=1.0, loss=1.0))
        both.offer(0.0, PACKET)
        self.assertEqual((drain(both), both.duplicated), ([], 0))

    def test_those_sent_ahead_skip_the_delay_and_the_others_keep_their_order(self) -> None:
        mixed = link(Profile(delay_s=100.0, reorder=0.1))
        for n in range(1000):
            mixed.offer(n * 0.001, numbered(n))
        arrivals = drain(mixed)
        ahead = [n for at, n in arrivals if at < 100.0]
        behind = [n for at, n in arrivals if at >= 100.0]
        self.assertEqual([at for at, _ in arrivals[: len(ahead)]], [n * 0.001 for n in ahead])
        self.assertEqual(behind, sorted(behind))
        self.assertEqual(mixed.reordered, len(ahead))
        self.assertTrue(60 < len(ahead) < 140, len(ahead))


class Rate(unittest.TestCase):
    def test_packets_leave_one_after_the_other(self) -> None:
        # 1000 bytes are 8000 bits: an eighth of a second each.
        narrow = link(Profile(bits_per_s=64_000, queue_packets=10, delay_s=1.0))
        for n in range(3):
            narrow.offer(0.0, numbered(n) + bytes(996))
        narrow.offer(10.0, numbered(3) + bytes(996))
        self.assertEqual(drain(narrow), [(1.125, 0), (1.25, 1), (1.375, 2), (11.125, 3)])

    def test_a_full_queue_drops_and_a_place_is_free_again_with_time(self) -> None:
        narrow = link(Profile(bits_per_s=64_000, queue_packets=2))
        for n in range(4):
            narrow.offer(0.0, numbered(n) + bytes(996))
        self.assertEqual(narrow.overflowed, 2)
        narrow.offer(0.125, numbered(4) + bytes(996))
        self.assertEqual(drain(narrow), [(0.125, 0), (0.25, 1), (0.375, 4)])
        self.assertEqual(narrow.overflowed, 2)

    def test_a_lost_packet_has_used_the_link(self) -> None:
        lossy = link(Profile(bits_per_s=64_000, queue_packets=1, loss=1.0))
        lossy.offer(0.0, PACKET)
        lossy.offer(0.0, PACKET)
        self.assertEqual((lossy.lost, lossy.overflowed), (1, 1))


class Bounds(unittest.TestCase):
    def test_no_more_wait_than_may_doubles_included(self) -> None:
        full = link(Profile(delay_s=1.0, duplicate=1.0), waiting_limit=3)
        full.offer(0.0, PACKET)
        full.offer(0.0, PACKET)
        self.assertEqual((full.waiting, full.duplicated, full.overflowed), (3, 2, 1))


if __name__ == "__main__":
    unittest.main()
