"""A machine of processes by role on PostgreSQL and S3, each of which can be killed and started."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import aiohttp
from sqlalchemy import select

from cases.database import Database
from cases.people import create_staff
from cases.states import Role
from cases.tables import Warehouse
from proofcall.demo import seed_people
from proofcall.demo_cases import CASES
from proofcall.machine import environment
from runtime.settings import Settings
from tests.support.fault_role import SWITCH

Json = dict[str, Any]

PROCESSES: Final = ("web", "jobs", "recorder", "uploader", "media-0", "media-1")
_ON_FAILING_DISK: Final = ("recorder", "uploader")
_READY_WITHIN_S: Final = 90.0
_PASSWORD: Final = "seven-lamps-in-a-hall"


@dataclass(slots=True)
class FaultMachine:
    """The processes, and how requests reach them."""

    settings: Settings
    processes: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)
    api_key: str = ""
    inspectors: list[Json] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where browsers go."""
        return self.settings.public_url

    def api(self) -> aiohttp.ClientSession:
        """A session that carries the API key."""
        return aiohttp.ClientSession(
            self.url,
            headers={"Authorization": f"Bearer {self.api_key}"},
            timeout=aiohttp.ClientTimeout(total=30),
        )

    def runs(self, name: str) -> bool:
        """Whether a process is there and has not died by itself."""
        process = self.processes.get(name)
        return process is not None and process.returncode is None

    async def start(self, name: str) -> None:
        """Start a process."""
        role, _, index = name.partition("-")
        program = ["-m", "proofcall"]
        if name in _ON_FAILING_DISK:
            program = ["-m", "tests.support.fault_role", str(self.settings.data)]
        with (self.settings.data / f"{name}.log").open("ab") as log:
            self.processes[name] = await asyncio.create_subprocess_exec(
                sys.executable,
                *program,
                *("serve", "--role", role, "--index", index or "0"),
                env=environment(self.settings),
                stdout=log,
                stderr=log,
            )

    async def kill(self, name: str) -> None:
        """``kill -9``, and wait until it is dead."""
        process = self.processes.pop(name)
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()

    def fail_disk(self, failure: str | None) -> None:
        """The spool's disk fails with ``ENOSPC`` or ``EIO``, or (None) works again."""
        switch = self.settings.data / SWITCH
        if failure is None:
            switch.unlink(missing_ok=True)
        else:
            aside = switch.with_suffix(".new")
            aside.write_text(failure)
            aside.replace(switch)

    async def open_case(self) -> Json:
        """Open a case by the API; gives its answer."""
        async with self.api() as http, http.post("/api/v1/cases", json=CASES[0].body) as response:
            answer: Json = await response.json()
            if response.status != 201:
                raise ConnectionError(f"no case: {response.status}")
            return answer

    async def ready(self) -> bool:
        """Whether newcomers are let in."""
        try:
            async with (
                aiohttp.ClientSession(self.url, timeout=aiohttp.ClientTimeout(total=3)) as http,
                http.get("/readyz") as response,
            ):
                return response.status == 200
        except (aiohttp.ClientError, TimeoutError):
            return False

    async def until_ready(self) -> None:
        """Wait until newcomers are let in."""
        deadline = asyncio.get_running_loop().time() + _READY_WITHIN_S
        while not await self.ready():
            if asyncio.get_running_loop().time() > deadline:
                raise TimeoutError(f"not ready: {self.settings.data}")
            await asyncio.sleep(0.2)

    async def seed(self, inspectors: int) -> None:
        """People: a seller with an API key, and so many inspectors."""
        people, self.api_key = await seed_people(self.settings)
        self.inspectors = [people["inspector"], people["inspector 2"]]
        database = Database(self.settings.database)
        try:
            async with database.begin() as tx:
                hall = (await tx.scalars(select(Warehouse.id))).one()
                for number in range(len(self.inspectors), inspectors):
                    email = f"inspector{number}@leipzig.example"
                    await create_staff(
                        tx,
                        email=email,
                        name=f"Inspector {number}",
                        password=_PASSWORD,
                        roles=[Role.INSPECTOR],
                        warehouse_id=hall,
                        locale="en",
                        now=datetime.now(UTC),
                    )
                    self.inspectors.append({"email": email, "password": _PASSWORD})
        finally:
            await database.close()


@asynccontextmanager
async def running_fault_machine(settings: Settings, inspectors: int) -> AsyncIterator[FaultMachine]:
    """Every process running and ready; all of them end with the block."""
    await asyncio.to_thread(settings.data.mkdir, parents=True, exist_ok=True)
    machine = FaultMachine(settings)
    try:
        # web makes the database first; the others only find it.
        await machine.start("web")
        for name in PROCESSES[1:]:
            await machine.start(name)
        await machine.until_ready()
        await machine.seed(inspectors)
        yield machine
    finally:
        for process in machine.processes.values():
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGTERM)
        for process in machine.processes.values():
            try:
                await asyncio.wait_for(process.wait(), 10)
            except TimeoutError:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()


def logs_of(folder: Path) -> dict[str, str]:
    """The end of what each process has said."""
    return {path.stem: path.read_text(errors="replace")[-3000:] for path in folder.glob("*.log")}
