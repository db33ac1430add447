"""Two web processes, one Redis, one database: an agent is warned of a colleague at the other."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from playwright.async_api import expect

from cases.states import Role
from infra.local.postgres import Postgres
from infra.local.redis import Redis
from proofcall.machine import environment
from tests.support.chromium import DESK, chromium
from tests.support.journeys import STEP_MS, by, sign_in
from tests.support.live import Browser, Live, Socket, running_live, until
from tests.support.machine import free_port
from tests.support.seller import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("chromium_binary")]

BEAT_S = 5.0
"""How often a page says what it shows."""
GONE_WITHIN_S = 25.0 + BEAT_S
"""What is not heard for 25 s is gone (docs/protocol.md); a page looks with every beat."""


@asynccontextmanager
async def web_of_its_own(
    live: Live, folder: Path
) -> AsyncIterator[tuple[asyncio.subprocess.Process, int]]:
    """Another web process on the same database and Redis, ready, and its port."""
    port = free_port()
    there = live.settings.model_copy(update={"run": folder / "run", "http": f"127.0.0.1:{port}"})
    with (folder / "web.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "proofcall", "serve", "--role", "web"),
            env=environment(there),
            stdout=log,
            stderr=log,
        )
    try:
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as http:

            async def answers() -> bool:
                with contextlib.suppress(aiohttp.ClientError):
                    async with http.get("/healthz") as response:
                        return response.status == 200
                return False

            await until(answers, 60, "the second web process")
        yield process, port
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def at_desk(browser: Browser, email: str) -> Socket:
    """Signed in at this browser's web process, with the socket of a page."""
    await browser.ok("POST", "/api/login", {"email": email, "password": PASSWORD})
    return await browser.socket(desk=True)


async def keep_saying(socket: Socket, case_id: str) -> None:
    """What a page that shows a case says; ends with its connection."""
    asks = True
    while socket.client.connected:
        await socket.say("case.watch", case_id=case_id, tab="t1", doing="looks", asks=asks)
        asks = False
        await asyncio.sleep(BEAT_S)


@pytest.mark.postgres
@pytest.mark.timeout(240)
async def test_a_colleague_at_another_web_process_is_seen_and_forgotten_when_it_is_killed(
    postgres: Postgres, redis: Redis, tmp_path: Path
) -> None:
    """Seen at once through Redis; after ``kill -9`` nobody says goodbye, and the warning goes."""
    database_url = postgres.fresh_database()
    async with (
        running_live([], redis_url=redis.url, database_url=database_url) as live,
        web_of_its_own(live, tmp_path) as (killed, port),
        chromium(viewport=DESK) as bens,
    ):
        lamp = live.seller.lamp
        ana, ben = [await live.seller.staff(Role.AGENT, tenant=lamp) for _ in range(2)]
        case_id, _ = await live.invited()
        page = await bens.open(f"{live.url}/console?case={case_id}")
        who = {"email": f"{ben.staff_id}@example.com", "password": PASSWORD}
        await sign_in(page, who)
        await by(page, "thread-text").wait_for(timeout=STEP_MS)

        live.port, here = port, live.port
        async with live.browser() as anas:
            at_ana = await at_desk(anas, f"{ana.staff_id}@example.com")
            live.port = here
            saying = asyncio.create_task(keep_saying(at_ana, case_id))
            warning = by(page, "here-looks")
            await expect(warning).to_contain_text(ana.name, timeout=STEP_MS)
            # Ben's page has answered who asked: both know of each other.
            (heard,) = await until(
                lambda: [one for one in at_ana.of("case.presence") if one["doing"] != "away"][:1]
            )
            assert heard["staff_id"] == ben.staff_id

            killed.kill()
            await killed.wait()
            saying.cancel()
            await asyncio.gather(saying, return_exceptions=True)
            await expect(warning).to_have_count(0, timeout=(GONE_WITHIN_S + 2) * 1000)
