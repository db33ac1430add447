"""Starts every process of one machine, starts the dead again, and ends them in order."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from dataclasses import dataclass

import structlog

from proofcall.roles import STAY_DOWN, Role
from runtime.settings import Settings

log = structlog.get_logger()

_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 5.0
_STEADY_AFTER_S = 10.0
_KILL_AFTER_S = 12.0
# What a media worker needs after its drain's limit to have people moved.
_MOVING_S = 10.0


@dataclass(frozen=True, slots=True)
class ProcessPlan:
    """One process to keep running; a lower ``end_rank`` ends earlier."""

    name: str
    arguments: tuple[str, ...]
    end_rank: int


def plan(settings: Settings) -> list[ProcessPlan]:
    """The processes of one machine.

    They end along the flow of evidence: media, recorder, uploader, web.
    """
    media = [
        ProcessPlan(f"media-{n}", ("--role", Role.MEDIA, "--index", str(n)), 0)
        for n in range(settings.media_workers)
    ]
    return [
        ProcessPlan("web", ("--role", Role.WEB_AND_JOBS), 3),
        ProcessPlan("recorder", ("--role", Role.RECORDER), 1),
        ProcessPlan("uploader", ("--role", Role.UPLOADER), 2),
        *media,
    ]


class Supervisor:
    """Keeps the planned processes running until told to end; ``close()`` may be called twice."""

    def __init__(
        self, plans: list[ProcessPlan], environment: dict[str, str], *, drain_s: float = 0.0
    ) -> None:
        self._plans = plans
        self._kill_after_s = _KILL_AFTER_S + (drain_s + _MOVING_S if drain_s else 0.0)
        self._environment = {**environment, "SUPERVISED_BY": str(os.getpid())}
        self._running: dict[str, asyncio.subprocess.Process] = {}
        self._ending: set[str] = set()
        self._keepers: dict[str, asyncio.Task[None]] = {}

    def pid(self, name: str) -> int | None:
        """The process id of a running process."""
        process = self._running.get(name)
        return process.pid if process else None

    async def start(self) -> None:
        """Start everything."""
        for planned in self._plans:
            self._keepers[planned.name] = asyncio.create_task(self._keep(planned))
        await asyncio.sleep(0)

    async def close(self) -> None:
        """End the processes rank by rank, each given time to close what it owns."""
        for rank in sorted({planned.end_rank for planned in self._plans}):
            names = [planned.name for planned in self._plans if planned.end_rank == rank]
            await asyncio.gather(*(self._end(name) for name in names))

    def kill(self) -> None:
        """End everything at once (a second Ctrl-C)."""
        for name, process in self._running.items():
            self._ending.add(name)
            with contextlib.suppress(ProcessLookupError):
                process.kill()

    async def _end(self, name: str) -> None:
        self._ending.add(name)
        process = self._running.get(name)
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(process.wait(), self._kill_after_s)
            except TimeoutError:
                log.warning("process did not end, killing it", name=name)
                process.kill()
        keeper = self._keepers.pop(name, None)
        if keeper is not None:
            keeper.cancel()
            await asyncio.gather(keeper, return_exceptions=True)

    async def _keep(self, planned: ProcessPlan) -> None:
        loop = asyncio.get_running_loop()
        pause_s = _FIRST_PAUSE_S
        while planned.name not in self._ending:
            began = loop.time()
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "proofcall",
                "serve",
                *planned.arguments,
                env=self._environment,
                # A Ctrl-C in the terminal must reach the supervisor alone.
                start_new_session=True,
            )
            self._running[planned.name] = process
            status = await process.wait()
            if planned.name in self._ending:
                return
            if status == STAY_DOWN:
                log.info("process drained, it stays down", name=planned.name)
                return
            log.warning("process ended, starting it again", name=planned.name, status=status)
            steady = loop.time() - began > _STEADY_AFTER_S
            pause_s = _FIRST_PAUSE_S if steady else min(pause_s * 2, _LONGEST_PAUSE_S)
            await asyncio.sleep(pause_s)
