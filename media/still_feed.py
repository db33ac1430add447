"""PURE. Stills for one thinned line: whole keyframes, a few packets at a time.

The line keeps its numbering: each still shows to the viewer as the next frame. Packets
leave at the rate the caller allows, so that they never queue before the sound.
"""

from __future__ import annotations

from collections import deque

from media.egress import Egress
from media.history import RING
from media.ingress import Held, Ingress

EVERY_S = 4.0
"""How often a still is wanted, where the link can carry it in that time."""
_ASK_AGAIN_S = 2.0
_MOST_PACKETS = 400
_NEVER_S = 1e9


class StillFeed:
    """Feeds one egress with keyframes of its source while it is thinned."""

    __slots__ = ("_asked_s", "_began_s", "_key_at_us", "_left", "_out", "_sent", "_source")

    def __init__(self, out: Egress, now_s: float) -> None:
        self._out = out
        self._source: Ingress | None = None
        self._left: deque[Held] = deque()
        self._sent: dict[int, Held] = {}
        self._key_at_us = 0
        self._began_s = now_s
        self._asked_s = now_s

    def held(self, sequence: int) -> Held | None:
        """The packet of the last still that the viewer knows under this number."""
        return self._sent.get(sequence)

    def drop(self) -> None:
        """What has not been sent of a still never will be."""
        self._out.unnumber(len(self._left))
        self._left.clear()

    def step(self, now_s: float, send_time: int, budget_bytes: float) -> float:
        """Send what ``budget_bytes`` allows; gives what was spent, a packet too much at most."""
        out = self._out
        source = out.source
        if source is not self._source:
            # What the viewer saw till now stays; of somebody new there is nothing yet.
            if self._source is not None:
                self._began_s = self._asked_s = -_NEVER_S
            self._source = source
            self.drop()
            self._key_at_us = source.key_at_us if source is not None else 0
        if source is None or not out.transmitter.ready:
            return 0.0
        if not self._left:
            self._find(source, now_s)
        spent = 0.0
        while self._left and spent < budget_bytes:
            sequence, timestamp, second, payload = held = self._left.popleft()
            self._sent[(sequence + out.sequence_offset) & 0xFFFF] = held
            spent += out.send(sequence, timestamp, second, payload, send_time)
        return spent

    def _find(self, source: Ingress, now_s: float) -> None:
        if source.key_at_us != self._key_at_us:
            packets = keyframe_packets(source)
            if packets is not None:
                self._key_at_us = source.key_at_us
                self._sent.clear()
                self._left.extend(packets)
                self._began_s = now_s
                first = packets[0]
                self._out.begin_still(source, first[0], first[1], len(packets), now_s)
                return
        if now_s - self._began_s >= EVERY_S and now_s - self._asked_s >= _ASK_AGAIN_S:
            self._asked_s = now_s
            source.owner.request_keyframe(source)


def keyframe_packets(source: Ingress) -> list[Held] | None:
    """The newest keyframe of a stream, None while it is incomplete or no longer held."""
    newest = source.highest
    found: list[Held] = []
    for number in range(newest, max(-1, newest - min(RING, _MOST_PACKETS)), -1):
        held = source.held(number & 0xFFFF)
        if held is None or held[1] != source.key_timestamp:
            if found:
                break
            continue
        found.append(held)
    found.reverse()
    if not found or not found[-1][2] & 0x80:
        return None
    first = found[0]
    codec = source.codec_of.get(first[2] & 0x7F, "")
    return found if source.begins_keyframe(codec, first[3]) else None
