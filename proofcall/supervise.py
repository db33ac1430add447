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
_SPARE_AFTER_S = 5.0


@dataclass(frozen=True, slots=True)
class ProcessPlan:
    """One process to keep running; a lower ``end_rank`` ends earlier.

    With a ``spare`` (its arguments) another one waits beside it, everything loaded, and
    takes over when it dies; ``part`` is the line that tells the spare whose place it takes.
    """

    name: str
    arguments: tuple[str, ...]
    end_rank: int
    spare: tuple[str, ...] | None = None
    part: str = ""


def plan(settings: Settings) -> list[ProcessPlan]:
    """The processes of one machine.

    They end along the flow of evidence: media, recorder, uploader, web.
    """
    media = [
        ProcessPlan(
            f"media-{n}",
            ("--role", Role.MEDIA, "--index", str(n)),
            0,
            # Loading takes seconds on a busy machine, and a call is waiting.
            spare=("--role", Role.MEDIA, "--standby"),
            part=str(n),
        )
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
        self._down: set[str] = set()
        self._keepers: dict[str, asyncio.Task[None]] = {}
        self._spares: dict[tuple[str, ...], asyncio.subprocess.Process] = {}
        self._closing = False

    def pid(self, name: str) -> int | None:
        """The process id of a running process."""
        process = self._running.get(name)
        return process.pid if process else None

    async def start(self) -> None:
        """Start everything."""
        for planned in self._plans:
            self._keepers[planned.name] = asyncio.create_task(self._keep(planned))
        for spare in {planned.spare for planned in self._plans if planned.spare}:
            name = " ".join(spare)
            self._keepers[name] = asyncio.create_task(self._keep_spare(spare))
        await asyncio.sleep(0)

    async def close(self) -> None:
        """End the processes rank by rank, each given time to close what it owns."""
        self._closing = True
        for planned in self._plans:
            keeper = self._keepers.pop(" ".join(planned.spare or ()), None)
            if keeper is not None:
                keeper.cancel()
                await asyncio.gather(keeper, return_exceptions=True)
        for spare in list(self._spares):
            await self._end_spare(spare)
        for rank in sorted({planned.end_rank for planned in self._plans}):
            names = [planned.name for planned in self._plans if planned.end_rank == rank]
            await asyncio.gather(*(self._end(name) for name in names))

    def kill(self) -> None:
        """End everything at once (a second Ctrl-C)."""
        for name, process in self._running.items():
            self._ending.add(name)
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        for process in self._spares.values():
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
            process = await self._begin(planned)
            self._running[planned.name] = process
            status = await process.wait()
            if planned.name in self._ending:
                return
            if status == STAY_DOWN:
                log.info("process drained, it stays down", name=planned.name)
                self._down.add(planned.name)
                return
            log.warning("process ended, starting it again", name=planned.name, status=status)
            steady = loop.time() - began > _STEADY_AFTER_S
            pause_s = _FIRST_PAUSE_S if steady else min(pause_s * 2, _LONGEST_PAUSE_S)
            await asyncio.sleep(pause_s)

    async def _begin(self, planned: ProcessPlan) -> asyncio.subprocess.Process:
        """Start a process, or give the waiting spare its place."""
        spare = self._spares.pop(planned.spare, None) if planned.spare else None
        if spare is not None and spare.returncode is None and spare.stdin is not None:
            try:
                spare.stdin.write(f"{planned.part}\n".encode())
                await spare.stdin.drain()
            except OSError:
                log.warning("spare did not take over", name=planned.name)
            else:
                log.info("spare takes over", name=planned.name, pid=spare.pid)
                return spare
        return await self._spawn(planned.arguments)

    async def _keep_spare(self, arguments: tuple[str, ...]) -> None:
        """Keep one process waiting while there is one whose place it could take.

        Not at once, so that it takes no time from those in need.
        """
        served = {planned.name for planned in self._plans if planned.spare == arguments}
        while not self._closing:
            await asyncio.sleep(_SPARE_AFTER_S)
            spare = self._spares.get(arguments)
            if served <= self._down:
                if spare is not None:
                    await self._end_spare(arguments)
                return
            if (spare is None or spare.returncode is not None) and not self._closing:
                self._spares[arguments] = await self._spawn(arguments, waits=True)

    async def _end_spare(self, arguments: tuple[str, ...]) -> None:
        spare = self._spares.pop(arguments)
        with contextlib.suppress(ProcessLookupError):
            spare.kill()
        await spare.wait()

    async def _spawn(
        self, arguments: tuple[str, ...], *, waits: bool = False
    ) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "proofcall",
            "serve",
            *arguments,
            env=self._environment,
            stdin=asyncio.subprocess.PIPE if waits else None,
            # A Ctrl-C in the terminal must reach the supervisor alone.
            start_new_session=True,
        )
