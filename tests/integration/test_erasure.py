"""Keeping and forgetting on both databases: holds, dates, and an erasure that reaches backups."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from cases import case_list, erasing, holds, keeping, links, log
from cases.actor import StaffActor
from cases.adopting import adopt_older_keys
from cases.case_filter import CaseFilter
from cases.database import Database
from cases.erasing import ErasureState
from cases.keep_rules import KeepRules, KeptWhy
from cases.key_wrapping import wrap
from cases.keys import KeyDestroyed, KeyRing, is_wrapped_by_tenant_alone
from cases.log import ALL_VISIBILITIES, LogKind
from cases.states import CaseState, Role, SessionState
from cases.tables import Base, Case, Erasure, FileTry, Keeping, LegalHold, Session
from cases.unit import Unit
from infra.local.postgres import Postgres
from recorder import erasing as carrying_out
from recorder import file_tries, store_terms
from recorder.erasing import erase, erase_due
from recorder.export import export_case
from recorder.sealed_parts import part_key
from recorder.store import DirectoryStore
from runtime.errors import CaseError, SetupError, StoreError
from runtime.ids import new_id
from tests.support.erasing_world import STILL, WORDS, ErasingWorld, back_up, erasing_world


@pytest.fixture(params=["sqlite", "postgresql"])
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[ErasingWorld]:
    """A recorded, sealed and closed case."""
    url = f"sqlite+aiosqlite:///{tmp_path / 'new' / 'proofcall.db'}"
    if request.param == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        url = server.fresh_database()
    async with erasing_world(tmp_path, url) as made:
        yield made


async def order(world: ErasingWorld, actor: StaffActor | None = None) -> None:
    """Have the case erased by request."""
    asked_by = actor or await world.admin()

    async def act(unit: Unit) -> None:
        case = await keeping_case(unit, asked_by, world.case_id)
        await erasing.order_by_request(unit, asked_by, case, "She asked", case.order_number)

    await world.run(act)


async def keeping_case(unit: Unit, actor: StaffActor, case_id: str) -> Case:
    """The case, for somebody who may have it erased."""
    from cases.access_policy import Action
    from cases.case_access import load_case

    return await load_case(unit.tx, actor, case_id, Action.KEEP, lock=True)


async def read_everything(world: ErasingWorld, keys: KeyRing, store: DirectoryStore) -> None:
    """Read log, recording and photograph of the case, as somebody with all of its rights."""
    async with world.database.read() as tx:
        key = await keys.case_key(tx, world.case_id)
        events = await log.read_events(
            tx,
            log=LogKind.CASE,
            subject_id=world.case_id,
            key=key,
            visibilities=ALL_VISIBILITIES,
        )
    assert any(WORDS in str(one.payload) for one in events)


async def test_an_erased_person_is_in_no_backup_and_the_chain_still_verifies(
    tmp_path: Path,
) -> None:
    """Database and store of before, beside the keys of now: nothing opens, both logs verify."""
    database_file = tmp_path / "new" / "proofcall.db"
    async with erasing_world(tmp_path, f"sqlite+aiosqlite:///{database_file}") as world:
        async with world.database.read() as tx:
            before = await log.read_head(tx, log=LogKind.SESSION, subject_id=world.session_id)
            assert await world.keys.case_key(tx, world.case_id)
        await world.database.close()
        back_up(tmp_path / "new", tmp_path / "backup")
        back_up(tmp_path / "store", tmp_path / "backup_store")
        world.seller.database = Database(f"sqlite+aiosqlite:///{database_file}")

        await order(world)
        await erase(world.evidence, world.case_id)
        await world.verify_chains()
        assert not [one for one in (tmp_path / "store").rglob("*") if one.is_file()]
        await world.database.close()

        # The backup is back, beside the erasure keys as they are now.
        shutil.rmtree(tmp_path / "new")
        shutil.copytree(tmp_path / "backup", tmp_path / "new")
        shutil.rmtree(tmp_path / "store")
        shutil.copytree(tmp_path / "backup_store", tmp_path / "store")
        world.seller.database = Database(f"sqlite+aiosqlite:///{database_file}")
        await world.verify_chains()
        async with world.database.read() as tx:
            assert (await tx.get_one(Case, world.case_id)).wrapped_key is not None
            after = await log.read_head(tx, log=LogKind.SESSION, subject_id=world.session_id)
            assert after == before
            with pytest.raises(KeyDestroyed):
                await world.keys.case_key(tx, world.case_id)
            with pytest.raises(KeyDestroyed):
                await world.keys.session_key(tx, world.session_id)
        stored = b"".join(
            one.read_bytes()
            for folder in ("new", "store")
            for one in (tmp_path / folder).rglob("*")
            if one.is_file()
        )
        assert WORDS.encode() not in stored
        assert STILL not in stored
        with pytest.raises(CaseError, match="erased"):
            await export_case(
                world.evidence, world.case_id, (tmp_path / "p").open("wb"), b"", _quiet
            )
        await world.database.close()


async def _quiet(done: int, total: int) -> None:
    del done, total


async def test_an_erasure_takes_everything_and_leaves_a_tombstone(world: ErasingWorld) -> None:
    """Words, names and objects go; who, when, why, how much and the seals stay."""
    actor = await world.admin()
    keys = await world.object_keys()
    assert keys
    await order(world, actor)
    assert await erase_due(world.evidence) == 1
    async with world.database.read() as tx:
        stone = await erasing.tombstone(tx, actor, world.case_id)
        everything = [str(row) for table in Base.metadata.sorted_tables
                      for row in await tx.execute(select(table))]  # fmt: skip
    assert (stone.state, stone.reason, stone.ordered_by) == (
        ErasureState.DONE,
        "She asked",
        actor.label,
    )
    assert stone.counts["recordings"] == 1
    assert stone.counts["stills"] == 1
    assert stone.counts["objects"] == len(keys) + 1
    assert [one.number for one in stone.manifests] == [0]
    assert stone.objects_left == 0
    for key in keys:
        assert await world.store.size(key) is None
    told = "\n".join(everything)
    assert "Ana" not in told
    assert WORDS not in told
    await world.verify_chains()
    with pytest.raises(CaseError, match="She asked") as caught:
        await order(world, actor)
    assert (caught.value.status, caught.value.code) == (410, "erased")


async def test_an_erased_case_has_no_name_in_lists_and_its_link_says_that_it_is_gone(
    world: ErasingWorld,
) -> None:
    """From the order on, before anything is destroyed; why is not for whoever has the link."""
    actor = await world.admin()
    token = await world.run(
        lambda unit: links.issue_link(
            unit.tx, unit.keys, world.case_id, unit.now, timedelta(days=1)
        )
    )

    async def listed() -> dict[str, Any]:
        async with world.database.read() as tx:
            page = await case_list.list_cases(tx, world.keys, actor, CaseFilter())
        (item,) = page.items
        return item

    before = await listed()
    assert before["erased_at"] is None
    assert before["buyer_name"]
    await order(world, actor)
    for _ in range(2):
        item = await listed()
        assert item["erased_at"] is not None
        assert (item["buyer_name"], item["picture"]) == ("", None)
        async with world.database.read() as tx:
            with pytest.raises(CaseError) as caught:
                await links.find_link(tx, token, world.seller.clock.now())
        assert (caught.value.code, caught.value.status) == ("erased", 410)
        assert "She asked" not in f"{caught.value} {vars(caught.value)}"
        await erase(world.evidence, world.case_id)


@pytest.mark.parametrize("dies_at", ["destroy", "scrub", "delete", "note"])
async def test_a_killed_erasure_goes_on_where_it_was(
    world: ErasingWorld, monkeypatch: pytest.MonkeyPatch, dies_at: str
) -> None:
    """Whatever was done stays done, and the tombstone never says more than that."""

    class Killed(BaseException):
        """As kill -9: nobody catches it."""

    async def die(*_: object, **__: object) -> Any:
        raise Killed

    await order(world)
    place: dict[str, tuple[object, str]] = {
        "destroy": (world.keys, "destroy"),
        "scrub": (carrying_out, "scrub"),
        "delete": (world.store, "delete"),
        "note": (carrying_out, "_note_gone"),
    }
    with monkeypatch.context() as patched:
        patched.setattr(*place[dies_at], die)
        with pytest.raises(Killed):
            await erase(world.evidence, world.case_id)
    async with world.database.read() as tx:
        row = await tx.get_one(Erasure, world.case_id)
        assert row.state == ("ordered" if dies_at in ("destroy", "scrub") else "unreadable")
        assert bool(row.counts) == (dies_at in ("delete", "note"))
        assert row.done_at is None
    assert await erase_due(world.evidence) == 1
    async with world.database.read() as tx:
        row = await tx.get_one(Erasure, world.case_id)
        assert (row.state, row.left, row.next_at) == ("done", [], None)
        assert row.counts["recordings"] == 1


async def test_what_the_store_retains_stays_unreadable_and_is_said(world: ErasingWorld) -> None:
    """The bytes go when their lock has ended."""
    key = (await world.object_keys())[0]
    from datetime import UTC, datetime

    await world.store.retain(key, datetime.now(UTC) + timedelta(days=400))
    await order(world)
    await erase(world.evidence, world.case_id)
    async with world.database.read() as tx:
        row = await tx.get_one(Erasure, world.case_id)
        assert (row.state, row.left, row.left_why) == ("unreadable", [[key, None]], "retained")
        assert row.next_at is not None
        with pytest.raises(KeyDestroyed):
            await world.keys.session_key(tx, world.session_id)


async def test_a_hold_freezes_and_its_release_lets_the_date_count(world: ErasingWorld) -> None:
    """Retention and requests are refused while it stands; the store is told of both."""
    actor = await world.admin()
    await world.run(
        lambda unit: keeping.set_keep_rules(
            unit, actor, KeepRules.model_validate({"rules": [{"days": 10}]})
        )
    )
    await world.run(lambda unit: holds.place(unit, actor, world.case_id, "Court"))
    await world.run(lambda unit: holds.place(unit, actor, world.case_id, "Court"))
    with pytest.raises(CaseError, match="already"):
        await world.run(lambda unit: holds.place(unit, actor, world.case_id, "Another"))
    with pytest.raises(CaseError, match="legal hold") as caught:
        await order(world, actor)
    assert (caught.value.code, caught.value.status) == ("held", 409)
    assert await store_terms.tell_store_due(world.evidence) == 1
    key = (await world.object_keys())[0]
    assert (await world.store.lock_of(key)).held
    world.seller.clock.advance(11 * 86_400)
    await world.run(lambda unit: keeping.look_at(unit, world.case_id))
    assert (await world.case()).erased_at is None

    await world.run(lambda unit: holds.release(unit, actor, world.case_id, "Over"))
    assert await store_terms.tell_store_due(world.evidence) == 1
    assert not (await world.store.lock_of(key)).held
    assert await world.run(lambda unit: keeping.look_at(unit, world.case_id)) == "erased"
    async with world.database.read() as tx:
        row = await tx.get_one(Erasure, world.case_id)
        assert (row.cause, row.kept_days, row.ordered_by) == ("retention", 10, "system")
        stone = await erasing.tombstone(tx, actor, world.case_id)
    assert (stone.cause, stone.kept_days) == ("retention", 10)


async def test_what_was_being_stored_at_an_erasure_is_deleted_as_well(world: ErasingWorld) -> None:
    """A try that a process was at, or was killed at, when the case was erased."""
    prefix = f"packages/pkg_1/{new_id('try')}"

    async def storing(unit: Unit) -> None:
        unit.tx.add(FileTry(prefix=prefix, file_id="pkg_1", case_id=world.case_id, parts=2))

    await world.run(storing)
    await world.store.put(part_key(prefix, 0), b"sealed")
    assert await file_tries.clear_due(world.evidence) == 0
    await order(world)
    await erase(world.evidence, world.case_id)
    assert await file_tries.clear_due(world.evidence) == 1
    assert not [one for one in (world.folder / "store").rglob("*") if one.is_file()]
    assert not await world.run(lambda unit: file_tries.take_try(unit, prefix))


async def test_a_hold_and_an_erasure_at_once_leave_one_of_them(world: ErasingWorld) -> None:
    """Whoever comes second is refused: never a held case that is erased."""
    actor = await world.admin()
    results = await asyncio.gather(
        order(world, actor),
        world.run(lambda unit: holds.place(unit, actor, world.case_id, "Court")),
        return_exceptions=True,
    )
    refused = [one for one in results if isinstance(one, CaseError)]
    assert [one.code for one in refused] in (["held"], ["erased"])
    async with world.database.read() as tx:
        assert (await tx.get(Erasure, world.case_id) is None) == (
            await tx.scalar(select(LegalHold.id)) is not None
        )


async def test_who_may_not_is_refused(world: ErasingWorld) -> None:
    """Another seller finds nothing, an inspector and an agent may not."""
    seller = world.seller
    stranger = await seller.staff(Role.ADMIN, tenant=seller.shoes)
    for actor, code in (
        (stranger, "not_found"),
        (await seller.staff(Role.INSPECTOR, tenant=seller.lamp), "forbidden"),
        (await seller.staff(Role.AGENT, tenant=seller.lamp), "forbidden"),
    ):
        for attempt in (
            order(world, actor),
            _hold_as(world, actor),
        ):
            with pytest.raises(CaseError) as caught:
                await attempt
            assert caught.value.code == code
    async with world.database.read() as tx:
        with pytest.raises(CaseError, match="nothing here"):
            await erasing.tombstone(tx, stranger, world.case_id)


async def _hold_as(world: ErasingWorld, actor: StaffActor) -> None:
    await world.run(lambda unit: holds.place(unit, actor, world.case_id, "Court"))


@pytest.mark.parametrize(
    ("state", "session", "closed", "code"),
    [
        (CaseState.LIVE, SessionState.LIVE, False, "session_open"),
        (CaseState.CLOSED, SessionState.WAITING, True, "session_open"),
        (CaseState.DISPUTED, SessionState.ENDED, True, "case_open"),
        (CaseState.APPEALED, SessionState.ENDED, True, "case_open"),
        (CaseState.CLOSED, SessionState.ENDED, False, "evidence_pending"),
    ],
)
async def test_nothing_is_erased_under_somebodys_hands(
    world: ErasingWorld, state: CaseState, session: SessionState, closed: bool, code: str
) -> None:
    """Not a live session, not a dispute, not while recordings are on their way."""

    async def act(unit: Unit) -> None:
        (await unit.tx.get_one(Case, world.case_id)).state = state
        row = await unit.tx.get_one(Session, world.session_id)
        row.state = session
        if not closed:
            row.recorder_closed_at = None

    await world.run(act)
    with pytest.raises(CaseError) as caught:
        await order(world)
    assert caught.value.code == code
    assert (await world.case()).erased_at is None


async def test_a_date_follows_the_rules_and_erases(world: ErasingWorld) -> None:
    """Rules of later move the dates of cases that are closed; without any nothing goes."""
    actor = await world.admin()

    async def kept() -> Any:
        async with world.database.read() as tx:
            return await keeping.kept(tx, await tx.get_one(Case, world.case_id))

    assert (await kept()).why is KeptWhy.NO_RULE
    for days in (30, 5):
        rules = KeepRules.model_validate({"rules": [{"days": days}]})
        await world.run(lambda unit, rules=rules: keeping.set_keep_rules(unit, actor, rules))
        assert await world.run(lambda unit: keeping.look_at(unit, world.case_id)) == "dated"
        async with world.database.read() as tx:
            row = await tx.get_one(Keeping, world.case_id)
            assert row.closed_at is not None
            assert row.until == row.closed_at + timedelta(days=days)
            assert row.next_at == row.until
    world.seller.clock.advance(5 * 86_400)
    assert await world.run(lambda unit: keeping.look_at(unit, world.case_id)) == "erased"


async def test_the_store_is_told_until_it_has_heard(
    world: ErasingWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store that is away is asked again; its own date is never before the case's."""
    actor = await world.admin()
    rules = KeepRules.model_validate({"rules": [{"days": 30}]})
    await world.run(lambda unit: keeping.set_keep_rules(unit, actor, rules))
    await world.run(lambda unit: keeping.look_at(unit, world.case_id))

    async def away(*_: object, **__: object) -> Any:
        raise StoreError("away", retryable=True)

    with monkeypatch.context() as patched:
        patched.setattr(world.store, "retain", away)
        assert await store_terms.tell_store_due(world.evidence) == 1
    assert await store_terms.tell_store_due(world.evidence) == 0
    world.seller.clock.advance(6)
    assert await store_terms.tell_store_due(world.evidence) == 1
    async with world.database.read() as tx:
        row = await tx.get_one(Keeping, world.case_id)
        assert row.store_at is None
        for key in await world.object_keys():
            until = (await world.store.lock_of(key)).until
            assert until is not None
            assert row.until is not None
            assert until >= row.until.replace(microsecond=0)


async def test_older_keys_get_erasure_keys_and_still_open(world: ErasingWorld) -> None:
    """Keys that a tenant's alone wraps, as before: adopted, read, and then erased."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    async with world.database.begin() as tx:
        case = await tx.get_one(Case, world.case_id)
        session = await tx.get_one(Session, world.session_id)
        tenant = AESGCM(await world.keys.tenant_key(tx, case.tenant_id))
        case_key = await world.keys.case_key(tx, case.id)
        session_key = await world.keys.session_key(tx, session.id)
        case.wrapped_key = wrap(tenant, f"case:{case.tenant_id}", case_key)
        session.wrapped_key = wrap(tenant, f"session:{session.key_id}", session_key)
    await adopt_older_keys(world.database, world.keys)
    async with world.database.read() as tx:
        for row in (
            await tx.get_one(Case, world.case_id),
            await tx.get_one(Session, world.session_id),
        ):
            assert not is_wrapped_by_tenant_alone(row.wrapped_key or b"")
        assert await world.keys.case_key(tx, world.case_id) == case_key
        assert await world.keys.session_key(tx, world.session_id) == session_key


async def test_a_directory_that_is_not_there_is_no_erasure(world: ErasingWorld) -> None:
    """What is missing without a mark is a fault of the set-up, and is said as one."""
    world.keys.erasure_keys._root = world.folder / "elsewhere"
    async with world.database.read() as tx:
        with pytest.raises(SetupError, match="directory of erasure keys"):
            await world.keys.case_key(tx, world.case_id)
