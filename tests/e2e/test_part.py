"""A reviewer marks a few seconds on the timeline and hands them over; a stranger checks them."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import av
import pytest
from playwright.async_api import Page

from proofcall.demo import seed
from recorder.proof.bytes import MemoryBytes
from recorder.proof.derived_check import verify_derived
from recorder.proof.report import Answer
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
        await a_covered_film_is_made(page, tmp_path)
        await sign_in_anew(page, f"{machine.url}/console?case={demo['recorded_case']}", demo)
        await a_seller_has_package_and_data(page, tmp_path)


async def sign_in_anew(page: Page, address: str, demo: dict[str, Any]) -> None:
    """As the seller, in the same browser."""
    await page.context.clear_cookies()
    await page.goto(address)
    await sign_in(page, demo["sign_ins"]["seller"])


async def a_seller_has_package_and_data(page: Page, folder: Path) -> None:
    """By the buttons of the case's page, which says where the evidence lies."""
    await by(page, "evidence-place").wait_for(timeout=STEP_MS)
    made = {}
    for order, fetch in (("make-package", "fetch-package"), ("order-data", "fetch-data")):
        await by(page, order).click(timeout=STEP_MS)
        # The newest stands first; a package of the part is there already.
        whole = by(page, fetch).filter(has_not_text="a part")
        await whole.first.wait_for(timeout=3 * STEP_MS)
        async with page.expect_download() as downloading:
            await whole.first.click()
        made[fetch] = folder / fetch
        await (await downloading.value).save_as(made[fetch])
    report = verify_package(MemoryBytes(made["fetch-package"].read_bytes()))
    assert not report.problems
    assert report.part is None
    index = _entry(made["fetch-data"].read_bytes(), "index.html").decode()
    assert "Tomi Okafor" in index
    assert "It arrived like this, the box was crushed." in index


async def a_covered_film_is_made(page: Page, folder: Path) -> None:
    """From the same marks: no film before it is said what is covered and why; it verifies."""
    await page.keyboard.press("Escape")
    await by(page, "open-copies").click()
    await by(page, "copy-redacted").check()
    assert await by(page, "make-copy").is_disabled()
    await by(page, "box-whole").first.check()
    await by(page, "copy-silent").check()
    await by(page, "copy-reason").fill("Somebody else's home is seen")
    await kept(page, "review-copies")
    await by(page, "make-copy").click()
    await by(page, "fetch-copy").wait_for(timeout=3 * STEP_MS)
    made = {}
    for name in ("fetch-copy", "fetch-statement"):
        async with page.expect_download() as downloading:
            await by(page, name).click()
        made[name] = folder / name
        await (await downloading.value).save_as(made[name])
    film, statement = made["fetch-copy"], made["fetch-statement"]
    keys = await page.request.get(urljoin(page.url, "/.well-known/proofcall-keys.json"))
    with film.open("rb") as file:
        report = verify_derived(file, statement.read_bytes(), await keys.body())
    assert report.answer is Answer.VERIFIED, report
    with av.open(film) as opened:
        assert 1.0 <= (opened.duration or 0) / av.time_base <= 4.0
        # A card of words comes first.
        picture = list(opened.decode(video=0))[-5].to_ndarray(format="gray")
    # The buyer's half is covered by one flat colour; the host's is a picture.
    half = picture.shape[1] // 2
    sides = picture[picture.shape[0] // 3 : -picture.shape[0] // 3]
    assert sides[:, 8 : half - 8].std() < 2 < sides[:, half + 8 :].std()


def _entry(content: bytes, path: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as zipped:
        return zipped.read(path)
