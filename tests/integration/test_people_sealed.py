"""Of those in a call nothing stands in the clear: names, notes, browsers, reasons of copies."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag
from sqlalchemy import select, text

from cases import conversation, handing_over, hosting, links, observer_links, observing, sessions
from cases.actor import ObserverActor, StaffActor, SystemActor
from cases.case_views import case_view
from cases.consent_text import GUEST_WORDS, ConsentGiven
from cases.handing_over import Request, note_of
from cases.links import user_agent_of
from cases.move_commands import Check
from cases.moving import check_note_of, make_move
from cases.observing import Arrival
from cases.participant_names import opened_name, opened_names
from cases.scrubbing import scrub
from cases.session_access import participants_of
from cases.session_states import EndCause
from cases.session_views import snapshot
from cases.states import CaseState, Role, Voice
from cases.tables import Case, Device, Handover, ItemLine, Session
from cases.thread_views import thread_view
from cases.unit import Unit
from infra.local.postgres import Postgres
from recorder.derived.making import copies_of, order_copy, orders_of
from recorder.derived.order import CopyOrder, MuteOrder
from recorder.part_order import PartOrder
from recorder.proof.part_scope import Scope
from runtime.ids import CaseId
from tests.integration.test_live_queue import World, world_on

BUYER, GUEST, NOTE = "Zoraida Quux", "Wilhelmina Vex", "She stammers"
FOUND, REASON, BROWSER = "Smells of her dog", "Her mirror", "PlantedPhone/7"
PLANTED = (BUYER, GUEST, NOTE, FOUND, REASON, BROWSER, "Somebody")
TABLES = ("participants", "handovers", "devices", "item_lines", "derived_copies")


@pytest.fixture(params=["sqlite", "postgresql"])
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    """An empty world on each database."""
    url = f"sqlite+aiosqlite:///{tmp_path / 'proofcall.db'}"
    if request.param == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        url = server.fresh_database()
    async with world_on(url, tmp_path) as made:
        yield made


async def call_of(world: World) -> tuple[str, str, StaffActor]:
    """A buyer and a host in a call, and a second browser that asks: case, session and host."""
    agent = await world.seller.staff(Role.AGENT, tenant=world.seller.lamp)
    opened = await world.seller.open_case(
        agent,
        buyer={"name": BUYER, "email": "z@example.com", "locale": "es"},
        warehouse_id=world.seller.hall,
    )
    joined = await world.tap(opened.token)
    host = await world.host()
    await world.take(host, opened.case_id)

    async def ask(unit: Unit) -> None:
        link = await links.find_link(unit.tx, opened.token, unit.now)
        await links.ask(unit.tx, unit.keys, link.link_id, None, user_agent=BROWSER, now=unit.now)

    await world.services.run(ask)
    return opened.case_id, joined.session_id, host


async def let_guest_in(
    world: World, case_id: str, session_id: str, host: StaffActor
) -> ObserverActor:
    """An interpreter comes by a link, and says something."""
    run = world.services.run
    made = await run(lambda unit: observer_links.make_link(unit, host, session_id))
    consent = ConsentGiven(GUEST_WORDS.version, "en")
    arrival = Arrival(GUEST, "en", Voice.SPEAKS, consent, made.token)
    async with world.services.database.read() as tx:
        seat = await observing.find_seat(tx, world.services.keys, None, "", arrival)
    await run(lambda unit: observing.take_seat(unit, None, arrival, seat, None))
    guest = ObserverActor(session_id, CaseId(case_id), made.link_id)
    said = {"text": "Hello", "locale": "en"}
    await run(lambda unit: conversation.note(unit, guest, session_id, "message", said, "m1"))
    return guest


async def dumped(world: World) -> str:
    """All that the tables hold, as a backup does."""
    found = []
    async with world.services.database.read() as tx:
        for table in TABLES:
            rows = await tx.execute(text(f"SELECT * FROM {table}"))
            found += [repr(tuple(one)) for one in rows]
    return "".join(found)


async def ended_and_checked(world: World, case_id: str, session_id: str) -> None:
    """The call ends, and the warehouse writes what it found."""
    inspector = await world.host()

    async def end(unit: Unit) -> None:
        session = await unit.tx.get_one(Session, session_id)
        case = await unit.tx.get_one(Case, case_id)
        await sessions.end(unit, session, case, EndCause.HOST_ENDED, SystemActor())
        case.state = CaseState.RECEIVED
        await unit.tx.flush()
        line = {"position": 0, "returned": 1, "grade": "B", "disposition": "restock"}
        check = {"move": "check", "lines": [{**line, "liability": "product", "note": FOUND}]}
        await make_move(unit, inspector, case_id, Check.model_validate(check))

    await world.services.run(end)


async def test_what_is_shown_of_people_stands_nowhere_in_the_clear(world: World) -> None:
    """The pages show it all and the tables none of it; without the case's key it is gone."""
    case_id, session_id, host = await call_of(world)
    await let_guest_in(world, case_id, session_id, host)
    other, keys, run = await world.host(), world.services.keys, world.services.run
    agent = await world.seller.staff(Role.AGENT, tenant=world.seller.lamp)
    reviewer = await world.seller.staff(Role.REVIEWER, tenant=world.seller.lamp)
    await run(lambda unit: hosting.set_ready(unit, other, True))
    request = Request(other.staff_id, None, NOTE)
    handover_id = await run(lambda unit: handing_over.ask(unit, host, session_id, request))
    part = PartOrder(session_id, Scope([], 0, 9))
    order = CopyOrder(part, mutes=[MuteOrder(1, 2)], reason=REASON)
    await run(lambda unit: order_copy(unit, reviewer, case_id, order))
    async with world.services.database.read() as tx:
        (ring,) = await handing_over.rings_for(tx, keys, other, world.clock.now())
        assert ring["note"] == NOTE
        (used,) = await observer_links.links_of(tx, keys, host, session_id)
        assert used["used_by"] == GUEST
        (copy,) = await copies_of(tx, case_id)
        assert (await orders_of(tx, keys, [copy]))[copy.id].reason == REASON
        (message,) = (await thread_view(tx, keys, agent, case_id)).messages
        assert message.author.name == GUEST
    await run(lambda unit: handing_over.answer(unit, other, handover_id, yes=True))
    async with world.services.database.read() as tx:
        shown: dict[str, Any] = await snapshot(tx, keys, host, session_id, world.clock)
    names = [one["name"] for one in shown["participants"]]
    assert sorted(names) == sorted([BUYER, host.name, GUEST, other.name])
    assert shown["handover"]["to"] == other.name
    await ended_and_checked(world, case_id, session_id)
    async with world.services.database.read() as tx:
        view = await case_view(tx, keys, agent, case_id, world.clock.now())
    assert view["items"][0]["checked"]["note"] == FOUND

    held = await dumped(world)
    assert not [one for one in PLANTED if one in held]
    async with world.services.database.begin() as tx:
        case = await tx.get_one(Case, case_id)
        assert case.wrapped_key is not None
        await keys.destroy(case.wrapped_key)
        people = await participants_of(tx, session_id)
        assert set((await opened_names(tx, keys, people)).values()) == {""}
        await scrub(tx, case)
    async with world.services.database.read() as tx:
        for query in (select(Handover.sealed_note), select(Device.sealed_user_agent)):
            assert set(await tx.scalars(query)) == {None}
        assert set(await tx.scalars(select(ItemLine.sealed_check_note))) == {None}
        assert {one.sealed_name for one in await participants_of(tx, session_id)} == {None}


async def test_what_is_sealed_opens_in_its_own_row_alone(world: World) -> None:
    """Copied to another person's row, or another call's, it is refused: nobody swaps names."""
    case_id, session_id, host = await call_of(world)
    _, elsewhere, _ = await call_of(world)
    run, other = world.services.run, await world.host()
    await run(lambda unit: hosting.set_ready(unit, other, True))
    request = Request(other.staff_id, None, NOTE)
    await run(lambda unit: handing_over.ask(unit, host, session_id, request))
    async with world.services.database.read() as tx:
        case_key = await world.services.keys.case_key(tx, case_id)
        key = await world.services.keys.session_key(tx, session_id)
        first, second = await participants_of(tx, session_id)
        (stranger, _) = await participants_of(tx, elsewhere)
        handover = (await tx.scalars(select(Handover))).one()
        device, another = (await tx.scalars(select(Device).limit(2))).all()
        line = (await tx.scalars(select(ItemLine).limit(1))).one()
        tx.expunge_all()
    second.sealed_name = first.sealed_name
    another.sealed_user_agent, handover.sealed_note = device.sealed_user_agent, first.sealed_name
    line.sealed_check_note = device.sealed_user_agent
    assert opened_name(key, first) == BUYER
    for refused in (
        lambda: opened_name(key, second),
        lambda: opened_name(key, stranger),
        lambda: note_of(key, handover),
        lambda: user_agent_of(case_key, another),
        lambda: check_note_of(case_key, line),
    ):
        with pytest.raises(InvalidTag):
            refused()


async def test_names_of_many_calls_are_opened_at_once(world: World) -> None:
    """One whose key is gone has none, and hides no other's."""
    gone_id, gone, _ = await call_of(world)
    _, kept, host = await call_of(world)
    keys = world.services.keys
    async with world.services.database.read() as tx:
        case = await tx.get_one(Case, gone_id)
        await keys.destroy(case.wrapped_key or b"")
        people = [*await participants_of(tx, gone), *await participants_of(tx, kept)]
        names = await opened_names(tx, keys, people)
        assert [names[one.id] for one in people] == ["", "", BUYER, host.name]
        assert await opened_names(tx, keys, []) == {}
