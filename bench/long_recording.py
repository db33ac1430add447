"""Recordings of any length through the recorder's own parts, faster than real time.

The sender's clock drifts and packets are late by chance; the recorder's clock is the packets'.
"""

from __future__ import annotations

import random
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Final

from recorder.depacketise import Codec
from recorder.sample_index import AUDIO, RATES, VIDEO, read_table
from recorder.session import TapTrack
from tests.support.recording_rig import T0_NS, SpoolRig, source_of
from tests.support.tap_feed import EncodedFrame, Packet, encode_audio, encode_video, packetise

LOOP_S: Final = 10
PICTURES_PER_S: Final = 10
DRIFT: Final = 200e-6
"""How much the sender's clock is fast: eighteen seconds in a day."""
_LATE_S: Final = 0.03
_NTP_BASE: Final = 0xE000_0000 << 32


@dataclass(slots=True)
class Recorded:
    """A session whose call is over but not closed, and when each sample truly was."""

    rig: SpoolRig
    sent_s: dict[int, list[float]]


def record(folder: Path, codec: str, seconds: int) -> Recorded:
    """Two tracks of so many seconds; the recorder has everything, the session is open."""
    rig = SpoolRig(folder)
    late = random.Random(1)
    sent: dict[int, list[float]] = {}
    feeds: list[tuple[TapTrack, Sequence[Packet]]] = []
    for track, name in ((VIDEO, codec), (AUDIO, "opus")):
        tap = rig.session.open_track("par_1", f"trk_{track}", "peer_1", Codec(name))
        assert tap is not None
        sent[track], packets = _sent(_loop(name), name, seconds, late)
        feeds.append((tap, packets))
    for begin in range(0, seconds, LOOP_S):
        # In pieces, so that sender reports come between.
        for track, (tap, _) in enumerate(feeds):
            tap.sender_report(*_report(begin, RATES[track]), T0_NS + begin * 1_000_000_000)
        rig.feed(*((tap, _between(packets, begin, begin + LOOP_S)) for tap, packets in feeds))
    return Recorded(rig, sent)


def worst_error_ms(recorded: Recorded) -> float:
    """The largest distance of a sample's time from the wall clock at its sending."""
    source = source_of(recorded.rig.facts())
    worst = 0.0
    seen = {VIDEO: 0, AUDIO: 0}
    for segment in source.segments:
        for row in read_table(segment.index):
            track = int(row["track"])
            at_s = (source.t0_ns - T0_NS) / 1e9 + int(row["time"]) / RATES[track]
            worst = max(worst, abs(at_s - recorded.sent_s[track][seen[track]]))
            seen[track] += 1
    for track, count in seen.items():
        if count != len(recorded.sent_s[track]):
            raise RuntimeError(f"{count} of {len(recorded.sent_s[track])} samples are recorded")
    return worst * 1000


@cache
def _loop(codec: str) -> list[EncodedFrame]:
    if codec == "opus":
        return encode_audio(LOOP_S)
    return encode_video(
        codec, LOOP_S * PICTURES_PER_S, rate=PICTURES_PER_S, keyframe_every=PICTURES_PER_S * 5
    )


def _sent(
    loop: Sequence[EncodedFrame], name: str, seconds: int, late: random.Random
) -> tuple[list[float], list[Packet]]:
    frames = [
        replace(frame, at_s=frame.at_s + begin)
        for begin in range(0, seconds, LOOP_S)
        for frame in loop
    ]
    # The stamps are the sender's seconds; the wall clock's are longer.
    packets = packetise(name, frames)
    arrivals: list[Packet] = []
    true_s = -1.0
    for packet in packets:
        sent_s = packet.at_s / (1 + DRIFT)
        if sent_s != true_s:
            true_s, delay_s = sent_s, late.random() * _LATE_S
        at_s = max(true_s + delay_s, arrivals[-1].at_s if arrivals else 0.0)
        arrivals.append(
            Packet(at_s, packet.sequence, packet.timestamp, packet.marker, packet.payload)
        )
    return [frame.at_s / (1 + DRIFT) for frame in frames], arrivals


def _between(packets: Sequence[Packet], from_s: float, to_s: float) -> Sequence[Packet]:
    first = bisect_left(packets, from_s, key=lambda packet: packet.at_s)
    return packets[first : bisect_left(packets, to_s, key=lambda packet: packet.at_s)]


def _report(second: float, rate: int) -> tuple[int, int]:
    """``ntp, rtp_timestamp`` by the sender's own clock."""
    sender_s = second * (1 + DRIFT)
    return _NTP_BASE + round(sender_s * 2**32), 0xFFFF_0000 + round(sender_s * rate) & 0xFFFFFFFF
