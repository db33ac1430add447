"""Every page, in every language: axe finds nothing, nothing is wider than its place."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page

from tests.support.chromium import DESK, PHONE, TABLET, another_person, chromium, screenshot
from tests.support.journeys import STEP_MS, by, call, sign_in
from tests.support.machine import Machine, running_machine
from tests.support.pages import Place, seeded_places, walk

pytestmark = [
    pytest.mark.browser,
    pytest.mark.usefixtures("chromium_binary"),
    pytest.mark.asyncio(loop_scope="module"),
]

AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
_AXE_JS = "axe.run({resultTypes: ['violations']}).then((done) => done.violations)"

_FITTED_JS = "() => new Promise(done => requestAnimationFrame(() => setTimeout(done)))"
# What is 1 px wide is there for screen readers alone.
_TOO_WIDE_JS = """() => {
  const page = document.documentElement;
  const wide = page.scrollWidth > innerWidth ? ['the page'] : [];
  for (const one of document.querySelectorAll('.button, .chip, .rail-item, .switch, h1, h2, label'))
    if (one.clientWidth > 1 && one.scrollWidth > one.clientWidth + 1
        && getComputedStyle(one).textOverflow !== 'ellipsis')
      wide.push(one.outerHTML.slice(0, 160));
  return wide;
}"""
# A language is walked once: opening the pages is what takes the time.
# Both directions of writing; what axe looks at is the same in every language, colours twice.
_BY_AXE = {"en": (PHONE, DESK), "ar": (PHONE,)}
_DARK = DESK


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def seeded(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[tuple[Machine, list[Place]]]:
    """A machine with the demo, and its pages."""
    data = tmp_path_factory.mktemp("machine") / "data"
    data.mkdir()
    (data / "seeded").touch()
    async with running_machine(data) as machine:
        yield machine, await seeded_places(machine)


async def faults(page: Page) -> list[str]:
    """What axe finds on a page as it stands, one line for each element."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(AXE.read_text())
    return [
        f"{one['id']}: {node['html'][:200]} {node['any'][0]['message'] if node['any'] else ''}"
        for one in await page.evaluate(_AXE_JS)
        for node in one["nodes"]
    ]


@pytest.mark.timeout(400)
@pytest.mark.parametrize("locale", ["en", "ar", "de", "es", "zh-Hans"])
async def test_every_page_fits_and_is_there_for_everybody(
    seeded: tuple[Machine, list[Place]], locale: str
) -> None:
    """Three sizes; axe on a phone by day in both directions of writing, at a desk by night."""
    machine, places = seeded
    found = []
    async with chromium(viewport=DESK, locale=locale) as browser:
        async for place, page in walk(browser, machine, places, locale):
            for viewport in (TABLET, PHONE, DESK):
                await page.emulate_media(color_scheme="dark" if viewport is _DARK else "light")
                await page.set_viewport_size({"width": viewport.width, "height": viewport.height})
                await page.evaluate(_FITTED_JS)
                lines = await page.evaluate(_TOO_WIDE_JS)
                if viewport in _BY_AXE.get(locale, ()):
                    lines += await faults(page)
                found += [f"{place.name} at {viewport.width}: {line}" for line in lines]
                if folder := os.environ.get("SCREENSHOTS"):
                    await screenshot(page, Path(folder), f"{place.name}-{viewport.width}-{locale}")
    assert found == []


@pytest.mark.timeout(180)
async def test_axe_finds_nothing_in_a_call(seeded: tuple[Machine, list[Place]]) -> None:
    """On the buyer's phone, on the host's tablet, and before an observer who may come in."""
    machine, _places = seeded
    found = []
    async with call(machine) as held:
        session_id = await held.session_id()
        async with another_person(held.host) as observer:
            watching = await observer.open(f"{machine.url}/observe/{session_id}")
            await sign_in(watching, machine.people["seller"])
            # Three browsers, two of them in a call: how long it takes is not what is asked here.
            await by(watching, "ready").wait_for(timeout=4 * STEP_MS)
            pages = {"buyer": held.buyer_page, "host": held.host_page, "observer": watching}
            for name, page in pages.items():
                found += [f"{name}: {line}" for line in await faults(page)]
    assert found == []
