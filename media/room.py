"""PURE. The room graph: who sees whom, on which m-line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a participant is in a session; ``BENCH`` is the warehouse's fixed camera."""

    BUYER = "buyer"
    HOST = "host"
    OBSERVER = "observer"
    BENCH = "bench"


@dataclass(frozen=True, slots=True)
class Member:
    """A participant with a connected peer; ``order`` grows with the time of connecting."""

    participant_id: str
    role: Role
    order: int


@dataclass(frozen=True, slots=True)
class Route:
    """``source`` of the kind is fed to the m-line ``mid`` of ``viewer``."""

    source: str
    kind: str
    viewer: str
    mid: str


@dataclass(frozen=True, slots=True)
class _Slot:
    viewer: Role
    source: Role
    audio_mid: str | None
    video_mid: str


# The m-lines of every browser's offer are fixed, see docs/architecture.md.
_SLOTS = (
    _Slot(Role.BUYER, Role.HOST, "0", "1"),
    _Slot(Role.HOST, Role.BUYER, "0", "1"),
    _Slot(Role.BUYER, Role.OBSERVER, "2", "3"),
    _Slot(Role.HOST, Role.OBSERVER, "2", "3"),
    _Slot(Role.OBSERVER, Role.BUYER, "0", "1"),
    _Slot(Role.OBSERVER, Role.HOST, "2", "3"),
    _Slot(Role.BUYER, Role.BENCH, None, "4"),
    _Slot(Role.HOST, Role.BENCH, None, "4"),
    _Slot(Role.OBSERVER, Role.BENCH, None, "4"),
)


def routes(members: Sequence[Member]) -> frozenset[Route]:
    """Every feed of a room.

    Each m-line of a viewer has at most one source: of several participants with the
    same role the one who connected last. Nobody is fed their own media.
    """
    latest: dict[Role, Member] = {}
    for member in members:
        known = latest.get(member.role)
        if known is None or member.order > known.order:
            latest[member.role] = member
    found: set[Route] = set()
    for slot in _SLOTS:
        source = latest.get(slot.source)
        if source is None:
            continue
        for viewer in members:
            if viewer.role is not slot.viewer or viewer.participant_id == source.participant_id:
                continue
            if slot.audio_mid is not None:
                found.add(
                    Route(source.participant_id, "audio", viewer.participant_id, slot.audio_mid)
                )
            found.add(Route(source.participant_id, "video", viewer.participant_id, slot.video_mid))
    return frozenset(found)
