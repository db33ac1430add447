"""Journeys that time moves on: a deadline missed over a restart, a link that nobody opens."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.support.chromium import DESK, PHONE, Chromium, another_person, chromium
from tests.support.desk_walk import case_page, log_has, look, policy_in_force, state_is
from tests.support.journeys import STEP_MS, Json, by, sign_in
from tests.support.live import until
from tests.support.machine import Machine, running_machine
from tests.support.machine_clock import MachineClock, turnable_clock
from tests.support.policies import VIDEO, rule
from tests.support.servers import start_or_skip

pytestmark = [
    pytest.mark.alone,
    pytest.mark.browser,
    pytest.mark.usefixtures("chromium_binary"),
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(120),
]

BACK_WITHIN_S = 40.0
DAMAGED = rule("Damage is shown", VIDEO, {"fact": "reason", "values": ["damaged"]})


@dataclass(slots=True)
class Turned:
    """A machine and its clock."""

    machine: Machine
    clock: MachineClock
    ahead: timedelta = timedelta()

    async def restart_after(self, passed: timedelta) -> None:
        """``kill -9`` the web process, and let it come back when so much time has passed."""
        (before,) = self.machine.pids("web-and-jobs")
        self.ahead += passed
        self.machine.kill("web-and-jobs")
        self.clock.set(round(self.ahead.total_seconds()))
        await until(lambda: self._answers_other_than(before), BACK_WITHIN_S, "web is back")

    async def _answers_other_than(self, before: int) -> bool:
        if self.machine.pids("web-and-jobs") in ([], [before]):
            return False
        try:
            async with (
                aiohttp.ClientSession() as http,
                http.get(f"{self.machine.url}/readyz") as response,
            ):
                return response.status == 200
        except aiohttp.ClientError:
            await asyncio.sleep(0.1)
            return False


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def turned() -> AsyncIterator[Turned]:
    """A machine whose clock a test sets, with a policy in force."""
    with tempfile.TemporaryDirectory(prefix="pc-clock-") as made, ExitStack() as stack:
        folder = Path(made)
        clock = start_or_skip(lambda: stack.enter_context(turnable_clock(folder)))
        async with running_machine(folder / "data", min_free_bytes=0) as machine:
            # The browser is started later: its clock is the real one.
            stack.close()
            await policy_in_force(machine, [DAMAGED])
            yield Turned(machine, clock)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser(turned: Turned) -> AsyncIterator[Chromium]:
    """One browser for everybody here."""
    assert turned.machine.url
    async with chromium() as running:
        yield running


async def opened(turned: Turned, number: str, reason: str) -> Json:
    """A case that the seller opened for a buyer."""
    claim = {"reason": reason, "words": "The shade has a crack.", "locale": "en"}
    buyer = {"name": "Ana Ruiz", "email": "ana@example.com", "locale": "en"}
    return await turned.machine.open_case(0, order_number=number, claim=claim, buyer=buyer)


async def come_back(turned: Turned, page: Page) -> None:
    """Days later the login has ended: the agent signs in again and comes to the same case."""
    await page.reload()
    await sign_in(page, turned.machine.people["seller"])
    await by(page, "case-page").wait_for(timeout=STEP_MS)


async def test_a_missed_deadline_escalates_after_a_restart(
    turned: Turned, browser: Chromium
) -> None:
    """The page of the case, open all the while, tells that it was missed, and whose it is now."""
    async with another_person(browser, viewport=DESK) as agent:
        first = await opened(turned, "7001", "size_fit")
        page = await case_page(agent, turned.machine, first["case"]["id"])
        hours = await agent.context.request.get(f"{turned.machine.url}/api/v1/hours")
        wanted = await hours.json()
        wanted["lengths"]["first_answer_h"] = 4
        kept = await agent.context.request.put(
            f"{turned.machine.url}/api/v1/hours", data=wanted, headers={"X-Proofcall": "1"}
        )
        assert kept.ok, await kept.text()
        waiting = await opened(turned, "7002", "size_fit")
        await page.goto(f"{turned.machine.url}/console?case={waiting['case']['id']}")
        await by(page, "due-first_answer").wait_for(timeout=STEP_MS)
        await expect(by(page, "due-card")).to_contain_text("Nobody has this case.")
        await look(page, "d1-due")
        await turned.restart_after(timedelta(hours=5))
        await log_has(page, "escalated")
        await log_has(page, "deadline_missed")
        await expect(by(by(page, "due-first_answer"), "due-chip")).to_contain_text("Overdue")
        await expect(by(page, "due-card")).to_contain_text("Tom Aalto has this case.")
        await look(page, "d2-escalated")


async def test_a_buyer_who_never_opens_the_link_is_reminded_and_the_case_closed(
    turned: Turned, browser: Chromium
) -> None:
    """The agent reads the reminder after eleven days and the end after fifteen, the buyer too."""
    async with (
        another_person(browser, viewport=DESK) as agent,
        another_person(browser, viewport=PHONE) as buyer,
    ):
        silent = await opened(turned, "7003", "damaged")
        page = await case_page(agent, turned.machine, silent["case"]["id"])
        await state_is(page, "inspection_offered")
        await by(page, "due-inspection").wait_for(timeout=STEP_MS)
        await look(page, "c1-invited")
        await turned.restart_after(timedelta(days=11))
        await come_back(turned, page)
        await log_has(page, "link_reminder")
        await state_is(page, "inspection_offered")
        await look(page, "c2-reminded")
        await turned.restart_after(timedelta(days=4))
        await come_back(turned, page)
        await state_is(page, "closed")
        await log_has(page, "deadline_missed")
        await expect(by(page, "next-step-bar")).to_have_attribute("data-step", "wait")
        await look(page, "c3-closed")
        late = await buyer.open(silent["join_url"])
        await by(late, "problem-closed").wait_for(timeout=STEP_MS)
        await look(late, "c4-buyer-too-late")
