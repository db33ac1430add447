"""Sets calls up and ends them, again and again, and says what the processes hold afterwards.

``python -m tests.support.soak --rounds 1000`` prints a line every fifty rounds and ends with 1
when memory, descriptors or tasks did not stay where they were. What fills up once (SQLite's
page caches, compiled statements, answers that are remembered for two minutes, the allocator's
reserves) does so in the first half: it is the second half that must add next to nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar, cast

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

from tests.support.live import Browser, Live, until
from tests.support.machine import Machine, running_machine
from tests.support.rtp_peer import RtpPeer, h264_frame

SETTLED_WITHIN_S = 60.0
WARM_UP = 20
_FRAMES = 5
_HELD = ("resident_bytes", "open_files", "tasks")
_Number = TypeVar("_Number", int, float)


@dataclass(frozen=True, slots=True)
class Held:
    """What one process holds."""

    resident_bytes: float
    open_files: float
    tasks: float


async def held(machine: Machine) -> dict[str, Held]:
    """What every process holds now, by its own word."""
    found: dict[str, dict[str, float]] = {}
    async with aiohttp.ClientSession(machine.url) as http, http.get("/metrics") as response:
        for family in text_string_to_metric_families(await response.text()):
            name = family.name.removeprefix("proofcall_process_")
            if name in _HELD:
                for sample in family.samples:
                    found.setdefault(sample.labels["process"], {})[name] = sample.value
    return {process: Held(**figures) for process, figures in found.items()}


class Soak:
    """A buyer and an inspector who meet again and again."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._host = Browser(cast("Live", machine))
        self._count = 0

    async def sign_in(self) -> None:
        """The inspector signs in once."""
        person = self._machine.people["inspector"]
        body = {"email": person["email"], "password": person["password"]}
        await self._host.ok("POST", "/api/login", body)
        await self._host.agree()

    async def close(self) -> None:
        """Close the inspector's browser."""
        await self._host.close()

    async def rounds(self, count: int) -> None:
        """So many calls, one after the other, each ended in another way than the one before."""
        for _ in range(count):
            await self._round(self._count % 4)
            self._count += 1

    async def _round(self, way: int) -> None:
        host, buyer = self._host, Browser(cast("Live", self._machine))
        try:
            opened = await self._machine.open_case()
            case_id, token = opened["case"]["id"], opened["join_url"].rpartition("/")[2]
            joined = await buyer.tap(token, None if way == 3 else RtpPeer())
            session_id: str = joined["session"]["id"]
            socket = await buyer.socket(session_id=session_id)
            if way == 3:
                # An offer whose answer leads to nothing: the peer never comes.
                offer = {"offer": await RtpPeer().offer(), "candidates": []}
                await buyer.ok("POST", f"/api/sessions/{session_id}/peer", offer)
            await host.ok("POST", "/api/host/take", {"case_id": case_id})
            await host.host_join(session_id, RtpPeer())
            await socket.say("message.send", client_id="1", text="Hello", locale="en")
            for number in range(_FRAMES):
                for peer in (*buyer.peers, *host.peers):
                    await peer.send("1", h264_frame(number, key=number == 0))
            if way == 1:
                # A page that dies: its socket and its peer just stop.
                buyer.peers[0].vanish()
            if way == 2:
                await buyer.fresh_peer(session_id)
            await host.ok("POST", f"/api/sessions/{session_id}/end", {"client_id": "end"})
        finally:
            await buyer.close()
            for peer in host.peers:
                await peer.close()
            host.peers.clear()

    async def settled(self) -> dict[str, Held]:
        """What is held once nothing is under way any more."""

        async def quiet() -> bool:
            async with (
                aiohttp.ClientSession(self._machine.url) as http,
                http.get("/metrics") as response,
            ):
                text = await response.text()
            figures = {
                line.rpartition(" ")[0]: float(line.rpartition(" ")[2])
                for line in text.splitlines()
                if not line.startswith("#")
            }
            waiting = ("proofcall_spool_facts", "proofcall_recorder_sessions", "proofcall_sockets")
            peers = [v for name, v in figures.items() if name.startswith("proofcall_media_peers")]
            return not any(figures[name] for name in waiting) and not any(peers)

        await until(quiet, SETTLED_WITHIN_S, "nothing under way")
        # The absence of those whose socket went is noted ten seconds later.
        await asyncio.sleep(13)
        return await self._lowest(3)

    async def _lowest(self, looks: int) -> dict[str, Held]:
        """The lowest of several looks: a look itself opens files and tasks."""
        lowest = await held(self._machine)
        for _ in range(looks):
            await asyncio.sleep(1.1)
            for process, now in (await held(self._machine)).items():
                before = lowest[process]
                lowest[process] = Held(
                    min(before.resident_bytes, now.resident_bytes),
                    min(before.open_files, now.open_files),
                    min(before.tasks, now.tasks),
                )
        return lowest


def growth(before: dict[str, Held], after: dict[str, Held]) -> dict[str, Held]:
    """How much more each process holds."""
    return {
        process: Held(
            after[process].resident_bytes - known.resident_bytes,
            after[process].open_files - known.open_files,
            after[process].tasks - known.tasks,
        )
        for process, known in before.items()
    }


def too_much(grown: dict[str, Held], *, resident_bytes: float) -> list[str]:
    """What did not stay where it was; a handful of pooled connections may come or go."""
    limits: dict[str, Callable[[Held], bool]] = {
        "memory": lambda held: held.resident_bytes > resident_bytes,
        "descriptors": lambda held: held.open_files > 6,
        "tasks": lambda held: held.tasks > 4,
    }
    return [
        f"{process}: {name} {more}"
        for process, more in grown.items()
        for name, is_too_much in limits.items()
        if is_too_much(more)
    ]


@dataclass(frozen=True, slots=True)
class Allowed:
    """What one process may grow by, over all rounds and over their second half."""

    resident_bytes: float
    second_half_bytes: float


async def soak(rounds: int, allowed: Allowed, folder: Path) -> list[str]:
    """Warm up, go round and round, and compare."""
    async with running_machine(folder / "data", min_free_bytes=0) as machine:
        one = Soak(machine)
        try:
            await one.sign_in()
            await one.rounds(WARM_UP)
            before = await one.settled()
            halfway = before
            began_s, done = time.monotonic(), 0
            while done < rounds:
                await one.rounds(min(50, rounds - done))
                done += min(50, rounds - done)
                now = growth(before, await held(machine))
                told = ", ".join(
                    f"{name} {more.resident_bytes / 1e6:+.1f} MB {more.open_files:+.0f} files "
                    f"{more.tasks:+.0f} tasks"
                    for name, more in now.items()
                )
                print(f"{done} rounds in {time.monotonic() - began_s:.0f} s: {told}", flush=True)
                if halfway is before and done >= rounds / 2:
                    halfway = await one.settled()
            after = await one.settled()
        finally:
            await one.close()
    grown, late = growth(before, after), growth(halfway, after)
    for process, more in grown.items():
        print(
            f"{process}: {more.resident_bytes / 1e6:+.1f} MB "
            f"({late[process].resident_bytes / 1e6:+.1f} in the second half), "
            f"{more.open_files:+.0f} descriptors, {more.tasks:+.0f} tasks"
        )
    return [
        *too_much(grown, resident_bytes=allowed.resident_bytes),
        *(
            f"second half: {one}"
            for one in too_much(late, resident_bytes=allowed.second_half_bytes)
        ),
    ]


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=1_000)
    parser.add_argument("--mb", type=float, default=16.0, help="what a process may grow by")
    parser.add_argument("--late-mb", type=float, default=5.0, help="and in the second half")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pc-soak-") as folder:
        found = asyncio.run(
            soak(chosen.rounds, Allowed(chosen.mb * 1e6, chosen.late_mb * 1e6), Path(folder))
        )
    print("\n".join(found) or "nothing grew")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
