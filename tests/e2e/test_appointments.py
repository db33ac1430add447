"""Nobody is at the desk: the buyer books a time, has it in the calendar, and comes by the link."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
import pytest_asyncio

from tests.support.cameras import Camera
from tests.support.chromium import PHONE, chromium
from tests.support.journeys import STEP_MS, by, light_camera, sign_in
from tests.support.machine import Machine, running_machine

pytestmark = [
    pytest.mark.browser,
    pytest.mark.usefixtures("chromium_binary"),
    pytest.mark.asyncio(loop_scope="module"),
]

OURS = {"X-Proofcall": "1"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def machine(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Machine]:
    """A machine with every process."""
    async with running_machine(tmp_path_factory.mktemp("machine") / "data") as running:
        yield running


async def put_inspector_on_shift(machine: Machine) -> None:
    """The first inspector works around the clock, as they say themselves."""
    person = machine.people["inspector"]
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(machine.own_url, headers=OURS, cookie_jar=jar) as http:
        login = {"email": person["email"], "password": person["password"]}
        async with http.post("/api/login", json=login) as response:
            assert response.status == 200
        async with http.get("/api/v1/rosters") as response:
            people = (await response.json())["people"]
        me = next(found for found in people if found["name"] == "Mara Lindt")
        body = {"hours": {"zone": "Europe/Berlin", "week": [[[0, 1440]]] * 7}}
        async with http.put(f"/api/v1/rosters/{me['staff_id']}", json=body) as response:
            assert response.status == 200, await response.text()


def begin_now(machine: Machine) -> None:
    """Let the booked time be this one, as waiting for it would."""
    now = datetime.now(UTC)
    times = [f"{at:%Y-%m-%d %H:%M:%S.%f}" for at in (now, now + timedelta(minutes=30))]
    path = machine.settings.database.partition(":///")[2]
    with sqlite3.connect(path, timeout=10) as database:
        found = database.execute(
            "UPDATE appointments SET starts_at = ?, ends_at = ? WHERE state = 'booked'", times
        )
        assert found.rowcount == 1
    database.close()


async def test_a_buyer_books_moves_keeps_and_comes(machine: Machine) -> None:
    """In the buyer's zone, which is neither the host's nor the server's."""
    await put_inspector_on_shift(machine)
    case = await machine.open_case()
    async with chromium(light_camera(Camera.BUYER), viewport=PHONE) as browser:
        page = await browser.context.new_page()
        devtools = await browser.context.new_cdp_session(page)
        await devtools.send("Emulation.setTimezoneOverride", {"timezoneId": "Asia/Kathmandu"})
        await page.goto(case["join_url"])
        card = by(page, "appointment")
        await card.wait_for(timeout=STEP_MS)
        assert "Asia/Kat" in await card.inner_text()
        first = by(page, "appointment-time").nth(4)
        shown = await first.inner_text()
        # Half past and the hour of the world are a quarter to and past in Nepal.
        assert ":15" in shown or ":45" in shown
        box = await first.bounding_box()
        assert box is not None
        assert box["height"] >= 48
        await first.click()
        booked = by(page, "appointment-booked")
        await booked.wait_for(timeout=STEP_MS)
        assert shown in await booked.inner_text()
        async with page.expect_download() as download:
            await by(page, "appointment-calendar").click()
        assert (await download.value).suggested_filename == "video-call.ics"
        await by(page, "appointment-move").click()
        second = by(page, "appointment-time").nth(6)
        shown = await second.inner_text()
        await second.click()
        await booked.filter(has_text=shown).wait_for(timeout=STEP_MS)
        begin_now(machine)
        await page.reload()
        await page.locator('[data-test="appointment-booked"][data-open="true"]').wait_for(
            timeout=STEP_MS
        )
        await by(page, "join").click(timeout=STEP_MS)
        await by(page, "waiting-page").wait_for(timeout=STEP_MS)


async def test_hours_and_shifts_are_set_and_a_case_is_taken_in_the_console(
    machine: Machine,
) -> None:
    """An admin writes the week as people do; what cannot be is marked."""
    case = await machine.open_case(1)
    async with chromium() as browser:
        page = await browser.context.new_page()
        await page.goto(f"{machine.url}/console/hours")
        await sign_in(page, machine.people["seller"])
        await by(page, "hours-page").wait_for(timeout=STEP_MS)
        await by(page, "zone").fill("Europe/Berlin")
        await by(page, "day-0").fill("9:00-12:00, 11:00-17:30")
        await page.get_by_text("one after the other").wait_for(timeout=STEP_MS)
        await by(page, "day-0").fill("9:00-12:00, 13:00-17:30")
        await by(page, "save-hours").click()
        await page.get_by_text("Saved.").wait_for(timeout=STEP_MS)
        await page.reload()
        await by(page, "hours-page").wait_for(timeout=STEP_MS)
        assert await by(page, "day-0").input_value() == "09:00–12:00, 13:00–17:30"
        await by(page, "to-shifts").click()
        await by(page, "day-1").fill("10:00-14:00")
        await by(page, "save-shifts").click()
        await page.get_by_text("Saved.").wait_for(timeout=STEP_MS)
        await page.goto(f"{machine.url}/console?case={case['case']['id']}")
        await by(page, "take-case").click(timeout=STEP_MS)
        await by(page, "due-decision").wait_for(timeout=STEP_MS)
        await by(page, "release-case").wait_for(timeout=STEP_MS)
        await by(page, "views-menu").click()
        await by(page, "view-mine").click()
        row = by(page, "case-row")
        await row.first.wait_for(timeout=STEP_MS)
        await by(page, "due-chip").first.wait_for(timeout=STEP_MS)
