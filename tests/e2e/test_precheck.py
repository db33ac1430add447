"""The check before a call, in real browsers: what it finds, what it says, that it never waits."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page

from infra.local.coturn import Coturn
from tests.support.chromium import PHONE, TABLET, chromium, screenshot
from tests.support.far_browsers import office
from tests.support.journeys import STEP_MS, by, come_on_shift
from tests.support.machine import Machine, free_port, running_machine
from tests.support.namespaces import Network, network
from tests.support.servers import start_or_skip

pytestmark = [
    pytest.mark.alone,
    pytest.mark.browser,
    pytest.mark.usefixtures("chromium_binary"),
    pytest.mark.asyncio(loop_scope="module"),
]

SHOTS = os.environ.get("PROOFCALL_TEST_SHOTS")


@pytest.fixture
def net() -> Iterator[Network]:
    """A network to build; skips without root."""
    with ExitStack() as stack:
        yield start_or_skip(lambda: stack.enter_context(network()))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def machine(
    coturn: Coturn, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Machine]:
    """A machine whose settings name the TURN server."""
    data = tmp_path_factory.mktemp("machine") / "data"
    async with running_machine(data, turn_urls=coturn.urls, turn_secret=coturn.secret) as running:
        yield running


class Tapped:
    """Watches a page for its check and for what it joins with."""

    def __init__(self, page: Page) -> None:
        self.loads = 0
        self.joins: list[dict[str, Any]] = []
        page.on("request", self._look)

    def _look(self, request: Any) -> None:
        if request.url.partition("?")[0].endswith("/precheck/load"):
            self.loads += 1
        elif request.method == "POST" and "/precheck" not in request.url:
            body = json.loads(request.post_data or "{}")
            if "precheck" in body:
                self.joins.append(body)


async def joined_with(page: Page, tapped: Tapped) -> dict[str, Any] | None:
    """Tap, wait for the waiting page; gives the findings that went with the join."""
    await by(page, "join").click(timeout=STEP_MS)
    await by(page, "waiting-page").wait_for(timeout=STEP_MS)
    findings: dict[str, Any] | None = tapped.joins[0]["precheck"]
    return findings


async def test_the_check_finds_every_way_and_goes_with_the_join(machine: Machine) -> None:
    """WebSocket, UDP, the relay and both rates, within five seconds, and no word is said."""
    opened = await machine.open_case()
    async with chromium(viewport=PHONE) as browser:
        page = await browser.open(opened["join_url"])
        tapped = Tapped(page)
        async with asyncio.timeout(10):
            # The last of five loads has been answered.
            while tapped.loads < 5:
                await asyncio.sleep(0.05)
        await page.wait_for_load_state("networkidle")
        assert await by(page, "network-hint").count() == 0
        found = await joined_with(page, tapped)
        assert browser.console_errors == []
    print(found)
    assert found is not None
    assert (found["websocket"], found["udp"], found["relay"]) == (True, True, "udp")
    assert 0 <= found["rtt_ms"] < 200
    assert found["uplink_bps"] > 1_000_000
    assert found["downlink_bps"] > 1_000_000
    assert found["took_ms"] <= 5_000


async def test_a_tap_does_not_wait_for_the_check(machine: Machine) -> None:
    """Who taps at once joins without findings, and the check is given up."""
    opened = await machine.open_case()
    async with chromium(viewport=PHONE) as browser:
        page = await browser.context.new_page()
        tapped = Tapped(page)
        await page.goto(opened["join_url"])
        assert await joined_with(page, tapped) is None
        assert tapped.loads == 0


async def test_a_host_s_network_is_checked_at_the_desk(machine: Machine) -> None:
    """In the background; a good one is not spoken of."""
    async with chromium(viewport=TABLET) as browser:
        async with browser.context.expect_event(
            "request", lambda request: "/api/host/precheck/load" in request.url, timeout=STEP_MS
        ):
            page = await come_on_shift(machine, browser)
        assert await by(page, "network-hint").count() == 0


async def test_a_slow_line_is_told_and_does_not_keep_from_joining(machine: Machine) -> None:
    """The note says what helps, in the buyer's language."""
    opened = await machine.open_case()
    async with chromium(viewport=PHONE) as browser:
        page = await browser.context.new_page()
        devtools = await browser.context.new_cdp_session(page)
        await page.goto(opened["join_url"])
        tapped = Tapped(page)
        await devtools.send("Network.enable")
        slow = {"offline": False, "latency": 50, "uploadThroughput": 9_000}
        await devtools.send(
            "Network.emulateNetworkConditions", {**slow, "downloadThroughput": 60_000}
        )
        await by(page, "network-hint").wait_for(timeout=STEP_MS)
        assert await by(page, "network-hint").get_attribute("data-hint") == "slow"
        if SHOTS:
            await screenshot(page, Path(SHOTS), "hint-slow")
        found = await joined_with(page, tapped)
    assert found is not None
    assert 30_000 < found["uplink_bps"] < 150_000


@pytest.mark.timeout(150)
async def test_a_network_that_blocks_media_is_told_in_each_language(
    net: Network, tmp_path: Path
) -> None:
    """No UDP gets out and there is no TURN server: the note says so, and a tap still joins."""
    third = os.getpid() % 250
    server = f"10.73.{third}.1"
    guest = office(net, f"10.73.{third}.2/24", f"{server}/24")
    guest.run("iptables", "-A", "OUTPUT", "-p", "udp", "-j", "DROP")
    async with running_machine(tmp_path / "data", http=f"{server}:{free_port()}") as machine:
        for locale, language in (
            ("en-US", "en"),
            ("de-DE", "de"),
            ("es-ES", "es"),
            ("zh-CN", "zh"),
        ):
            opened = await machine.open_case(
                buyer={"name": "Maya", "email": None, "locale": language.replace("zh", "zh-Hans")}
            )
            secure = f"--unsafely-treat-insecure-origin-as-secure={machine.url}"
            with pytest.MonkeyPatch.context() as patched:
                patched.setenv("CHROMIUM", str(guest.browser(tmp_path)))
                async with chromium(viewport=PHONE, locale=locale, flags=(secure,)) as browser:
                    page = await browser.open(opened["join_url"])
                    tapped = Tapped(page)
                    hint = by(page, "network-hint")
                    await hint.wait_for(timeout=STEP_MS)
                    assert await hint.get_attribute("data-hint") == "blocked"
                    if SHOTS:
                        await screenshot(page, Path(SHOTS), f"hint-blocked-{language}")
                    if language == "en":
                        async with asyncio.timeout(10):
                            found = await joined_with(page, tapped)
                        assert found is not None
                        assert (found["udp"], found["relay"]) == (False, None)
                        assert found["took_ms"] <= 5_000
        with pytest.MonkeyPatch.context() as patched:
            patched.setenv("CHROMIUM", str(guest.browser(tmp_path)))
            async with chromium(viewport=TABLET, flags=(secure,)) as browser:
                page = await come_on_shift(machine, browser)
                await by(page, "network-hint").wait_for(timeout=STEP_MS)
                if SHOTS:
                    await screenshot(page, Path(SHOTS), "hint-desk")
