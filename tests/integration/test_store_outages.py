"""The uploader before a bucket that refuses: whose fault, who waits; it drains by itself."""

from __future__ import annotations

import json
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from recorder.outages import read_outages
from recorder.places import PlacedStore
from recorder.spool import SpoolSession
from recorder.spool_state import SessionState
from recorder.store import DirectoryStore, ObjectStore
from recorder.store_s3 import S3Store
from recorder.uploader import Uploader
from runtime.clock import SystemClock
from runtime.control import ControlClient, ControlServer, Json
from runtime.errors import StoreFault
from runtime.place_names import placed
from tests.support.live import until
from tests.support.recording_rig import KEY

if TYPE_CHECKING:
    from infra.local.rgw import Rgw


def a_waiting_segment(
    root: Path, session_id: str, *, seq: int = 1, place: str | None = None
) -> str:
    """A sealed segment in a session's outbox; gives its object key."""
    state = SessionState(session_id, "key_1", KEY, f"ten_1/{session_id}")
    if seq == 1:
        SpoolSession.create(root, state, segment_s=4.0, wake=lambda: None)
    content = f"sealed {session_id} {seq}".encode()
    key = placed(place, f"ten_1/{session_id}/rec_1/{seq:06d}.segment")
    fact = {
        "session_id": session_id,
        "seq": seq,
        "at_ns": 1,
        "kind": "segment_sealed",
        "recording_id": "rec_1",
        "segment_no": seq,
        "object_key": key,
        "stored_bytes": len(content),
        "stored_sha256": sha256(content).hexdigest(),
    }
    outbox = root / session_id / "outbox"
    (outbox / f"{seq:08d}.segment").write_bytes(content)
    (outbox / f"{seq:08d}.json").write_text(json.dumps(fact))
    return key


@asynccontextmanager
async def uploading(root: Path, store: ObjectStore) -> AsyncIterator[tuple[Uploader, list[Json]]]:
    """An uploader with a ledger that takes everything; gives it and what the ledger took."""
    taken: list[Json] = []
    address = f"unix://{root / 'web.sock'}"
    server = ControlServer(address, "s")

    async def facts(_: Mapping[str, str], body: Json) -> Json:
        taken.extend(body["facts"])
        return {"acked": [[fact["session_id"], fact["seq"]] for fact in body["facts"]]}

    server.command("/facts/recorder", facts)
    await server.start()
    web = ControlClient(address, "s")
    uploader = Uploader(root / "spool", store, web, SystemClock())
    try:
        yield uploader, taken
    finally:
        await uploader.close()
        await web.close()
        await server.close()
        await store.close()


async def outages(uploader: Uploader) -> list[Any]:
    """What the uploader's status says."""
    return read_outages(json.loads(json.dumps(await uploader.status()))["outages"])


@pytest.mark.s3
async def test_a_bucket_that_refuses_is_told_as_its_owners_and_drains_when_mended(
    rgw: Rgw, tmp_path: Path
) -> None:
    """Until its owner makes the bucket, who waits and why is told; then all is stored by itself."""
    bucket = f"late-{tmp_path.name.replace('_', '-')[:20]}"
    keys = {"access_key": rgw.access_key, "secret_key": rgw.secret_key}
    store = S3Store(bucket, endpoint=rgw.endpoint, **keys)
    spool = tmp_path / "spool"
    wanted = [a_waiting_segment(spool, name) for name in ("ses_a", "ses_b")]
    wanted.append(a_waiting_segment(spool, "ses_b", seq=2))
    async with uploading(tmp_path, store) as (uploader, taken):
        await uploader.look()

        async def both_wait() -> Any:
            found = await outages(uploader)
            return found[0] if found and len(found[0].sessions) == 2 else None

        told = await until(both_wait, 10)
        assert (told.place, told.fault, told.reason) == (
            "default",
            StoreFault.CUSTOMER,
            "no_bucket",
        )
        assert told.sessions == ("ses_a", "ses_b")
        assert told.waiting_facts == 3
        assert bucket in told.message
        status = await uploader.status()
        assert status["store_errors"]["customer"] >= 2
        assert status["store_errors"]["ours"] == 0
        assert not taken
        rgw.client().create_bucket(Bucket=bucket)

        async def drained() -> bool:
            return len(taken) == 3

        await until(drained, 20)
        assert sorted(fact["object_key"] for fact in taken) == sorted(wanted)
        for key in wanted:
            assert await store.size(key)

        async def over() -> bool:
            return not await outages(uploader)

        await until(over, 5)
        await until(lambda: not list(spool.glob("*/outbox/*.segment")), 5)


async def test_a_store_that_is_away_is_ours(tmp_path: Path) -> None:
    """Nobody answers: not the customer's fault, and the segment stays."""
    a_waiting_segment(tmp_path / "spool", "ses_a")
    store = S3Store("b", endpoint="http://127.0.0.1:9", access_key="a", secret_key="b")
    async with uploading(tmp_path, store) as (uploader, taken):
        await uploader.look()

        async def waits() -> Any:
            return next(iter(await outages(uploader)), None)

        told = await until(waits, 20)
        assert (told.fault, told.reason, told.sessions) == (StoreFault.OURS, "away", ("ses_a",))
        first = told.since_ns
        assert (await until(waits, 5)).since_ns == first
        assert not taken
    assert len(list((tmp_path / "spool").glob("*/outbox/*.segment"))) == 1


async def test_a_place_that_is_away_holds_up_nobody_elsewhere(tmp_path: Path) -> None:
    """More sessions than there are slots wait for a place that never answers; another goes on."""
    spool = tmp_path / "spool"
    for number in range(12):
        a_waiting_segment(spool, f"ses_{number}", place="silent")
    wanted = a_waiting_segment(spool, "ses_here")
    silent = socket.create_server(("127.0.0.1", 0))
    address = f"http://127.0.0.1:{silent.getsockname()[1]}"
    away = S3Store("b", endpoint=address, access_key="a", secret_key="b")
    store = PlacedStore({"silent": away, "default": DirectoryStore(tmp_path / "store")})
    async with uploading(tmp_path, store) as (uploader, taken):
        await uploader.look()
        await until(lambda: bool(taken), 10)
        assert [fact["object_key"] for fact in taken] == [wanted]
        assert await store.size(wanted)
    silent.close()
