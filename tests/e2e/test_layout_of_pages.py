"""Every page at three sizes, in every language: nothing is wider than the place it has."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.support.chromium import DESK, PHONE, TABLET, chromium, screenshot
from tests.support.machine import Machine, running_machine
from tests.support.pages import Place, seeded_places, walk

pytestmark = [
    pytest.mark.browser,
    pytest.mark.usefixtures("chromium_binary"),
    pytest.mark.asyncio(loop_scope="module"),
]

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


@pytest.mark.timeout(400)
@pytest.mark.parametrize("locale", ["de", "ar", "en", "es", "zh-Hans"])
async def test_nothing_is_wider_than_its_place(
    seeded: tuple[Machine, list[Place]], locale: str
) -> None:
    """Long words, words from right to left, and the words that they were made of."""
    machine, places = seeded
    found = []
    async with chromium(viewport=DESK, locale=locale) as browser:
        async for place, page in walk(browser, machine, places, locale):
            for viewport in (DESK, TABLET, PHONE):
                await page.set_viewport_size({"width": viewport.width, "height": viewport.height})
                await page.evaluate(_FITTED_JS)
                wide = await page.evaluate(_TOO_WIDE_JS)
                found += [f"{place.name} at {viewport.width}: {one}" for one in wide]
                if folder := os.environ.get("SCREENSHOTS"):
                    name = f"{place.name}-{viewport.width}-{locale}"
                    await screenshot(page, Path(folder), name)
    assert found == []
