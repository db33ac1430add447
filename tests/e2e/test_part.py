"""A reviewer marks a few seconds on the timeline and hands them over; a stranger checks them."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

import pytest
from playwright.async_api import Page

from proofcall.demo import seed
from recorder.proof.bytes import MemoryBytes
from recorder.proof.verification import verify_package
from tests.support.chromium import DESK, chromium, screenshot
from tests.support.journeys import STEP_MS, by, sign_in
from tests.support.machine import running_machine

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("chromium_binary")]


async def kept(page: Page, name: str) -> None:
    """A picture of the page, on demand."""
    if folder := os.environ.get("SCREENSHOTS"):
        await screenshot(page, Path(folder), name)


async def test_a_part_is_marked_by_keyboard_and_handed_over(tmp_path: Path) -> None:
    """I, two seconds on, O, the button: the package verifies, and so says its own page."""
    data = tmp_path / "data"
    data.mkdir()
    (data / "seeded").touch()
    async with running_machine(data) as machine, chromium(viewport=DESK) as browser:
        demo = await seed(machine.settings)
        page = await browser.open(f"{machine.url}/review?case={demo['recorded_case']}")
        await sign_in(page, demo["sign_ins"]["reviewer"])
        await by(page, "replay").wait_for(timeout=STEP_MS)
        assert await by(page, "hand-over").is_disabled()
        await by(page, "mark-in").wait_for(timeout=STEP_MS)
        await page.keyboard.press("ArrowRight")
        await page.keyboard.press("i")
        await page.keyboard.press("ArrowRight")
        await page.keyboard.press("ArrowRight")
        await page.wait_for_timeout(500)
        await page.keyboard.press("o")
        await by(page, "part-band").wait_for(timeout=STEP_MS)
        await kept(page, "review-part-marked")
        await by(page, "hand-over").click()
        await by(page, "part-dialog").wait_for(timeout=STEP_MS)
        await kept(page, "review-part-dialog")
        await by(page, "make-part").click()
        await by(page, "fetch-part").wait_for(timeout=STEP_MS)
        async with page.expect_download() as downloading:
            await by(page, "fetch-part").click()
        package = tmp_path / "part.zip"
        await (await downloading.value).save_as(package)
        content = package.read_bytes()
        report = verify_package(MemoryBytes(content))
        assert not report.problems
        assert report.part is not None
        assert 1_000 <= report.part.to_ms - report.part.from_ms <= 3_000
        verifier = await browser.open("about:blank")
        inside = tmp_path / "verify.html"
        inside.write_bytes(_entry(content, "verify.html"))
        await verifier.goto(inside.as_uri())
        await verifier.locator("[data-test=package]").set_input_files(package)
        await by(verifier, "part").wait_for(timeout=STEP_MS)
        answer = by(verifier, "report")
        assert await answer.get_attribute("data-answer") == "consistent_origin_unconfirmed"
        await kept(verifier, "verify-part")


def _entry(content: bytes, path: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as zipped:
        return zipped.read(path)
