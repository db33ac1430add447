"""PURE. Who of several observers is heard, and what each one's media is in the room."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from cases.states import Capacity, ParticipantRole, Role, Voice

MAX_OBSERVERS: Final = 6


def granted(wanted: Voice, others: Iterable[Voice | None]) -> Voice:
    """What an observer who comes in gets: one speaks at a time, the next has to be let speak.

    ``others`` are the voices of the other observers who are in the room.
    """
    if wanted is Voice.SILENT:
        return Voice.SILENT
    return Voice.ASKS if Voice.SPEAKS in others else Voice.SPEAKS


def capacity_of_staff(roles: Iterable[Role], *, of_the_seller: bool) -> Capacity:
    """As what a member of staff observes."""
    if of_the_seller:
        return Capacity.AGENT
    return Capacity.SUPERVISOR if Role.ADMIN in roles else Capacity.COLLEAGUE


def media_role(
    role: ParticipantRole, *, in_charge: bool, voice: Voice | None, has_media: bool
) -> str:
    """What somebody's media is in the room (``media/room.py``); one host is in charge."""
    if role is ParticipantRole.HOST:
        return "host" if in_charge else "successor"
    if role is ParticipantRole.OBSERVER:
        # Media that is about to be replaced by recorded media is not heard meanwhile.
        return "observer" if voice is Voice.SPEAKS and has_media else "listener"
    return str(role)
