"""What each kind of process runs, and how a process is told to end."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from enum import StrEnum

from runtime.imports import loading
from runtime.logging import configure_logging
from runtime.settings import Settings

JOBS_SOCKET = "jobs.sock"
STAY_DOWN = 10
"""The exit status of a drained process that its supervisor must not start again."""
_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15


class Role(StrEnum):
    """The processes of the design; ``all`` is one machine with every one of them."""

    ALL = "all"
    WEB = "web"
    JOBS = "jobs"
    WEB_AND_JOBS = "web-and-jobs"
    MEDIA = "media"
    RECORDER = "recorder"
    UPLOADER = "uploader"


def run_role(role: Role, settings: Settings, index: int) -> None:
    """Run one process until SIGTERM or SIGINT; returns when it has closed cleanly.

    Raises:
        SystemExit: ``STAY_DOWN``, a media worker that was drained for good.
    """
    _end_with_parent()
    _run(role, settings, index)


def stand_by(role: Role, settings: Settings) -> None:
    """Load what ``role`` needs, wait for an index on standard input, then run as that one.

    Until then it opens nothing: no socket, no file of the data or run directory. It is
    ``pc-standby`` once it has loaded everything. Returns without having run when standard
    input ends.
    """
    assert role is Role.MEDIA, "only media workers have a spare"
    _end_with_parent()
    with loading():
        import media.process  # noqa: F401 - loaded now, so that it need not be later

    _be_known_as("pc-standby")
    line = sys.stdin.readline().strip()
    if line:
        _run(role, settings, int(line))


def _run(role: Role, settings: Settings, index: int) -> None:
    name = f"{role}-{index}" if role is Role.MEDIA else str(role)
    _be_known_as(f"pc-{name}")
    configure_logging(settings.log_level, settings.log_format, name)
    status = asyncio.run(_until_signalled(lambda: _body(role, settings, index)))
    if status:
        sys.exit(status)


async def _body(role: Role, settings: Settings, index: int) -> int:
    with loading():
        run = _loaded(role, settings, index)
    return await run() or 0


def _loaded(role: Role, settings: Settings, index: int) -> Callable[[], Awaitable[int | None]]:
    # Imported here so that no process loads what it may not touch.
    match role:
        case Role.MEDIA:
            from media.process import run_worker

            return lambda: _drained(run_worker(settings, str(index)))
        case Role.RECORDER:
            from recorder.process import run_recorder

            return lambda: run_recorder(settings)
        case Role.UPLOADER:
            from recorder.uploader import run_uploader

            return lambda: run_uploader(settings)
        case Role.WEB | Role.JOBS | Role.WEB_AND_JOBS:
            from proofcall.web import run_web_role

            serve, work = role is not Role.JOBS, role is not Role.WEB
            return lambda: run_web_role(settings, serve=serve, work=work)
        case Role.ALL:
            raise AssertionError("the supervisor runs this role")


async def _drained(worker: Awaitable[bool]) -> int:
    return STAY_DOWN if await worker else 0


async def _until_signalled(body: Callable[[], Awaitable[int]]) -> int:
    """Run ``body``; a first SIGTERM or SIGINT cancels it, so that it closes what it owns."""
    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(body())
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    try:
        return await task
    except asyncio.CancelledError:
        if not task.cancelled():
            raise
        return 0


def _end_with_parent() -> None:
    """Ask Linux for SIGTERM when the supervisor dies, so that nothing is left behind."""
    parent = os.environ.get("SUPERVISED_BY")
    if parent is None:
        return
    _prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != int(parent):
        # The parent died between the fork and the request.
        os.kill(os.getpid(), signal.SIGTERM)


def _be_known_as(name: str) -> None:
    """The process's name in ``top`` and ``/proc`` (15 bytes)."""
    _prctl(_PR_SET_NAME, name.encode())


def _prctl(option: int, value: int | bytes) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if hasattr(libc, "prctl"):
        libc.prctl(option, value)
