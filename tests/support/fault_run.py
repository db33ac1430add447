"""Calls go on while processes are killed, the store and the disk fail; then all is counted.

``python -m tests.support.fault_run --minutes 30 [--seed N] [--report FILE]`` starts a machine on
PostgreSQL and S3, holds several calls at once, draws faults from the seed, lets everything come
back, and has an evidence package made of every case. Each package must verify, and every second
of media that was sent must be in it or in a gap that it admits (``fault_account``). It ends with
1 if anything is in neither, is in a gap and recorded, was never sent, or does not verify.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast

import aiohttp

from infra.local import postgres, rgw
from recorder.proof.bytes import MemoryBytes
from recorder.proof.jws import read_jws
from recorder.proof.report import Answer
from recorder.proof.verification import verify_package
from recorder.proof.zip_form import read_entries
from runtime.settings import Settings
from tests.support.fault_account import Account, Span, account
from tests.support.fault_calls import FaultCall, Person, again
from tests.support.fault_film import film, recorded_in
from tests.support.fault_machine import PROCESSES, FaultMachine, Json, running_fault_machine
from tests.support.fault_plan import Fault, FaultKind, draw_faults
from tests.support.fault_store import FaultyStore, StoreFault
from tests.support.live import Browser, Live
from tests.support.machine import free_port

CALLS_AT_ONCE: Final = 3
_CALL_S: Final = (20.0, 60.0)
_HEALED_WITHIN_S: Final = 180.0
_PACKAGE_WITHIN_S: Final = 120.0
_GOOD: Final = (Answer.VERIFIED, Answer.WITH_GAPS)


@dataclass(slots=True)
class FaultRun:
    """One run: what is done to the machine, and what came of it."""

    machine: FaultMachine
    store: FaultyStore
    seed: int
    seconds: float
    calls: list[FaultCall] = field(default_factory=list)
    met: list[Fault] = field(default_factory=list)
    """The faults that found what they were to hit."""
    died: Counter[str] = field(default_factory=Counter)
    """Processes that ended though nobody killed them."""
    packages: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    drained_s: float = 0.0
    forgotten: int = 0
    """Sessions without any evidence that the recorder holds open: web died while it began them."""
    _fetching: set[asyncio.Task[None]] = field(default_factory=set)

    async def run(self) -> None:
        """Calls and faults for so long, then until everything has come back."""
        async with asyncio.TaskGroup() as group:
            for lane in range(CALLS_AT_ONCE):
                group.create_task(self._lane(lane))
            group.create_task(self._watch())
            for fault in draw_faults(self.seed, self.seconds):
                group.create_task(self._bring(fault))
        await self.machine.until_ready()
        await asyncio.gather(*self._fetching)
        self.drained_s = await self._drained()

    async def _lane(self, lane: int) -> None:
        """One call after another."""
        draw = random.Random(f"{self.seed}/{lane}")
        host = Browser(cast("Live", self.machine))
        known = self.machine.inspectors[lane]
        began = time.monotonic()
        await asyncio.sleep(lane * 2.5)
        try:
            await again(lambda: host.ok("POST", "/api/login", known), 60, "an inspector signs in")
            await again(host.agree, 60, "the inspector agrees to being recorded")
            while time.monotonic() - began < self.seconds - _CALL_S[0]:
                call = FaultCall(len(self.calls) + 1)
                self.calls.append(call)
                left_s = self.seconds - (time.monotonic() - began)
                held_s = min(draw.uniform(*_CALL_S), left_s)
                try:
                    await call.hold(self.machine, host, held_s, draw.randrange(0, 1_500))
                except Exception as error:  # noqa: BLE001 - told; the other calls are still counted
                    self.problems.append(f"call {call.number} broke: {error!r}")
                _say(f"call {call.number} is over{f': {call.trouble}' if call.trouble else ''}")
                self._fetch(call)
                await asyncio.sleep(draw.uniform(0.2, 2.0))
        finally:
            await host.close()

    async def _bring(self, fault: Fault) -> None:
        await asyncio.sleep(fault.at_s)
        if fault.kind is FaultKind.KILL and not self.machine.runs(fault.what):
            return
        _say(fault.told())
        self.met.append(fault)
        match fault.kind:
            case FaultKind.KILL:
                await self.machine.kill(fault.what)
                await asyncio.sleep(fault.for_s)
                await self.machine.start(fault.what)
            case FaultKind.STORE:
                mine = self.store.fault = StoreFault(fault.what)
                await asyncio.sleep(fault.for_s)
                if self.store.fault is mine:
                    self.store.fault = None
            case FaultKind.DISK:
                self.machine.fail_disk(fault.what)
                await asyncio.sleep(fault.for_s)
                self.machine.fail_disk(None)

    async def _watch(self) -> None:
        """Start again what died by itself, as a supervisor would, and count it."""
        end = time.monotonic() + self.seconds
        while time.monotonic() < end:
            await asyncio.sleep(0.5)
            for name in PROCESSES:
                process = self.machine.processes.get(name)
                if process is not None and process.returncode is not None:
                    self.died[name] += 1
                    _say(f"{name} ended by itself with {process.returncode}")
                    await self.machine.start(name)

    def _fetch(self, call: FaultCall) -> None:
        """Have a package made now, among the faults: no part of one may ever be served."""
        if any(person.sent for person in call.people):
            task = asyncio.get_running_loop().create_task(self._fetched(call))
            self._fetching.add(task)

    async def _fetched(self, call: FaultCall) -> None:
        try:
            await self.package(call, within_s=600)
        except TimeoutError as error:
            self.problems.append(f"call {call.number}: {error}")

    async def package(self, call: FaultCall, within_s: float) -> bytes:
        """The case's package, ordered and fetched.

        Raises:
            TimeoutError: it was not made in time.
        """
        order = f"/api/v1/cases/{call.case_id}/evidence-packages"
        name = f"{call.case_id}-{time.monotonic_ns()}"

        async def made() -> bytes:
            nonlocal name
            async with self.machine.api() as http:
                # The same key each time: a repeat orders nothing twice.
                async with http.post(order, headers={"Idempotency-Key": name}) as response:
                    ordered = await _answer(response, 202)
                async with http.get(f"/api/v1/evidence-packages/{ordered['id']}") as response:
                    known = await _answer(response, 200)
                if known["state"] == "failed":
                    self.packages[f"failed: {known['failure']}"] += 1
                    # Ordered before the seal: whoever asks is told, and asks again.
                    name += "+"
                    raise ConnectionError(f"no package: {known['failure']}")
                if known["state"] != "ready":
                    raise ConnectionError("not ready")
                async with http.get(f"/api/v1/evidence-packages/{ordered['id']}/file") as response:
                    content = await response.read()
                    if response.status != 200 or len(content) != known["size"]:
                        # A cut answer is told by its length, and asked for again.
                        raise ConnectionError(f"{response.status}, {len(content)} bytes")
                    return content

        content = await again(made, within_s, "a package is made")
        report = await asyncio.to_thread(
            verify_package, MemoryBytes(content), key=await self._keys()
        )
        self.packages[str(report.answer)] += 1
        if report.answer not in _GOOD:
            self.problems.append(
                f"call {call.number}: package {report.answer}: {report.problems[:3]}"
            )
        return content

    async def _keys(self) -> bytes:
        async def read() -> bytes:
            async with (
                aiohttp.ClientSession(self.machine.url) as http,
                http.get("/.well-known/proofcall-keys.json") as response,
            ):
                if response.status != 200:
                    raise ConnectionError(str(response.status))
                return await response.read()

        return await again(read, 60, "the keys are read")

    async def _drained(self) -> float:
        """Seconds until no evidence is in the spool any more, by itself."""
        began = time.monotonic()
        spool = self.machine.settings.spool_dir
        while left := _evidence_in(spool):
            if time.monotonic() - began > _HEALED_WITHIN_S:
                self.problems.append(f"the spool still holds {left}")
                break
            await asyncio.sleep(0.5)
        self.forgotten = len(list(spool.iterdir()))
        return round(time.monotonic() - began, 1)

    async def count(self) -> list[Json]:
        """What became of everybody's media, by the packages that are made now."""
        told = []
        for call in self.calls:
            if not any(person.sent for person in call.people):
                continue
            try:
                content, manifest = await self._complete(call)
            except TimeoutError as error:
                self.problems.append(f"call {call.number}: {error}")
                continue
            entries = read_entries(MemoryBytes(content).read, len(content))
            files = {one.name: content[one.start : one.end] for one in entries}
            for person in call.people:
                told.append(await asyncio.to_thread(self._counted, call, person, manifest, files))
        return told

    async def _complete(self, call: FaultCall) -> tuple[bytes, Json]:
        """A package whose last manifest says that nothing is on its way any more."""

        async def complete() -> tuple[bytes, Json]:
            content = await self.package(call, _PACKAGE_WITHIN_S)
            manifest = _last_manifest(content)
            if not manifest["complete"]:
                raise ConnectionError("not complete yet")
            return content, manifest

        return await again(complete, _HEALED_WITHIN_S, "the last manifest is complete")

    def _counted(
        self, call: FaultCall, person: Person, manifest: Json, files: dict[str, bytes]
    ) -> Json:
        recorded = {}
        for one in manifest["recordings"]:
            if one["participant_id"] != person.participant_id:
                continue
            (content,) = [
                files[name]
                for name in files
                if f"/recordings/{one['recording_id']}." in name and not name.endswith(".json")
            ]
            for item, at_ns in recorded_in(content, int(one["t0_ns"])):
                if item is None:
                    self.problems.append(f"call {call.number}: a sample that nobody filmed")
                elif item in recorded:
                    self.problems.append(f"call {call.number}: {item} is recorded twice")
                else:
                    recorded[item] = at_ns
        gaps = [
            Span(int(one["from_ns"]), int(one["to_ns"]), one["cause"])
            for one in manifest["gaps"]
            if one["participant_id"] == person.participant_id
        ]
        found = account(person.sent, recorded, gaps, person.changes)
        late = [
            abs(at_ns - person.due[item]) / 1e6
            for item, at_ns in recorded.items()
            if item in person.due
        ]
        self._blame(call, person, found)
        return {
            "call": call.number,
            "case_id": call.case_id,
            "role": person.role,
            "sent_s": found.seconds,
            "recorded_s": found.recorded,
            "in_gap_s": found.told,
            "under_way_s": found.under_way,
            "in_neither_s": len(found.neither),
            "fresh_peers": len(person.changes),
            "gaps": [[gap.cause, round((gap.to_ns - gap.from_ns) / 1e9, 2)] for gap in gaps],
            "off_ms_p50": _quantile(late, 0.5),
            "off_ms_p99": _quantile(late, 0.99),
        }

    def _blame(self, call: FaultCall, person: Person, found: Account) -> None:
        who = f"call {call.number}, {person.role}"
        if found.neither:
            self.problems.append(f"{who}: seconds {found.neither} are in neither")
        if found.both:
            self.problems.append(f"{who}: in a gap and recorded: {found.both}")
        if found.strangers:
            self.problems.append(f"{who}: recorded and never sent: {found.strangers[:3]}")

    def report(self, people: list[Json]) -> Json:
        """Everything, as it is kept."""
        return {
            "seed": self.seed,
            "minutes": round(self.seconds / 60, 1),
            "calls": len(self.calls),
            "calls_in_trouble": [
                f"{one.number}: {one.trouble}" for one in self.calls if one.trouble
            ],
            "faults": dict(Counter(f"{one.kind} {one.what}" for one in self.met)),
            "store_requests_failed": {str(one): n for one, n in self.store.failed.items()},
            "died_by_themselves": dict(self.died),
            "sent_s": sum(one["sent_s"] for one in people),
            "recorded_s": sum(one["recorded_s"] for one in people),
            "in_gap_s": sum(one["in_gap_s"] for one in people),
            "under_way_s": sum(one["under_way_s"] for one in people),
            "in_neither_s": sum(one["in_neither_s"] for one in people),
            "gaps": dict(Counter(gap[0] for one in people for gap in one["gaps"])),
            "off_ms_p50": _quantile([one["off_ms_p50"] for one in people], 0.5),
            "off_ms_p99_worst": max((one["off_ms_p99"] for one in people), default=0.0),
            "packages": dict(self.packages),
            "drained_s": self.drained_s,
            "empty_sessions_open": self.forgotten,
            "problems": self.problems,
            "people": people,
            "plan": [one.as_json() for one in self.met],
        }


async def fault_run(
    seed: int, seconds: float, folder: Path, database: postgres.Postgres, store: rgw.Rgw
) -> Json:
    """Run it, and give the report."""
    await asyncio.to_thread(film)
    os.environ["AWS_ACCESS_KEY_ID"] = store.access_key
    os.environ["AWS_SECRET_ACCESS_KEY"] = store.secret_key
    os.environ["AWS_DEFAULT_REGION"] = "us-east-1"
    async with AsyncExitStack() as stack:
        door = await stack.enter_async_context(FaultyStore(store.endpoint).running())
        settings = Settings(
            data=folder / "data",
            http=f"127.0.0.1:{free_port()}",
            database_url=database.fresh_database(),
            store=f"s3://{store.make_bucket()}/evidence",
            s3_endpoint=door.url,
            media_workers=2,
            min_free_bytes=0,
            api_rate_per_minute=100_000,
        )
        machine = await stack.enter_async_context(running_fault_machine(settings, CALLS_AT_ONCE))
        run = FaultRun(machine, door, seed, seconds)
        await run.run()
        return run.report(await run.count())


def _server(stack: ExitStack, start: Any) -> Any:
    # PostgreSQL's own user must be able to enter, and Unix sockets bear short names only.
    folder = Path(tempfile.mkdtemp(prefix="pc-"))
    folder.chmod(0o711)
    stack.callback(shutil.rmtree, folder, ignore_errors=True)
    server = start(folder / "s")
    stack.callback(server.stop)
    return server


def _evidence_in(spool: Path) -> list[str]:
    """Journals, segments and facts."""
    kinds = ("*/*.journal", "*/*.held", "*/outbox/*.segment", "*/outbox/*.json")
    return [str(path.relative_to(spool)) for kind in kinds for path in spool.glob(kind)]


def _last_manifest(content: bytes) -> Json:
    entries = [
        one
        for one in read_entries(MemoryBytes(content).read, len(content))
        if "/manifest-" in one.name and one.name.endswith(".jws")
    ]
    found = [json.loads(read_jws(content[one.start : one.end].decode()).payload) for one in entries]
    newest: Json = max(found, key=lambda one: one["number"])
    return newest


async def _answer(response: aiohttp.ClientResponse, status: int) -> Json:
    answer: Json = await response.json(content_type=None)
    if response.status != status:
        raise ConnectionError(f"{response.status} {answer}")
    return answer


def _quantile(values: list[float], share: float) -> float:
    if len(values) < 2:
        return round(values[0], 1) if values else 0.0
    return round(statistics.quantiles(values, n=100)[round(share * 100) - 1], 1)


def _say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


def told(report: Json) -> Iterator[str]:
    """The report in lines."""
    yield f"seed {report['seed']}, {report['minutes']} minutes, {report['calls']} calls"
    yield f"faults: {report['faults']}"
    yield f"store requests that failed: {report['store_requests_failed']}"
    yield (
        f"media sent {report['sent_s']} s: recorded {report['recorded_s']}, "
        f"in a gap {report['in_gap_s']}, under way to a replaced peer {report['under_way_s']}, "
        f"in neither {report['in_neither_s']}"
    )
    yield f"gaps: {report['gaps']}; packages: {report['packages']}"
    yield (
        f"recorded time off by {report['off_ms_p50']} ms (worst p99 {report['off_ms_p99_worst']}); "
        f"spool empty after {report['drained_s']} s, "
        f"sessions without evidence left open: {report['empty_sessions_open']}"
    )
    yield from (f"trouble: {one}" for one in report["calls_in_trouble"])
    yield from (f"PROBLEM: {one}" for one in report["problems"])


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=None, help="default: drawn, and printed")
    parser.add_argument("--report", type=Path, default=None)
    chosen = parser.parse_args()
    seed = chosen.seed if chosen.seed is not None else random.SystemRandom().randrange(10**6)
    print(f"seed {seed}", flush=True)
    folder = Path(tempfile.mkdtemp(prefix="pc-faults-"))
    with ExitStack() as servers:
        database, store = _server(servers, postgres.start), _server(servers, rgw.start)
        report = asyncio.run(fault_run(seed, chosen.minutes * 60, folder, database, store))
    if chosen.report is not None:
        chosen.report.parent.mkdir(parents=True, exist_ok=True)
        chosen.report.write_text(json.dumps(report, indent=2) + "\n")
    print("\n".join(told(report)))
    if report["problems"]:
        print(f"what the processes said is in {folder}")
        sys.exit(1)
    with contextlib.suppress(OSError):
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
