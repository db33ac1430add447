"""Every page that a person can open on a seeded machine, and a walk through all of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final

from playwright.async_api import BrowserContext, Page

from proofcall.demo import seed
from tests.support.chromium import Chromium
from tests.support.journeys import STEP_MS
from tests.support.machine import Machine

Json = dict[str, Any]

MADE_WITHIN_S: Final = 60.0
_OURS: Final = {"X-Proofcall": "1"}
# Loading states stand for a moment only: what is looked at is what people stay with.
_SETTLED_JS = """() => document.querySelector('h1, h2')
  && !document.querySelector('.skeleton, main[aria-busy=true], #app[aria-busy]')"""


@dataclass(frozen=True, slots=True)
class Place:
    """A page: its address, what it shows once it is there, and as whom it is opened."""

    name: str
    path: str
    shows: str
    person: str | None = None


def _test(name: str) -> str:
    return f'[data-test="{name}"]'


async def seeded_places(machine: Machine) -> list[Place]:
    """Fill the machine with the demo and name its pages; ``data/seeded`` must have been touched.

    The machine's people are those of the demo from then on.
    """
    demo = await seed(machine.settings)
    machine.people = demo["sign_ins"]
    machine.api_key = demo["api_key"]
    recorded = demo["recorded_case"]
    buyer = demo["links"]["buyer"].removeprefix(machine.url)
    erased = await _erased_case(machine)
    await _made_files(machine, recorded)
    console = {
        "policies": "policies",
        "scripts": "scripts-page",
        "reasons": "reasons-page",
        "retention": "retention-page",
        "figures": "figures",
        "notices": "notices",
        "developers": "developers",
        "integrations": "integrations",
        "people": "people-page",
        "access": "access-page",
        "hours": "hours-page",
        "shifts": "shifts-page",
        "account": "account-page",
    }
    return [
        Place("buyer", buyer, "h1"),
        Place("buyer-unknown", "/j/nowhere", "main h1"),
        Place("return", "/return/nordhaus", _test("return-page")),
        Place("return-unknown", "/return/nowhere", "main h1"),
        Place("observer-unknown", "/o/nowhere", "main h1"),
        Place("sign-in", "/console", _test("sign-in-page")),
        Place("forgot", "/reset", "main h1"),
        Place("reset-over", "/reset#nothing", "main h1"),
        Place("invitation-over", "/accept#nothing", "main h1"),
        Place("api", "/api/docs", _test("operation")),
        Place("desk", "/inspect", _test("desk"), "inspector"),
        Place("desk-refused", "/inspect", _test("not-allowed"), "reviewer"),
        Place("review", "/review", _test("case-row"), "reviewer"),
        Place("replay", f"/review?case={recorded}", _test("replay"), "reviewer"),
        Place("cases", "/console", _test("case-row"), "seller"),
        Place("case", f"/console?case={recorded}", _test("case-page"), "seller"),
        Place("case-erased", f"/console?case={erased}", _test("tombstone"), "seller"),
        Place("review-erased", f"/review?case={erased}", _test("tombstone"), "reviewer"),
        Place("new-case", "/console?new=1", _test("case-form"), "seller"),
        *(
            Place(f"console-{part}", f"/console/{part}", _test(shows), "seller")
            for part, shows in console.items()
        ),
    ]


async def _erased_case(machine: Machine) -> str:
    """Have the demo's closed case erased; gives its id."""
    async with machine.api() as http:
        async with http.get("/api/v1/cases?state=closed") as response:
            (case,) = (await response.json())["items"]
        path = f"/api/v1/cases/{case['id']}/erasure"
        why = {"reason": "The buyer asked for it.", "order_number": case["order_number"]}
        async with http.post(path, json=why) as response:
            assert response.status == 202, await response.text()
    return str(case["id"])


async def _made_files(machine: Machine, case_id: str) -> None:
    """Have a package and the buyer's data made, so that the case's page shows both to fetch."""
    async with machine.api() as http:
        for kind in ("evidence-packages", "person-exports"):
            path = f"/api/v1/cases/{case_id}/{kind}"
            async with http.post(path) as response:
                assert response.status == 202, await response.text()
            async with asyncio.timeout(MADE_WITHIN_S):
                made = ""
                while made != "ready":
                    await asyncio.sleep(0.2)
                    async with http.get(path) as response:
                        made = (await response.json())["items"][0]["state"]


async def _as_person(context: BrowserContext, machine: Machine, who: str, locale: str) -> None:
    person = machine.people[who]
    body = {"email": person["email"], "password": person["password"]}
    came_in = await context.request.post(f"{machine.url}/api/login", data=body, headers=_OURS)
    assert came_in.ok, await came_in.text()
    path = f"{machine.url}/api/v1/me/locale"
    kept = await context.request.put(path, data={"locale": locale}, headers=_OURS)
    assert kept.status == 204, await kept.text()


async def walk(
    browser: Chromium, machine: Machine, places: list[Place], locale: str
) -> AsyncIterator[tuple[Place, Page]]:
    """Every place in turn, settled, in one language and one window."""
    page = await browser.context.new_page()
    await page.add_init_script(f"localStorage.setItem('proofcall.locale', '{locale}')")
    signed_in: str | None = None
    for place in sorted(places, key=lambda place: place.person or ""):
        if place.person is not None and place.person != signed_in:
            await _as_person(browser.context, machine, place.person, locale)
            signed_in = place.person
        # A place that differs behind the `#` alone would not be loaded again.
        await page.goto("about:blank")
        await page.goto(f"{machine.url}{place.path}")
        await page.locator(place.shows).first.wait_for(timeout=STEP_MS)
        await page.wait_for_function(_SETTLED_JS, timeout=STEP_MS)
        assert await page.evaluate("document.documentElement.lang") == locale, place.name
        yield place, page
    await page.close()
