"""PURE. The room graph: who sees whom, on which m-line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a participant's media is in the room; web says it, and may change it.

    At most one host is in charge. ``SUCCESSOR`` is the host whom a buyer is being handed to,
    ``OBSERVER`` one who is heard and seen, ``LISTENER`` one who only hears and sees, and
    ``BENCH`` the warehouse's fixed camera.
    """

    BUYER = "buyer"
    HOST = "host"
    SUCCESSOR = "successor"
    OBSERVER = "observer"
    LISTENER = "listener"
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
    """Where viewers of a role get the first of these sources that is there."""

    viewers: tuple[Role, ...]
    sources: tuple[Role, ...]
    audio_mid: str | None
    video_mid: str


# The m-lines of every browser's offer are fixed, see docs/architecture.md. While a buyer is
# handed over, the other host has the place of the observer, who is heard again afterwards.
_SLOTS = (
    _Slot((Role.BUYER,), (Role.HOST,), "0", "1"),
    _Slot((Role.HOST, Role.SUCCESSOR, Role.OBSERVER, Role.LISTENER), (Role.BUYER,), "0", "1"),
    _Slot((Role.BUYER, Role.HOST), (Role.SUCCESSOR, Role.OBSERVER), "2", "3"),
    _Slot((Role.SUCCESSOR,), (Role.HOST, Role.OBSERVER), "2", "3"),
    _Slot((Role.OBSERVER, Role.LISTENER), (Role.HOST, Role.SUCCESSOR), "2", "3"),
    _Slot(tuple(role for role in Role if role is not Role.BENCH), (Role.BENCH,), None, "4"),
)


def routes(members: Sequence[Member]) -> frozenset[Route]:
    """Every feed of a room.

    Each m-line of a viewer has at most one source: of several participants with the
    same role the one who connected last. Nobody is fed their own media, and nobody a
    listener's.
    """
    latest: dict[Role, Member] = {}
    for member in members:
        known = latest.get(member.role)
        if known is None or member.order > known.order:
            latest[member.role] = member
    found: set[Route] = set()
    for slot in _SLOTS:
        source = next((latest[role] for role in slot.sources if role in latest), None)
        if source is None:
            continue
        for viewer in members:
            if viewer.role not in slot.viewers or viewer.participant_id == source.participant_id:
                continue
            if slot.audio_mid is not None:
                found.add(
                    Route(source.participant_id, "audio", viewer.participant_id, slot.audio_mid)
                )
            found.add(Route(source.participant_id, "video", viewer.participant_id, slot.video_mid))
    return frozenset(found)
