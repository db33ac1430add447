"""The process that is the wire of a network bed: it owns the namespace and passes every packet.

``python -m tests.support.network_wire`` opens one TUN device where it was started and one in
a network namespace of its own, and forwards IP packets between them as two ``Bottleneck``
objects say. A line of JSON on standard input is a command, a line on standard output its
answer; the first answer says what was made. Devices and namespace have no life of their own:
they are gone when the process ends, which it does when standard input is closed, so that a
killed test leaves nothing behind.

Only packets between addresses of 198.18.0.0/15 (RFC 2544: benchmarks) pass.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import heapq
import json
import os
import select
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.support.network_line import OPEN, Bottleneck, Line, PortMapping

MTU = 1400
INNER = "wlan0"
"""Not ``tun…``: Chromium overlooks devices of that name."""

_TUNSETIFF = 0x400454CA
_IFF_TUN_NO_PI = 0x0001 | 0x1000
_CLONE_NEWNET = 0x40000000
_DRAIN = 64


def _open_tun(name: str) -> tuple[int, str]:
    """A new TUN device, gone with its descriptor; ``%d`` becomes the lowest free number."""
    descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    answer = fcntl.ioctl(
        descriptor, _TUNSETIFF, struct.pack("16sH22x", name.encode(), _IFF_TUN_NO_PI)
    )
    return descriptor, answer[:16].rstrip(b"\0").decode()


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, stdin=subprocess.DEVNULL, stdout=sys.stderr)


def _own_namespace() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNET) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def _is_ours(packet: bytes) -> bool:
    """IPv4, and both addresses within 198.18.0.0/15."""
    return (
        len(packet) >= 20
        and packet[0] >> 4 == 4
        and packet[12] == packet[16] == 198
        and packet[13] & 0xFE == packet[17] & 0xFE == 18
    )


class Wire:
    """Both directions, and what is on its way in them."""

    def __init__(self, outer: int, inner: int) -> None:
        self._lines = {inner: Bottleneck(OPEN.up, 1), outer: Bottleneck(OPEN.down, 2)}
        self._other = {inner: outer, outer: inner}
        self._passed = {inner: [0, 0], outer: [0, 0]}
        self._names = {inner: "up", outer: "down"}
        self._on_the_way: list[tuple[float, int, int, bytes]] = []
        self._number = 0
        self._dark = False
        self._inner = inner
        self._ports = PortMapping()

    def command(self, given: dict[str, Any]) -> dict[str, Any]:
        """Do as told, at once; gives the wall clock and what has passed so far."""
        for descriptor, name in self._names.items():
            if name in given:
                self._lines[descriptor].line = Line(**given[name])
        if "dark" in given:
            self._dark = bool(given["dark"])
            # A radio that is gone takes with it what was on the air.
            self._on_the_way.clear()
        if given.get("rebind"):
            self._ports.forget()
        answer: dict[str, Any] = {"wall_ms": time.time() * 1000}
        for descriptor, name in self._names.items():
            packets, size = self._passed[descriptor]
            line = self._lines[descriptor]
            answer[name] = {
                "packets": packets,
                "bytes": size,
                "lost": line.lost,
                "overflowed": line.overflowed,
            }
        return answer

    def take(self, descriptor: int) -> None:
        """Read what came out of one device, and set out with it."""
        line = self._lines[descriptor]
        for _ in range(_DRAIN):
            try:
                packet = os.read(descriptor, 65_535)
            except BlockingIOError:
                return
            if self._dark or not _is_ours(packet):
                continue
            arrives_s = line.arrival_s(time.monotonic(), len(packet))
            if arrives_s is not None:
                self._number += 1
                heapq.heappush(self._on_the_way, (arrives_s, self._number, descriptor, packet))

    def deliver(self) -> float | None:
        """Hand over what has arrived by now; gives the seconds until the next, None for none."""
        while self._on_the_way:
            wait_s = self._on_the_way[0][0] - time.monotonic()
            if wait_s > 0:
                return wait_s
            _, _, source, sent = heapq.heappop(self._on_the_way)
            packet = self._through_nat(source, sent)
            if packet is None:
                continue
            # A full device, or one that is down while its address changes, drops.
            with contextlib.suppress(OSError):
                os.write(self._other[source], packet)
                self._passed[source][0] += 1
                self._passed[source][1] += len(packet)
        return None

    def _through_nat(self, source: int, packet: bytes) -> bytes | None:
        if source == self._inner:
            return self._ports.leaving(packet)
        return self._ports.arriving(packet)


def _say(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Make the bed, then forward until standard input ends."""
    outer, outer_name = _open_tun("pcbed%d")
    number = int(outer_name.removeprefix("pcbed"))
    network = f"198.{18 + number // 256}.{number % 256}"
    _ip("addr", "add", f"{network}.1/24", "dev", outer_name)
    _ip("link", "set", outer_name, "mtu", str(MTU), "up")
    # Two people of a test reach each other; what leaves for anywhere else was dropped before.
    Path(f"/proc/sys/net/ipv4/conf/{outer_name}/forwarding").write_text("1")
    _own_namespace()
    inner, _ = _open_tun(INNER)
    _ip("link", "set", "lo", "up")
    _ip("addr", "add", f"{network}.2/24", "dev", INNER)
    _ip("link", "set", INNER, "mtu", str(MTU), "up")
    _ip("route", "add", "default", "via", f"{network}.1", "dev", INNER)
    # A wire that waits for the processor would be measured as a worse network.
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    wire = Wire(outer, inner)
    _say({"device": outer_name, "network": network, "pid": os.getpid()})
    commands = sys.stdin.fileno()
    unfinished = b""
    while True:
        readable, _, _ = select.select([outer, inner, commands], [], [], wire.deliver())
        for descriptor in (outer, inner):
            if descriptor in readable:
                wire.take(descriptor)
        if commands in readable:
            read = os.read(commands, 65_536)
            if not read:
                return
            *lines, unfinished = (unfinished + read).split(b"\n")
            for line in lines:
                _say(wire.command(json.loads(line)))


if __name__ == "__main__":
    main()
