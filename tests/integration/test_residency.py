"""Where a tenant's evidence is kept: in its own bucket alone, wherever it moved since."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from sqlalchemy import select

from cases.residency import keep_in
from cases.tables import EvidencePackage, Recording, Segment, Session
from recorder.reconciling import MismatchKind, reconcile
from recorder.store_faults import StoreReason
from runtime.errors import SetupError, StoreError, StoreFault
from runtime.place_names import place_of
from signaling.web_process import web_services
from tests.support.live import Live, running_live, send_pictures, until
from tests.support.rtp_peer import RtpPeer
from tests.support.tap_feed import encode_video

if TYPE_CHECKING:
    from infra.local.rgw import Rgw

PICTURES = encode_video("h264", 60)
pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.s3,
    pytest.mark.timeout(240),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def buckets(rgw: Rgw, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[list[str]]:
    """The platform's bucket and the tenant's own, each with a user who may not use the other."""
    key, secret = rgw.make_user()
    theirs = f"theirs-{key.lower()}"
    other = rgw.client(key, secret)
    other.create_bucket(Bucket=theirs, ObjectLockEnabledForBucket=True)
    credentials = tmp_path_factory.mktemp("aws") / "credentials"
    credentials.write_text(
        f"[theirs]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", rgw.access_key)
        patch.setenv("AWS_SECRET_ACCESS_KEY", rgw.secret_key)
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(credentials))
        yield [rgw.make_bucket(), theirs, key, secret]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def live(rgw: Rgw, buckets: list[str]) -> AsyncIterator[Live]:
    """Everything as processes, with two places."""
    theirs = {
        "store": f"s3://{buckets[1]}/evidence",
        "endpoint": rgw.endpoint,
        "region": "eu-central-1",
        "profile": "theirs",
        "label": "Frankfurt",
        "lock_mode": "compliance",
        "lock_days": 1,
    }
    async with running_live(
        store=f"s3://{buckets[0]}/all", s3_endpoint=rgw.endpoint, places={"eu": theirs}
    ) as running:
        yield running


async def keys_in(rgw: Rgw, bucket: str, *user: str) -> set[str]:
    """The names of all objects of a bucket."""
    found = await asyncio.to_thread(rgw.client(*user).list_objects_v2, Bucket=bucket)
    return {one["Key"] for one in found.get("Contents", ())}


async def inspected(live: Live) -> tuple[str, str]:
    """A short inspection with a photograph, sealed, and a package of it; session and case."""
    case_id, token = await live.invited(direction="warehouse_shows")
    async with live.browser() as buyer, live.host() as host:
        found = str((await buyer.tap(token, RtpPeer()))["session"]["id"])
        await host.ok("POST", "/api/host/take", {"case_id": case_id})
        await host.host_join(found, RtpPeer())
        await send_pictures(host.peers[0], PICTURES)
        now_ms = live.services.clock.wall_ns() // 1_000_000
        asked = {"client_id": "o1", "own_at_ms": now_ms, "preview": "/9j/"}
        still = await host.ok("POST", f"/api/sessions/{found}/stills", asked)
        end = {"outcome": None, "note": "", "client_id": "e1"}
        await host.ok("POST", f"/api/sessions/{found}/end", end)
    await until(lambda: f"seal_session:{found}" in live.outbox.ordered, 20)
    await live.work(f"cut_still:{still['still_id']}")
    await live.work(f"seal_session:{found}")
    async with live.host(tenant=live.seller.lamp) as host:
        ordered = await host.ok("POST", f"/api/v1/cases/{case_id}/evidence-packages")
        await live.work(f"make_package:{ordered['id']}")
        ready = await host.ok("GET", f"/api/v1/evidence-packages/{ordered['id']}")
        assert ready["state"] == "ready", ready
        async with host.http.get(f"/api/v1/evidence-packages/{ordered['id']}/file") as response:
            assert response.status == 200
            assert len(await response.read()) == ready["size"]
    return found, case_id


async def move(live: Live, place: str) -> int:
    """What ``proofcall admin keep-evidence-in`` does."""
    async with live.services.database.begin() as tx:
        return await keep_in(tx, live.seller.lamp, place, datetime.now(UTC))


async def recording_of(live: Live, session_id: str) -> tuple[str, list[Segment]]:
    """A recording of a session, and its segments."""
    async with live.services.database.read() as tx:
        recording = (
            await tx.scalars(select(Recording).where(Recording.session_id == session_id))
        ).first()
        assert recording is not None
        segments = await tx.scalars(select(Segment).where(Segment.recording_id == recording.id))
        return recording.id, list(segments)


async def plays(live: Live, session_id: str) -> bytes:
    """A recording of the session as a page fetches it."""
    recording_id, segments = await recording_of(live, session_id)
    assert segments
    async with (
        live.host(tenant=live.seller.lamp) as host,
        host.http.get(f"/api/v1/recordings/{recording_id}/media") as response,
    ):
        assert response.status == 200, await response.text()
        return await response.read()


async def test_a_tenants_evidence_is_in_its_own_bucket_alone_and_stays_readable(
    live: Live, rgw: Rgw, buckets: list[str]
) -> None:
    """Ours, then moved to its own bucket with Object Lock, then back: each stays where it was."""
    ours, theirs, *user = buckets
    first, _ = await inspected(live)
    before = await keys_in(rgw, ours)
    assert before
    assert all(key.startswith("all/") for key in before)
    assert await keys_in(rgw, theirs, *user) == set()

    assert await move(live, "eu") == 1
    second, case_id = await inspected(live)
    assert await keys_in(rgw, ours) == before, "nothing of the second is in our bucket"
    there = await keys_in(rgw, theirs, *user)
    _, segments = await recording_of(live, second)
    assert {f"evidence/{one.object_key}" for one in segments} <= there
    kinds = {"/stills/", "/packages/"}
    assert all(any(kind in key for key in there) for kind in kinds), there
    assert all(key.startswith("evidence/at_eu/") for key in there)
    for one in segments:
        assert one.version_id
        lock = await live.services.store.lock_of(one.object_key, version_id=one.version_id)
        assert lock.until is not None, "retained from the start"
        assert lock.until > datetime.now(UTC)

    assert await move(live, "default") == 1
    for session_id in (first, second):
        assert await plays(live, session_id)
        assert await reconcile(live.services, session_id, whole=True) == []
    async with live.host(tenant=live.seller.lamp) as host:
        told = (await host.ok("GET", f"/api/v1/cases/{case_id}/evidence-places"))["items"]
    assert [(one["place"], one["label"], one["region"]) for one in told] == [
        ("eu", "Frankfurt", "eu-central-1")
    ]
    assert (told[0]["lock"], told[0]["lock_mode"], told[0]["lacks"]) == ("store", "compliance", [])
    assert (told[0]["fault"], told[0]["waiting"]) == (None, [])
    async with live.services.database.read() as tx:
        packages = await tx.scalars(select(EvidencePackage.object_prefix))
        assert {place_of(prefix or "") for prefix in packages} == {"default", "eu"}


async def test_what_is_taken_out_of_a_tenants_bucket_is_told_and_a_refusal_is_no_mismatch(
    live: Live, rgw: Rgw, buckets: list[str]
) -> None:
    """The owner sets delete markers past us: still read by version; a suspended user is a fault."""
    _, theirs, key, secret = buckets
    await move(live, "eu")
    session_id, case_id = await inspected(live)
    _, segments = await recording_of(live, session_id)
    client = rgw.client(key, secret)
    name = f"evidence/{segments[0].object_key}"
    await asyncio.to_thread(client.delete_object, Bucket=theirs, Key=name)
    assert await plays(live, session_id)
    assert await reconcile(live.services, session_id, whole=True) == []

    async with live.services.database.read() as tx:
        session = await tx.get_one(Session, session_id)
    still = f"evidence/{session.object_prefix}/stills/"
    found = await asyncio.to_thread(client.list_objects_v2, Bucket=theirs, Prefix=still)
    photograph = found["Contents"][0]["Key"]
    await asyncio.to_thread(client.delete_object, Bucket=theirs, Key=photograph)
    told = await reconcile(live.services, session_id, whole=True)
    assert [one.kind for one in told] == [MismatchKind.MISSING], "hidden, so it is told"

    await asyncio.to_thread(rgw.suspend, key)
    try:
        with pytest.raises(StoreError) as caught:
            await reconcile(live.services, session_id, whole=False)
        assert caught.value.fault is StoreFault.CUSTOMER
        assert caught.value.reason == StoreReason.DENIED
        async with live.host(tenant=live.seller.lamp) as host:
            order = await host.ok("POST", f"/api/v1/cases/{case_id}/evidence-packages")
            await live.work(f"make_package:{order['id']}")
            failed = await host.ok("GET", f"/api/v1/evidence-packages/{order['id']}")
            assert (failed["state"], failed["failure"]) == ("failed", "bucket_refused")
            packages = await host.ok("GET", f"/api/v1/cases/{case_id}/evidence-packages")
            ready = next(one["id"] for one in packages["items"] if one["state"] == "ready")
            refused = await host.refused("GET", f"/api/v1/evidence-packages/{ready}/file")
            assert refused == (503, "bucket_refused")
    finally:
        await asyncio.to_thread(rgw.resume, key)
    await move(live, "default")


async def test_a_place_that_the_settings_no_longer_name_stops_the_start(live: Live) -> None:
    """Web says so and does not begin; an object of such a place waits."""
    await move(live, "eu")
    nameless = live.services.settings.model_copy(update={"places": {}})
    with pytest.raises(SetupError, match="kept in eu"):
        async with web_services(nameless, live.outbox):
            pass
    await move(live, "default")
    with pytest.raises(StoreError) as caught:
        await live.services.store.put("at_mars/x", b"y")
    assert (caught.value.reason, caught.value.fault) == (StoreReason.PLACE, StoreFault.OURS)
