"""A recorded session is held against ledger, seal and store; what does not match is told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import delete, select, update

from cases.sessions import EVIDENCE_CHECKED_AFTER
from cases.tables import EvidenceCheck, Fragment, Manifest, Recording, Segment, Session
from recorder.reconciling import (
    Mismatch,
    MismatchKind,
    mismatched,
    reconcile,
    reconcile_due,
)
from recorder.store import DirectoryStore
from runtime.errors import StoreError
from tests.support.live import Live, running_live, send_pictures, until
from tests.support.rtp_peer import RtpPeer
from tests.support.tap_feed import encode_video

PICTURES = encode_video("h264", 90)

pytestmark = pytest.mark.asyncio(loop_scope="module")


class AwayStore(DirectoryStore):
    """The directory, while nobody answers."""

    async def size(self, key: str, *, version_id: str | None = None) -> int | None:
        """No answer."""
        raise StoreError(f"{key}: no answer", retryable=True)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def live() -> AsyncIterator[Live]:
    """Web here; media, recorder and uploader as processes."""
    async with running_live() as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def session_id(live: Live) -> str:
    """A short inspection, recorded, with a photograph, and sealed."""
    _case_id, token = await live.invited(direction="warehouse_shows")
    async with live.browser() as buyer, live.host() as host:
        found = str((await buyer.tap(token, RtpPeer()))["session"]["id"])
        await host.ok("POST", "/api/host/take", {"case_id": None})
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
    return found


async def check_of(live: Live, session_id: str) -> EvidenceCheck:
    """What is noted of it."""
    async with live.services.database.read() as tx:
        return await tx.get_one(EvidenceCheck, session_id)


async def make_due(live: Live, session_id: str, *, read_before: bool) -> None:
    """As if its time had come."""
    now = live.services.clock.now()
    async with live.services.database.begin() as tx:
        row = await tx.get_one(EvidenceCheck, session_id)
        row.next_at = now - timedelta(seconds=1)
        row.whole_at = now - timedelta(days=1) if read_before else None


async def segments_of(live: Live, session_id: str) -> list[Segment]:
    """Its stored objects."""
    async with live.services.database.read() as tx:
        rows = await tx.scalars(
            select(Segment)
            .join(Recording, Recording.id == Segment.recording_id)
            .where(Recording.session_id == session_id)
            .order_by(Segment.recording_id, Segment.segment_no)
        )
        return list(rows)


def place(live: Live, key: str) -> Path:
    """The object's file."""
    return live.services.settings.data / "store" / key


async def test_a_whole_session_matches(live: Live, session_id: str) -> None:
    """An hour after its end it is looked at, its objects read, and again a day later."""
    ended = await check_of(live, session_id)
    async with live.services.database.read() as tx:
        ended_at = (await tx.get_one(Session, session_id)).ended_at
    assert ended_at is not None
    assert ended.next_at == ended_at + EVIDENCE_CHECKED_AFTER
    assert await reconcile_due(live.services) == 0, "not before its time"
    assert await reconcile(live.services, session_id, whole=True) == []
    await make_due(live, session_id, read_before=False)
    assert await reconcile_due(live.services) == 1
    noted = await check_of(live, session_id)
    assert (noted.mismatches, noted.found) == (0, [])
    assert noted.whole_at == noted.checked_at
    assert noted.checked_at is not None
    assert noted.next_at == noted.checked_at + timedelta(days=1)


async def test_a_flipped_bit_a_cut_and_a_missing_object_are_told(
    live: Live, session_id: str
) -> None:
    """Noted and counted until they are mended; nothing of the evidence is touched."""
    first = (await segments_of(live, session_id))[0]
    path = place(live, first.object_key)
    whole = path.read_bytes()
    told = []
    try:
        path.write_bytes(bytes([whole[0] ^ 1]) + whole[1:])
        assert await reconcile(live.services, session_id, whole=False) == []
        told += await reconcile(live.services, session_id, whole=True)
        path.write_bytes(whole[:-1])
        told += await reconcile(live.services, session_id, whole=False)
        path.unlink()
        told += await reconcile(live.services, session_id, whole=False)
        await make_due(live, session_id, read_before=True)
        assert await reconcile_due(live.services) == 1
        noted = await check_of(live, session_id)
        assert noted.found == [{"kind": "missing", "subject": first.object_key}]
        assert noted.checked_at is not None
        assert noted.next_at == noted.checked_at + timedelta(hours=1)
        async with live.services.database.read() as tx:
            assert await mismatched(tx) == 1
    finally:
        path.write_bytes(whole)
    assert told == [
        Mismatch(MismatchKind.DIGEST, first.object_key),
        Mismatch(MismatchKind.SIZE, first.object_key),
        Mismatch(MismatchKind.MISSING, first.object_key),
    ]
    await make_due(live, session_id, read_before=False)
    assert await reconcile_due(live.services) == 1
    async with live.services.database.read() as tx:
        assert await mismatched(tx) == 0


async def test_a_photograph_that_is_gone_is_told(live: Live, session_id: str) -> None:
    """It is an object as segments are."""
    (path,) = place(live, "").glob(f"**/{session_id}/stills/*[!6]")
    content = path.read_bytes()
    path.unlink()
    try:
        (found,) = await reconcile(live.services, session_id, whole=False)
        assert found.kind is MismatchKind.MISSING
        assert found.subject.endswith(path.name)
    finally:
        path.write_bytes(content)


async def test_an_outage_is_no_verdict(live: Live, session_id: str) -> None:
    """It is looked at again when the claim has lapsed; what was known stays."""
    await make_due(live, session_id, read_before=False)
    before = await check_of(live, session_id)
    kept = live.services.store
    live.services.store = AwayStore(place(live, ""))
    try:
        assert await reconcile_due(live.services) == 1
        assert await reconcile_due(live.services) == 0, "claimed, not due at once"
    finally:
        await live.services.store.close()
        live.services.store = kept
    after = await check_of(live, session_id)
    assert (after.checked_at, after.found) == (before.checked_at, before.found)
    assert after.next_at > live.services.clock.now()


async def test_a_ledger_that_contradicts_itself_or_its_seal_is_told(
    live: Live, session_id: str
) -> None:
    """Rows that somebody changed behind our back."""
    segment = (await segments_of(live, session_id))[0]
    recording_id = segment.recording_id
    of_it = Segment.recording_id == recording_id
    last = select(Fragment).where(Fragment.recording_id == recording_id)
    async with live.services.database.read() as tx:
        rows = list(await tx.scalars(last.order_by(Fragment.fragment_no)))
        body = (await tx.get_one(Manifest, (session_id, 0))).body
    assert len(rows) > 1

    async def found(*statements: object) -> list[Mismatch]:
        """What is told while these hold; they are taken back."""

        async with live.services.database.begin() as tx:
            for one in statements:
                await tx.execute(one)  # type: ignore[call-overload]
        try:
            return await reconcile(live.services, session_id, whole=False)
        finally:
            async with live.services.database.begin() as tx:
                await tx.execute(
                    update(Segment)
                    .where(of_it, Segment.segment_no == segment.segment_no)
                    .values(plain_bytes=segment.plain_bytes)
                )
                await tx.execute(
                    update(Manifest)
                    .where(Manifest.session_id == session_id, Manifest.number == 0)
                    .values(body=body, complete=True)
                )
                await tx.execute(
                    update(Session)
                    .where(Session.id == session_id)
                    .values(recorder_closed_at=live.services.clock.now())
                )

    longer = update(Segment).where(of_it, Segment.segment_no == segment.segment_no)
    assert await found(longer.values(plain_bytes=segment.plain_bytes + 1)) == [
        Mismatch(MismatchKind.LEDGER, recording_id)
    ]
    sealed = update(Manifest).where(Manifest.session_id == session_id)
    other = body.replace(recording_id.encode(), b"rec_of_nobody")
    assert set(await found(sealed.values(body=other))) == {
        Mismatch(MismatchKind.SEAL, recording_id),
        Mismatch(MismatchKind.SEAL, "rec_of_nobody"),
    }
    assert await found(sealed.values(complete=False)) == [
        Mismatch(MismatchKind.NOT_SEALED, session_id)
    ]
    unclosed = update(Session).where(Session.id == session_id).values(recorder_closed_at=None)
    assert await found(unclosed) == [Mismatch(MismatchKind.NOT_CLOSED, session_id)]
    async with live.services.database.begin() as tx:
        await tx.execute(
            delete(Fragment).where(
                Fragment.recording_id == recording_id, Fragment.fragment_no == len(rows)
            )
        )
    (told,) = await reconcile(live.services, session_id, whole=False)
    assert told.kind is MismatchKind.LEDGER
