"""No word about a person stands in the clear where parcels, money and mails are kept."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag
from sqlalchemy import select, update

from cases import mail
from cases.erasure_keys import ErasureKeys
from cases.mail import Envelope, MailFailed, MailRefused
from cases.parcel_words import number_digest, read_parcel
from cases.scrubbing import scrub
from cases.tables import Base, Case, Mail, MailTry, Notice, Parcel, Scan
from signaling.due_sweep import sweep_due
from signaling.mail_work import send_mail
from tests.support.notice_world import NoticeWorld, database_url, notice_world
from tests.support.port_site import PDF
from tests.support.port_world import PortWorld, port_world
from tests.support.seller import case_in

PLANTED = ("planted", "qx77", "mallorca")
"""Each of the words below has one of these in it, whatever its case."""
NUMBER = "QX77000111"
HOME = "Ana Planted, Calle Luna 7"
LABEL = "https://labels.example/Planted.pdf"
PLACE = "At the Planted house"
WORDS = "Handed to neighbour Mallorca"
TABLES = (
    "parcels", "scans", "labels", "carrier_claims", "refund_orders", "errands", "settlements",
    "notices", "mails", "mail_tries", "webhook_attempts",
)  # fmt: skip


@pytest.fixture(params=["sqlite", "postgresql"])
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[PortWorld]:
    """A connected seller on each database."""
    async with port_world(tmp_path, database_url(request)) as made:
        await made.connect()
        yield made


async def in_the_clear(world: PortWorld | NoticeWorld, tables: Iterable[str]) -> list[str]:
    """Which of these tables hold a planted word as anybody can read it."""
    found = []
    async with world.services.database.read() as tx:
        for name in tables:
            rows = (await tx.execute(select(Base.metadata.tables[name]))).all()
            assert rows or name in ("webhook_attempts", "notices", "mails", "mail_tries"), name
            if any(one in repr(tuple(row)).lower() for row in rows for one in PLANTED):
                found.append(name)
    return found


async def walked(world: PortWorld) -> str:
    """A case whose parcel, label, claim, refund and money say something of the buyer."""
    case_id = await world.decided()
    world.strangers.scans[NUMBER] = []
    told = {"address": HOME, "label_url": LABEL, "tracking_number": NUMBER, "carrier": "Post"}
    await world.move(case_id, "give_label", **told)
    await sweep_due(world.services)
    await world.work()
    at = world.now.isoformat()
    scans = [
        {"tracking_number": NUMBER, "status": "in_transit", "at": at, "place": place}
        for place in (PLACE, "Leipzig", PLACE)
    ]
    taken = await world.ask("POST", "/scans", 200, {"scans": scans})
    assert (taken["kept"], taken["known"]) == (2, 1)
    (parcel,) = (await world.way(case_id))["parcels"]
    claims = f"/cases/{case_id}/carrier-claims"
    claim = await world.ask(
        "POST", claims, 201, {"parcel_id": parcel["id"], "note": f"{HOME} says so."}
    )
    await world.ask("POST", f"{claims}/{claim['id']}/file", 200, {"reference": "CL-Planted"})
    await world.ask(
        "POST", f"{claims}/{claim['id']}/answer", 200, {"note": WORDS, "amount": "5.00"}
    )
    return case_id


async def test_a_way_back_is_read_as_before_and_stands_nowhere_in_the_clear(
    world: PortWorld,
) -> None:
    """Number, label, home, places, words, claims and references; erased, nothing is left."""
    case_id = await walked(world)
    other = await world.decided()
    content = base64.b64encode(PDF).decode()
    upload = {"content": content, "tracking_number": NUMBER}
    label = await world.ask("POST", f"/cases/{other}/labels/upload", 201, upload)
    assert label["tracking_number"] == NUMBER
    paid = await world.decided("partial_refund")
    await world.ask("POST", f"/cases/{paid}/refunds", 202, {"amount": "1.00", "currency": "EUR"})
    world.strangers.next = [400]
    await world.work()
    assert (await world.way(paid))["refunds"][0]["why"]
    by_hand = await world.decided("partial_refund")
    await world.move(by_hand, "refund_partly", amount="2.00", reference="IBAN Planted")
    way = await world.way(case_id)
    (parcel,) = way["parcels"]
    assert (parcel["tracking_number"], parcel["label_url"]) == (NUMBER, LABEL)
    assert parcel["address"] == HOME
    assert parcel["asked"] == "0 scans."
    assert {one["place"] for one in parcel["scans"]} == {PLACE, "Leipzig"}
    (claim,) = way["claims"]
    assert (claim["note"], claim["reference"]) == (f"{HOME} says so.", "CL-Planted")
    assert claim["answer"] == WORDS
    assert (await world.case(other))["parcels"][0]["tracking_number"] == NUMBER
    assert (await world.case(by_hand))["settlements"][0]["reference"] == "IBAN Planted"
    assert await in_the_clear(world, TABLES) == []
    async with world.services.database.begin() as tx:
        await scrub(tx, await tx.get_one(Case, case_id))
    async with world.services.database.read() as tx:
        for name in TABLES:
            table = Base.metadata.tables[name]
            if "case_id" not in table.c:
                continue
            rows = (await tx.execute(select(table).where(table.c.case_id == case_id))).all()
            sealed = [one for one in table.c.keys() if one.startswith(("sealed", "number_"))]  # noqa: SIM118
            assert [getattr(row, one) for row in rows for one in sealed if getattr(row, one)] == []
        assert {one.parcel_id for one in await tx.scalars(select(Scan))} != {parcel["id"]}


async def test_words_open_on_their_own_row_alone(world: PortWorld) -> None:
    """What is sealed for one parcel, pasted into another, is no parcel's; digests say no number."""
    case_id = await walked(world)
    seller = world.site.seller
    async with seller.database.begin() as tx:
        parcel = await tx.scalar(select(Parcel).where(Parcel.case_id == case_id))
        assert parcel is not None
        key = await seller.keys.case_key(tx, case_id)
        assert read_parcel(key, parcel).tracking_number == NUMBER
        ours = await number_digest(tx, seller.keys, seller.lamp, NUMBER)
        theirs = await number_digest(tx, seller.keys, seller.shoes, NUMBER)
        assert ours == parcel.number_digest != theirs
        pasted = Parcel(id="pcl_x", sealed_words=parcel.sealed_words)
        with pytest.raises(InvalidTag):
            read_parcel(key, pasted)


async def test_a_scan_for_a_case_that_is_being_erased_finds_no_parcel(world: PortWorld) -> None:
    """Its key may be gone while its rows are still there."""
    case_id = await walked(world)
    async with world.services.database.begin() as tx:
        case = await tx.get_one(Case, case_id)
        case.erased_at = world.now
        await world.services.keys.destroy(case.wrapped_key or b"")
    scan = {"tracking_number": NUMBER, "status": "delivered", "at": world.now.isoformat()}
    told = await world.ask("POST", "/scans", 200, {"scans": [scan]})
    assert (told["kept"], len(told["problems"])) == (0, 1)
    await sweep_due(world.services)


async def test_a_look_that_finds_nothing_new_opens_no_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sweeper goes over every parcel under way, again and again."""
    async with port_world(tmp_path) as world:
        case_id = await world.decided()
        await world.move(case_id, "give_label", address=HOME, tracking_number=NUMBER)
        body = {"tracking_number": NUMBER, "status": "in_transit", "at": world.now.isoformat()}
        await world.ask("POST", "/scans", 200, {"scans": [body]})
        await sweep_due(world.services)
        opened: list[bytes] = []
        real = ErasureKeys.read

        def counted(keys: ErasureKeys, name: bytes) -> Any:
            opened.append(name)
            return real(keys, name)

        monkeypatch.setattr(ErasureKeys, "read", counted)
        world.advance(hours=7)
        async with world.services.database.read() as tx:
            due = await tx.scalar(select(Parcel.look_at))
        await sweep_due(world.services)
        async with world.services.database.read() as tx:
            looked = await tx.scalar(select(Parcel.look_at))
        assert due is not None
        assert looked is not None
        assert looked > due
        assert opened == []


class Refusing:
    """A mail server that repeats the address, as they do."""

    async def send(self, envelope: Envelope) -> None:
        """Refuse it."""
        raise MailRefused(f"550 5.1.1 <{envelope.to}>: no such person")


@asynccontextmanager
async def refused_mail(
    folder: Path, url: str | None = None
) -> AsyncIterator[tuple[NoticeWorld, str]]:
    """A world whose buyer's notice came back, and the case's id."""
    async with notice_world(folder, url) as world:
        buyer = {**case_in()["buyer"], "email": "ana@planted.example"}
        case_id = await world.open_case(buyer=buyer)
        await world.work_with(Refusing())
        yield world, case_id


@pytest.mark.parametrize("url", ["sqlite", "postgresql"])
async def test_a_refusal_that_repeats_the_address_is_sealed(
    tmp_path: Path, url: str, request: pytest.FixtureRequest
) -> None:
    """The admin reads it; in the tables of notices and mails there is none of it."""
    server = request.getfixturevalue("postgres") if url == "postgresql" else None
    where = server.fresh_database() if server is not None else None
    async with refused_mail(tmp_path, where) as (world, case_id):
        told = await world.ask("GET", f"/api/v1/cases/{case_id}/notices", 200)
        assert "<ana@planted.example>" in told["items"][0]["words"]
        listed = await world.ask("GET", "/api/v1/notices", 200)
        missed = await world.ask("GET", "/api/v1/unreached-buyers", 200)
        assert listed["items"][0]["words"] == missed["items"][0]["words"]
        seller = world.site.seller
        async with seller.database.read() as tx:
            page = await mail.list_mails(tx, seller.keys, seller.lamp, before=None, limit=10)
            assert await tx.scalar(select(MailTry.sealed_words)) is not None
            assert await tx.scalar(select(Notice.sealed_words)) is not None
        assert page.items[0].last_words == told["items"][0]["words"]
        assert page.items[0].to == "ana@planted.example"
        assert await in_the_clear(world, TABLES[-4:-1]) == []


class Busy:
    """A mail server that repeats the address and wants it later."""

    async def send(self, envelope: Envelope) -> None:
        """Put it off."""
        raise MailFailed(f"451 <{envelope.to}>: busy")


async def test_what_a_busy_server_says_goes_neither_into_the_log_nor_into_the_queue(
    tmp_path: Path,
) -> None:
    """Both keep the error of a try; the words stand with the mail."""
    async with refused_mail(tmp_path) as (world, _case_id):
        seller = world.site.seller
        async with seller.database.begin() as tx:
            await tx.execute(update(Mail).values(state="queued"))
            mail_id = await tx.scalar(select(Mail.id))
        with pytest.raises(MailFailed) as caught:
            await send_mail(world.services, Busy(), mail_id or "")
        assert (caught.value.__cause__, caught.value.__context__) == (None, None)
        assert "planted" not in str(caught.value)
        async with seller.database.read() as tx:
            page = await mail.list_mails(tx, seller.keys, seller.lamp, before=None, limit=10)
        assert page.items[0].last_words == "451 <ana@planted.example>: busy"


async def test_a_mail_of_an_erased_case_is_neither_read_nor_sent(tmp_path: Path) -> None:
    """Its key went with the case: from a backup not even the master key opens it."""
    async with refused_mail(tmp_path) as (world, case_id):
        seller = world.site.seller
        async with seller.database.begin() as tx:
            await tx.execute(update(Mail).values(state="queued"))
            case = await tx.get_one(Case, case_id)
            await seller.keys.destroy(case.wrapped_key or b"")
        async with seller.database.read() as tx:
            found = await tx.scalar(select(Mail))
            assert found is not None
            envelope = await mail.envelope_of(tx, seller.keys, found.id, "shop.example")
            page = await mail.list_mails(tx, seller.keys, seller.lamp, before=None, limit=10)
            assert (envelope, page.items) == (None, [])
            with pytest.raises(Exception, match="master key"):
                seller.keys.unseal(f"mail:{found.id}", found.sealed)
        listed = await world.ask("GET", "/api/v1/notices", 200)
        assert listed["items"][0]["words"] is None
