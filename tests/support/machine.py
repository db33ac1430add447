"""A whole Proofcall machine, started as a user would start it, for one test or module."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from proofcall.demo import seed_people
from proofcall.demo_cases import CASES
from proofcall.machine import environment
from runtime.settings import Settings

Json = dict[str, Any]
READY_WITHIN_S = 60.0
END_WITHIN_S = 40.0


def free_port() -> int:
    """A TCP port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Machine:
    """A running machine: its address, its people and its process tree."""

    settings: Settings
    process: asyncio.subprocess.Process
    log: Path
    people: dict[str, Json] = field(default_factory=dict)
    api_key: str = ""

    @property
    def url(self) -> str:
        """Where browsers go."""
        return self.settings.public_url

    @property
    def own_url(self) -> str:
        """Where the test's own requests go: the LAN's authority is trusted by browsers alone."""
        return self.settings.local_url if self.settings.lan else self.url

    def api(self) -> aiohttp.ClientSession:
        """A session that carries the API key."""
        return aiohttp.ClientSession(
            self.own_url, headers={"Authorization": f"Bearer {self.api_key}"}
        )

    async def open_case(self, number: int = 0, **changes: object) -> Json:
        """Open one of the demo's cases by the API; gives its answer."""
        body = {**CASES[number].body, **changes}
        async with self.api() as http, http.post("/api/v1/cases", json=body) as response:
            answer: Json = await response.json()
            assert response.status == 201, answer
            return answer

    def pids(self, role: str) -> list[int]:
        """The process ids of the children that run ``role``; one that stands by runs none."""
        found = []
        for pid in self.children():
            with contextlib.suppress(OSError):
                words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
                name = Path(f"/proc/{pid}/comm").read_text()
                stands_by = b"--standby" in words and not name.startswith("pc-media")
                if role.encode() in words and not stands_by:
                    found.append(pid)
        return found

    def children(self) -> list[int]:
        """The process ids of everything that the machine has started."""
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            with contextlib.suppress(OSError):
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                if parent == self.process.pid:
                    found.append(int(entry.name))
        return found

    def kill(self, role: str) -> None:
        """``kill -9`` every child that runs ``role``."""
        pids = self.pids(role)
        assert pids, f"no process runs {role}"
        for pid in pids:
            os.kill(pid, signal.SIGKILL)


@asynccontextmanager
async def running_machine(
    data: Path, *, through: Sequence[str] = (), **settings: object
) -> AsyncIterator[Machine]:
    """Start ``proofcall serve`` in ``data`` with people seeded, and end it as Ctrl-C would.

    ``through`` is put before the command (``ip netns exec NAME``).
    """
    await asyncio.to_thread(data.mkdir, parents=True, exist_ok=True)
    chosen = Settings(**{"data": data, "http": f"127.0.0.1:{free_port()}", **settings})  # type: ignore[arg-type]
    log = data / "machine.log"
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            *through,
            sys.executable,
            "-m",
            "proofcall",
            "serve",
            env=environment(chosen),
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    machine = Machine(chosen, process, log)
    try:
        await _until_ready(machine)
        if not (data / "seeded").exists():
            machine.people, machine.api_key = await seed_people(chosen)
            (data / "seeded").touch()
        yield machine
    finally:
        await _end(machine)


async def _until_ready(machine: Machine) -> None:
    deadline = asyncio.get_running_loop().time() + READY_WITHIN_S
    async with aiohttp.ClientSession(machine.own_url) as http:
        while asyncio.get_running_loop().time() < deadline:
            assert machine.process.returncode is None, machine.log.read_text()[-4000:]
            with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                async with http.get("/readyz") as response:
                    if response.status == 200:
                        return
            await asyncio.sleep(0.1)
    raise AssertionError("not ready:\n" + machine.log.read_text()[-4000:])


async def _end(machine: Machine) -> None:
    process = machine.process
    if process.returncode is not None:
        return
    process.send_signal(signal.SIGINT)
    try:
        await asyncio.wait_for(process.wait(), END_WITHIN_S)
    except TimeoutError:
        for pid in machine.pids("serve"):
            os.kill(pid, signal.SIGKILL)
        process.kill()
        await process.wait()
        raise AssertionError(
            "the machine did not end:\n" + machine.log.read_text()[-4000:]
        ) from None
