"""``kill -9`` while a package or a film is made: the next process makes it, and none is half."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import av
import pytest
import pytest_asyncio
from sqlalchemy import select

from cases.keys import KeyDestroyed
from cases.states import Role
from cases.tables import EvidencePackage, Manifest, Recording
from infra.local.rgw import Rgw
from recorder.case_objects import evidence_of
from recorder.derived.render import CARD_S, FILMS_PER_S
from recorder.proof.bytes import MemoryBytes
from recorder.proof.report import Answer
from recorder.proof.verification import verify_package
from recorder.sealed_parts import part_key
from recorder.sources import load_source
from tests.support.fault_store import FaultyStore
from tests.support.film_children import film_children
from tests.support.live import Browser, Json, Live, running_live, until
from tests.support.rtp_peer import RtpPeer
from tests.support.seller import PASSWORD
from tests.support.tap_feed import encode_video, h264_payloads

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.s3, pytest.mark.timeout(180)]

# More than the 8 MiB that one stored part of a package holds.
PICTURES = 200
PICTURES_PER_S = 20
PICTURE_BYTES = 60_000


async def nothing_else_is_kept(kept: Kept) -> bool:
    """Whether the bucket has of packages only those that are ready, and all of the evidence."""
    listed = await asyncio.to_thread(
        lambda: kept.rgw.client().list_objects_v2(Bucket=kept.bucket)["Contents"]
    )
    stored = {one["Key"].removeprefix("evidence/") for one in listed}
    async with kept.live.services.database.read() as tx:
        made = await tx.scalars(select(EvidencePackage).where(EvidencePackage.state == "ready"))
        files = {
            part_key(one.object_prefix or "", no) for one in made for no in range(one.parts or 0)
        }
        evidence = {key for key, _ in await evidence_of(tx, kept.case_id)}
    assert stored >= files | evidence
    return stored == files | evidence


@dataclass(slots=True)
class Kept:
    """A machine whose durable work is a process of its own, and a case with a long call."""

    live: Live
    store: FaultyStore
    rgw: Rgw
    bucket: str
    case_id: str
    seconds: float


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def kept(rgw: Rgw) -> AsyncIterator[Kept]:
    """Recorded and sealed, on a store that can be held."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", rgw.access_key)
        patch.setenv("AWS_SECRET_ACCESS_KEY", rgw.secret_key)
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        async with AsyncExitStack() as stack:
            bucket = rgw.make_bucket()
            store = await stack.enter_async_context(FaultyStore(rgw.endpoint).running())
            live = await stack.enter_async_context(
                running_live(
                    [(role, 0) for role in ("media", "recorder", "uploader", "jobs")],
                    store=f"s3://{bucket}/evidence",
                    s3_endpoint=store.url,
                )
            )
            case_id, seconds = await recorded(live)
            yield Kept(live, store, rgw, bucket, case_id, seconds)


async def recorded(live: Live) -> tuple[str, float]:
    """A call of some twelve megabytes; gives its case and how long it took."""
    case_id, token = await live.invited()
    async with live.browser() as buyer, live.host() as host:
        session_id = (await buyer.tap(token, RtpPeer()))["session"]["id"]
        await host.ok("POST", "/api/host/take", {"case_id": case_id})
        await host.host_join(session_id, RtpPeer())
        loop = asyncio.get_running_loop()
        began = loop.time()
        (key,) = encode_video("h264", 1)
        large = b"\0\0\0\1\x41" + bytes(range(1, 251)) * (PICTURE_BYTES // 250)
        for number in range(PICTURES):
            await asyncio.sleep(max(0.0, began + number / PICTURES_PER_S - loop.time()))
            payloads = h264_payloads(large if number % 30 else key.data)
            for at, payload in enumerate(payloads):
                await buyer.peers[0].send(
                    "1",
                    payload,
                    marker=at == len(payloads) - 1,
                    advance=90_000 // PICTURES_PER_S if at == 0 else 0,
                )
                if at % 10 == 9:
                    # A burst would be more than the socket's buffer holds.
                    await asyncio.sleep(0.002)
        seconds = loop.time() - began
        end = {"outcome": "refund", "note": "Cracked.", "client_id": "e1"}
        await host.ok("POST", f"/api/sessions/{session_id}/end", end)

        async def sealed() -> bool:
            async with live.services.database.read() as tx:
                complete = select(Manifest.number).where(
                    Manifest.session_id == session_id, Manifest.complete
                )
                return await tx.scalar(complete) is not None

        await until(sealed, 60, "the whole recording is sealed")
    return case_id, seconds


async def order(host: Browser, case_id: str, part: Json | None) -> str:
    """Order a package; gives its path."""
    body = {"part": part} if part else None
    made = await host.ok("POST", f"/api/v1/cases/{case_id}/evidence-packages", body)
    return f"/api/v1/evidence-packages/{made['id']}"


async def nothing_is_served(host: Browser, path: str, what: str = "package") -> None:
    """It is wanted still, and there is no file."""
    assert (await host.ok("GET", path))["state"] == "wanted"
    assert await host.refused("GET", f"{path}/file") == (409, f"{what}_not_ready")


async def held(kept: Kept, host: Browser, path: str) -> None:
    """Wait until the store is asked for what it does not answer."""
    try:
        async with asyncio.timeout(60):
            await kept.store.reached.wait()
    except TimeoutError:
        known = await host.ok("GET", path)
        raise AssertionError(f"not held: {known}\n{kept.live.log_of('jobs-0')}") from None


async def ready(host: Browser, path: str) -> Json:
    """Wait until it is made; what was told of the progress never went past the end."""

    async def made() -> Json | None:
        known = await host.ok("GET", path)
        assert known["state"] != "failed", known
        assert known["done_bytes"] <= (known["total_bytes"] or 2**60)
        return known if known["state"] == "ready" else None

    found: Json = await until(made, 60, "the package is made")
    return found


@pytest.mark.parametrize(
    ("is_part", "method", "named"),
    [
        # First, while no process has the evidence in memory.
        pytest.param(False, "GET", "/ses_", id="case, while reading the evidence"),
        pytest.param(True, "PUT", "/00000", id="part, before anything is kept"),
        pytest.param(False, "PUT", "/00001", id="case, with one of two pieces kept"),
        pytest.param(True, "PUT", "/00001", id="part, with one of two pieces kept"),
    ],
)
async def test_a_killed_process_leaves_no_half_package(
    kept: Kept, is_part: bool, method: str, named: str
) -> None:
    """What was under way is made anew by the next process, and only the whole is ever served."""
    live = kept.live
    span = {"from_ms": 0, "to_ms": round(kept.seconds * 1000)}
    async with live.host(tenant=live.seller.lamp) as host:
        await until(lambda: live.processes["jobs-0"].returncode is None, 5)
        kept.store.hold(method, named)
        path = await order(host, kept.case_id, span if is_part else None)
        await held(kept, host, path)
        await nothing_is_served(host, path)
        files = sorted(one.name for one in live.settings.data.iterdir())
        await live.kill("jobs-0")
        await nothing_is_served(host, path)
        assert sorted(one.name for one in live.settings.data.iterdir()) == files, "in the clear"
        kept.store.fault = None
        await nothing_is_served(host, path)
        await live.start("jobs")
        known = await ready(host, path)
        async with host.http.get(f"{path}/file") as response:
            content = await response.read()
        assert len(content) == known["size"] > 8 * 1024 * 1024
        _, keys = await host.call("GET", "/.well-known/proofcall-keys.json")
    await until(lambda: nothing_else_is_kept(kept), 20, "what the killed try stored is deleted")
    report = verify_package(MemoryBytes(content), key=json.dumps(keys).encode())
    assert report.answer in (Answer.VERIFIED, Answer.WITH_GAPS), report.problems


async def test_a_killed_process_leaves_no_half_film(kept: Kept) -> None:
    """Its child ends with it, though it was fed by half; the next process draws it anew."""
    live = kept.live
    async with live.host(tenant=live.seller.lamp) as host:
        # One that has nothing of the evidence in memory.
        await live.kill("jobs-0")
        await live.start("jobs")
        # The first segment is read before the child is begun, the second while it draws.
        kept.store.hold("GET", "/000002")
        part = {"from_ms": 0, "to_ms": round(kept.seconds * 1000)}
        order = f"/api/v1/cases/{kept.case_id}/derived-copies"
        made = await host.ok("POST", order, {"part": part})
        path = f"/api/v1/derived-copies/{made['id']}"
        await held(kept, host, path)
        jobs = live.processes["jobs-0"].pid
        (child,) = await until(lambda: film_children(jobs), 20, "its child has begun")
        files = sorted(one.name for one in live.settings.data.iterdir())
        await live.kill("jobs-0")
        await until(lambda: not Path(f"/proc/{child}").exists(), 10, "its child has ended")
        await nothing_is_served(host, path, "copy")
        assert sorted(one.name for one in live.settings.data.iterdir()) == files, "in the clear"
        kept.store.fault = None
        await live.start("jobs")

        async def drawn() -> Json | None:
            known = await host.ok("GET", path)
            assert known["state"] != "failed", known
            return known if known["state"] == "ready" else None

        known = await until(drawn, 90, "the film is made")
        async with host.http.get(f"{path}/file") as response:
            content = await response.read()
    assert sha256(content).hexdigest() == known["sha256"]
    with av.open(io.BytesIO(content)) as film:
        shown_s = sum(1 for _ in film.decode(video=0)) / FILMS_PER_S
    assert shown_s == pytest.approx(kept.seconds + CARD_S, abs=3)


async def test_a_killed_erasure_is_finished_by_the_next_process(kept: Kept) -> None:
    """Killed while the store deletes: nothing is readable any more, and the rest goes later.

    The last of this module: it takes the case away.
    """
    live = kept.live
    admin = await live.seller.staff(Role.ADMIN, tenant=live.seller.lamp)
    path = f"/api/v1/cases/{kept.case_id}"
    async with live.browser() as browser:
        login = {"email": f"{admin.staff_id}@example.com", "password": PASSWORD}
        await browser.ok("POST", "/api/login", login)
        case = await browser.ok("GET", path)
        await browser.ok("POST", f"{path}/close")
        kept.store.hold("DELETE", "/ses_")
        why = {"reason": "She asked.", "order_number": case["order_number"]}
        await browser.ok("POST", f"{path}/erasure", why)
        async with asyncio.timeout(60):
            await kept.store.reached.wait()
        await live.kill("jobs-0")
        assert (await browser.ok("GET", f"{path}/erasure"))["state"] != "done"
        async with live.services.database.read() as tx:
            recordings = list(await tx.scalars(select(Recording)))
            assert recordings
            with pytest.raises(KeyDestroyed):
                await load_source(tx, live.services.keys, recordings[0])
        kept.store.fault = None
        await live.start("jobs")

        async def done() -> bool:
            return bool((await browser.ok("GET", f"{path}/erasure"))["state"] == "done")

        await until(done, 60, "what was left is deleted")
    listed = await asyncio.to_thread(lambda: kept.rgw.client().list_objects_v2(Bucket=kept.bucket))
    assert listed.get("Contents", []) == []
