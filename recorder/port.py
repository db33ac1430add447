"""What work on evidence needs from the process it runs in; the web process's services fit."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from cases.database import Database
from cases.keys import KeyRing
from cases.unit import Unit
from recorder.playback import Playback
from recorder.store import ObjectStore
from runtime.clock import Clock
from runtime.settings import Settings

T = TypeVar("T")


class Evidence(Protocol):
    """The parts, and ``run``: one transaction whose changes are told after its commit."""

    settings: Settings
    clock: Clock
    database: Database
    keys: KeyRing
    store: ObjectStore
    playback: Playback

    async def run(self, act: Callable[[Unit], Awaitable[T]]) -> T:
        """Carry out ``act`` in one transaction."""
        ...
