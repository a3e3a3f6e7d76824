"""
The relay of the loss laboratory: makes two network namespaces, carries IPv4 packets between them as it is told, and
deletes them when it ends.

`src/relay-process.ts` starts it with one argument, a JSON object, and talks to it in JSON, one object a line:
commands on standard input, answers on standard output. It ends with its standard input: so it cleans up after a
program that was killed, too.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import socket
import sys
from contextlib import ExitStack
from select import select
from time import monotonic
from typing import Any, Callable, Dict

from direction import Direction
from link import Link, Profile
from namespaces import DEVICE, Namespace, delete_stale
from nat import Nat


class Relay:
    """Both directions, `up` from the client to the server and `down` back, and the commands that change them."""

    def __init__(self, setup: Dict[str, Any], client: Namespace, server: Namespace) -> None:
        seed, limit = setup["seed"], setup["maxWaitingPackets"]
        self._nat = Nat(setup["firstNatPort"], setup["lastNatPort"])
        # The translation happens at the client's end of the path.
        self._up = Direction(Link(f"{seed} up", limit), client, server, before=self._nat.outwards)
        self._down = Direction(Link(f"{seed} down", limit), server, client, after=self._nat.inwards)
        self._sources = {client.device: self._up, server.device: self._down}
        self._directions = {"up": self._up, "down": self._down}
        self._commands: Dict[str, Callable[[Dict[str, Any]], object]] = {
            "profile": self._set_profile,
            "rebind": self._rebind,
            "block-udp": self._block_udp,
            "stats": self._stats,
        }
        self._unread = b""

    def run(self) -> None:
        """Carries packets until standard input ends."""
        up, down, sources = self._up, self._down, self._sources
        control = sys.stdin.fileno()
        files = [*sources, control]
        while True:
            next_times = [due for due in (up.link.due_at(), down.link.due_at()) if due is not None]
            timeout = max(0.0, min(next_times) - monotonic()) if next_times else None
            for file in select(files, (), (), timeout)[0]:
                if file == control:
                    if not self._obey(os.read(control, 65536)):
                        return
                else:
                    sources[file].receive()
            up.deliver()
            down.deliver()

    def _obey(self, chunk: bytes) -> bool:
        # What was sent before a command was given is not its business.
        self._up.catch_up()
        self._down.catch_up()
        *lines, self._unread = (self._unread + chunk).split(b"\n")
        for line in lines:
            command = json.loads(line)
            say({"id": command["id"], "result": self._commands[command["command"]](command)})
        return chunk != b""

    def _set_profile(self, command: Dict[str, Any]) -> None:
        told = command["profile"]
        profile = Profile(
            delay_s=told["delayMs"] / 1000,
            jitter_s=told["jitterMs"] / 1000,
            loss=told["lossRatio"],
            reorder=told["reorderRatio"],
            duplicate=told["duplicateRatio"],
            bits_per_s=told.get("rateBitsPerSecond"),
            queue_packets=told["queuePackets"],
        )
        for name in command["directions"]:
            self._directions[name].link.set_profile(profile)

    def _rebind(self, command: Dict[str, Any]) -> None:
        address = command.get("address")
        self._nat.rebind(None if address is None else socket.inet_aton(address))

    def _block_udp(self, command: Dict[str, Any]) -> None:
        for direction in self._directions.values():
            direction.blocks_udp = command["isBlocked"]

    def _stats(self, _command: Dict[str, Any]) -> Dict[str, Dict[str, float]]:
        return {name: direction.stats() for name, direction in self._directions.items()}


def say(message: object) -> None:
    """Writes one line of the conversation."""
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def be_punctual() -> None:
    """Keeps delays accurate against the collector and busy neighbours."""
    # Nothing here makes cycles.
    gc.disable()
    try:
        # It runs as soon as a packet or its time has come, whatever else the machine does, and then sleeps again.
        os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(1))
    except PermissionError:
        # Without CAP_SYS_NICE it is as punctual as the neighbours let it be; `meanLateMs` tells.
        pass


def main() -> None:
    """Makes the laboratory, says so, and runs it."""
    # Ctrl-C goes to the whole foreground group: the program that started this decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    setup = json.loads(sys.argv[1])
    delete_stale()
    with ExitStack() as resources:
        client, server = (
            resources.enter_context(Namespace(side, setup[f"{side}Addresses"], setup["maxDevicePackets"]))
            for side in ("client", "server")
        )
        be_punctual()
        relay = Relay(setup, client, server)
        say({"id": setup["id"], "result": {"client": client.name, "server": server.name, "device": DEVICE}})
        relay.run()


if __name__ == "__main__":
    main()
