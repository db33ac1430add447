"""Checkpoints, manifests, supplements and keys on both databases, by a clock that is set."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url, select

from cases.database import Database, upgrade
from cases.states import Role, StillState
from cases.stills import CutStill, note_cut, note_failed
from cases.tables import Checkpoint, PublishedKey, Recording, Session, Still
from cases.unit import Unit
from infra.local.postgres import Postgres
from recorder.checkpointing import write_checkpoint
from recorder.key_history import key_history, note_key
from recorder.packaging import order_package, see_package
from recorder.proof.jws import check_public_jwk, is_signed_by, read_jws
from recorder.sealing import seal_at_hang_up, seal_session
from recorder.signing import SigningKey
from recorder.statements import LedgerContradicts
from runtime.errors import CaseError, StoreError
from runtime.settings import Settings
from tests.support.sealing_world import World
from tests.support.seller import make_seller


@pytest.fixture(scope="session")
def migrated(postgres: Postgres) -> str:
    """The name of a database with every table, to be copied."""
    upgrade(make_url(postgres.fresh_database("migrated_sealing")))
    return "migrated_sealing"


@pytest.fixture(params=["sqlite", "postgresql"])
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    """On a database of each kind."""
    url = f"sqlite+aiosqlite:///{tmp_path / 'new' / 'proofcall.db'}"
    if request.param == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        url = server.fresh_database(template=request.getfixturevalue("migrated"))
    database = Database(url)
    yield World(await make_seller(database), Settings(data=tmp_path))
    await database.close()


async def test_what_was_on_its_way_at_hang_up_follows_in_a_supplement(world: World) -> None:
    """Number 0 after eight seconds, number 1 that cites it when the recorder has closed."""
    session_id = await world.live_session()
    await world.end(session_id, recorder_closed=False)
    with pytest.raises(StoreError) as early:
        await seal_at_hang_up(world.evidence, session_id)
    assert early.value.retryable
    world.seller.clock.advance(9)
    await seal_at_hang_up(world.evidence, session_id)
    await seal_at_hang_up(world.evidence, session_id)
    (first,) = await world.manifests(session_id)
    assert not first.complete
    with pytest.raises(StoreError):
        await seal_session(world.evidence, session_id)
    await world.end(session_id, recorder_closed=True)
    await seal_session(world.evidence, session_id)
    await seal_session(world.evidence, session_id)
    first, second = await world.manifests(session_id)
    said = json.loads(second.body)
    assert (said["number"], said["complete"]) == (1, True)
    assert said["previous"] == sha256(first.body).hexdigest()
    assert first.receipt
    receipt = json.loads(read_jws(first.receipt).payload)
    assert receipt["manifest_sha256"] == sha256(first.body).hexdigest()


async def test_photographs_that_come_after_the_seal_go_into_one_supplement(world: World) -> None:
    """Sealing waits ten minutes for them; the last that comes later has the supplement made."""
    session_id = await world.live_session()
    late, never = f"stl_a{session_id}", f"stl_b{session_id}"

    async def want(unit: Unit) -> None:
        recording = await unit.tx.get_one(Recording, f"rec_{session_id}")
        for still_id in (late, never):
            unit.tx.add(
                Still(
                    id=still_id,
                    session_id=session_id,
                    participant_id=recording.participant_id,
                    state=StillState.WANTED,
                    at_ns=recording.t0_ns,
                    taken_by="staff:1",
                    created_at=unit.now,
                )
            )

    await world.run(want)
    await world.end(session_id, recorder_closed=True)
    with pytest.raises(StoreError):
        await seal_session(world.evidence, session_id)
    world.seller.clock.advance(601)
    await seal_session(world.evidence, session_id)
    (first,) = await world.manifests(session_id)
    assert [one["state"] for one in json.loads(first.body)["stills"]] == ["wanted", "wanted"]
    cut = CutStill(
        object_key="somewhere",
        key_id="key_1",
        sha256="ab" * 32,
        width=64,
        height=36,
        recording_id=f"rec_{session_id}",
        recording_ms=0,
        at_ns=1_790_000_000_000_000_000,
    )
    await world.run(lambda unit: note_cut(unit, late, cut))
    assert not [one for one in world.ordered if one.startswith("seal_session:")]
    await world.run(lambda unit: note_failed(unit, never, "not_recorded"))
    await world.run(lambda unit: note_failed(unit, never, "not_recorded"))
    ordered = [one for one in world.ordered if one.startswith("seal_session:")]
    assert ordered == [f"seal_session:{session_id}:{never}"]
    await seal_session(world.evidence, session_id)
    await seal_session(world.evidence, session_id)
    first, second = await world.manifests(session_id)
    said = json.loads(second.body)
    assert (said["number"], said["complete"]) == (1, True)
    assert said["previous"] == sha256(first.body).hexdigest()
    assert [one["state"] for one in said["stills"]] == ["cut", "failed"]
    assert said["stills"][0]["sha256"] == "ab" * 32


async def test_what_was_complete_at_hang_up_gets_no_supplement(world: World) -> None:
    """The usual end: one manifest."""
    session_id = await world.live_session()
    await world.end(session_id, recorder_closed=True)
    await seal_at_hang_up(world.evidence, session_id)
    await seal_session(world.evidence, session_id)
    assert [one.complete for one in await world.manifests(session_id)] == [True]


async def test_a_ledger_that_contradicts_itself_is_not_signed(world: World) -> None:
    """A root that is not that of the fragments: nobody signs over it."""
    session_id = await world.live_session()

    async def spoil(unit: Unit) -> None:
        recording = await unit.tx.get_one(Recording, f"rec_{session_id}")
        recording.root = "0" * 64

    await world.run(spoil)
    await world.end(session_id, recorder_closed=True)
    with pytest.raises(LedgerContradicts):
        await seal_at_hang_up(world.evidence, session_id)
    assert await world.manifests(session_id) == []


async def test_checkpoints_come_every_ten_seconds_and_cite_each_other(world: World) -> None:
    """Never sooner, never once the call is over; the manifest names the last."""
    session_id = await world.live_session()
    key = SigningKey.load(world.settings.keys_dir)

    async def write(unit: Unit) -> None:
        await write_checkpoint(unit, key, session_id)

    for advance_s in (10, 3, 8):
        world.seller.clock.advance(advance_s)
        await world.run(write)
    async with world.seller.database.read() as tx:
        rows = list(await tx.scalars(select(Checkpoint).order_by(Checkpoint.number)))
    assert [row.number for row in rows] == [1, 2]
    said = [json.loads(read_jws(row.jws).payload) for row in rows]
    assert [one["previous"] for one in said] == [None, rows[0].sha256]
    await world.end(session_id, recorder_closed=True)
    world.seller.clock.advance(20)
    await world.run(write)
    await seal_at_hang_up(world.evidence, session_id)
    (manifest,) = await world.manifests(session_id)
    assert json.loads(manifest.body)["checkpoint"] == rows[1].sha256


async def test_a_rotated_key_leaves_the_old_one_in_the_history(world: World) -> None:
    """What the old key signed can still be named; one key is the key of now."""
    session_id = await world.live_session()
    await world.end(session_id, recorder_closed=True)
    await seal_at_hang_up(world.evidence, session_id)
    old = SigningKey.load(world.settings.keys_dir)
    fresh = SigningKey.rotate(world.settings.keys_dir)
    assert fresh.key_id != old.key_id
    world.seller.clock.advance(60)
    now = world.seller.now
    await world.run(lambda unit: note_key(unit.tx, fresh, now))
    await world.run(lambda unit: note_key(unit.tx, fresh, now + timedelta(hours=1)))
    async with world.seller.database.read() as tx:
        history: Any = await key_history(tx)
        open_keys = list(
            await tx.scalars(select(PublishedKey.kid).where(PublishedKey.until.is_(None)))
        )
    assert [one["kid"] for one in history["keys"]] == [old.key_id, fresh.key_id]
    assert open_keys == [fresh.key_id]
    (manifest,) = await world.manifests(session_id)
    assert is_signed_by(read_jws(manifest.jws), check_public_jwk(history["keys"][0]))


async def test_packages_are_ordered_by_who_may_review_and_seen_by_nobody_else(
    world: World,
) -> None:
    """Another seller finds nothing; at most three are made at a time."""
    session_id = await world.live_session()
    async with world.seller.database.read() as tx:
        case_id = (await tx.get_one(Session, session_id)).case_id
    agent = await world.seller.staff(Role.AGENT, tenant=world.seller.lamp)
    rival = await world.seller.staff(Role.ADMIN, tenant=world.seller.shoes)
    with pytest.raises(CaseError, match="nothing here"):
        await world.run(lambda unit: order_package(unit, rival, case_id))
    ids = []
    for _ in range(3):
        ordered = await world.run(lambda unit: order_package(unit, agent, case_id))
        ids.append(ordered.id)
    assert world.ordered == [f"make_package:{one}" for one in ids]
    with pytest.raises(CaseError) as full:
        await world.run(lambda unit: order_package(unit, agent, case_id))
    assert full.value.code == "packages_under_way"
    async with world.seller.database.read() as tx:
        assert (await see_package(tx, agent, ids[0])).case_id == case_id
        for wrong in (ids[0], "pkg_nothing"):
            with pytest.raises(CaseError) as refused:
                await see_package(tx, rival, wrong)
            assert refused.value.status == 404
