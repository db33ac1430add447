"""What a buyer and an agent do on the pages of the return desk, and what each page is read by."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from playwright.async_api import Page, expect

from tests.integration.test_filing import order
from tests.support.chromium import Chromium, screenshot
from tests.support.journeys import STEP_MS, Json, by, sign_in
from tests.support.machine import Machine
from tests.support.policies import ASK

_LOOK = os.environ.get("LOOK_AT")
_OVERFLOWS_JS = "() => document.documentElement.scrollWidth > document.documentElement.clientWidth"
_DRAWN_JS = """() => !document.querySelector('.skeleton, main[aria-busy=true], #app[aria-busy]')
  && [...document.images].every((image) => image.complete || image.loading === 'lazy')"""
# Every text that somebody reads or hears; a language is named in its own words.
_WORDS_JS = """() => {
  const found = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const { data, parentElement } = texts.currentNode;
    const apart = parentElement.closest('select, script, style');
    if (!apart && parentElement.checkVisibility()) found.push(data);
  }
  for (const name of ['placeholder', 'aria-label', 'title', 'alt'])
    for (const one of document.querySelectorAll(`[${name}]`))
      if (one.checkVisibility()) found.push(one.getAttribute(name));
  return found.map((words) => words.trim()).filter((words) => /\\p{L}/u.test(words));
}"""


async def look(page: Page, name: str) -> None:
    """Nothing stands out of the page; a picture for whoever set ``LOOK_AT`` to a folder."""
    assert not await page.evaluate(_OVERFLOWS_JS), f"{name} scrolls sideways"
    if _LOOK:
        await page.wait_for_function(_DRAWN_JS, timeout=STEP_MS)
        await screenshot(page, Path(_LOOK), name)


async def words_of(page: Page) -> set[str]:
    """Every text of the page that stands there to be read or heard."""
    return set(await page.evaluate(_WORDS_JS))


async def policy_in_force(machine: Machine, rules: Sequence[Json]) -> None:
    """The seller's policy, previewed and published."""
    async with machine.api() as http:
        body = {"title": "Lamps", "rules": list(rules), "otherwise": ASK}
        async with http.post("/api/v1/policies", json=body) as response:
            made = await response.json()
            assert response.status == 201, made
        for what in ("preview", "publish"):
            url = f"/api/v1/policies/{made['id']}/{what}"
            async with http.post(url, json={}, headers={"If-Match": "*"}) as response:
                assert response.status == 200, await response.text()


async def delivered(machine: Machine, number: str, days_ago: int, locale: str = "en") -> None:
    """The seller's system tells of an order; its buyer reads ``locale``."""
    at = datetime.now(UTC) - timedelta(days=days_ago)
    given = order()
    told = {
        **given,
        "order_number": number,
        "buyer": {**given["buyer"], "locale": locale},
        "delivered_at": at.isoformat(),
    }
    async with machine.api() as http, http.post("/api/v1/orders", json=told) as response:
        assert response.status == 200, await response.text()


async def find_order(page: Page, number: str) -> None:
    """From the order's number and e-mail to the form."""
    await by(page, "order-number").fill(number, timeout=STEP_MS)
    await by(page, "email").fill("ana@example.com")
    await by(page, "find").click()
    await by(page, "return-form").wait_for(timeout=STEP_MS)


async def fill_form(page: Page, reason: str, photo: Path | None = None) -> None:
    """What is wrong, and a photograph of it."""
    await by(page, f"reason-{reason}").click(timeout=STEP_MS)
    if photo is not None:
        await by(page, "files").set_input_files(photo)
        await expect(by(page, "upload")).to_have_attribute("data-state", "done", timeout=STEP_MS)


async def send_form(page: Page, state: str) -> None:
    """File, and read the policy's answer: the case is in ``state`` by it."""
    await by(page, "file").click()
    await expect(by(page, "filed")).to_have_attribute("data-state", state, timeout=STEP_MS)


async def case_of(machine: Machine, number: str) -> str:
    """The id of the case of an order."""
    url = f"/api/v1/cases?order_number={number}"
    async with machine.api() as http, http.get(url) as response:
        (case,) = (await response.json())["items"]
    found: str = case["id"]
    return found


async def case_page(browser: Chromium, machine: Machine, case_id: str) -> Page:
    """The agent's page of a case, in a browser where nobody has signed in yet."""
    page = await browser.open(f"{machine.url}/console?case={case_id}")
    await sign_in(page, machine.people["seller"])
    await by(page, "case-page").wait_for(timeout=STEP_MS)
    return page


async def state_is(page: Page, state: str) -> None:
    """Wait until the case's page, as it stands open, is in a state."""
    await expect(by(page, "case-page")).to_have_attribute("data-state", state, timeout=STEP_MS)
