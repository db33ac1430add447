"""Files made of a case: they wait for the seal, and what a broken try stored is deleted."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

import pytest
from sqlalchemy import make_url, select

from cases.database import Database, upgrade
from cases.states import Role
from cases.tables import DerivedCopy, EvidencePackage, FileTry, Session
from recorder import file_tries
from recorder.derived.kept_order import sealed_order
from recorder.derived.making import make_copy
from recorder.derived.order import CopyOrder
from recorder.export import export_case
from recorder.made_files import make_file, read_made
from recorder.made_kinds import MadeFile
from recorder.part_order import PartOrder
from recorder.proof.part_scope import Scope
from recorder.sealing import seal_at_hang_up, seal_session
from recorder.still_wanted import AGAIN_AFTER, order_again
from recorder.store import DirectoryStore, ObjectStore
from runtime.errors import CaseError, RetainedError, StoreError
from runtime.ids import new_id
from runtime.settings import Settings
from tests.contract.test_object_store import bucket_of, locked_store
from tests.support.sealing_world import World
from tests.support.seller import make_seller

if TYPE_CHECKING:
    from infra.local.postgres import Postgres
    from infra.local.rgw import Rgw

PART_BYTES = 8 * 1024 * 1024
EVIDENCE = "ten_1/ses_1/rec_1/000001-ab.segment"


class Killed(BaseException):
    """The process ends here: nothing of it catches this."""


class KilledStore:
    """A store that kills whoever stores the object of this name; for the rest it is the real."""

    def __init__(self, store: ObjectStore, killed_at: str) -> None:
        self._store = store
        self._killed_at = killed_at

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    async def put(self, key: str, content: bytes) -> object:
        """Store it, or not."""
        if key.endswith(self._killed_at):
            raise Killed
        return await self._store.put(key, content)


class Storing(World):
    """The world of sealing, with a store."""

    store: ObjectStore


@pytest.fixture(scope="session")
def migrated(postgres: Postgres) -> str:
    """The name of a database with every table, to be copied."""
    upgrade(make_url(postgres.fresh_database("migrated_made")))
    return "migrated_made"


@pytest.fixture(params=["sqlite", "postgresql"])
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Storing]:
    """On a database of each kind, with a directory as store."""
    url = f"sqlite+aiosqlite:///{tmp_path / 'new' / 'proofcall.db'}"
    if request.param == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        url = server.fresh_database(template=request.getfixturevalue("migrated"))
    database = Database(url)
    made = Storing(await make_seller(database), Settings(data=tmp_path))
    made.store = DirectoryStore(tmp_path / "store")
    yield made
    await made.store.close()
    await database.close()


async def order_both(world: World, session_id: str, case_id: str) -> tuple[str, str, str]:
    """A package of the case, one of a part, and a copy, as their routes order them."""
    part = PartOrder(session_id, Scope([], 0, 1000))
    ids = (new_id("pkg"), new_id("pkg"), new_id("drv"))
    common = {"case_id": case_id, "ordered_by": "x", "state": "wanted"}
    common["created_at"] = world.seller.now  # type: ignore[assignment]
    async with world.database.begin() as tx:
        tx.add(EvidencePackage(id=ids[0], done_bytes=0, **common))
        tx.add(EvidencePackage(id=ids[1], done_bytes=0, part=part.as_json(), **common))
        order = CopyOrder(part)
        key = await world.keys.session_key(tx, session_id)
        tx.add(
            DerivedCopy(
                id=ids[2],
                session_id=session_id,
                kind=order.kind,
                sealed_order=sealed_order(key, ids[2], order),
                done_ms=0,
                **common,
            )
        )
    return ids


async def make_package(world: World, package_id: str) -> None:
    """As durable work does; the verifier's page is none."""

    async def write(ordered: MadeFile, file: BinaryIO) -> None:
        await export_case(world.evidence, ordered.case_id, file, b"page", _told)

    await make_file(world.evidence, EvidencePackage, package_id, write)


async def _told(done: int, total: int) -> None:
    assert done <= total


async def states_of(world: World, ids: Sequence[str]) -> list[str]:
    """How far they are."""
    async with world.database.read() as tx:
        return [
            (await tx.get_one(DerivedCopy if one[:3] == "drv" else EvidencePackage, one)).state
            for one in ids
        ]


async def case_of(world: World, session_id: str) -> str:
    """Whose inspection it is."""
    async with world.database.read() as tx:
        return (await tx.get_one(Session, session_id)).case_id


async def test_what_is_ordered_before_the_seal_waits_and_the_seal_orders_it(world: World) -> None:
    """During the call and after hang-up it waits, as often as it is tried; once it is ordered."""
    session_id = await world.live_session()
    case_id = await case_of(world, session_id)
    whole, part, copy = ids = await order_both(world, session_id, case_id)
    for _ in range(2):
        await make_package(world, whole)
        await make_package(world, part)
        await make_copy(world.evidence, copy)
        assert await states_of(world, ids) == ["waiting"] * 3
    await world.end(session_id, recorder_closed=True)
    await seal_at_hang_up(world.evidence, session_id)
    await seal_session(world.evidence, session_id)
    assert await states_of(world, ids) == ["wanted"] * 3
    ordered = [one for one in world.ordered if one.endswith(":sealed")]
    assert sorted(ordered) == sorted(
        [f"make_package:{whole}:sealed", f"make_package:{part}:sealed", f"make_copy:{copy}:sealed"]
    )
    await make_package(world, whole)
    assert await states_of(world, [whole]) == ["ready"]


async def test_a_case_without_an_inspection_waits_for_nothing(world: World) -> None:
    """There will be no seal, and the package says so."""
    actor = await world.seller.staff(Role.AGENT, tenant=world.seller.lamp)
    opened = await world.seller.open_case(actor)
    other = await world.live_session()
    whole, _, _ = await order_both(world, other, opened.case_id)
    await make_package(world, whole)
    async with world.database.read() as tx:
        row = await tx.get_one(EvidencePackage, whole)
    assert (row.state, row.failure) == ("failed", "nothing_sealed")


async def test_a_seal_that_comes_between_looking_and_waiting_is_not_missed(world: World) -> None:
    """The work is tried again instead of waiting for a seal that is there."""
    session_id = await world.live_session()
    case_id = await case_of(world, session_id)
    whole, _, _ = await order_both(world, session_id, case_id)

    async def write(ordered: MadeFile, file: BinaryIO) -> None:
        del ordered, file
        await world.end(session_id, recorder_closed=True)
        await seal_session(world.evidence, session_id)
        raise CaseError("nothing_sealed", "when we looked")

    with pytest.raises(StoreError) as again:
        await make_file(world.evidence, EvidencePackage, whole, write)
    assert again.value.retryable
    await make_package(world, whole)
    assert await states_of(world, [whole]) == ["ready"]


KINDS = ["directory", *(pytest.param(one, marks=pytest.mark.s3) for one in ("plain", "governance"))]


@pytest.fixture(params=KINDS)
async def storing(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Storing]:
    """A sealed case, and a store of each kind with a piece of evidence in it."""
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'new' / 'proofcall.db'}")
    made = Storing(await make_seller(database), Settings(data=tmp_path))
    if request.param == "directory":
        made.store = DirectoryStore(tmp_path / "store")
    else:
        rgw = cast("Rgw", request.getfixturevalue("rgw"))
        made.store = locked_store(rgw, request.param, bucket_of(rgw, request.param))
    await made.store.put(EVIDENCE, b"evidence")
    yield made
    await made.store.close()
    await database.close()


async def two_parts(ordered: MadeFile, file: BinaryIO) -> None:
    """A file of two parts, another one each time."""
    del ordered
    file.write(os.urandom(16) + bytes(PART_BYTES))


async def tries_of(world: World) -> list[FileTry]:
    """What is written down of tries."""
    async with world.database.read() as tx:
        return list(await tx.scalars(select(FileTry).order_by(FileTry.prefix)))


async def killed_try(world: Storing, package_id: str, killed_at: str) -> FileTry:
    """Make a package and die while storing; gives what is known of that."""
    store = world.store
    world.store = cast("ObjectStore", KilledStore(store, killed_at))
    with pytest.raises(Killed):
        await make_file(world.evidence, EvidencePackage, package_id, two_parts)
    world.store = store
    (row,) = [one for one in await tries_of(world) if one.file_id == package_id]
    return row


async def ordered_package(world: World) -> str:
    """One whole package that is wanted."""
    session_id = await world.live_session()
    ids = await order_both(world, session_id, await case_of(world, session_id))
    return ids[0]


async def there(world: Storing, prefix: str) -> list[bool]:
    """Whether each of two parts is in the store."""
    return [await world.store.size(f"{prefix}/0000{no}") is not None for no in range(2)]


async def test_a_retry_deletes_exactly_what_the_killed_try_stored(storing: Storing) -> None:
    """Evidence, the file itself and what another file's try is storing stay."""
    package_id, other_id = await ordered_package(storing), await ordered_package(storing)
    left = await killed_try(storing, package_id, "/00001")
    busy = await killed_try(storing, other_id, "/00001")
    assert await there(storing, left.prefix) == [True, False]
    assert await file_tries.clear_due(storing.evidence) == 0
    await make_file(storing.evidence, EvidencePackage, package_id, two_parts)
    assert await file_tries.clear_due(storing.evidence) == 1
    assert await there(storing, left.prefix) == [False, False]
    assert await there(storing, busy.prefix) == [True, False]
    assert await storing.store.get(EVIDENCE) == b"evidence"
    assert [one.prefix for one in await tries_of(storing)] == [busy.prefix]
    async with storing.database.read() as tx:
        made = await tx.get_one(EvidencePackage, package_id)
    read = [part async for part in read_made(storing.evidence, made, 0, made.size or 0)]
    assert sum(map(len, read)) == made.size == PART_BYTES + 16


async def test_a_piece_that_is_locked_is_deleted_when_its_lock_has_ended(storing: Storing) -> None:
    """Until then it is looked at once a day, and what can go has gone."""
    package_id = await ordered_package(storing)
    store = storing.store
    first = await killed_try(storing, package_id, "/00001")
    await store.hold(f"{first.prefix}/00000")
    await make_file(storing.evidence, EvidencePackage, package_id, two_parts)
    with pytest.raises(RetainedError):
        await store.delete(f"{first.prefix}/00000")
    assert await file_tries.clear_due(storing.evidence) == 1
    assert await there(storing, first.prefix) == [True, False]
    (row,) = await tries_of(storing)
    assert row.clear_at == storing.seller.now + timedelta(days=1)
    assert await file_tries.clear_due(storing.evidence) == 0
    await store.release(f"{first.prefix}/00000")
    storing.seller.clock.advance(86_400)
    assert await file_tries.clear_due(storing.evidence) == 1
    assert await there(storing, first.prefix) == [False, False]
    assert await tries_of(storing) == []


@pytest.mark.parametrize("storing", KINDS[:1], indirect=True)
@pytest.mark.s3
async def test_a_bucket_that_locks_whatever_comes_in_is_asked_again_each_day(
    storing: Storing, request: pytest.FixtureRequest
) -> None:
    """The killed try's piece stays under its lock, told of as such; the file itself is there."""
    await storing.store.close()
    rgw = cast("Rgw", request.getfixturevalue("rgw"))
    storing.store = locked_store(rgw, "governance", bucket_of(rgw, "governance"), lock_days=1)
    package_id = await ordered_package(storing)
    left = await killed_try(storing, package_id, "/00001")
    await make_file(storing.evidence, EvidencePackage, package_id, two_parts)
    for _ in range(2):
        assert await file_tries.clear_due(storing.evidence) == 1
        assert await there(storing, left.prefix) == [True, False]
        (row,) = await tries_of(storing)
        assert row.clear_at == storing.seller.now + timedelta(days=1)
        storing.seller.clock.advance(86_400)
    assert await states_of(storing, [package_id]) == ["ready"]


async def test_a_try_that_was_overtaken_is_not_the_file(tmp_path: Path) -> None:
    """It stores on while another is faster: the other is the file, its own pieces go."""
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'new' / 'proofcall.db'}")
    world = Storing(await make_seller(database), Settings(data=tmp_path))
    world.store = DirectoryStore(tmp_path / "store")
    package_id = await ordered_package(world)
    slow = world.store

    class Overtaken(KilledStore):
        async def put(self, key: str, content: bytes) -> object:
            if key.endswith(self._killed_at):
                world.store = slow
                await make_file(world.evidence, EvidencePackage, package_id, two_parts)
                await file_tries.clear_due(world.evidence)
            return await self._store.put(key, content)

    world.store = cast("ObjectStore", Overtaken(slow, "/00001"))
    await make_file(world.evidence, EvidencePackage, package_id, two_parts)
    async with database.read() as tx:
        made = await tx.get_one(EvidencePackage, package_id)
    await file_tries.clear_due(world.evidence)
    folder = tmp_path / "store" / "packages" / package_id
    stored = {one.parent.name for one in folder.glob("*/0*") if one.suffix == ""}
    assert stored == {(made.object_prefix or "").rpartition("/")[2]}
    assert await tries_of(world) == []
    read = [part async for part in read_made(world.evidence, made, 0, made.size or 0)]
    assert sum(map(len, read)) == made.size
    await slow.close()
    await database.close()


async def test_a_store_that_is_away_leaves_the_try_to_a_later_look(tmp_path: Path) -> None:
    """What was stored of a failed try goes, when the store answers again."""
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'new' / 'proofcall.db'}")
    world = Storing(await make_seller(database), Settings(data=tmp_path))
    store = world.store = DirectoryStore(tmp_path / "store")
    package_id = await ordered_package(world)

    class Away(KilledStore):
        async def put(self, key: str, content: bytes) -> object:
            if key.endswith(self._killed_at):
                raise StoreError("away", retryable=True)
            return await self._store.put(key, content)

        async def delete(self, key: str) -> None:
            raise StoreError("away", retryable=True)

    world.store = cast("ObjectStore", Away(store, "/00001"))
    with pytest.raises(StoreError):
        await make_file(world.evidence, EvidencePackage, package_id, two_parts)
    assert await file_tries.clear_due(world.evidence) == 1
    (row,) = await tries_of(world)
    assert await there(world, row.prefix) == [True, False]
    world.store = store
    world.seller.clock.advance(600)
    assert await file_tries.clear_due(world.evidence) == 1
    assert await there(world, row.prefix) == [False, False]
    await store.close()
    await database.close()


async def test_what_is_wanted_for_hours_is_ordered_anew(world: Storing) -> None:
    """Its work gave up while the store was away: once for each two hours, until it is made."""
    session_id = await world.live_session()
    async with world.database.read() as tx:
        case_id = (await tx.get_one(Session, session_id)).case_id
    package, _, copy = await order_both(world, session_id, case_id)
    async with world.database.begin() as tx:
        (await tx.get_one(DerivedCopy, copy)).state = "ready"
    world.ordered.clear()
    world.seller.clock.advance(AGAIN_AFTER.total_seconds() - 1)
    await order_again(world.evidence)
    assert world.ordered == []
    for _ in range(2):
        world.seller.clock.advance(AGAIN_AFTER.total_seconds())
        await order_again(world.evidence)
        await order_again(world.evidence)
    asked = [one for one in world.ordered if package in one]
    assert asked == [f"make_package:{package}:{span}" for span in (1, 1, 2, 2)]
    assert not [one for one in world.ordered if copy in one]
