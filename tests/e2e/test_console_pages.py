"""The developers page, the API reference and the figures, in a browser of each size."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Page

from cases.case_text import CaseText, seal_case_text
from cases.keys import KeyRing, WrappedCaseKey
from runtime.settings import Settings
from tests.support.chromium import DESK, PHONE, TABLET, Viewport, chromium, screenshot
from tests.support.journeys import STEP_MS, by, sign_in
from tests.support.machine import Machine, running_machine
from tests.support.receiver import receiver

pytestmark = [
    pytest.mark.browser,
    pytest.mark.usefixtures("chromium_binary"),
    pytest.mark.asyncio(loop_scope="module"),
]

AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
_SIZES = (("desk", DESK), ("tablet", TABLET), ("phone", PHONE))
_SQLITE_TIME = "%Y-%m-%d %H:%M:%S.%f"
_TOO_WIDE_JS = "() => document.documentElement.scrollWidth - innerWidth"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def machine(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Machine]:
    """A machine with every process, which may send webhooks to this one."""
    folder = tmp_path_factory.mktemp("machine") / "data"
    async with running_machine(folder, webhooks_to_private=True) as running:
        yield running


async def looks_right(page: Page, name: str) -> None:
    """At every size nothing is cut off, and axe finds nothing wrong; kept as pictures on demand."""
    await page.evaluate(AXE.read_text())
    for size, viewport in _SIZES:
        await sized(page, viewport)
        assert await page.evaluate(_TOO_WIDE_JS) <= 0, f"{name} at {size}"
        found = await page.evaluate(
            "axe.run({resultTypes: ['violations']}).then((done) => done.violations)"
        )
        assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == [], size
        if folder := os.environ.get("SCREENSHOTS"):
            await screenshot(page, Path(folder), f"{name}-{size}")


def remember_a_quarter(settings: Settings) -> None:
    """Give the page a history that no test can wait for: the first case's row, many times."""
    now, path = datetime.now(UTC), settings.data / "proofcall.db"
    with contextlib.closing(sqlite3.connect(path, timeout=30)) as database, database:
        database.row_factory = sqlite3.Row
        case = dict(database.execute("SELECT * FROM cases LIMIT 1").fetchone())
        figure = dict(database.execute("SELECT * FROM case_figures LIMIT 1").fetchone())
        tenant = database.execute(
            "SELECT wrapped_key FROM tenants WHERE id = ?", (case["tenant_id"],)
        ).fetchone()
        wrapped = WrappedCaseKey(case["tenant_id"], case["wrapped_key"], tenant["wrapped_key"])
        (key,) = KeyRing.load(settings).open_case_keys([wrapped])
        assert key is not None
        text = CaseText(buyer_name="Ana", buyer_email=None, claim_words="")
        reasons = ("damaged", "size_fit", "colour_differs", "defective", "size_fit")
        for number in range(240):
            opened = now - timedelta(days=(number * 37) % 88, hours=number % 24)
            video, decided = number % 3 == 0, number % 8 != 0
            resolved = number % 4 != 1 if video else number % 6 == 2
            changes = {
                "case_id": (case_id := f"cas_{number:026}"),
                "reason": reasons[number % 5],
                "opened_at": opened,
                "answered_at": opened + timedelta(minutes=20 + number),
                "live_at": opened + timedelta(hours=2) if video else None,
                "inspected_at": opened + timedelta(hours=2.2) if video else None,
                "decided_at": opened + timedelta(hours=3 if video else 40) if decided else None,
                "outcome": ("resolved_without_return" if resolved else "refund")
                if decided
                else None,
                "refunded_at": opened + timedelta(days=6) if decided and not resolved else None,
            }
            sealed = seal_case_text(key, case_id, text)
            another = {**case, "id": case_id, "sealed_text": sealed}
            _insert(database, "cases", another)
            _insert(database, "case_figures", {**figure, **changes})


def _insert(database: sqlite3.Connection, table: str, row: dict[str, Any]) -> None:
    told = [
        one.strftime(_SQLITE_TIME) if isinstance(one, datetime) else one for one in row.values()
    ]
    places = ", ".join("?" * len(row))
    database.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places})", told)


def unexpected(errors: list[str]) -> list[str]:
    """What the browser complained of beside being asked to sign in, and the refusal we provoke."""
    return [line for line in errors if "(Unauth" not in line and "(Unprocessable" not in line]


async def sized(page: Page, viewport: Viewport) -> None:
    """Turn the window into another device's."""
    await page.set_viewport_size({"width": viewport.width, "height": viewport.height})
    await page.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done)))")


@pytest.mark.timeout(180)
async def test_an_admin_makes_a_key_and_a_webhook_and_sees_what_was_sent(machine: Machine) -> None:
    """From an empty page to a message that the seller's own system has taken in."""
    async with receiver() as shop, chromium(viewport=DESK) as browser:
        page = await browser.open(f"{machine.url}/console/developers")
        await sign_in(page, machine.people["seller"])
        await by(page, "new-key").click(timeout=STEP_MS)
        await by(page, "key-name").fill("Shop")
        await by(page, "make-key").click()
        await by(page, "new-key-form").get_by_text("Choose at least one").wait_for()
        await by(page, "scope-cases:read").check()
        await by(page, "scope-cases:write").check()
        await by(page, "make-key").click()
        secret = await by(page, "secret").input_value(timeout=STEP_MS)
        for _ in range(3):
            await page.keyboard.press("Escape")
        # Escape must not lose what is shown once.
        await by(page, "secret").wait_for(timeout=STEP_MS)
        await by(page, "secret-done").click()
        headers = {"Authorization": f"Bearer {secret}"}
        async with (
            aiohttp.ClientSession(headers=headers) as http,
            http.get(f"{machine.url}/api/v1/cases") as answer,
        ):
            assert answer.status == 200

        await by(page, "new-hook").click()
        await by(page, "hook-name").fill("Order system")
        await by(page, "hook-url").fill("https://169.254.169.254/latest")
        await by(page, "hook-submit").click()
        await (
            by(page, "new-hook-form")
            .get_by_text("not on the public internet")
            .wait_for(timeout=STEP_MS)
        )
        await by(page, "hook-url").fill(shop.url)
        await by(page, "hook-submit").click()
        assert (await by(page, "secret").input_value(timeout=STEP_MS)).startswith("whsec_")
        await by(page, "secret-done").click()
        await by(page, "hook-test").click(timeout=STEP_MS)
        await shop.wait_for(1)
        await page.locator('[data-test="delivery"][data-state="delivered"]').wait_for(
            timeout=STEP_MS
        )
        shop.status = 500
        opened = await machine.open_case()
        await shop.wait_for(4)
        await page.reload()
        waiting = page.locator('[data-test="delivery"][data-state="waiting"]').first
        await by(waiting, "show-attempts").click(timeout=STEP_MS)
        await by(waiting, "attempt").first.get_by_text("Answered 500").wait_for(timeout=STEP_MS)
        await looks_right(page, "webhook")

        await sized(page, DESK)
        await by(page, "hook-switch").click()
        await by(page, "hook-note").wait_for(timeout=STEP_MS)
        shop.status = 200
        await by(page, "hook-switch").click()
        await by(page, "hook-note").wait_for(state="detached", timeout=STEP_MS)
        await by(page, "replay-span").click()
        await by(page, "span-send").click()
        await (
            page.locator('[data-test="delivery"][data-state="delivered"]')
            .nth(3)
            .wait_for(timeout=STEP_MS)
        )
        told = {message.told["data"].get("case_id") for message in shop.came[1:]}
        assert told == {opened["case"]["id"]}

        await page.goto(f"{machine.url}/console/developers")
        await by(page, "hook").wait_for(timeout=STEP_MS)
        await by(page, "key").nth(1).wait_for(timeout=STEP_MS)
        await looks_right(page, "developers")
        await sized(page, DESK)
        await by(page, "key").filter(has_text="Shop").get_by_role("button").click()
        await by(page, "revoke-yes").click()
        await by(page, "key").nth(1).wait_for(state="detached", timeout=STEP_MS)
        async with (
            aiohttp.ClientSession(headers=headers) as http,
            http.get(f"{machine.url}/api/v1/cases") as answer,
        ):
            assert answer.status == 401
        assert unexpected(browser.console_errors) == []


@pytest.mark.timeout(120)
async def test_the_reference_shows_every_operation_and_a_command_that_works(
    machine: Machine,
) -> None:
    """Drawn from the API's own description, without anything from elsewhere."""
    async with chromium(viewport=DESK) as browser:
        page = await browser.open(f"{machine.url}/api/docs")
        await by(page, "operation").first.wait_for(timeout=STEP_MS)
        async with (
            aiohttp.ClientSession() as http,
            http.get(f"{machine.url}/api/v1/openapi.json") as answer,
        ):
            described = await answer.json()
        count = sum(len(methods) for methods in described["paths"].values())
        assert await by(page, "operation").count() == count
        origins = await page.evaluate(
            "() => performance.getEntriesByType('resource').map((one) => new URL(one.name).origin)"
        )
        assert set(origins) == {machine.url}
        command = await page.locator("#make_endpoint [data-test=curl]").inner_text()
        assert '-H "Authorization: Bearer $PROOFCALL_KEY"' in command
        assert '"url": "https://shop.example/proofcall"' in command
        for size, viewport in _SIZES:
            await sized(page, viewport)
            assert await page.evaluate(_TOO_WIDE_JS) <= 0, f"all of it at {size}"
        await sized(page, DESK)
        # Of 150 operations axe takes half a minute a size, and they are all drawn alike.
        await by(page, "filter").fill("verdict")
        await page.get_by_text("Decide a case").first.wait_for(timeout=STEP_MS)
        assert await by(page, "operation").count() < count
        await looks_right(page, "reference")
        assert browser.console_errors == []


@pytest.mark.timeout(180)
async def test_the_figures_are_drawn_and_each_number_opens_its_cases(machine: Machine) -> None:
    """From an empty page to a decided case that is found again behind its number."""
    async with chromium(viewport=DESK) as browser:
        page = await browser.open(f"{machine.url}/console/figures")
        await sign_in(page, machine.people["seller"])
        await by(page, "figures").wait_for(timeout=STEP_MS)
        opened = [await machine.open_case(number) for number in (0, 1, 2)]
        async with machine.api() as http:
            for case, outcome in zip(opened, ("refund", "resolved_without_return"), strict=False):
                path = f"/api/v1/cases/{case['case']['id']}/verdict"
                headers = {"If-Match": f'"{case["case"]["version"]}"'}
                async with http.post(path, json={"outcome": outcome}, headers=headers) as answer:
                    assert answer.status == 200, await answer.text()
        await asyncio.to_thread(remember_a_quarter, machine.settings)
        await page.reload()
        await page.locator('[data-test="day-chart"][data-drawn="true"]').wait_for(timeout=STEP_MS)
        await looks_right(page, "figures")
        await sized(page, DESK)
        await by(page, "step-resolved").click()
        await by(page, "behind-case").first.wait_for(timeout=STEP_MS)
        words = await by(page, "behind-case").first.inner_text()
        assert opened[1]["case"]["order_number"] in words
        await by(page, "behind-more").click()
        await by(page, "behind-case").nth(60).wait_for(timeout=STEP_MS)
        await page.keyboard.press("Escape")
        await by(page, "dimension").select_option("product")
        first = by(page, "figures-row").first
        await by(first, "row-cases").wait_for(timeout=STEP_MS)
        async with page.expect_download(timeout=STEP_MS) as waiting:
            await by(page, "csv").click()
        table = await (await waiting.value).path()
        assert table.read_text(encoding="utf-8-sig").startswith("product,cases,")
        await by(page, "assume-postage").fill("oops")
        await page.get_by_text("Write an amount").wait_for(timeout=STEP_MS)
        await by(page, "assume-postage").fill("9.50")
        async with page.expect_response(lambda answer: "postage_minor=950" in answer.url):
            await page.keyboard.press("Tab")
        await by(page, "step-opened").click()
        await by(page, "behind-case").first.click(timeout=STEP_MS)
        await by(page, "case-log").wait_for(timeout=STEP_MS)
        assert unexpected(browser.console_errors) == []
