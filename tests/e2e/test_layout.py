"""The call on a tablet and a phone: everything has room for a glove, and covers nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Page

from tests.support.chromium import PHONE, TABLET, Viewport
from tests.support.journeys import STEP_MS, by, call
from tests.support.machine import Machine, running_machine

pytestmark = [
    pytest.mark.alone,
    pytest.mark.browser,
    pytest.mark.usefixtures("chromium_binary"),
    pytest.mark.asyncio(loop_scope="module"),
]

Box = tuple[float, float, float, float]

_BOXES_JS = """selector => [...document.querySelectorAll(selector)].map(found => {
  const box = found.getBoundingClientRect();
  return [box.left, box.top, box.right, box.bottom];
}).filter(([left, top, right, bottom]) => right > left && bottom > top)"""
_SMALL_PICTURES = ".self, .guest, .bench:not(.large), .swapped > .remote"
_WORDS = ".top .pill, .handover, .tool, .sound-prompts > *"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def machine(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Machine]:
    """A machine with every process."""
    async with running_machine(tmp_path_factory.mktemp("machine") / "data") as running:
        yield running


async def boxes(page: Page, selector: str) -> list[Box]:
    """Left, top, right and bottom of everything that is shown."""
    return [tuple(box) for box in await page.evaluate(_BOXES_JS, selector)]


def overlap(one: Box, other: Box) -> bool:
    """By more than a rounded corner's pixel."""
    return (
        min(one[2], other[2]) - max(one[0], other[0]) > 1
        and min(one[3], other[3]) - max(one[1], other[1]) > 1
    )


async def sized(page: Page, viewport: Viewport) -> None:
    """Turn the window into another device's, and wait until the pictures have moved."""
    await page.set_viewport_size({"width": viewport.width, "height": viewport.height})
    await page.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done)))")


@pytest.mark.timeout(120)
async def test_tools_have_room_for_a_glove_and_small_pictures_cover_no_word(
    machine: Machine,
) -> None:
    """One row on a tablet, two on a phone, also while the host holds to talk."""
    async with call(machine) as held:
        host = held.host_page
        for talks in (False, True):
            if talks:
                await sized(host, TABLET)
                await by(host, "sound").click()
                await by(host, "talk-mode").click(timeout=STEP_MS)
                await host.keyboard.press("Escape")
                await by(host, "talk").wait_for(timeout=STEP_MS)
            for viewport, rows in ((TABLET, 1), (PHONE, 2)):
                await sized(host, viewport)
                tools = await boxes(host, ".tools .tool")
                assert len({round(top) for _, top, _, _ in tools}) == rows
                assert min(right - left for left, _, right, _ in tools) >= 60
                assert min(bottom - top for _, top, _, bottom in tools) >= 60
                for page in (host, held.buyer_page):
                    small = await boxes(page, _SMALL_PICTURES)
                    assert small != []
                    words = await boxes(page, _WORDS)
                    assert [(a, b) for a in small for b in words if overlap(a, b)] == []
        await by(host, "more").click()
        await by(host, "release").click(timeout=STEP_MS)
        await host.locator("dialog[open]").wait_for(timeout=STEP_MS)
        assert await host.locator("dialog[open]").count() == 1
        await host.keyboard.press("Escape")
        await held.end()
