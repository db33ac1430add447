"""What sellers tell of orders and buyers file lies under keys, on both databases, and is erased."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url, select

from cases import attachments, desk, erasing, filing, held_acts, orders
from cases.actor import StaffActor
from cases.database import Database, upgrade
from cases.filing_commands import FileReturn, TellOrder, WantDraft
from cases.held_acts import HeldState
from cases.keys import KeyDestroyed, erasure_key_id
from cases.states import Role
from cases.tables import Attachment, Base, Case, Erasure, Filing, HeldAct, Order, Tenant
from cases.thread import SayAsStaff
from cases.unit import Unit
from infra.local.postgres import Postgres
from recorder import erasing as carrying_out
from recorder.erasing import erase
from runtime.errors import CaseError
from runtime.settings import Settings
from tests.integration.test_filing import form, order
from tests.support.sealing_world import World
from tests.support.seller import make_seller

NUMBER = "LL-20871"
HELD = SayAsStaff(client_id="m1", text="Dear Ana Ruiz", locale="en")
PLANTED = ("Ana Ruiz", "ana@example.com", "Brass desk lamp", "lamp of Ana")


@pytest.fixture(scope="session")
def migrated(postgres: Postgres) -> str:
    """The name of a database with every table, to be copied."""
    upgrade(make_url(postgres.fresh_database("migrated_orders")))
    return "migrated_orders"


@pytest.fixture(params=["sqlite", "postgresql"])
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    """Two sellers without a case."""
    url = f"sqlite+aiosqlite:///{tmp_path / 'new' / 'proofcall.db'}"
    if request.param == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        url = server.fresh_database(template=request.getfixturevalue("migrated"))
    database = Database(url)
    yield World(await make_seller(database), Settings(data=tmp_path))
    await database.close()


async def admin(world: World) -> StaffActor:
    """Somebody who may tell, close and erase."""
    return await world.seller.staff(Role.ADMIN, tenant=world.seller.lamp)


async def tell(world: World, actor: StaffActor, **changes: Any) -> str:
    """Tell the order; gives its id."""
    told = TellOrder.model_validate(order(**changes))
    return await world.run(lambda unit: orders.tell(unit, actor, told))


async def told_of(world: World) -> TellOrder | None:
    """What is known of it."""
    async with world.database.read() as tx:
        return await orders.told_of(tx, world.keys, world.seller.lamp, NUMBER)


async def row_of(world: World) -> Order | None:
    """Its row."""
    async with world.database.read() as tx:
        found: Order | None = await tx.scalar(select(Order).where(Order.order_number == NUMBER))
        return found


async def draft_of(world: World) -> filing.Draft:
    """A filing that the buyer has begun, by number and e-mail."""
    async with world.database.read() as tx:
        slug = (await tx.get_one(Tenant, world.seller.lamp)).slug
    want = WantDraft(order_number=NUMBER, email="ana@example.com")
    return await world.run(lambda unit: filing.begin(unit, slug, want))


async def erased(world: World, actor: StaffActor, case_id: str) -> None:
    """The case, closed and its erasure ordered."""
    await world.run(lambda unit: desk.close_case(unit.tx, unit.keys, actor, case_id, unit.now))

    async def act(unit: Unit) -> None:
        case = await unit.tx.get_one(Case, case_id)
        await erasing.order_by_request(unit, actor, case, "Asked", NUMBER)

    await world.run(act)


async def everything(world: World, *, but: tuple[str, ...] = ()) -> str:
    """Every row of every table, as text."""
    async with world.database.read() as tx:
        rows = [
            tuple(row)
            for table in Base.metadata.sorted_tables
            if table.name not in but
            for row in await tx.execute(select(table))
        ]
    return str(rows)


def is_destroyed(world: World, wrapped: bytes) -> bool:
    """Whether nothing opens this wrapped key any more."""
    try:
        world.keys.erasure_keys.read(erasure_key_id(wrapped))
    except KeyDestroyed:
        return True
    return False


async def test_what_was_told_and_begun_lies_nowhere_in_the_clear(world: World) -> None:
    """Neither of the order nor of the draft, its files among them; both open to those who may."""
    actor = await admin(world)
    await tell(world, actor)
    draft = await draft_of(world)
    assert draft.words.order == await told_of(world)
    name = "photos/lamp of Ana.jpg"
    create = partial(attachments.create, secret=draft.secret, size=9, name=name)
    made, _ = await world.run(create)
    found = await everything(world)
    assert not [one for one in PLANTED if one in found]

    async def read(unit: Unit) -> tuple[filing.FilingWords, str]:
        mine = await filing.load_draft(unit, draft.secret)
        key = await filing.key_of(unit, mine)
        return filing.words_of(mine, key), attachments.name_of(made, key)

    words, shown = await world.run(read)
    assert (words, shown) == (draft.words, "lamp of Ana.jpg")
    world.seller.clock.advance(49 * 3600)
    assert await world.run(filing.expire_drafts) == 1
    async with world.database.read() as tx:
        gone = await tx.get_one(Filing, draft.filing.id)
    assert (gone.sealed_words, gone.wrapped_key) == (None, None)
    assert is_destroyed(world, draft.filing.wrapped_key or b"")


async def test_an_order_has_one_key_however_often_it_is_told(world: World) -> None:
    """Also when it is told many times at once; another seller's of that number is another."""
    actor = await admin(world)
    told = await asyncio.gather(*(tell(world, actor) for _ in range(4)))
    assert len(set(told)) == 1
    first = await row_of(world)
    await tell(world, actor, market="DE")
    second = await row_of(world)
    assert first is not None
    assert second is not None
    assert (first.id, first.wrapped_key) == (second.id, second.wrapped_key)
    assert first.sealed_words != second.sealed_words
    known = await told_of(world)
    assert known is not None
    assert known.market == "DE"
    stranger = await world.seller.staff(Role.ADMIN, tenant=world.seller.shoes)
    assert await tell(world, stranger) != first.id


async def test_an_order_goes_with_the_last_case_that_is_about_it(world: World) -> None:
    """And its erasure key, so that a backup of its row opens nothing."""
    actor = await admin(world)
    await tell(world, actor)
    backup = await row_of(world)
    assert backup is not None
    first = (await world.seller.open_case(actor)).case_id
    second = (await world.seller.open_case(actor)).case_id
    await erased(world, actor, first)
    await erase(world.evidence, first)
    assert await told_of(world) is not None
    assert not is_destroyed(world, backup.wrapped_key)
    await erased(world, actor, second)
    await erase(world.evidence, second)
    assert await row_of(world) is None
    async with world.database.read() as tx:
        with pytest.raises(KeyDestroyed):
            await world.keys.order_key(tx, backup)
        assert (await tx.get_one(Erasure, second)).order_key is None


@pytest.mark.parametrize("told_again", [False, True])
async def test_killed_before_the_key_is_destroyed_it_is_destroyed_next_time(
    world: World, monkeypatch: pytest.MonkeyPatch, told_again: bool
) -> None:
    """The row is gone by then, its key's name kept; an order told meanwhile is a new one."""

    class Killed(BaseException):
        """As kill -9: nobody catches it."""

    async def die(*_: object) -> None:
        raise Killed

    actor = await admin(world)
    await tell(world, actor)
    backup = await row_of(world)
    assert backup is not None
    case_id = (await world.seller.open_case(actor)).case_id
    await erased(world, actor, case_id)
    for place in ((carrying_out.orders, "take_away"), (world.keys, "destroy")):
        with monkeypatch.context() as patched:
            patched.setattr(*place, die)
            with pytest.raises(Killed):
                await erase(world.evidence, case_id)
        assert not is_destroyed(world, backup.wrapped_key)
    assert await row_of(world) is None
    if told_again:
        await tell(world, actor, market="DE")
    await erase(world.evidence, case_id)
    assert is_destroyed(world, backup.wrapped_key)
    assert (await told_of(world) is not None) == told_again
    async with world.database.read() as tx:
        row = await tx.get_one(Erasure, case_id)
    assert (row.state, row.order_key) == ("done", None)


async def test_an_erased_order_that_a_backup_brought_back_is_not_known(world: World) -> None:
    """The form takes it as one that nobody told; told again it has a new key."""
    actor = await admin(world)
    await tell(world, actor)
    row = await row_of(world)
    assert row is not None
    await world.keys.destroy(row.wrapped_key)
    assert await told_of(world) is None
    draft = await draft_of(world)
    assert (draft.words.order, draft.filing.order_known) == (None, False)
    assert await tell(world, actor) == row.id
    assert await told_of(world) is not None
    again = await row_of(world)
    assert again is not None
    assert again.wrapped_key != row.wrapped_key


async def test_a_backup_of_what_was_filed_opens_nothing_after_the_erasure(world: World) -> None:
    """Words, the file's name and a held message: all go with the case's one key."""
    actor = await admin(world)
    await tell(world, actor)
    draft = await draft_of(world)
    create = partial(attachments.create, secret=draft.secret, size=9, name="lamp of Ana.jpg")
    made, _ = await world.run(create)
    want = FileReturn.model_validate(form(bind=False))
    filed = await world.run(
        lambda unit: filing.file_return(unit, draft.secret, want, device=None, user_agent="")
    )
    case_id = filed.case_id
    await world.run(lambda unit: held_acts.hold_message(unit, actor, case_id, HELD))
    async with world.database.read() as tx:
        backup = await tx.get_one(Filing, draft.filing.id)
        held = await tx.scalar(select(HeldAct))
        assert backup.sealed_words
        assert held is not None
        assert held.sealed is not None
        key = await world.keys.case_key(tx, case_id)
        assert held_acts.open_words(SayAsStaff, key, f"held_acts:{held.id}", held.sealed) == HELD
    assert "Dear Ana" not in await everything(world)
    await erased(world, actor, case_id)
    await erase(world.evidence, case_id)
    with pytest.raises(KeyDestroyed):
        await world.run(lambda unit: filing.key_of(unit, backup))
    async with world.database.read() as tx:
        row = await tx.get_one(Filing, draft.filing.id)
        name = (await tx.get_one(Attachment, made.id)).sealed_name
    assert (row.sealed_words, row.order_known, name) == (None, True, None)


async def test_what_is_held_in_a_case_erased_meanwhile_ends_as_refused(world: World) -> None:
    """Before the keys are destroyed and after: nobody is told anything, and it is tried once."""
    actor = await admin(world)
    case_id = (await world.seller.open_case(actor)).case_id
    held = [
        await world.run(
            partial(
                held_acts.hold_message,
                actor=actor,
                case_id=case_id,
                message=HELD.model_copy(update={"client_id": f"m{number}"}),
            )
        )
        for number in range(2)
    ]
    await erased(world, actor, case_id)
    world.seller.clock.advance(held_acts.HOLD / timedelta(seconds=1))
    for one in held:
        state = await world.run(partial(held_acts.carry_out, held_id=one.id))
        assert state is HeldState.FAILED
        async with world.database.read() as tx:
            row = await tx.get_one(HeldAct, one.id)
            assert row.failure == "erased"
            assert row.next_at is not None
            assert row.next_at > world.seller.now
            wrapped = (await tx.get_one(Case, case_id)).wrapped_key or b""
        await world.keys.destroy(wrapped)
    with pytest.raises(CaseError) as caught:
        await world.run(
            partial(held_acts.take_back, actor=actor, case_id=case_id, held_id=held[0].id)
        )
    assert (caught.value.code, caught.value.status) == ("erased", 410)
    await erase(world.evidence, case_id)
    assert await world.run(partial(held_acts.carry_out, held_id=held[0].id)) is None
