"""The receipt of a sealed inspection on its way to the buyer, on both databases: once, or never."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from cases.database import Database
from cases.mail import envelope_of
from cases.notice_kinds import ChannelKind
from cases.notice_letters import say
from cases.notices import Sender, due_notices, look_at
from cases.tables import Case, Event, Notice, NoticeChannel, NoticeContact
from cases.unit import Unit
from infra.local.postgres import Postgres
from recorder.proof.jws import read_jws
from recorder.sealing import seal_at_hang_up, seal_session
from runtime.settings import Settings
from tests.support.sealing_world import World
from tests.support.seller import make_seller

URL = "https://shop.example"
WITH_MAIL = Sender(URL, None, has_mail=True)


@pytest.fixture(params=["sqlite", "postgresql"])
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    """On a database of each kind."""
    url = f"sqlite+aiosqlite:///{tmp_path / 'new' / 'proofcall.db'}"
    if request.param == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        url = server.fresh_database()
    database = Database(url)
    yield World(await make_seller(database), Settings(data=tmp_path))
    await database.close()


async def sealed(world: World, *, complete: bool) -> str:
    """A session whose call is over and sealed, with or without its last part."""
    session_id = await world.live_session()
    await world.end(session_id, recorder_closed=complete)
    world.seller.clock.advance(9)
    await seal_at_hang_up(world.evidence, session_id)
    return session_id


async def receipts(world: World) -> list[Notice]:
    """The notices that bring one."""
    async with world.database.read() as tx:
        return list(await tx.scalars(select(Notice).where(Notice.kind == "receipt")))


async def send_due(world: World, sender: Sender = WITH_MAIL) -> None:
    """Send on its way what is due."""
    async with world.database.read() as tx:
        due = await due_notices(tx, world.seller.now)
    for notice_id in due:

        async def act(unit: Unit, notice_id: str = notice_id) -> None:
            await look_at(unit, sender, notice_id)

        await world.run(act)


async def test_a_complete_seal_brings_the_receipt_at_once_and_once(world: World) -> None:
    """However often sealing is tried; nobody can opt out of it."""
    session_id = await sealed(world, complete=True)
    await seal_at_hang_up(world.evidence, session_id)
    await seal_session(world.evidence, session_id)
    await send_due(world)
    (notice,) = await receipts(world)
    assert (notice.subject, notice.state, notice.channel) == (session_id, "ordered", "email")
    async with world.database.read() as tx:
        envelope = await envelope_of(tx, world.keys, notice.mail_id or "", "shop.example")
        entries = list(await tx.scalars(select(Event.seq).where(Event.kind == "evidence_sealed")))
    (manifest,) = await world.manifests(session_id)
    assert envelope is not None
    assert envelope.to == "ana@example.com"
    assert envelope.unsubscribe_url is None
    assert envelope.attached is not None
    assert envelope.attached.line == manifest.receipt
    assert envelope.attached.file_name in envelope.text
    assert len(entries) == 1


async def test_an_incomplete_seal_waits_for_its_supplement(world: World) -> None:
    """Then one mail brings the newest receipt; the supplement brings none of its own."""
    session_id = await sealed(world, complete=False)
    await send_due(world)
    (waiting,) = await receipts(world)
    assert waiting.state == "waiting"
    await world.end(session_id, recorder_closed=True)
    await seal_session(world.evidence, session_id)
    world.seller.clock.advance(timedelta(minutes=12).total_seconds())
    await send_due(world)
    (notice,) = await receipts(world)
    async with world.database.read() as tx:
        envelope = await envelope_of(tx, world.keys, notice.mail_id or "", "shop.example")
    assert envelope is not None
    assert envelope.attached is not None
    assert json.loads(read_jws(envelope.attached.line).payload)["number"] == 1


async def test_a_supplement_that_never_comes_does_not_keep_the_receipt(world: World) -> None:
    """The first one is worth having."""
    await sealed(world, complete=False)
    world.seller.clock.advance(timedelta(minutes=12).total_seconds())
    await send_due(world)
    (notice,) = await receipts(world)
    assert notice.state == "ordered"


async def test_an_erased_case_sends_no_receipt(world: World) -> None:
    """Although one was ordered before."""
    await sealed(world, complete=True)
    async with world.database.begin() as tx:
        for case in await tx.scalars(select(Case)):
            case.wrapped_key = None
    await send_due(world)
    (notice,) = await receipts(world)
    assert (notice.state, notice.reason, notice.mail_id) == ("suppressed", "erased", None)


@pytest.mark.parametrize("has_mail", [True, False])
async def test_mail_comes_before_a_messenger_where_it_is_set_up(
    world: World, has_mail: bool
) -> None:
    """A messenger brings the way to the page, and no word of a file."""
    await sealed(world, complete=True)
    (notice,) = await receipts(world)
    async with world.database.begin() as tx:
        tx.add(
            NoticeChannel(
                id="nch_1",
                tenant_id=notice.tenant_id,
                kind=ChannelKind.LINE,
                options={},
                secrets=b"",
                enabled=True,
                created_at=world.seller.now,
                updated_at=world.seller.now,
                updated_by="staff:1",
            )
        )
        tx.add(
            NoticeContact(
                case_id=notice.case_id,
                kind=ChannelKind.LINE,
                tenant_id=notice.tenant_id,
                address=b"",
                address_hash=b"h",
                heard_at=None,
                created_at=world.seller.now,
            )
        )
    await send_due(world, Sender(URL, None, has_mail=has_mail))
    (notice,) = await receipts(world)
    assert notice.channel == ("email" if has_mail else "line")
    async with world.database.read() as tx:
        case = await tx.get_one(Case, notice.case_id)
        now = world.seller.now
        said = await say(tx, world.keys, notice, case, now, public_url=URL, small="")
    assert f"{URL}/j/" in said.plain
    assert "proofcall-receipt" not in said.plain
    assert "proofcall-receipt" in said.letter.text
