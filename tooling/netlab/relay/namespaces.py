"""Two network namespaces, each with a TUN device whose packets this process reads and writes."""

from __future__ import annotations

import ctypes
import fcntl
import os
import re
import struct
import subprocess
from typing import BinaryIO, List, Sequence

DEVICE = "lab0"

_CLONE_NEWNET = 0x40000000
_TUNSETIFF = 0x400454CA
_IFF_TUN, _IFF_NO_PI = 0x0001, 0x1000
_NAMES = "/run/netns"
# The process that made it, and when that began, in ticks since boot: process ids are used again.
_NAME = re.compile(r"rta-netlab-(\d+)-(\d+)-(?:client|server)")


def ip(*arguments: str, batch: Sequence[str] = ()) -> None:
    """Runs `ip`. Raises RuntimeError with what it says where it fails."""
    commands = "".join(f"{line}\n" for line in batch)
    result = subprocess.run(["ip", *arguments], input=commands, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise RuntimeError(f"ip {' '.join(arguments)}: {result.stderr.strip()}")


def delete_stale() -> None:
    """Deletes the namespaces of relays that ended without deleting them."""
    try:
        names = os.listdir(_NAMES)
    except FileNotFoundError:
        return
    for name in names:
        match = _NAME.fullmatch(name)
        if match is not None and _started_at(match[1]) != match[2]:
            # Another relay may sweep at the same time: one of the two finds nothing, which is as good.
            subprocess.run(["ip", "netns", "delete", name], capture_output=True, check=False)


def _started_at(process: str) -> str:
    """When a process began; empty where there is none. The fields follow its name, which may hold anything."""
    try:
        with open(f"/proc/{process}/stat", encoding="utf8", errors="replace") as stat:
            return stat.read().rpartition(")")[2].split()[19]
    except (FileNotFoundError, ProcessLookupError):
        return ""


class Namespace:
    """One side: a network namespace of its own with one device, which leads to everywhere; deleted on exit."""

    def __init__(self, side: str, addresses: Sequence[str], queue_packets: int) -> None:
        self.queue_packets = queue_packets
        self.name = f"rta-netlab-{os.getpid()}-{_started_at('self')}-{side}"
        ip("netns", "add", self.name)
        try:
            self.device = self._open_device()
            self._configure(addresses)
        except BaseException:
            self._delete()
            raise

    def __enter__(self) -> Namespace:
        return self

    def __exit__(self, *_: object) -> None:
        self._delete()

    def _open_device(self) -> int:
        own = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        other = os.open(f"{_NAMES}/{self.name}", os.O_RDONLY | os.O_CLOEXEC)
        try:
            _enter(other)
            # A device belongs to the namespace in which it was opened, and so do these counters.
            device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
            fcntl.ioctl(device, _TUNSETIFF, struct.pack("16sH22x", DEVICE.encode(), _IFF_TUN | _IFF_NO_PI))
            self._counters: BinaryIO = open("/proc/self/net/dev", "rb", buffering=0)
            return device
        finally:
            _enter(own)
            os.close(other)
            os.close(own)

    def _configure(self, addresses: Sequence[str]) -> None:
        lines: List[str] = [
            "link set lo up",
            # No IPv6 address of its own: no packets that nobody asked for.
            f"link set {DEVICE} addrgenmode none txqueuelen {self.queue_packets}",
            *(f"address add {address}/32 dev {DEVICE}" for address in addresses),
            f"link set {DEVICE} up",
            f"route add default dev {DEVICE}",
        ]
        ip("-n", self.name, "-batch", "-", batch=lines)

    def overrun(self) -> int:
        """Packets that the device dropped because this process did not read them in time."""
        self._counters.seek(0)
        for line in self._counters.read().decode().splitlines():
            name, _, counters = line.partition(":")
            if name.strip() == DEVICE:
                return int(counters.split()[11])
        raise RuntimeError(f"{self.name} has lost its device")

    def _delete(self) -> None:
        # It lives on, without a name and soon without its device, while a process is in it.
        ip("netns", "delete", self.name)


def _enter(namespace: int) -> None:
    # os.setns is there from Python 3.12 on.
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(namespace, _CLONE_NEWNET) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"setns: {os.strerror(error)}")
