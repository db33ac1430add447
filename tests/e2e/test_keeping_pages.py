"""Keeping and forgetting in the browser: rules of retention are set, and a case is erased."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import expect

from cases.database import Database
from cases.erasing import ErasureState
from cases.tables import Erasure
from tests.e2e.test_agent_screen import looks_right
from tests.support.chromium import DESK, chromium
from tests.support.journeys import STEP_MS, by, sign_in
from tests.support.machine import Machine, running_machine

pytestmark = [
    pytest.mark.browser,
    pytest.mark.usefixtures("chromium_binary"),
    pytest.mark.asyncio(loop_scope="module"),
]

BECAUSE = "The buyer asked for it in writing"
SEAL = "9f2c1b7d5e0a48c3" * 4


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def machine(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Machine]:
    """A machine with every process."""
    async with running_machine(tmp_path_factory.mktemp("machine") / "data") as running:
        yield running


@pytest.mark.timeout(240)
async def test_rules_are_set_and_an_erased_case_leaves_its_tombstone(machine: Machine) -> None:
    """The rule that is longest counts; then nothing of the case is left but what its stone says."""
    async with machine.api() as http, chromium(viewport=DESK) as desk:
        page = await desk.open(f"{machine.url}/console/retention")
        await sign_in(page, machine.people["seller"])
        await by(page, "no-rules").wait_for(timeout=STEP_MS)
        for days, claim, market in (("365", "", ""), ("1095", "damaged", "de"), ("0", "", "")):
            await by(page, "add-rule").click()
            row = by(page, "keep-rule").last
            await by(row, "rule-days").fill(days)
            await by(row, "rule-reason").select_option(claim)
            await by(row, "rule-market").fill(market)
        answer = by(page, "example-answer")
        await expect(answer).to_contain_text("365 days")
        await by(page, "example-market").fill("DE")
        await expect(answer).to_contain_text("1,095 days")
        await by(page, "save-rules").click()
        await expect(by(page, "keep-rule").last).to_contain_text("1 to 36525")
        await looks_right(page, "retention")
        await by(page, "drop-rule").last.click()
        # Meanwhile another admin sets a rule of their own: it is not overwritten.
        async with http.put(
            "/api/v1/retention", json={"rules": [{"days": 30}]}, headers={"If-Match": "*"}
        ) as response:
            assert response.status == 200, await response.text()
        await by(page, "save-rules").click()
        await by(page, "save-yes").click()
        await by(page, "load-theirs").click()
        await expect(by(page, "keep-rule")).to_have_count(1)
        await expect(by(page, "rule-days")).to_have_value("30")
        await by(page, "rule-days").fill("400")
        await by(page, "save-rules").click()
        await by(page, "save-yes").click()
        await expect(by(page, "save-rules")).to_have_count(0)
        async with http.get("/api/v1/retention") as response:
            (rule,) = (await response.json())["rules"]
        assert rule["days"] == 400

        opened = await machine.open_case()
        case = opened["case"]
        path = f"/api/v1/cases/{case['id']}"
        async with http.post(f"{path}/close") as response:
            assert response.status == 200, await response.text()
        await page.goto(f"{machine.url}/console?case={case['id']}")
        await by(page, "erase").click(timeout=STEP_MS)
        await by(page, "keeping-reason").fill(BECAUSE)
        await by(page, "keeping-number").fill(case["order_number"])
        await by(page, "keeping-yes").click()
        await by(page, "erased-done").wait_for(timeout=2 * STEP_MS)
        await expect(by(page, "tombstone")).to_contain_text(BECAUSE)
        await expect(by(page, "erased-log_entries")).to_contain_text("log entries")
        assert case["buyer"]["name"] not in await page.locator("main").inner_text()

        await _as_of_a_recorded_case(machine, case["id"])
        await page.goto(f"{machine.url}/console?case={case['id']}")
        await expect(by(page, "erased-left")).to_contain_text("still locks 3 files")
        await expect(by(page, "erased-seal")).to_have_text(["SHA-256 " + SEAL] * 2)
        await looks_right(page, "tombstone")
        row = page.locator(f'[data-test=case-row][data-case-id="{case["id"]}"]')
        await expect(row).to_contain_text("Erased case")
        await page.goto(f"{machine.url}/review?case={case['id']}")
        await expect(by(page, "tombstone")).to_contain_text(BECAUSE, timeout=STEP_MS)
        await looks_right(page, "review-tombstone")

        async with chromium(viewport=DESK, locale="de") as phone:
            buyer = await phone.open(opened["join_url"])
            await by(buyer, "problem-erased").wait_for(timeout=STEP_MS)
            assert BECAUSE not in await buyer.content()
            await looks_right(buyer, "buyer-erased")


async def _as_of_a_recorded_case(machine: Machine, case_id: str) -> None:
    """What the erasure of an hour of video leaves whose objects the store locks."""
    database = Database(machine.settings.database)
    seal = {"session_id": "ses_01kb3v8t3k", "root": SEAL, "manifest_sha256": SEAL}
    async with database.begin() as tx:
        row = await tx.get_one(Erasure, case_id)
        row.counts = {**row.counts, "sessions": 1, "recordings": 2, "media_bytes": 512_000_000}
        row.manifests = [{**seal, "number": number} for number in (0, 1)]
        row.left, row.left_why = [[f"object {number}", None] for number in range(3)], "retained"
        row.state, row.done_at = ErasureState.UNREADABLE, None
    await database.close()
