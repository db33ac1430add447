"""The return form in real Chromium: from a phone's photograph to the queue for an inspector."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import web
from playwright.async_api import Page, Route, expect

from tests.integration.test_filing import order, photograph
from tests.support.cameras import Camera
from tests.support.chromium import DESK, PHONE, chromium, screenshot
from tests.support.journeys import STEP_MS, by, light_camera, sign_in
from tests.support.machine import Machine, free_port, running_machine

pytestmark = [
    pytest.mark.browser,
    pytest.mark.usefixtures("chromium_binary"),
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(120),
]
LOOK = os.environ.get("LOOK_AT")
OVERFLOWS_JS = "() => document.documentElement.scrollWidth > document.documentElement.clientWidth"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def machine(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Machine]:
    """One machine that knows one order."""
    async with running_machine(tmp_path_factory.mktemp("machine") / "data") as running:
        async with running.api() as http, http.post("/api/v1/orders", json=order()) as response:
            assert response.status == 200, await response.text()
        yield running


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A photograph of several megabytes."""
    path = tmp_path / "crack.jpg"
    path.write_bytes(photograph(2200))
    assert path.stat().st_size > 3_000_000
    return path


async def look(page: Page, name: str) -> None:
    """A picture for whoever wants to look."""
    if LOOK:
        await screenshot(page, Path(LOOK), name)


async def find_order(page: Page) -> None:
    """Number and e-mail."""
    await by(page, "order-number").fill("LL-20871", timeout=STEP_MS)
    await by(page, "email").fill("ana@example.com")
    await look(page, "return-find")
    await by(page, "find").click()
    await expect(by(page, "return-form")).to_be_visible(timeout=STEP_MS)


async def test_a_phone_files_over_a_lost_line_and_comes_to_the_queue(
    machine: Machine, photo: Path
) -> None:
    """The draft survives a reload, the upload an outage; one tap leads to the wait for a host."""
    async with (
        chromium(light_camera(Camera.BUYER), viewport=PHONE) as phone,
        chromium(viewport=DESK) as desk,
    ):
        page = await phone.open(f"{machine.url}/return/nordhaus")
        await find_order(page)
        await by(page, "reason-damaged").click()
        await by(page, "words").fill("The shade has a crack.")
        await page.reload()
        await expect(by(page, "words")).to_have_value("The shade has a crack.", timeout=STEP_MS)
        sent = 0

        async def cut(route: Route) -> None:
            nonlocal sent
            sends = route.request.method == "PATCH"
            sent += sends
            if sends and sent == 2:
                await phone.context.set_offline(True)
            await route.continue_()

        await page.route("**/api/filing/uploads/**", cut)
        await by(page, "files").set_input_files(photo)
        await expect(by(page, "upload")).to_have_attribute("data-state", "waiting", timeout=STEP_MS)
        await look(page, "return-offline")
        await by(page, "file").click()
        await expect(page.get_by_text("Wait until your photos are sent")).to_be_visible()
        await phone.context.set_offline(False)
        await expect(by(page, "upload")).to_have_attribute("data-state", "done", timeout=STEP_MS)
        await look(page, "return-form")
        assert not await page.evaluate(OVERFLOWS_JS)
        await by(page, "file").dblclick()
        await expect(by(page, "filed")).to_be_visible(timeout=STEP_MS)
        await look(page, "return-filed")
        await page.reload()
        await expect(by(page, "wait")).to_be_visible(timeout=STEP_MS)
        await by(page, "show-now").click()
        await by(page, "join").click(timeout=STEP_MS)
        await expect(page.locator(".waiting")).to_be_visible(timeout=STEP_MS)
        async with (
            machine.api() as http,
            http.get("/api/v1/cases?order_number=LL-20871") as response,
        ):
            cases = (await response.json())["items"]
        assert [case["state"] for case in cases] == ["waiting"]
        console = await desk.open(f"{machine.url}/console?case={cases[0]['id']}")
        await sign_in(console, machine.people["seller"])
        await by(console, "attachment").click(timeout=STEP_MS)
        await expect(by(console, "attachment-dialog")).to_contain_text("SHA-256")
        await look(console, "console-attachment")
        assert not phone.console_errors or all("ERR_" in text for text in phone.console_errors)


async def test_the_form_reads_from_right_to_left_in_arabic(machine: Machine) -> None:
    """Chosen by the browser's language; nothing overflows, and the unknown order says so."""
    async with chromium(viewport=PHONE, locale="ar-EG") as phone:
        page = await phone.open(f"{machine.url}/return/nordhaus")
        await by(page, "order-number").fill("NOPE", timeout=STEP_MS)
        assert await page.evaluate("document.documentElement.dir") == "rtl"
        await by(page, "email").fill("a@example.com")
        await by(page, "find").click()
        await expect(by(page, "unknown-order")).to_be_visible(timeout=STEP_MS)
        await look(page, "return-arabic")
        assert not await page.evaluate(OVERFLOWS_JS)
        await by(page, "name").fill("سلمى")
        await by(page, "bought").fill("مصباح")
        await by(page, "reason-other").click()
        await by(page, "file").click()
        await expect(by(page, "filed")).to_be_visible(timeout=STEP_MS)


async def test_a_shop_embeds_the_form_by_one_line_if_the_seller_named_it(machine: Machine) -> None:
    """On another origin; a shop that nobody named gets an empty frame."""
    port = free_port()
    script = f'<script src="{machine.url}/embed.js" data-seller="nordhaus"></script>'
    html = f"<!doctype html><button data-proofcall-return>Return</button>{script}"

    async def shop(_request: web.Request) -> web.Response:
        return web.Response(text=html, content_type="text/html")

    app = web.Application()
    app.router.add_get("/", shop)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        async with chromium(viewport=PHONE) as phone:
            page = await phone.open(f"http://localhost:{port}/")
            async with page.expect_console_message(lambda said: "frame-ancestors" in said.text):
                await page.get_by_role("button").click()
            rules = {"origins": [f"http://localhost:{port}"]}
            async with machine.api() as http, http.put("/api/v1/filing", json=rules) as response:
                assert response.status == 200
            await page.reload()
            await page.get_by_role("button").click()
            frame = page.frame_locator("iframe")
            await frame.locator('[data-test="order-number"]').fill("LL-1", timeout=STEP_MS)
            await look(page, "return-embedded")
    finally:
        await runner.cleanup()
