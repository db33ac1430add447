"""Holds what was sent against what is recorded and what gaps admit: nothing may be in neither.

A second of media is *recorded* if each of its pictures and packets of sound is in the recording,
*told* if what is missing of it lies in a gap, and *in neither* otherwise.

The tolerance is ``EDGE_NS`` at both ends of a gap and around a change of peers. A gap reaches
from the arrival of the last packet that was kept to the arrival of the next one, while what is
counted here was stamped when it was sent: between the two lie the way, the batch of the tap and
whatever the machine's other programs make both wait. A pause between two peers is told from
0.25 s on. Inside of that margin neither side can be caught lying, beyond it both can.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

EDGE_NS: Final = 250_000_000
_SECOND_NS: Final = 1_000_000_000
WHOLE_CAUSES: Final = frozenset({"media_lost", "peer_lost", "recorder_lost"})
"""In these everything is missing; other gaps say that something in them is."""

Item = tuple[str, int]
"""What was sent: ``video`` or ``audio``, and its number in the film."""


@dataclass(frozen=True, slots=True)
class Span:
    """A gap, or anything else that lasts."""

    from_ns: int
    to_ns: int
    cause: str

    def holds(self, at_ns: int, margin_ns: int) -> bool:
        """Whether a moment is in it; the margin widens it."""
        return self.from_ns - margin_ns <= at_ns <= self.to_ns + margin_ns


@dataclass(slots=True)
class Account:
    """What became of one person's media."""

    seconds: int = 0
    recorded: int = 0
    told: int = 0
    under_way: int = 0
    """Seconds of which only what was on its way to a replaced peer is missing."""
    neither: list[float] = field(default_factory=list)
    """Seconds of the call, from its first packet, that are in neither."""
    both: list[str] = field(default_factory=list)
    """Gaps in which everything is recorded."""
    strangers: list[Item] = field(default_factory=list)
    """Recorded, and never sent by this person."""
    late_ms: list[float] = field(default_factory=list)
    """How far the time in the recording is from the time of sending, each."""

    @property
    def is_whole(self) -> bool:
        """Whether nothing contradicts the evidence."""
        return not (self.neither or self.both or self.strangers)


def account(
    sent: Mapping[Item, int],
    recorded: Mapping[Item, int],
    gaps: Sequence[Span],
    changes: Sequence[int] = (),
) -> Account:
    """Both mappings give wall-clock nanoseconds; ``changes`` is when a peer followed another."""
    found = Account(strangers=sorted(recorded.keys() - sent.keys()))
    found.late_ms = [(recorded[item] - sent[item]) / 1e6 for item in recorded.keys() & sent.keys()]
    seconds: dict[int, list[Item]] = {}
    for item, at_ns in sent.items():
        seconds.setdefault(at_ns // _SECOND_NS, []).append(item)
    began = min(sent.values(), default=0)
    found.seconds = len(seconds)
    for second, items in sorted(seconds.items()):
        missing = [sent[item] for item in items if item not in recorded]
        untold = [at for at in missing if not _in_any(at, gaps)]
        if not missing:
            found.recorded += 1
        elif not untold:
            found.told += 1
        elif all(_near_any(at, changes) for at in untold):
            found.under_way += 1
        else:
            found.neither.append(round((second * _SECOND_NS - began) / 1e9, 1))
    found.both = [text for gap in gaps for text in _claimed(gap, sent, recorded, seconds)]
    return found


def _in_any(at_ns: int, spans: Iterable[Span]) -> bool:
    return any(span.holds(at_ns, EDGE_NS) for span in spans)


def _near_any(at_ns: int, moments: Iterable[int]) -> bool:
    return any(abs(at_ns - moment) <= EDGE_NS for moment in moments)


def _claimed(
    gap: Span,
    sent: Mapping[Item, int],
    recorded: Mapping[Item, int],
    seconds: Mapping[int, Sequence[Item]],
) -> list[str]:
    """What a gap says is missing, and is not."""
    if gap.cause not in WHOLE_CAUSES:
        within = [item for item, at_ns in sent.items() if gap.holds(at_ns, EDGE_NS)]
        return [_named(gap)] if within and all(item in recorded for item in within) else []
    first = -(-(gap.from_ns + EDGE_NS) // _SECOND_NS)
    last = (gap.to_ns - EDGE_NS) // _SECOND_NS
    full = [
        second
        for second in range(first, last)
        if second in seconds and all(item in recorded for item in seconds[second])
    ]
    return [f"{_named(gap)}: {len(full)} s of it are recorded"] if full else []


def _named(gap: Span) -> str:
    return f"{gap.cause} of {(gap.to_ns - gap.from_ns) / 1e9:.2f} s"
