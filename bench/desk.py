"""The return desk at scale: lists, cases, searches, messages and figures over HTTP.

``python -m bench.desk [--on sqlite|postgresql] [--cases N --events N --tenants N]`` seeds a
database of its own and prints a JSON list; ``--data DIR [--database-url URL]`` measures one that
``proofcall admin seed`` has filled. Each figure is the 99th percentile of one client's requests,
for the biggest tenant and for one of middling size, against a real ``web`` process.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

import aiohttp
from sqlalchemy import func, select

from bench.result import Result
from cases.case_text import texts_of
from cases.database import Database
from cases.keys import KeyRing
from cases.people import create_api_key
from cases.states import Scope
from cases.tables import Case, Tenant
from infra.local.postgres import start as start_postgres
from infra.local.process import choose_port
from proofcall.seed import seed_database
from runtime.settings import Settings

_TARGETS_MS: Final = {
    "case_list": 50.0,
    "case_page": 50.0,
    "case_search": 100.0,
    "event_append": 20.0,
    "figures": 200.0,
}
_READY_S: Final = 60.0
_WARM: Final = 20
_FEW: Final = 5
"""Figures take long: so many of a hundred requests."""

_LISTS: Final = (
    {},
    {"state": "closed"},
    {"state": "inspection_offered"},
    {"language": "ja"},
    {"assignee": "none", "state": "filed"},
    {"sort": "due"},
    {"language": "de", "state": "closed"},
    {"limit": "100"},
)
_QUESTIONS: Final = (
    "{order}", "{order} {name}", "{name}", "lamp", "lamp brass", "crack", "裂痕", "咖啡研磨机 退款",
    "ひび", "Wasserkocher Riss", "lámpara grieta", "discount fifteen percent", "refund account",
    "buyer{number}", "nothing-of-this-kind",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shop:
    """A tenant to measure, with a machine's key and some of its cases."""

    name: str
    cases: int
    headers: dict[str, str]
    found: list[Case]
    buyers: dict[str, str]
    """Of each of these cases the buyer's name."""


class Client:
    """One client that asks one thing after another and keeps the milliseconds."""

    def __init__(self, http: aiohttp.ClientSession, url: str, draw: random.Random) -> None:
        self._http = http
        self._url = url
        self._draw = draw
        self._sent = 0

    async def ask(self, shop: Shop, what: str) -> float:
        """One request of a kind; raises when it is not answered as it should be."""
        method, path, body = getattr(self, f"_{what}")(shop)
        began = time.perf_counter()
        async with self._http.request(
            method, f"{self._url}{path}", json=body, headers=shop.headers
        ) as response:
            text = await response.text()
        took_ms = (time.perf_counter() - began) * 1000
        if response.status not in (200, 201):
            raise RuntimeError(f"{method} {path}: {response.status} {text[:200]}")
        return took_ms

    def _case_list(self, shop: Shop) -> tuple[str, str, None]:
        query = dict(self._draw.choice(_LISTS))
        return "GET", f"/api/v1/cases?{_encoded(query)}", None

    def _case_page(self, shop: Shop) -> tuple[str, str, None]:
        return "GET", f"/api/v1/cases/{self._draw.choice(shop.found).id}", None

    def _case_search(self, shop: Shop) -> tuple[str, str, None]:
        case = self._draw.choice(shop.found)
        question = self._draw.choice(_QUESTIONS).format(
            order=case.order_number, name=shop.buyers[case.id], number=self._draw.randrange(100_000)
        )
        return "GET", f"/api/v1/cases?{_encoded({'q': question})}", None

    def _event_append(self, shop: Shop) -> tuple[str, str, dict[str, object]]:
        self._sent += 1
        case = self._draw.choice(shop.found)
        said = {
            "client_id": f"bench{os.getpid()}-{self._sent}",
            "text": f"We have looked at your {self._sent}. photograph and answer tomorrow.",
            "locale": "en",
        }
        return "POST", f"/api/v1/cases/{case.id}/thread", said

    def _figures(self, shop: Shop) -> tuple[str, str, None]:
        until = datetime.now(UTC) + timedelta(minutes=1)
        span = {"since": _stamp(until - timedelta(days=735)), "until": _stamp(until)}
        by = self._draw.choice(("reason", "product", "outcome"))
        return "GET", f"/api/v1/figures?{_encoded({**span, 'by': by})}", None


async def measure(settings: Settings, rounds: int, requests: int, command: str) -> list[Result]:
    """Every figure of both tenants."""
    shops = await _shops(settings)
    results = []
    async with _web(settings) as url, aiohttp.ClientSession() as http:
        client = Client(http, url, random.Random(1))
        for shop in shops:
            print(f"{shop.name}: {shop.cases:,} cases", file=sys.stderr)
            for what, target in _TARGETS_MS.items():
                count = max(5, requests * _FEW // 100) if what == "figures" else requests
                for _ in range(min(_WARM, count)):
                    await client.ask(shop, what)
                runs, middles = [], []
                for _ in range(rounds):
                    took = sorted([await client.ask(shop, what) for _ in range(count)])
                    runs.append(round(took[min(len(took) - 1, len(took) * 99 // 100)], 1))
                    middles.append(took[len(took) // 2])
                middle = statistics.median(middles)
                print(f"  {what}: p50 {middle:.1f} ms, p99 {runs} ms", file=sys.stderr)
                results.append(
                    Result(
                        name=f"{what}_p99" + ("" if shop.name == "biggest" else f"_{shop.name}"),
                        value=statistics.median(runs),
                        unit="ms",
                        target=target,
                        peer=None,
                        peer_value=None,
                        ratio=None,
                        runs=tuple(runs),
                        command=command,
                    )
                )
    return results


async def _shops(settings: Settings) -> list[Shop]:
    database = Database(settings.database)
    try:
        async with database.read() as tx:
            sizes = (
                await tx.execute(
                    select(Case.tenant_id, func.count().label("cases"))
                    .join(Tenant, Tenant.id == Case.tenant_id)
                    .group_by(Case.tenant_id)
                    .order_by(func.count().desc())
                )
            ).all()
        shops = []
        for name, row in (("biggest", sizes[0]), ("typical", sizes[len(sizes) // 2])):
            async with database.begin() as tx:
                key = await create_api_key(
                    tx,
                    tenant_id=row.tenant_id,
                    name="Bench",
                    scopes=[*Scope],
                    now=datetime.now(UTC),
                )
            async with database.read() as tx:
                cases = await tx.scalars(
                    select(Case).where(Case.tenant_id == row.tenant_id).order_by(Case.id)
                )
                found = list(cases.all()[:: max(1, row.cases // 2000)])
                texts = await texts_of(tx, KeyRing.load(settings), found)
            headers = {"Authorization": f"Bearer {key}"}
            buyers = {case_id: text.buyer_name for case_id, text in texts.items()}
            shops.append(Shop(name, row.cases, headers, found, buyers))
        return shops
    finally:
        await database.close()


@asynccontextmanager
async def _web(settings: Settings) -> AsyncIterator[str]:
    """A ``web`` process on these settings until the block ends; gives its address."""
    address = f"127.0.0.1:{choose_port(None)}"
    environment = {
        **os.environ,
        "PROOFCALL_DATA": str(settings.data),
        "PROOFCALL_DATABASE_URL": settings.database,
        "PROOFCALL_HTTP": address,
        "PROOFCALL_API_RATE_PER_MINUTE": "1000000",
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "proofcall", "serve", "--role", "web"),
        env=environment,
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        await _until_ready(f"http://{address}/healthz")
        yield f"http://{address}"
    finally:
        process.terminate()
        await process.wait()


async def _until_ready(url: str) -> None:
    give_up = time.monotonic() + _READY_S
    async with aiohttp.ClientSession() as http:
        while True:
            try:
                async with http.get(url) as response:
                    if response.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            if time.monotonic() > give_up:
                raise RuntimeError("the web process does not answer")
            await asyncio.sleep(0.1)


@contextmanager
def _seeded(on: str, cases: int, events: int, tenants: int) -> Iterator[Settings]:
    """A database of its own, filled; gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="pc-"))
    folder.chmod(0o711)
    stop: Callable[[], None] = lambda: None  # noqa: E731 - what there is to stop
    try:
        url = None
        if on == "postgresql":
            server = start_postgres(folder / "s", durable=True, memory="1GB")
            stop, url = server.stop, server.url
        settings = Settings.model_validate({"data": folder / "data", "database_url": url})
        settings.data.mkdir()
        seed_database(settings, cases=cases, events=events, tenants=tenants, seed=1)
        yield settings
    finally:
        stop()
        shutil.rmtree(folder, ignore_errors=True)


def _encoded(query: dict[str, str]) -> str:
    return urlencode(query)


def _stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--on", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--cases", type=int, default=50_000)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--tenants", type=int, default=20)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--database-url")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--requests", type=int, default=300)
    wanted = parser.parse_args()
    if wanted.data is not None:
        settings = Settings.model_validate(
            {"data": wanted.data, "database_url": wanted.database_url}
        )
        command = "python -m bench.desk --data DIR --database-url URL"
        results = asyncio.run(measure(settings, wanted.rounds, wanted.requests, command))
    else:
        size = (wanted.cases, wanted.events, wanted.tenants)
        command = "proofcall bench desk --json"
        if wanted.on != "sqlite":
            command = (
                f"python -m bench.desk --on {wanted.on} --cases {size[0]} "
                f"--events {size[1]} --tenants {size[2]}"
            )
        with _seeded(wanted.on, *size) as settings:
            results = asyncio.run(measure(settings, wanted.rounds, wanted.requests, command))
    print(json.dumps([one.to_json() for one in results]))


if __name__ == "__main__":
    main()
