"""One machine: the dead are started again, and the end comes in order and leaves nobody behind."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from pathlib import Path

import aiohttp
import pytest

from proofcall.machine import environment
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
async def test_the_spare_takes_the_place_of_a_killed_media_worker(tmp_path: Path) -> None:
    """It has everything loaded; afterwards another one waits, and all of them end."""
    async with running_machine(tmp_path / "data") as machine:
        [spare] = await spares(machine)
        [pid] = machine.pids("media")
        os.kill(pid, signal.SIGKILL)
        assert await until_running(machine, "media", other_than=pid) == spare
        await until_ready(machine)
        [next_spare] = await spares(machine)
        assert next_spare != spare
        machine.process.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(machine.process.wait(), WITHIN_S) == 0
        assert not Path(f"/proc/{spare}").exists()
        assert not Path(f"/proc/{next_spare}").exists()


@pytest.mark.timeout(150)
async def test_a_drained_worker_is_not_replaced_by_the_spare(tmp_path: Path) -> None:
    """It stays down, the spare waits for the other one, and ends when nobody is left."""
    async with running_machine(tmp_path / "data", media_workers=2) as machine:
        [spare] = await spares(machine)
        first, second = sorted(machine.pids("media"), key=_name)
        assert (_name(first), _name(second)) == ("pc-media-0", "pc-media-1")
        await drain(machine, "0")
        await until_gone(first)
        # Longer than a dead one's place stays empty: the second's is filled meanwhile.
        os.kill(second, signal.SIGKILL)
        assert await until_running(machine, "media", other_than=second) == spare
        await until_ready(machine)
        [next_spare] = await spares(machine)
        assert machine.pids("media") == [spare]
        assert _name(spare) == "pc-media-1"
        await drain(machine, "1")
        await until_gone(spare)
        await until_gone(next_spare)
        assert machine.pids("media") == []
        assert len(machine.children()) == len(ROLES) - 1
        machine.process.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(machine.process.wait(), WITHIN_S) == 0


@pytest.mark.timeout(120)
async def test_a_waiting_spare_holds_no_socket_and_no_file(tmp_path: Path) -> None:
    """Nothing of the run or data directory is touched before its turn."""
    async with running_machine(tmp_path / "data") as machine:
        [spare] = await spares(machine)
        held = held_by(spare)
        assert [name for name in held if name.startswith("socket:")] == []
        own = (str(machine.settings.data.absolute()), str(machine.settings.run_dir))
        # Its output goes where the machine's goes.
        files = [name for name in held if name.startswith(own) and name != str(machine.log)]
        assert files == []
        [pid] = machine.pids("media")
        # The same look at the one that works does find sockets.
        assert any(name.startswith("socket:") for name in held_by(pid))


def held_by(pid: int) -> list[str]:
    """What the descriptors of a process are."""
    return [str(one.readlink()) for one in Path(f"/proc/{pid}/fd").iterdir()]


async def drain(machine: Machine, worker: str) -> None:
    """``proofcall admin drain``: the worker leaves and stays down."""
    command = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "proofcall", "admin", "drain"),
        *("--worker", worker, "--stay-down", "--wait"),
        env=environment(machine.settings),
    )
    assert await asyncio.wait_for(command.wait(), WITHIN_S) == 0


async def until_gone(pid: int) -> None:
    """Wait for the end of a process."""
    async with asyncio.timeout(WITHIN_S):
        while _alive(pid):
            await asyncio.sleep(0.05)


async def spares(machine: Machine) -> list[int]:
    """The processes that stand by, as soon as there is one that has loaded everything."""
    async with asyncio.timeout(2 * WITHIN_S):
        while True:
            found = [pid for pid in machine.children() if _name(pid) == "pc-standby"]
            if found:
                return found
            await asyncio.sleep(0.1)


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


@pytest.mark.timeout(120)
async def test_children_end_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    """Nobody goes on alone when the parent is gone."""
    async with running_machine(tmp_path / "data") as machine:
        await spares(machine)
        children = machine.children()
        assert len(children) == len(ROLES) + 1
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
