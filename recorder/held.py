"""PURE. What waits behind a hole, as samples: durable before the hole is mended or given up.

A kept state is what a stop of the process would have written at that moment. It stands
beside the journals and overlaps them; what they hold as well is left out when it is read.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import asdict, replace

from recorder.depacketise import Loss
from recorder.fragments import ClockReading, Fragment, Sample
from recorder.intake import TrackIntake
from recorder.sample_index import AUDIO, VIDEO, SampleTable


def rest_of(held: Fragment, last_ticks: Sequence[int], durable: SampleTable) -> Fragment | None:
    """What of it is in no journal, None for nothing.

    ``last_ticks`` are the last decode times that are durable (video, audio), ``durable``
    the samples of the open segment. A sample is known again by its RTP timestamp: the
    same one may have another decode time when it is cut in earnest.
    """
    runs: list[Sequence[Sample]] = []
    for track, run in ((VIDEO, held.video), (AUDIO, held.audio)):
        known = durable["rtp"][durable["track"] == track]
        newest = int(known[-1]) if len(known) else None
        at = [number for number, one in enumerate(run) if one.rtp_timestamp == newest]
        rest = run[at[-1] + 1 :] if at else run
        runs.append([one for one in rest if one.time > last_ticks[track]])
    if not runs[VIDEO] and not runs[AUDIO]:
        return None
    return replace(held, video=runs[VIDEO], audio=runs[AUDIO])


def waiting_since(intakes: Iterable[TrackIntake], kept_ns: int) -> int | None:
    """The oldest arrival behind a hole later than what is kept, None for none."""
    return min(
        (
            since_ns
            for intake in intakes
            if intake.depacketiser.waits
            and (since_ns := intake.depacketiser.waits_since(kept_ns)) is not None
        ),
        default=None,
    )


def held_by(
    intakes: Mapping[int, TrackIntake], t0_ns: int, last_wall_ns: int, untold: Sequence[Loss]
) -> tuple[Fragment | None, Mapping[int, TrackIntake]]:
    """What these tracks would give if they ended now, and the tracks as they would be then.

    The tracks themselves go on waiting.
    """
    ended: dict[int, TrackIntake] = deepcopy(dict(intakes))
    runs: list[list[Sample]] = [[], []]
    readings: list[ClockReading] = []
    losses = list(untold)
    for intake in ended.values():
        intake.flush()
        runs[intake.track], heard = intake.cut()
        readings.extend(heard)
        losses.extend(intake.take_losses())
    if not runs[VIDEO] and not runs[AUDIO]:
        return None, ended
    return Fragment(runs[VIDEO], runs[AUDIO], readings, t0_ns, last_wall_ns, losses), ended


def encode_held(fragment: Fragment) -> bytes:
    """The content of a ``.held`` file: a line of JSON, then the samples' bytes."""
    samples = [*fragment.video, *fragment.audio]
    head = {
        "t0_ns": fragment.t0_ns,
        "last_wall_ns": fragment.last_wall_ns,
        "clocks": [asdict(reading) for reading in fragment.clocks],
        "losses": [asdict(loss) for loss in fragment.losses],
        "tellings": fragment.tellings,
        "samples": [[*sample[:-1], len(sample.data)] for sample in samples],
    }
    text = json.dumps(head, separators=(",", ":")).encode()
    return b"".join((text, b"\n", *(sample.data for sample in samples)))


def decode_held(content: bytes) -> Fragment:
    """Read a ``.held`` file.

    Raises:
        ValueError: it is not one of ours.
    """
    text, _, data = content.partition(b"\n")
    try:
        head = json.loads(text)
        runs: list[list[Sample]] = [[], []]
        position = 0
        for track, time, duration, rtp_timestamp, keyframe, size in head["samples"]:
            body = data[position : position + size]
            runs[track].append(Sample(track, time, duration, rtp_timestamp, keyframe, body))
            position += size
        fragment = Fragment(
            runs[VIDEO],
            runs[AUDIO],
            [ClockReading(**reading) for reading in head["clocks"]],
            head["t0_ns"],
            head["last_wall_ns"],
            [Loss(**loss) for loss in head["losses"]],
            head.get("tellings", 0),
        )
    except (KeyError, TypeError, IndexError) as error:
        raise ValueError(f"not what was held: {error!r}") from error
    if position != len(data):
        raise ValueError("not what was held: torn")
    return fragment
