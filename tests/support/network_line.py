"""One direction of a bad network as arithmetic, and the table of networks that people have.

A packet first waits its turn at the bottleneck (``rate_bps``, with a queue as long as
``queue_ms`` of it: what finds it full is dropped), then travels for ``delay_ms`` and up to
``jitter_ms`` more, in order except for the ``reorder`` share, which overtakes. A ``loss``
share never arrives. Losses are drawn from a seeded generator: the same packets at the same
times meet the same fate.
"""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """What one direction does to packets; shares are 0–1, ``rate_bps`` None has no bottleneck."""

    rate_bps: float | None = None
    delay_ms: float = 0.0
    jitter_ms: float = 0.0
    loss: float = 0.0
    reorder: float = 0.0
    queue_ms: float = 500.0


@dataclass(frozen=True, slots=True)
class Profile:
    """A network as its owner would call it: what the person sends and what they receive."""

    name: str
    up: Line
    down: Line


def profile(
    name: str,
    *,
    rtt_ms: float = 0.0,
    up_bps: float | None = None,
    down_bps: float | None = None,
    loss: float = 0.0,
    jitter_ms: float = 0.0,
    reorder: float = 0.0,
    queue_ms: float = 500.0,
) -> Profile:
    """Describe a network by its round trip (half each way) and what each direction shares.

    ``loss``, ``jitter_ms`` and ``reorder`` hold for either direction; ``rtt_ms`` is that of
    an empty line, without the time a packet takes through the bottleneck.
    """
    up, down = (
        Line(rate_bps, rtt_ms / 2, jitter_ms, loss, reorder, queue_ms)
        for rate_bps in (up_bps, down_bps)
    )
    return Profile(name, up, down)


OPEN = profile("open")
FIBRE = profile("fibre", rtt_ms=10, up_bps=50e6, down_bps=100e6)
FOUR_G = profile("4g", rtt_ms=60, up_bps=8e6, down_bps=20e6, loss=0.005, jitter_ms=10)
THREE_G = profile("3g", rtt_ms=400, up_bps=400e3, down_bps=400e3, loss=0.02)
BAD = profile("bad", rtt_ms=600, up_bps=150e3, down_bps=150e3, loss=0.1)
FAR = profile("far", rtt_ms=200, up_bps=10e6, down_bps=10e6, loss=0.05)
NEAR = profile("near", rtt_ms=80, up_bps=10e6, down_bps=10e6)

PROFILES = {one.name: one for one in (OPEN, FIBRE, FOUR_G, THREE_G, BAD, FAR, NEAR)}


class Bottleneck:
    """The state of one direction: when its packets leave and arrive."""

    def __init__(self, line: Line, seed: int = 1) -> None:
        self.line = line
        self._chance = random.Random(seed)
        self._free_at_s = 0.0
        self._last_arrival_s = 0.0
        self.lost = 0
        self.overflowed = 0

    def arrival_s(self, now_s: float, size_bytes: int) -> float | None:
        """When a packet that enters now comes out, on the same clock; None for never.

        ``now_s`` must not go back.
        """
        line = self.line
        if line.loss and self._chance.random() < line.loss:
            self.lost += 1
            return None
        leaves_s = now_s
        if line.rate_bps is not None:
            starts_s = max(now_s, self._free_at_s)
            if starts_s - now_s > line.queue_ms / 1000:
                self.overflowed += 1
                return None
            self._free_at_s = leaves_s = starts_s + size_bytes * 8 / line.rate_bps
        arrives_s = leaves_s + line.delay_ms / 1000
        if line.reorder and self._chance.random() < line.reorder:
            return arrives_s
        if line.jitter_ms:
            arrives_s += self._chance.random() * line.jitter_ms / 1000
        self._last_arrival_s = arrives_s = max(arrives_s, self._last_arrival_s)
        return arrives_s


class PortMapping:
    """What a NAT does to UDP: each port inside has one outside, until it forgets them.

    Open, with every port its own, before the first ``forget``.
    """

    def __init__(self) -> None:
        self._outside: dict[bytes, bytes] | None = None
        self._inside: dict[bytes, bytes] = {}
        self._next = 61_000

    def forget(self) -> None:
        """Every port inside gets another outside; what comes to the old ones reaches nobody."""
        self._outside = {}
        self._inside = {}

    def leaving(self, packet: bytes) -> bytes:
        """An IPv4 packet as it is outside."""
        at = _udp_at(packet)
        if self._outside is None or at is None:
            return packet
        inside = packet[at : at + 2]
        outside = self._outside.get(inside)
        if outside is None:
            outside = self._outside[inside] = self._next.to_bytes(2, "big")
            self._inside[outside] = inside
            self._next = self._next + 1 if self._next < 65_535 else 61_000
        return _with_port(packet, at, outside)

    def arriving(self, packet: bytes) -> bytes | None:
        """An IPv4 packet as it is inside; None where no port is known."""
        at = _udp_at(packet)
        if self._outside is None or at is None:
            return packet
        inside = self._inside.get(packet[at + 2 : at + 4])
        return None if inside is None else _with_port(packet, at + 2, inside)


def _udp_at(packet: bytes) -> int | None:
    at = (packet[0] & 0xF) * 4
    return at if packet[9] == 17 and len(packet) >= at + 8 else None


def _with_port(packet: bytes, at: int, port: bytes) -> bytes:
    # Without a checksum, as IPv4 allows: it covers the port.
    checksum_at = (packet[0] & 0xF) * 4 + 6
    return packet[:at] + port + packet[at + 2 : checksum_at] + bytes(2) + packet[checksum_at + 2 :]
