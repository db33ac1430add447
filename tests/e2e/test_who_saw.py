"""Who sees evidence: every operation that gives some away is in the log, and so is a replay."""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Page

from cases import log
from cases.database import Database
from cases.keys import KeyRing
from cases.log import LogKind
from cases.people import actor_of_key, create_api_key
from cases.states import Scope
from cases.tables import Case, Share
from proofcall.demo import seed
from tests.integration.test_isolation import operations
from tests.support.chromium import DESK, PHONE, TABLET, chromium, screenshot
from tests.support.journeys import STEP_MS, by, sign_in
from tests.support.machine import Machine, running_machine

Json = dict[str, Any]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.usefixtures("chromium_binary"),
    pytest.mark.asyncio(loop_scope="module"),
]

_PLACE: Final = re.compile(r"\{(\w+)\}")
_ROOTS: Final = ("cases", "sessions", "recordings", "stills", "evidence-packages")
_NO_EVIDENCE: Final = {
    "/api/v1/cases/{id}/access": "the log itself",
    "/api/v1/cases/{id}/attachments": "names and digests; each file is noted",
    "/api/v1/cases/{id}/attachments/{attachment_id}": "the demo has none; as its preview",
    "/api/v1/cases/{id}/attachments/{attachment_id}/preview": "tests/integration/test_filing.py",
    "/api/v1/cases/{id}/deadlines": "dates",
    "/api/v1/cases/{id}/derived-copies": "what was ordered; each film is noted",
    "/api/v1/cases/{id}/erasure": "what was taken away",
    "/api/v1/cases/{id}/events": "what was done to the case",
    "/api/v1/cases/{id}/evidence-notes": "what waits or does not match",
    "/api/v1/cases/{id}/evidence-places": "where it is kept",
    "/api/v1/cases/{id}/evidence-packages": "sizes and digests; each file is noted",
    "/api/v1/cases/{id}/keeping": "until when it is kept",
    "/api/v1/cases/{id}/labels/{label_id}": "tests/integration/test_parcel_ports.py",
    "/api/v1/cases/{id}/held": "what waits to be undone",
    "/api/v1/cases/{id}/contacts": "where a buyer is reached",
    "/api/v1/cases/{id}/notices": "what a buyer was told",
    "/api/v1/cases/{id}/person-exports": "sizes and digests; each file is noted",
    "/api/v1/cases/{id}/scripts": "texts to answer with",
    "/api/v1/cases/{id}/shares": "to whom links were given",
    "/api/v1/cases/{id}/way": "labels and refunds",
    "/api/v1/evidence-packages/{id}": "size and digest; the file is noted",
}
"""Reads of a case that give no evidence away, and why."""


@dataclass(slots=True)
class World:
    """A machine with a finished inspection."""

    machine: Machine
    demo: Json
    session_id: str
    timeline: Json
    http: aiohttp.ClientSession
    database: Database

    async def ask(self, method: str, path: str, **more: Any) -> tuple[int, Any]:
        """Status and JSON of an answer to the seller's machine."""
        secret = more.pop("key", self.demo["api_key"])
        headers = {"Authorization": f"Bearer {secret}", **more.pop("headers", {})}
        async with self.http.request(
            method, f"{self.machine.url}{path}", headers=headers, **more
        ) as response:
            content = await response.read()
        is_json = "json" in response.content_type
        return response.status, json.loads(content) if is_json else content

    async def fresh_key(self) -> str:
        """A key that has looked at nothing yet."""
        async with self.database.begin() as tx:
            case = await tx.get_one(Case, self.demo["recorded_case"])
            return await create_api_key(
                tx,
                tenant_id=case.tenant_id,
                name="Fresh",
                scopes=list(Scope),
                now=datetime.now(UTC),
            )

    async def id_of(self, secret: str) -> str:
        """A key's id."""
        async with self.database.read() as tx:
            actor = await actor_of_key(tx, secret)
        assert actor is not None
        return actor.api_key_id

    async def entries(self) -> list[Json]:
        """The case's access log, newest first, read by pages of three."""
        found: list[Json] = []
        cursor = ""
        while True:
            path = f"/api/v1/cases/{self.demo['recorded_case']}/access?limit=3{cursor}"
            status, page = await self.ask("GET", path)
            assert status == 200
            found += page["items"]
            if page["next_cursor"] is None:
                return found
            cursor = f"&cursor={page['next_cursor']}"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """One machine for all of these."""
    data = tmp_path_factory.mktemp("machine") / "data"
    data.mkdir()
    (data / "seeded").touch()
    async with running_machine(data) as machine, aiohttp.ClientSession() as http:
        demo = await seed(machine.settings)
        database = Database(machine.settings.database)
        made = World(machine, demo, "", {}, http, database)
        _, case = await made.ask("GET", f"/api/v1/cases/{demo['recorded_case']}")
        made.session_id = next(one["id"] for one in case["sessions"] if one["recorded"])
        _, made.timeline = await made.ask("GET", f"/api/v1/sessions/{made.session_id}/timeline")
        yield made
        await database.close()


async def kept(page: Page, name: str) -> None:
    """A picture of the page, on demand."""
    if folder := os.environ.get("SCREENSHOTS"):
        await screenshot(page, Path(folder), name)


async def test_every_operation_that_gives_evidence_away_is_in_the_log(world: World) -> None:
    """Each read of the described API by a key of its own, so that no look hides behind another."""
    case_id = world.demo["recorded_case"]
    _, package = await world.ask("POST", f"/api/v1/cases/{case_id}/evidence-packages")
    state = "wanted"
    while state == "wanted":
        await asyncio.sleep(0.2)
        state = (await world.ask("GET", f"/api/v1/evidence-packages/{package['id']}"))[1]["state"]
    assert state == "ready"
    ids = {
        "cases": case_id,
        "sessions": world.session_id,
        "recordings": world.timeline["recordings"][0]["recording_id"],
        "stills": world.timeline["stills"][0]["still_id"],
        "evidence-packages": package["id"],
    }
    _, document = await world.ask("GET", "/api/v1/openapi.json")
    unnoted: list[str] = []
    given = 0
    for method, path, _, _ in operations(document):
        root = path.removeprefix("/api/v1/").split("/")[0]
        if method != "GET" or root not in _ROOTS or "{" not in path or path in _NO_EVIDENCE:
            continue
        key = await world.fresh_key()
        status, content = await world.ask("GET", _PLACE.sub(ids[root], path), key=key)
        if path.endswith("/preview") and status == 404:
            continue  # The demo's photographs were cut without one.
        assert status in (200, 206), f"{path}: {status} {content}"
        given += 1
        who = f"key:{await world.id_of(key)}"
        if not any(one["actor"] == who for one in await world.entries()):
            unnoted.append(path)
    assert not unnoted
    assert given >= 6
    noted = {(one["kind"], one["what"]) for one in await world.entries()}
    assert noted >= {
        ("looked", "case"),
        ("looked", "thread"),
        ("looked", "timeline"),
        ("looked", "still"),
        ("served", "recording"),
        ("ordered", "package"),
        ("downloaded", "package"),
        ("downloaded", "receipt"),
    }


async def test_ranges_are_noted_by_five_minutes_and_downloads_each(world: World) -> None:
    """A player's hundred ranges are one entry; what was sent contains what was asked for."""
    recording = world.timeline["recordings"][0]
    before = len([one for one in await world.entries() if one["kind"] == "served"])
    for start in range(0, 50_000, 1000):
        status, _ = await world.ask(
            "GET", recording["url"], headers={"Range": f"bytes={start}-{start + 999}"}
        )
        assert status == 206
    served = [one for one in await world.entries() if one["kind"] == "served"]
    assert len(served) <= before + 1
    (span,) = served[0]["spans"]
    assert span["to_ms"] - span["from_ms"] == 300_000
    assert span["from_ms"] <= recording["start_ms"] + 1000 < span["to_ms"]
    receipts = []
    for _ in range(2):
        await world.ask("GET", f"/api/v1/sessions/{world.session_id}/receipt")
        found = [one for one in await world.entries() if one["what"] == "receipt"]
        receipts.append(len(found))
    assert receipts[1] == receipts[0] + 1


async def test_a_report_of_a_replay_is_written_once_and_only_of_moments_that_were(
    world: World,
) -> None:
    """Spans are merged, a repeat changes nothing, and nobody reports another year or backwards."""
    path = f"/api/v1/sessions/{world.session_id}/replays"
    start = world.timeline["start_ms"]

    async def report(*spans: tuple[int, int], client_id: str = "report-0001") -> int:
        told = [{"from_ms": start + begin, "to_ms": start + end} for begin, end in spans]
        body = {"client_id": client_id, "spans": told}
        return (await world.ask("POST", path, json=body))[0]

    assert await report((0, 500), (400, 900), (1500, 1500), (4000, 4200)) == 204
    assert await report((0, 500)) == 204
    assert await report((-9_000_000, 10), client_id="report-0002") == 422
    assert await report((500, 400), client_id="report-0003") == 422
    assert await report(client_id="report-0004") == 422
    (entry,) = [one for one in await world.entries() if one["kind"] == "replayed"]
    spans = [(one["from_ms"] - start, one["to_ms"] - start) for one in entry["spans"]]
    assert spans == [(0, 1500), (4000, 4200)]


async def test_the_case_page_says_who_replayed_what(world: World) -> None:
    """A reviewer plays three seconds; the agent reads it on the case, and the chain holds."""
    async with chromium(viewport=DESK) as browser:
        page = await browser.open(f"{world.machine.url}/review?case={world.demo['recorded_case']}")
        await sign_in(page, world.demo["sign_ins"]["reviewer"])
        await by(page, "replay").wait_for(timeout=STEP_MS)
        await by(page, "mark-in").wait_for(timeout=STEP_MS)
        async with page.expect_response(re.compile("/replays$"), timeout=STEP_MS) as told:
            await page.keyboard.press("Space")
            await page.wait_for_timeout(3000)
            await page.keyboard.press("Space")
        assert (await told.value).status == 204
    replayed = [one for one in await world.entries() if one["kind"] == "replayed"]
    played = max(span["to_ms"] - span["from_ms"] for span in replayed[0]["spans"])
    assert 1500 <= played <= 6000
    async with chromium(viewport=DESK) as browser:
        page = await browser.open(f"{world.machine.url}/console?case={world.demo['recorded_case']}")
        await sign_in(page, world.demo["sign_ins"]["seller"])
        card = by(page, "access-card")
        await card.wait_for(timeout=STEP_MS)
        words = card.locator('[data-kind="replayed"]').first
        await words.wait_for(timeout=STEP_MS)
        assert re.search(r"Replayed 00:\d\d–00:\d\d.* by \w+", await words.inner_text())
        await card.scroll_into_view_if_needed()
        await kept(page, "case-access")
    keys = KeyRing.load(world.machine.settings)
    async with world.database.read() as tx:
        case = await tx.get_one(Case, world.demo["recorded_case"])
        key = await keys.tenant_key(tx, case.tenant_id)
        await log.verify(tx, log=LogKind.ACCESS, subject_id=case.tenant_id, key=key)


# Shares


@dataclass(slots=True)
class Viewer:
    """A browser without an account, by its requests alone."""

    base: str
    http: aiohttp.ClientSession
    share_id: str = ""

    async def come(self, url: str) -> int:
        """Exchange a link's secret for its cookie."""
        body = {"token": url.partition("#")[2]}
        async with self.http.post(
            f"{self.base}/api/shared", json=body, headers={"X-Proofcall": "1"}
        ) as response:
            answer = await response.json()
            if response.status == 200:
                self.share_id = answer["share_id"]
                cookie = response.cookies["pc_share"]
                assert cookie["httponly"]
                assert cookie["samesite"] == "Strict"
                assert cookie["path"] == f"/api/shared/{self.share_id}"
            return response.status

    async def ask(self, path: str, share_id: str = "", **headers: str) -> tuple[int, bytes]:
        """Status and content of something of the share."""
        url = f"{self.base}/api/shared/{share_id or self.share_id}{path}"
        async with self.http.get(url, headers=headers) as response:
            return response.status, await response.read()


async def shared(world: World, **wanted: Any) -> tuple[Json, str]:
    """A new share of the recorded inspection, and its link."""
    path = f"/api/v1/sessions/{world.session_id}/shares"
    status, made = await world.ask("POST", path, json={"name": "Dr. Mia Brandt", **wanted})
    assert status == 201, made
    return made["share"], made["url"]


@asynccontextmanager
async def viewer(world: World, url: str) -> AsyncIterator[Viewer]:
    """Somebody who has opened a link."""
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar) as http:
        one = Viewer(world.machine.url, http)
        assert await one.come(url) == 200
        yield one


def moment(world: World, after_ms: int) -> str:
    """A moment after the first recording's start, as the API takes it."""
    ms = world.timeline["recordings"][0]["start_ms"] + after_ms
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat()


async def test_a_share_opens_its_own_and_nothing_else(world: World) -> None:
    """Guesses, another share's cookie, other addresses, keeping what is only shown, and its end."""
    mine, url = await shared(world)
    other, other_url = await shared(world, name="Somebody else")
    assert len(url.partition("#")[2]) == 43
    recording, still = world.timeline["recordings"][0], world.timeline["stills"][0]
    media = f"/recordings/{recording['recording_id']}/media"
    async with viewer(world, url) as here, viewer(world, other_url) as there:
        for wrong in ("x", "A" * 43, url.partition("#")[2][:-1], mine["id"]):
            assert await there.come(f"#{wrong}") == 404
        assert (await here.ask(""))[0] == 200
        whole = (await here.ask(media))[1]
        assert (await here.ask(media, Range="bytes=0-99"))[0] == 206
        assert (await here.ask(f"/stills/{still['still_id']}/image"))[0] == 200
        # The cookie is not sent to another share's addresses, and if it were it opens none.
        stolen = {"Cookie": f"pc_share={url.partition('#')[2]}"}
        assert (await here.ask("", other["id"]))[0] == 404
        assert (await here.ask("", other["id"], **stolen))[0] == 404
        assert (await here.ask("/recordings/rec_none/media"))[0] == 404
        # It is a viewer's, not a reviewer's.
        for path in (recording["url"], f"/api/v1/sessions/{world.session_id}/timeline"):
            async with here.http.get(f"{here.base}{path}", headers=stolen) as response:
                assert response.status == 401
        # To be looked at, not to be kept.
        assert (await here.ask(media.replace("/media", "/file")))[0] == 403
        for dest in ("document", "empty"):
            assert (await here.ask(media, **{"Sec-Fetch-Dest": dest}))[0] == 403
        assert (await here.ask(media, **{"Sec-Fetch-Dest": "video"}))[0] == 200
        status, _ = await world.ask("DELETE", f"/api/v1/shares/{mine['id']}")
        assert status == 204
        status, told = await here.ask("")
        assert (status, json.loads(told)["code"]) == (410, "link_revoked")
        for path in (media, f"/stills/{still['still_id']}/image"):
            assert (await here.ask(path, Range="bytes=0-99"))[0] == 410
        assert await here.come(url) == 410
        assert (await there.ask(media))[1] == whole
    kinds = [(one["kind"], one["actor"], one["name"]) for one in await world.entries()]
    me = f"share:{mine['id']}"
    assert ("served", me, "Dr. Mia Brandt") in kinds
    assert ("looked", me, "Dr. Mia Brandt") in kinds
    by_key = [kind for kind, actor, _ in kinds if actor.startswith("key:")]
    assert {"shared", "share_ended"} <= set(by_key)


async def test_a_shared_part_holds_no_byte_of_other_moments(world: World) -> None:
    """Fragments outside it are in no range; photographs and reports outside it neither."""
    recording = world.timeline["recordings"][0]
    media = f"/recordings/{recording['recording_id']}/media"
    _, whole = await world.ask("GET", recording["url"])
    half = recording["duration_ms"] // 2
    mine, url = await shared(
        world, **{"from": moment(world, 0), "to": moment(world, half)}, may_download=True
    )
    async with viewer(world, url) as here:
        shown = json.loads((await here.ask(""))[1])
        assert shown["is_part"]
        (found,) = [
            one
            for one in shown["timeline"]["recordings"]
            if one["recording_id"] == recording["recording_id"]
        ]
        assert half <= found["duration_ms"] < recording["duration_ms"]
        assert shown["timeline"]["end_ms"] == mine["to_ms"]
        assert {one["participant"]["name"] for one in shown["timeline"]["recordings"]} == {""}
        status, content = await here.ask(media)
        assert status == 200
        assert len(content) < 0.75 * len(whole)
        assert whole[-3000:-2000] not in content
        assert (await here.ask(media, Range=f"bytes={len(content)}-"))[0] == 416
        status, file = await here.ask(media.replace("/media", "/file"))
        assert (status, file) == (200, content)
        late = [one for one in world.timeline["stills"] if one["at_ms"] > (mine["to_ms"] or 0)]
        for still in late:
            assert (await here.ask(f"/stills/{still['still_id']}/image"))[0] == 404
    downloads = [one for one in await world.entries() if one["actor"] == f"share:{mine['id']}"]
    assert "downloaded" in {one["kind"] for one in downloads}


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"name": " "}, 422, "invalid"),
        ({"days": 91}, 422, "invalid"),
        ({"days": 0}, 422, "invalid"),
        ({"from": "2026-01-01T00:00:00Z"}, 422, "invalid"),
        ({"from": "2001-01-01T00:00:00Z", "to": "2001-01-02T00:00:00Z"}, 422, "bad_part"),
        ({"email": "nobody"}, 422, "invalid"),
    ],
)
async def test_a_share_that_cannot_be_is_refused(
    world: World, change: Json, status: int, code: str
) -> None:
    """A name, at most ninety days, and moments of this inspection."""
    path = f"/api/v1/sessions/{world.session_id}/shares"
    answered, told = await world.ask("POST", path, json={"name": "Mia", **change})
    assert (answered, told["code"]) == (status, code)


async def test_an_expired_share_opens_nothing_and_a_repeat_makes_no_second(world: World) -> None:
    """The list tells both; the same key gives the same link."""
    path = f"/api/v1/sessions/{world.session_id}/shares"
    once = {"Idempotency-Key": "share-once"}
    answers = [
        (await world.ask("POST", path, json={"name": "Old", "days": 1}, headers=once))[1]
        for _ in range(2)
    ]
    assert answers[0] == answers[1]
    url = answers[0]["url"]
    async with world.database.begin() as tx:
        share = await tx.get_one(Share, answers[0]["share"]["id"])
        assert share.token_hash == sha256(url.partition("#")[2].encode()).digest()
        share.expires_at = datetime.now(UTC)
    async with aiohttp.ClientSession() as http:
        assert await Viewer(world.machine.url, http).come(url) == 410
    _, listed = await world.ask("GET", f"/api/v1/cases/{world.demo['recorded_case']}/shares")
    assert [one["state"] for one in listed["items"] if one["name"] == "Old"] == ["expired"]


PICTURE_JS = """(id) => {
  const video = document.querySelector(`video[data-recording-id="${id}"]`);
  const { currentTime: at, readyState: ready, videoWidth: wide } = video;
  return { at, ready, wide };
}"""


async def test_a_viewer_replays_under_their_own_mark_until_it_is_withdrawn(world: World) -> None:
    """Shared from the review, seen on a phone, marked in full screen too, ended in the console."""
    case_id = world.demo["recorded_case"]
    async with chromium(viewport=DESK) as browser:
        page = await browser.open(f"{world.machine.url}/review?case={case_id}")
        await sign_in(page, world.demo["sign_ins"]["reviewer"])
        await by(page, "replay").wait_for(timeout=STEP_MS)
        await by(page, "mark-in").wait_for(timeout=STEP_MS)
        await page.keyboard.press("ArrowRight")
        await page.keyboard.press("i")
        for _ in range(3):
            await page.keyboard.press("ArrowRight")
        await page.wait_for_timeout(500)
        await page.keyboard.press("o")
        await by(page, "share").click()
        await by(page, "share-name").fill("Mia Brandt")
        await kept(page, "share-dialog")
        await by(page, "share-go").click()
        url = await by(page, "share-url").input_value(timeout=STEP_MS)
        await kept(page, "share-made")
    for size, name in ((PHONE, "phone"), (TABLET, "tablet"), (DESK, "desk")):
        async with chromium(viewport=size) as browser:
            page = await browser.open(url)
            await by(page, "shared").wait_for(timeout=STEP_MS)
            assert "Mia Brandt" in await by(page, "shared-words").inner_text()
            await by(page, "play").click()
            await page.wait_for_timeout(1500)
            await by(page, "play").click()
            await kept(page, f"shared-{name}")
            recording_id = await page.locator("video.shown").first.get_attribute(
                "data-recording-id"
            )
            seen = await page.evaluate(PICTURE_JS, recording_id)
            assert seen["ready"] >= 2
            assert seen["wide"] > 0
            assert seen["at"] > 0
            if name != "desk":
                continue
            await by(page, "full-screen").click()
            await page.wait_for_function("document.fullscreenElement !== null")
            inside = "document.fullscreenElement.contains(document.querySelector('.watermark'))"
            assert await page.evaluate(inside)
            await page.wait_for_timeout(300)
            await kept(page, "shared-full-screen")
            await by(page, "full-screen").click()
            drawn = """() => { const c = document.querySelector('.watermark');
              const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
              let n = 0; for (let i = 3; i < d.length; i += 4) n += d[i] > 0; return n; }"""
            assert await page.evaluate(drawn) > 2000
            # Whoever takes the mark away sees nothing.
            await page.evaluate("document.querySelector('.watermark').style.display = 'none'")
            await page.locator(".shared-stage.bare").wait_for(timeout=STEP_MS)
            assert await page.evaluate(
                "getComputedStyle(document.querySelector('video')).visibility === 'hidden'"
            )
            async with chromium(viewport=DESK) as console:
                desk = await console.open(f"{world.machine.url}/console?case={case_id}")
                await sign_in(desk, world.demo["sign_ins"]["seller"])
                row = by(desk, "shares-card").locator(
                    '[data-state="open"]', has=desk.get_by_text("Mia Brandt", exact=True)
                )
                await row.wait_for(timeout=STEP_MS)
                await row.scroll_into_view_if_needed()
                await kept(desk, "console-shares")
                await by(row, "end-share").click()
                await row.wait_for(state="detached", timeout=STEP_MS)
            await page.reload()
            shut = by(page, "shared-shut")
            await shut.wait_for(timeout=STEP_MS)
            assert await shut.get_attribute("data-why") == "revoked"
            await kept(page, "shared-withdrawn")
