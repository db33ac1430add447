"""A call's evidence in real browsers: countersigned, receipted, packaged, and checked offline."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page

from recorder.proof.bytes import MemoryBytes
from recorder.proof.formats import PAGE_PATH
from recorder.proof.page import shipped_page
from recorder.proof.verification import verify_package
from recorder.proof.zip_form import read_entries
from tests.support.chromium import DESK, PHONE, chromium, screenshot
from tests.support.journeys import STEP_MS, by, call, sign_in
from tests.support.machine import Machine, running_machine
from tests.support.package_vectors import FOLDER
from tests.support.time_stamping import make_authority
from tests.support.tsa_server import tsa_server

Json = dict[str, Any]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.usefixtures("chromium_binary"),
    pytest.mark.asyncio(loop_scope="module"),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def machine(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Machine]:
    """A machine with every process, that asks a time-stamping authority."""
    folder = tmp_path_factory.mktemp("machine")
    authority = make_authority(folder / "authority")
    ca = folder / "ca.pem"
    ca.write_bytes(authority.pem)
    async with (
        tsa_server(authority) as tsa,
        running_machine(folder / "data", tsa_url=tsa.url, tsa_ca=ca) as running,
    ):
        yield running


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
        assert not reader.console_errors


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
