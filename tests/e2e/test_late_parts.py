"""The buyer's page fetches the call's part while it is read: also on a line that loses it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Page, Route

from tests.support.cameras import Camera
from tests.support.chromium import PHONE, Chromium, chromium
from tests.support.journeys import STEP_MS, by, light_camera
from tests.support.machine import Machine, running_machine

pytestmark = [
    pytest.mark.alone,
    pytest.mark.browser,
    pytest.mark.usefixtures("chromium_binary"),
    pytest.mark.asyncio(loop_scope="module"),
]

PARTS = ("call_part-*.js", "later.*.js")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def machine(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Machine]:
    """A machine with every process."""
    async with running_machine(tmp_path_factory.mktemp("machine") / "data") as running:
        yield running


class Losing:
    """Loses the first requests for files of one name."""

    def __init__(self, times: int) -> None:
        self.times = times
        self.asked = 0

    async def answer(self, route: Route) -> None:
        """Lose it, or let it through."""
        self.asked += 1
        if self.asked <= self.times:
            await route.abort()
        else:
            await route.continue_()


async def opened(browser: Chromium, url: str, part: str, losing: Losing) -> Page:
    """The join page, on a line that loses a part of it."""
    page = await browser.context.new_page()
    await page.route(f"**/assets/{part}", losing.answer)
    await page.goto(url)
    return page


@pytest.mark.parametrize("part", PARTS)
async def test_a_part_that_is_lost_once_costs_nothing_but_a_moment(
    machine: Machine, part: str
) -> None:
    """The call's screens or words are asked for again, and the buyer waits in the queue."""
    case = await machine.open_case()
    losing = Losing(1)
    async with chromium(light_camera(Camera.BUYER), viewport=PHONE) as browser:
        page = await opened(browser, case["join_url"], part, losing)
        await by(page, "join").click(timeout=STEP_MS)
        await by(page, "waiting-page").wait_for(timeout=STEP_MS)
        position = await by(page, "queue-position").inner_text()
    assert losing.asked >= 2
    assert not position.startswith("join.")


async def test_a_part_that_stays_away_says_so_and_a_reload_leads_into_the_call(
    machine: Machine,
) -> None:
    """Nobody looks at an empty page: the words of the network, and one button that helps."""
    case = await machine.open_case()
    losing = Losing(1_000)
    async with chromium(light_camera(Camera.BUYER), viewport=PHONE) as browser:
        page = await opened(browser, case["join_url"], "call_part-*.js", losing)
        await by(page, "join").click(timeout=STEP_MS)
        await by(page, "call-not-loaded").wait_for(timeout=STEP_MS)
        losing.times = 0
        await by(page, "call-not-loaded").get_by_role("button").click()
        await by(page, "waiting-page").wait_for(timeout=STEP_MS)


async def test_the_part_is_there_before_the_tap(machine: Machine) -> None:
    """Who has read the page waits for nothing more of it."""
    case = await machine.open_case()
    async with chromium(light_camera(Camera.BUYER), viewport=PHONE) as browser:
        page = await browser.context.new_page()
        async with page.expect_response("**/assets/later.*.js", timeout=STEP_MS):
            await page.goto(case["join_url"])
        await by(page, "join").wait_for(timeout=STEP_MS)
        await page.wait_for_load_state("networkidle")
        scripts: list[str] = []
        page.on("request", lambda request: scripts.append(request.url))
        await by(page, "join").click(timeout=STEP_MS)
        await by(page, "waiting-page").wait_for(timeout=STEP_MS)
    assert [url for url in scripts if "/call_part-" in url or "/later." in url] == []
