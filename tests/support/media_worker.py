"""A media worker inside the test's own process, with a list where web would be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from media import hooks
from media.addresses import NetworkPolicy
from media.facts import FactQueue
from media.tap import Tap
from media.worker import MediaWorker
from runtime.clock import Clock, SystemClock
from runtime.control import ControlClient
from runtime.tasks import Tasks
from tests.support.rtp_peer import RtpPeer


class CollectedFacts(FactQueue):
    """Keeps facts instead of sending them."""

    def __init__(self) -> None:
        super().__init__(ControlClient("unix:///nowhere", ""), "0", "epoch")
        self.all: list[dict[str, Any]] = []

    def put(self, fact: dict[str, Any]) -> None:
        self.all.append(fact)

    def kinds(self, peer_id: str | None = None) -> list[str]:
        """The kinds so far, of one peer or all, without figures and advice."""
        return [
            one["kind"]
            for one in self.all
            if one["kind"] not in ("quality", "advice") and peer_id in (None, one["peer_id"])
        ]


class Running:
    """What a test holds of a running worker."""

    def __init__(self, worker: MediaWorker, facts: CollectedFacts, tap: Tap | None) -> None:
        self.worker = worker
        self.facts = facts
        self.tap = tap

    async def join(
        self,
        peer: RtpPeer,
        participant: str,
        role: str,
        *,
        session: str = "ses_1",
        record: bool = False,
    ) -> dict[str, Any]:
        """Join a session and wait until connected; gives the answer of ``POST /peers``."""
        opened = await self.worker.open_peer(
            {},
            {
                "session_id": session,
                "participant_id": participant,
                "role": role,
                "offer": await peer.offer(),
                "record": record,
                "candidates": [],
            },
        )
        await peer.accept(opened["answer"])
        return opened


@asynccontextmanager
async def running_worker(
    tap_path: Path | None = None,
    *,
    policy: NetworkPolicy | None = None,
    clock: Clock | None = None,
    **tap_options: Any,
) -> AsyncIterator[Running]:
    """A worker with its timers; everything is closed at the end."""
    hooks.install()
    clock = clock or SystemClock()
    facts = CollectedFacts()
    tap = Tap(tap_path, clock, **tap_options) if tap_path is not None else None
    worker = MediaWorker(
        worker_id="0",
        epoch="epoch",
        clock=clock,
        policy=policy or NetworkPolicy(),
        tap=tap,
        facts=facts,
    )
    tasks = Tasks()
    tasks.forever("timers", worker.turns.run)
    tasks.forever("quality", worker.run_quality)
    if tap is not None:
        tasks.forever("tap", tap.run)
    try:
        yield Running(worker, facts, tap)
    finally:
        await worker.close()
        await tasks.close()


async def until(condition: Callable[[], Any], timeout_s: float = 15.0, what: str = "") -> Any:
    """Poll until ``condition`` gives something true, and give that."""
    deadline = asyncio.get_running_loop().time() + timeout_s
    while not (found := condition()):
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError(f"did not happen within {timeout_s} s {what}")
        await asyncio.sleep(0.005)
    return found
