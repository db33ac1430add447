"""One machine: the dead are started again, and the end comes in order and leaves nobody behind."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from pathlib import Path

import aiohttp
import pytest

from tests.support.machine import Machine, running_machine

WITHIN_S = 25.0
ROLES = ("web-and-jobs", "media", "recorder", "uploader")


@pytest.fixture(autouse=True)
def built_pages() -> None:
    """The machine refuses to start without its pages."""
    pages = Path(__file__).parents[2] / "web" / "dist" / "join.html"
    assert pages.is_file(), "run `make web` first"


async def until_running(machine: Machine, role: str, *, other_than: int) -> int:
    """Wait for a process of ``role`` that is not the one before."""
    async with asyncio.timeout(WITHIN_S):
        while True:
            fresh = [pid for pid in machine.pids(role) if pid != other_than]
            if fresh:
                return fresh[0]
            await asyncio.sleep(0.05)


async def until_ready(machine: Machine) -> None:
    """Wait for ``/readyz``."""
    async with asyncio.timeout(WITHIN_S), aiohttp.ClientSession(machine.url) as http:
        while True:
            with contextlib.suppress(aiohttp.ClientError):
                async with http.get("/readyz") as response:
                    if response.status == 200:
                        return
            await asyncio.sleep(0.1)


@pytest.mark.timeout(150)
async def test_every_killed_process_comes_back_and_the_end_leaves_nobody(tmp_path: Path) -> None:
    """``kill -9`` of each role is mended; SIGINT ends all of them with status 0."""
    async with running_machine(tmp_path / "data") as machine:
        for role in ROLES:
            [pid] = machine.pids(role)
            os.kill(pid, signal.SIGKILL)
            await until_running(machine, role, other_than=pid)
        await until_ready(machine)
        left = [pid for role in ROLES for pid in machine.pids(role)]
        assert len(left) == len(ROLES)
        machine.process.send_signal(signal.SIGINT)
        status = await asyncio.wait_for(machine.process.wait(), WITHIN_S)
        assert status == 0
        assert not [pid for pid in left if Path(f"/proc/{pid}").exists()]


@pytest.mark.timeout(120)
async def test_children_end_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    """Nobody goes on alone when the parent is gone."""
    async with running_machine(tmp_path / "data") as machine:
        children = [pid for role in ROLES for pid in machine.pids(role)]
        assert len(children) == len(ROLES)
        machine.process.kill()
        await machine.process.wait()
        async with asyncio.timeout(WITHIN_S):
            while any(_alive(pid) for pid in children):
                await asyncio.sleep(0.1)


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
