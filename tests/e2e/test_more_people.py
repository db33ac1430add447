"""More than two in a call, in real browsers: an interpreter, a hand-over, the seller as host."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio
from playwright.async_api import Page

from tests.support.cameras import Camera
from tests.support.chromium import DESK, PHONE, TABLET, Chromium, SyncedCamera, chromium
from tests.support.journeys import (
    STEP_MS,
    Call,
    Json,
    be_ready,
    by,
    call,
    download,
    light_camera,
    sign_in,
    timeline_when,
)
from tests.support.machine import Machine, running_machine
from tests.support.media_probe import probe_media
from tests.support.screen import wait_for_code

pytestmark = [
    pytest.mark.alone,
    pytest.mark.browser,
    pytest.mark.usefixtures("chromium_binary"),
    pytest.mark.asyncio(loop_scope="module"),
]

SEALED_WITHIN_S = 20.0


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def machine(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Machine]:
    """A machine with every process."""
    async with running_machine(tmp_path_factory.mktemp("machine") / "data") as running:
        yield running


@asynccontextmanager
async def third_person() -> AsyncIterator[Chromium]:
    """A third browser whose camera two cores can bear beside two others."""
    camera = SyncedCamera(Camera.THIRD, width=640, height=360, fps=12)
    async with chromium(camera, viewport=TABLET) as browser:
        yield browser


async def shows(page: Page, video: str, camera: Camera) -> None:
    """Wait until a page's video shows the live picture of one camera."""
    await wait_for_code(by(page, video), camera=camera, timeout_s=25)


async def cameras_of(machine: Machine, timeline: Json) -> list[tuple[str, str, set[Camera]]]:
    """Of each recording whose it is and which cameras it shows."""
    found = []
    for recording in timeline["recordings"]:
        probe = await asyncio.to_thread(probe_media, await download(machine, recording["url"]))
        person = recording["participant"]
        found.append((person["role"], person["name"], probe.cameras()))
    return sorted(found, key=lambda one: (one[0], one[1]))


async def interpreter_link(held: Call) -> str:
    """The host makes a link for an interpreter."""
    await by(held.host_page, "people").click()
    await by(held.host_page, "make-observe-link").click(timeout=STEP_MS)
    url = await by(held.host_page, "observe-url").input_value(timeout=STEP_MS)
    await held.host_page.keyboard.press("Escape")
    return url


@pytest.mark.timeout(240)
async def test_an_interpreter_joins_by_link_and_everybody_sees_everybody(machine: Machine) -> None:
    """Seen and heard by both, seeing both, recorded; silenced by the host, and shown out."""
    async with call(machine) as held, third_person() as third:
        session_id = await held.session_id()
        page = await third.open(await interpreter_link(held))
        await by(page, "observer-name").fill("Mei Lin", timeout=STEP_MS)
        await by(page, "come-in").click()
        await by(page, "in-call").wait_for(timeout=STEP_MS)
        await asyncio.gather(
            shows(page, "buyer-video", Camera.BUYER),
            shows(page, "host-video", Camera.HOST),
            shows(held.buyer_page, "guest-video", Camera.THIRD),
            shows(held.host_page, "guest-video", Camera.THIRD),
        )
        for watching in (held.buyer_page, held.host_page):
            pill = by(watching, "observer").first
            assert "Mei Lin" in (await pill.text_content() or "")
            assert await pill.get_attribute("data-voice") == "speaks"
        # Buyer and host see each other as before.
        await held.sees_the_other()
        # After a reload the observer is in the same seat again.
        await page.reload()
        await by(page, "in-call").wait_for(timeout=STEP_MS)
        await shows(held.buyer_page, "guest-video", Camera.THIRD)
        await by(held.host_page, "people").click()
        row = held.host_page.locator('[data-test="person"][data-role="observer"]')
        await row.locator('[data-test="silence"]').click()
        await by(held.buyer_page, "guest").wait_for(state="detached", timeout=STEP_MS)
        await page.locator('[data-test="in-call"][data-voice="asks"]').wait_for(timeout=STEP_MS)
        # Who may not speak still sees and hears.
        await shows(page, "buyer-video", Camera.BUYER)
        await row.locator('[data-test="show-out"]').click()
        await by(page, "problem-removed").wait_for(timeout=STEP_MS)
        await held.host_page.keyboard.press("Escape")
        await by(held.buyer_page, "observer").wait_for(state="detached", timeout=STEP_MS)
        await held.end()
        timeline = await timeline_when(machine, session_id, within_s=SEALED_WITHIN_S)
    assert await cameras_of(machine, timeline) == [
        ("buyer", timeline["case"]["buyer"]["name"], {Camera.BUYER}),
        ("host", "Mara Lindt", {Camera.HOST}),
        ("observer", "Mei Lin", {Camera.THIRD}),
    ]


@pytest.mark.timeout(240)
async def test_a_buyer_is_handed_to_another_host_without_leaving(machine: Machine) -> None:
    """Both hosts talk to the buyer, then the second alone; one session, one timeline."""
    async with call(machine) as held, third_person() as third:
        session_id = await held.session_id()
        jonas = await third.open(f"{machine.url}/inspect")
        await sign_in(jonas, machine.people["inspector 2"])
        # What is recorded of who works here stands in full until they come on shift.
        words = by(jonas, "recorded-words")
        await words.wait_for(timeout=STEP_MS)
        assert "Recorded" in (await words.text_content() or "")
        await be_ready(jonas)
        await by(jonas, "recorded-hint").wait_for(timeout=STEP_MS)
        assert await words.count() == 0
        await by(held.host_page, "people").click()
        await by(held.host_page, "handover").click(timeout=STEP_MS)
        await by(held.host_page, "handover-note").fill("The zip is the question.")
        await by(held.host_page, "ask-host-over").click(timeout=STEP_MS)
        ring = by(jonas, "ring")
        await ring.wait_for(timeout=STEP_MS)
        assert "The zip is the question." in (await ring.text_content() or "")
        await by(jonas, "ring-yes").click()
        await by(jonas, "host-call").wait_for(timeout=STEP_MS)
        await asyncio.gather(
            shows(jonas, "remote-video", Camera.BUYER),
            shows(jonas, "guest-video", Camera.HOST),
            shows(held.host_page, "guest-video", Camera.THIRD),
            shows(held.buyer_page, "guest-video", Camera.THIRD),
            shows(held.buyer_page, "remote-video", Camera.HOST),
        )
        assert "Jonas Weber" in (await by(held.buyer_page, "handover").text_content() or "")
        assert await by(jonas, "end").is_disabled()
        await by(held.host_page, "finish-handover").click()
        await by(held.host_page, "desk").wait_for(timeout=STEP_MS)
        await shows(held.buyer_page, "remote-video", Camera.THIRD)
        await by(held.buyer_page, "guest").wait_for(state="detached", timeout=STEP_MS)
        assert await by(held.buyer_page, "in-call").count() == 1
        assert await held.session_id() == session_id
        second = Call(machine, held.case, held.join_url, held.buyer, third, held.buyer_page, jonas)
        await second.mark("damage")
        await asyncio.sleep(2)
        await second.end()
        timeline = await timeline_when(machine, session_id, within_s=SEALED_WITHIN_S)
    assert await cameras_of(machine, timeline) == [
        ("buyer", timeline["case"]["buyer"]["name"], {Camera.BUYER}),
        ("host", "Jonas Weber", {Camera.THIRD}),
        ("host", "Mara Lindt", {Camera.HOST}),
    ]
    changed = [event for event in timeline["events"] if event["kind"] == "host_changed"]
    marker = next(event for event in timeline["events"] if event["kind"] == "marker")
    assert len(changed) == 1
    assert changed[0]["seq"] < marker["seq"]
    assert marker["actor"]["name"] == "Jonas Weber"


@pytest.mark.timeout(180)
async def test_the_seller_hosts_a_call_from_the_console(machine: Machine) -> None:
    """The button on the case's page leads into it; nobody of a warehouse is needed."""
    opened = await machine.open_case(1)
    async with (
        chromium(light_camera(Camera.BUYER), viewport=PHONE) as buyer,
        chromium(light_camera(Camera.HOST), viewport=DESK) as seller,
    ):
        buyer_page = await buyer.open(opened["join_url"])
        await by(buyer_page, "join").click(timeout=STEP_MS)
        await by(buyer_page, "waiting-page").wait_for(timeout=STEP_MS)
        page = await seller.open(f"{machine.url}/console?case={opened['case']['id']}")
        await sign_in(page, machine.people["seller"])
        await by(page, "host-now").click(timeout=STEP_MS)
        # The first call of this person: they read what is recorded, and one button does both.
        await by(page, "agree-and-take").click(timeout=STEP_MS)
        await by(page, "host-call").wait_for(timeout=STEP_MS)
        await asyncio.gather(
            shows(page, "remote-video", Camera.BUYER),
            shows(buyer_page, "remote-video", Camera.HOST),
        )
        held = Call(machine, opened["case"], opened["join_url"], buyer, seller, buyer_page, page)
        await held.end()
        await by(buyer_page, "ended").wait_for(timeout=STEP_MS)
