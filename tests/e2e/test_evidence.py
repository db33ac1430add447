"""A call's evidence in real browsers: stored, countersigned, packaged, checked offline, shared."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
import pytest_asyncio
from playwright.async_api import Locator, Page, expect
from sqlalchemy import select

from cases.database import Database
from cases.tables import EvidenceCheck, Recording, Segment
from infra.local.rgw import Rgw
from recorder.proof.bytes import MemoryBytes
from recorder.proof.formats import PAGE_PATH, REPORT_PATH, checkpoints_path
from recorder.proof.page import shipped_page
from recorder.proof.verification import verify_package
from recorder.proof.zip_form import read_entries
from tests.support.call_evidence import pictured, ten_seconds_are_shared, three_seconds
from tests.support.chromium import DESK, PHONE, TABLET, Chromium, chromium, screenshot
from tests.support.fault_store import FaultyStore, StoreFault
from tests.support.journeys import STEP_MS, by, call, sign_in, timeline_when
from tests.support.machine import Machine, running_machine
from tests.support.package_vectors import FOLDER
from tests.support.time_stamping import make_authority
from tests.support.tsa_server import tsa_server

Json = dict[str, Any]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.s3,
    pytest.mark.usefixtures("chromium_binary"),
    pytest.mark.asyncio(loop_scope="module"),
]


@dataclass(slots=True)
class Kept:
    """A machine whose evidence lies in a bucket, and the door in front of that."""

    machine: Machine
    store: FaultyStore
    rgw: Rgw
    bucket: str


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def kept(rgw: Rgw, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Kept]:
    """A machine with every process, on a real S3, that asks a time-stamping authority."""
    folder = tmp_path_factory.mktemp("machine")
    authority = make_authority(folder / "authority")
    ca = folder / "ca.pem"
    ca.write_bytes(authority.pem)
    bucket = rgw.make_bucket()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", rgw.access_key)
        patch.setenv("AWS_SECRET_ACCESS_KEY", rgw.secret_key)
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        async with AsyncExitStack() as stack:
            store = await stack.enter_async_context(FaultyStore(rgw.endpoint).running())
            tsa = await stack.enter_async_context(tsa_server(authority))
            running = await stack.enter_async_context(
                running_machine(
                    folder / "data",
                    tsa_url=tsa.url,
                    tsa_ca=ca,
                    store=f"s3://{bucket}/evidence",
                    s3_endpoint=store.url,
                )
            )
            yield Kept(running, store, rgw, bucket)


@pytest.fixture(scope="module")
def machine(kept: Kept) -> Machine:
    """The same, for whom the store is no matter."""
    return kept.machine


async def check(page: Page, **files: Path) -> Json:
    """Give the page its files, one after another, and read its answer."""
    for slot in ("receipt", "key", "tsa_ca", "package"):
        if slot in files:
            await by(page, slot).set_input_files(files[slot])
    report = by(page, "report")
    await report.wait_for(timeout=STEP_MS)
    problems = await report.locator("[data-code]").evaluate_all(
        "all => all.map(one => [one.dataset.code, one.dataset.path])"
    )
    stamped = await by(page, "timestamp").evaluate_all(
        "all => all.map(one => one.dataset.confirmed === 'true')"
    )
    return {
        "answer": await report.get_attribute("data-answer"),
        "problems": problems,
        "stamped": stamped,
    }


async def witnessed(machine: Machine, case_id: str, folder: Path) -> None:
    """The reviewer's page says in a line that an authority has stamped it."""
    async with chromium(viewport=DESK) as reviewer:
        page = await reviewer.open(f"{machine.url}/review")
        await sign_in(page, machine.people["reviewer"])
        await page.locator(f'[data-case-id="{case_id}"]').click(timeout=STEP_MS)
        await by(page, "tab-case").click(timeout=STEP_MS)
        await by(page, "proof-witnessed").wait_for(timeout=60_000)
        await screenshot(page, folder, "witnessed")


@pytest.mark.timeout(240)
async def test_both_devices_countersign_and_a_stranger_checks_it_offline(
    machine: Machine, tmp_path: Path
) -> None:
    """From the call to a page out of the package, opened from disk without a network."""
    async with call(machine) as held, chromium(viewport=DESK) as desk:
        # The first checkpoint comes after ten seconds of the call.
        await asyncio.sleep(13)
        case_id, session_id = held.case["id"], await held.session_id()
        await held.end(outcome="refund", note="Cracked.")
        buyer = held.buyer_page
        await by(buyer, "receipt-file").wait_for(timeout=40_000)
        await screenshot(buyer, tmp_path, "receipt")
        async with buyer.expect_download() as fetched:
            await by(buyer, "receipt-file").click()
        receipt = tmp_path / "receipt.txt"
        await (await fetched.value).save_as(receipt)
        root = await by(buyer, "receipt-root").get_attribute("data-root")
        assert (await by(buyer, "receipt-code").bounding_box() or {"width": 0})["width"] >= 200

        await witnessed(machine, case_id, tmp_path)
        page = await desk.open(f"{machine.url}/console?case={case_id}")
        await sign_in(page, machine.people["seller"])
        await by(page, "make-package").click(timeout=STEP_MS)
        await by(page, "fetch-package").wait_for(timeout=40_000)
        async with page.expect_download() as fetched:
            await by(page, "fetch-package").click()
        package = tmp_path / "package.zip"
        await (await fetched.value).save_as(package)
        await ten_seconds_are_shared(machine, case_id, session_id, tmp_path)
        part = await three_seconds(machine, case_id, session_id, tmp_path)

    content = package.read_bytes()
    report = verify_package(MemoryBytes(content), receipt=receipt.read_bytes())
    assert not report.problems
    assert report.confirmed_by == ["receipt"]
    assert [one.confirmed for one in report.timestamps][:1] == [False]
    tsa_ca = machine.settings.tsa_ca
    assert tsa_ca is not None
    (session,) = report.sessions
    assert session.session_id == session_id
    assert session.checkpoints >= 1
    assert sorted(session.countersigned.values())[0] >= 1
    assert len(session.countersigned) == 2, "buyer and host"
    assert root

    found = {one.name: one for one in read_entries(MemoryBytes(content).read, len(content))}
    verifier = tmp_path / PAGE_PATH
    inside = content[found[PAGE_PATH].start : found[PAGE_PATH].end]
    assert inside == shipped_page()
    verifier.write_bytes(inside)
    altered = tmp_path / "altered.zip"
    media = next(one for name, one in found.items() if name.endswith((".mp4", ".webm")))
    changed = bytearray(content)
    changed[media.start + media.size // 2] ^= 1
    altered.write_bytes(changed)
    async with chromium(viewport=DESK) as reader:
        await reader.context.set_offline(True)
        page = await reader.open(verifier.as_uri())
        assert (await check(page, package=package))["answer"] == "consistent_origin_unconfirmed"
        page = await reader.open(verifier.as_uri())
        confirmed = await check(page, receipt=receipt, tsa_ca=tsa_ca, package=package)
        stamped = [True for _ in report.timestamps]
        assert confirmed == {"answer": str(report.answer), "problems": [], "stamped": stamped}
        await screenshot(page, tmp_path, "verified")
        page = await reader.open(verifier.as_uri())
        seen = await check(page, receipt=receipt, package=altered)
        assert seen["answer"] == "not_verified"
        assert ["fragment", media.name] in seen["problems"]
        await a_part_says_what_devices_signed(reader, verifier, part, receipt)
        assert not reader.console_errors


async def a_part_says_what_devices_signed(
    reader: Chromium, verifier: Path, part: Path, receipt: Path
) -> None:
    """Both verifiers say so of the countersignatures of real browsers, and name a changed bit."""
    content = part.read_bytes()
    report = verify_package(MemoryBytes(content), receipt=receipt.read_bytes())
    assert not report.problems
    assert report.part is not None
    (session,) = report.sessions
    assert session.checkpoints >= 1
    assert len(session.countersigned) == 2, "buyer and host"
    found = {one.name: one for one in read_entries(MemoryBytes(content).read, len(content))}
    assert found[REPORT_PATH].size > 1000
    page = await reader.open(verifier.as_uri())
    seen = await check(page, receipt=receipt, package=part)
    assert (seen["answer"], seen["problems"]) == (str(report.answer), [])
    await pictured(page, part.parent, "verified-part")
    for path in (checkpoints_path(session.session_id), REPORT_PATH):
        changed = bytearray(content)
        changed[found[path].start + found[path].size // 2] ^= 1
        part.write_bytes(changed)
        page = await reader.open(verifier.as_uri())
        seen = await check(page, receipt=receipt, package=part)
        assert seen["answer"] == "not_verified"
        assert path in {named for _, named in seen["problems"]}


@pytest.mark.timeout(400)
async def test_the_page_gives_the_shared_vectors_their_answers(tmp_path: Path) -> None:
    """The same files as Python and Node, in Chromium; on a phone's screen."""
    verifier = tmp_path / PAGE_PATH
    verifier.write_bytes(shipped_page())
    async with chromium(viewport=PHONE) as reader:
        await reader.context.set_offline(True)
        page = await reader.open(verifier.as_uri())
        for vector in json.loads((FOLDER / "answers.json").read_bytes()):
            # Read anew in the same tab: a process of its own for each would take most of the time.
            await page.reload()
            files = {"package": FOLDER / vector["package"]}
            for slot in ("receipt", "key", "tsa_ca"):
                if vector[slot] is not None:
                    files[slot] = tmp_path / slot
                    files[slot].write_text(vector[slot])
            answer = await check(page, **files)
            expected = vector["report"]
            assert answer["answer"] == expected["answer"], vector["name"]
            named = [[one["code"], one["path"]] for one in expected["problems"]]
            assert answer["problems"] == named, vector["name"]
            stamped = [one["confirmed"] for one in expected["timestamps"]]
            assert answer["stamped"] == stamped, vector["name"]
            width = await page.evaluate("document.documentElement.scrollWidth")
            assert width <= PHONE.width, vector["name"]


async def test_the_page_speaks_five_languages_and_asks_nobody(tmp_path: Path) -> None:
    """Its policy forbids every connection; its words change without a reload."""
    verifier = tmp_path / PAGE_PATH
    verifier.write_bytes(shipped_page())
    async with chromium(viewport=DESK) as reader:
        asked: list[str] = []
        reader.context.on("request", lambda request: asked.append(request.url))
        page = await reader.open(verifier.as_uri())
        titles = set()
        for language in ("en", "zh-Hans", "es", "de", "ar"):
            await by(page, "language").select_option(language)
            titles.add(await page.title())
        assert len(titles) == 5
        refused = await page.evaluate(
            "fetch('data:text/plain,x').then(() => 'fetched', () => 'refused')"
        )
        assert refused == "refused"
        assert [url for url in asked if not url.startswith(("file:", "data:"))] == []


async def says(note: Locator, *words: str, never: str = "") -> None:
    """Wait until a note says all of this; it asks every twenty seconds."""
    for word in words:
        await expect(note).to_contain_text(word, timeout=40_000)
    if never:
        await expect(note).not_to_contain_text(never)


WAITS = {"en": "waited on our server since", "de": "auf unserem Server"}
OURS = {"en": "we see to that, you need not do anything", "de": "Darum kümmern wir uns"}
THEIRS = {"en": "Your own storage refuses it", "de": "Ihr eigener Speicher lehnt sie ab"}
AGAIN = {"en": "We look again every hour", "de": "jede Stunde wieder nach"}
MISSING = {"en": "a stored file is missing", "de": "eine abgelegte Datei fehlt"}


@pytest.mark.timeout(300)
async def test_the_console_says_whose_fault_it_is_that_evidence_waits_or_does_not_match(
    kept: Kept, tmp_path: Path
) -> None:
    """Our fault, then the owner's, each in two languages; over by itself; then a lost object."""
    machine, store = kept.machine, kept.store
    async with AsyncExitStack() as stack:
        held = await stack.enter_async_context(call(machine))
        case_id, session_id = held.case["id"], await held.session_id()
        browser = await stack.enter_async_context(chromium(viewport=DESK))
        page = await browser.open(f"{machine.url}/console?case={case_id}")
        await sign_in(page, machine.people["seller"])
        for fault, told, other in (
            (StoreFault.SLOW_DOWN, OURS, THEIRS),
            (StoreFault.DENIED, THEIRS, OURS),
        ):
            store.fault = fault
            whose = "customer" if fault is StoreFault.DENIED else "ours"
            await known(
                machine, lambda told, whose=whose: (told["waiting"] or {}).get("fault") == whose
            )
            async for locale in languages(page):
                for place, note in notes(page, "evidence-waits").items():
                    await says(note, WAITS[locale], told[locale], never=other[locale])
                    await note.scroll_into_view_if_needed()
                    await pictured(page, tmp_path, f"evidence-waits-{fault}-{place}-{locale}")
        store.fault = None
        await held.end()
        await expect(by(page, "evidence-note")).to_have_count(0, timeout=60_000)
        await timeline_when(machine, session_id, within_s=20)
        await lose_a_segment(kept, session_id)
        await known(machine, lambda told: bool(told["mismatches"]))
        async for locale in languages(page):
            for place, note in notes(page, "evidence-mismatch").items():
                await says(note, MISSING[locale], AGAIN[locale])
                await note.scroll_into_view_if_needed()
                await pictured(page, tmp_path, f"evidence-mismatch-{place}-{locale}")


async def known(machine: Machine, is_so: Callable[[Json], bool]) -> None:
    """Wait until the server tells it: the page, opened anew, has it at once."""
    async with machine.api() as http, asyncio.timeout(40):
        while True:
            async with http.get("/api/v1/evidence-notes") as response:
                assert response.status == 200, await response.text()
                if is_so(await response.json()):
                    return
            await asyncio.sleep(0.3)


async def languages(page: Page) -> AsyncIterator[str]:
    """English at a desk, then German on a tablet, as whoever is signed in would choose it."""
    await by(page, "sessions").wait_for(timeout=STEP_MS)
    for locale, viewport in (("en", DESK), ("de", TABLET)):
        chosen = await page.request.put(
            urljoin(page.url, "/api/v1/me/locale"),
            data={"locale": locale},
            headers={"X-Proofcall": "1"},
        )
        assert chosen.status == 204
        await page.set_viewport_size({"width": viewport.width, "height": viewport.height})
        await page.reload()
        await by(page, "sessions").wait_for(timeout=STEP_MS)
        yield locale


def notes(page: Page, test: str) -> dict[str, Locator]:
    """A kind of note where it stands: above the list of cases, and at the case."""
    places = {"list": page.locator(".list-pane"), "case": by(page, "sessions")}
    return {name: by(place, test) for name, place in places.items()}


async def lose_a_segment(kept: Kept, session_id: str) -> None:
    """An object goes away behind our back, and the session's time to be looked at comes."""
    database = Database(kept.machine.settings.database)
    async with database.begin() as tx:
        lost = await tx.scalar(
            select(Segment.object_key)
            .join(Recording, Recording.id == Segment.recording_id)
            .where(Recording.session_id == session_id)
            .limit(1)
        )
        check = await tx.get_one(EvidenceCheck, session_id)
        check.next_at = datetime.now(UTC)
    await database.close()
    objects = kept.rgw.client()
    await asyncio.to_thread(objects.delete_object, Bucket=kept.bucket, Key=f"evidence/{lost}")
