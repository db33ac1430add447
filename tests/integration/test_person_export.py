"""What is kept about a buyer, as a file: whole, theirs alone, and nothing of the seller's notes."""

from __future__ import annotations

import io
import json
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from cases import log
from cases.access_log import Access, Deed, write_access
from cases.actor import BuyerActor
from cases.case_text import seal_case_text, text_of
from cases.channels import set_contact
from cases.inbound import Heard, hear
from cases.log import LogKind, Visibility
from cases.notice_kinds import ChannelKind
from cases.scrubbing import scrub
from cases.shares import ShareOrder, find_share, make_share
from cases.states import Role, Scope
from cases.tables import Case, Consent, PersonExport
from cases.unit import Unit
from infra.local.postgres import Postgres
from recorder.case_objects import objects_of
from recorder.file_tries import clear_due
from recorder.made_files import read_made
from recorder.person_export.expiring import KEPT_FOR, expire_due
from recorder.person_export.gathering import gather
from recorder.person_export.making import make_export, order_export
from recorder.person_export.page import page_of
from recorder.person_export.words import LANGUAGES
from runtime.ids import CaseId, JoinLinkId, new_id
from signaling.services import SERVICES
from tests.integration.test_case_api import OURS, expect, sign_in
from tests.integration.test_filing import TUS, drafted, filed, photograph, send, tell, upload
from tests.support.erasing_world import erasing_world
from tests.support.notice_world import database_url
from tests.support.seller_site import SellerSite, seller_site

Json = dict[str, Any]
NAME = "../../etc/<img src=x onerror=alert(1)>\u202egpj.exe"
NOTE = "Only for us: a known troublemaker"
SAID = "It <b>arrived</b> broken"


@pytest.fixture(params=["sqlite", "postgresql"])
async def site(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SellerSite]:
    """Every route, on either database."""
    async with seller_site(tmp_path, database_url=database_url(request)) as running:
        yield running


class Buyers:
    """A filed return with a photograph, words of both sides, and an internal note."""

    def __init__(self, site: SellerSite) -> None:
        self.site = site
        self.content = photograph()

    async def furnish(self) -> Buyers:
        """File it, and write."""
        site = self.site
        await tell(site)
        draft = await drafted(site)
        mine = {**TUS, "X-Filing": draft["secret"]}
        path = await upload(site, mine, self.content, NAME)
        assert (await send(site, mine, path, 0, self.content)).status == 204
        answer = await filed(site, draft["secret"])
        self.link = f"/api/join/{answer['join_path'].removeprefix('/j/')}"
        cookies = site.client.session.cookie_jar.filter_cookies(site.client.make_url("/"))
        self.device = {**OURS, "Cookie": f"pc_device={cookies['pc_device'].value}"}
        site.client.session.cookie_jar.clear()
        self.key = {
            "Authorization": f"Bearer {await site.seller.api_key(site.seller.lamp, *Scope)}"
        }
        cases = await (await site.client.get("/api/v1/cases", headers=self.key)).json()
        self.case_id = cases["items"][0]["id"]
        self.path = f"/api/v1/cases/{self.case_id}/person-exports"
        said = {"client_id": "c1", "text": SAID, "locale": "en"}
        assert (await self.ask("POST", f"{self.link}/thread/messages", self.device, json=said))[
            0
        ] == 200
        note = {"client_id": "c2", "text": NOTE, "locale": "en", "internal": True}
        assert (
            await self.ask("POST", f"/api/v1/cases/{self.case_id}/thread", self.key, json=note)
        )[0] == 200
        return self

    async def ask(
        self, method: str, path: str, headers: dict[str, str], **more: Any
    ) -> tuple[int, Any]:
        """Status and answer; cookies are those of ``headers``."""
        self.site.client.session.cookie_jar.clear()
        response = await self.site.client.request(method, path, headers=headers, **more)
        content = await response.read()
        is_json = "json" in response.content_type
        return response.status, json.loads(content) if is_json else content

    async def make(self, export_id: str) -> None:
        """Carry out the durable work."""
        assert self.site.client.app is not None
        await make_export(self.site.client.app[SERVICES], export_id)


@pytest.fixture
async def buyers(site: SellerSite) -> Buyers:
    """A furnished return."""
    return await Buyers(site).furnish()


async def test_the_buyer_gets_all_that_is_theirs_and_no_internal_word(buyers: Buyers) -> None:
    """From the page behind the link: index, page, the photograph byte for byte; noted twice."""
    status, made = await buyers.ask("POST", f"{buyers.link}/person-exports", buyers.device)
    assert (status, made["state"]) == (202, "wanted")
    file = f"{buyers.link}/person-exports/{made['id']}/file"
    status, answer = await buyers.ask("GET", file, buyers.device)
    assert (status, answer["code"]) == (409, "export_not_ready")
    await buyers.make(made["id"])
    await buyers.make(made["id"])
    status, listed = await buyers.ask("GET", f"{buyers.link}/person-exports", buyers.device)
    ready = listed["items"][0]
    assert (status, ready["state"], ready["done_bytes"]) == (200, "ready", len(buyers.content))
    status, content = await buyers.ask("GET", file, buyers.device)
    assert (status, sha256(content).hexdigest()) == (200, ready["sha256"])
    with ZipFile(io.BytesIO(content)) as archive:
        assert archive.namelist() == ["index.html", "index.json", "attachments/001.jpg"]
        assert archive.testzip() is None
        index = json.loads(archive.read("index.json"))
        page = archive.read("index.html").decode()
        assert archive.read("attachments/001.jpg") == buyers.content
    told = index["attachments"][0]
    assert (told["file"], told["sha256"]) == (
        "attachments/001.jpg",
        sha256(buyers.content).hexdigest(),
    )
    assert "onerror" in told["name"]
    assert index["messages"][-1]["words"] == SAID
    assert index["person"]["email"] == "ana@example.com"
    assert index["order"]["buyer"]["name"] == index["person"]["name"]
    assert [one["state"] for one in index["links"][0]["devices"]] == ["bound"]
    for text in (page, json.dumps(index)):
        assert "troublemaker" not in text
    assert "<img" not in page
    assert "\u202e" not in page
    assert "It &lt;b&gt;arrived&lt;/b&gt; broken" in page
    assert "<script" not in page
    seller = buyers.site.seller
    async with seller.database.read() as tx:
        events = await log.read_events(
            tx,
            log=LogKind.ACCESS,
            subject_id=seller.lamp,
            key=await seller.keys.tenant_key(tx, seller.lamp),
            visibilities=frozenset({Visibility.SELLER}),
        )
    noted = [
        (one.kind, one.actor.partition(":")[0])
        for one in events
        if one.payload == {"what": "export", "id": made["id"]}
    ]
    assert noted == [("ordered", "buyer"), ("downloaded", "buyer")]


async def test_strangers_unbound_devices_and_inspectors_get_nothing(
    buyers: Buyers, site: SellerSite
) -> None:
    """Neither order, nor list, nor file: not by another key, role, browser or return."""
    _, made = await buyers.ask("POST", buyers.path, buyers.key)
    await buyers.make(made["id"])
    one = f"/api/v1/person-exports/{made['id']}"
    asked = (("POST", buyers.path), ("GET", buyers.path), ("GET", one), ("GET", f"{one}/file"))
    rival = {"Authorization": f"Bearer {await site.seller.api_key(site.seller.shoes, *Scope)}"}
    weak = await site.seller.api_key(site.seller.lamp, *(set(Scope) - {Scope.KEEPING_WRITE}))
    for method, path in asked:
        assert (await buyers.ask(method, path, rival))[0] == 404, path
        assert (await buyers.ask(method, path, {"Authorization": f"Bearer {weak}"}))[0] == 403
        assert (await buyers.ask(method, path, OURS))[0] == 401, path
        assert (await buyers.ask(method, path, buyers.device))[0] == 401, path
    for role, where, status in (
        (Role.INSPECTOR, {"tenant": site.seller.lamp}, 403),
        (Role.REVIEWER, {"tenant": site.seller.lamp}, 403),
        (Role.INSPECTOR, {"warehouse": site.seller.hall}, None),
        (Role.ADMIN, {"warehouse": site.seller.hall}, None),
        (Role.ADMIN, {"tenant": site.seller.shoes}, 404),
    ):
        site.client.session.cookie_jar.clear()
        await sign_in(site, role, **where)
        for method, path in asked:
            answer = await site.client.request(method, path, headers=OURS)
            # A warehouse that has the case is refused; to any other there is none.
            assert answer.status in ((403, 404) if status is None else (status,)), (role, path)
    mine = (
        ("POST", f"{buyers.link}/person-exports"),
        ("GET", f"{buyers.link}/person-exports"),
        ("GET", f"{buyers.link}/person-exports/{made['id']}/file"),
    )
    for cookie in ({}, {"Cookie": f"pc_device={'A' * 43}"}):
        for method, path in mine:
            assert (await buyers.ask(method, path, {**OURS, **cookie}))[0] == 404, path

    other = await site.seller.open_case(
        await site.seller.staff(Role.AGENT, tenant=site.seller.lamp), order_number=new_id("ord")
    )
    theirs = f"/api/join/{other.token}"
    site.client.session.cookie_jar.clear()
    entered = await site.client.post(f"{theirs}/thread", headers=OURS)
    cookie = {"Cookie": f"pc_device={entered.cookies['pc_device'].value}"}
    assert (await buyers.ask("GET", f"{theirs}/person-exports", {**OURS, **cookie}))[1] == {
        "items": []
    }
    stolen = f"{theirs}/person-exports/{made['id']}/file"
    assert (await buyers.ask("GET", stolen, {**OURS, **cookie}))[0] == 404


async def test_an_order_is_taken_once_and_a_link_fills_no_store(
    buyers: Buyers, site: SellerSite
) -> None:
    """The same key gives the same export to either side; five a day, one at a time."""
    for path, who in ((f"{buyers.link}/person-exports", buyers.device), (buyers.path, buyers.key)):
        once = {**who, "Idempotency-Key": new_id("key")}
        seen = [await buyers.ask("POST", path, once) for _ in range(2)]
        assert [status for status, _ in seen] == [202, 202]
        assert seen[0][1]["id"] == seen[1][1]["id"]
        status, answer = await buyers.ask("POST", path, who)
        assert (status, answer["code"]) == (409, "export_under_way")
        await buyers.make(seen[0][1]["id"])
    for _ in range(3):
        status, made = await buyers.ask("POST", buyers.path, buyers.key)
        assert status == 202
        await buyers.make(made["id"])
    status, answer = await buyers.ask("POST", f"{buyers.link}/person-exports", buyers.device)
    assert (status, answer["code"]) == (429, "too_many_exports")
    site.seller.clock.advance(timedelta(days=1).total_seconds())
    assert (await buyers.ask("POST", f"{buyers.link}/person-exports", buyers.device))[0] == 202


async def test_it_goes_with_the_case(buyers: Buyers, site: SellerSite) -> None:
    """Its parts are among what erasure deletes, and scrubbed it is failed, without a place."""
    _, made = await buyers.ask("POST", buyers.path, buyers.key)
    await buyers.make(made["id"])
    async with site.seller.database.begin() as tx:
        row = await tx.get_one(PersonExport, made["id"])
        assert (f"{row.object_prefix}/00000", None) in await objects_of(tx, buyers.case_id)
        case = await tx.get_one(Case, buyers.case_id)
        await scrub(tx, case)
        case.erased_at, case.erased_because = site.seller.now, "She asked"
        await tx.refresh(row)
        assert (row.state, row.failure, row.object_prefix) == ("failed", "erased", None)
    for path in (buyers.path, f"/api/v1/person-exports/{made['id']}/file"):
        response = await site.client.get(path, headers=buyers.key)
        await expect(response, 410, "erased")


@pytest.mark.parametrize("base", ["sqlite", "postgresql"])
async def test_an_inspection_a_share_and_a_messenger_are_in_it(
    request: pytest.FixtureRequest, tmp_path: Path, base: str
) -> None:
    """What was recorded and sealed, who of outside looked, where the buyer wrote from."""
    url = f"sqlite+aiosqlite:///{tmp_path / 'new' / 'proofcall.db'}"
    if base == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        url = server.fresh_database()
    async with erasing_world(tmp_path, url) as world:
        agent = await world.seller.staff(Role.AGENT, tenant=world.seller.lamp)
        wanted = ShareOrder("Carla Carrier", "carla@example.com", 7, None, may_download=True)
        heard = Heard(ChannelKind.WHATSAPP, "wamid.1", "34600111222", "Is it settled?")

        async def act(unit: Unit) -> str:
            _, token = await make_share(unit, agent, world.session_id, wanted)
            await set_contact(unit, agent, world.case_id, ChannelKind.WHATSAPP, "+34 600 111 222")
            assert await hear(unit, world.seller.lamp, heard) == world.case_id
            unit.tx.add(consent(world.session_id, unit))
            await unit.record(
                world.session_id,
                "consent_given",
                {"version": "v", "locale": "en", "sha256": "d" * 64},
                BuyerActor(CaseId(world.case_id), JoinLinkId("lnk"), "dev_1"),
            )
            found = await find_share(unit.tx, unit.keys, token, unit.now)
            await write_access(
                unit.tx,
                unit.keys,
                Access(
                    found.actor,
                    world.seller.lamp,
                    world.case_id,
                    Deed.REPLAYED,
                    "session",
                    world.session_id,
                    unit.now,
                    spans=((1_000, 2_500),),
                ),
            )
            made = await order_export(unit, agent, world.case_id)
            return made.id

        export_id = await world.run(act)
        await make_export(world.evidence, export_id)
        async with world.database.read() as tx:
            row = await tx.get_one(PersonExport, export_id)
        assert (row.state, row.staff_id, row.wrapped_key) == ("ready", None, None)
        assert row.expires_at == world.seller.now + KEPT_FOR
        parts = [part async for part in read_made(world.evidence, row, 0, row.size or 0)]
        with ZipFile(io.BytesIO(b"".join(parts))) as archive:
            index = json.loads(archive.read("index.json"))
        (inspection,) = index["inspections"]
        assert [one["role"] for one in inspection["recordings"]] == ["buyer"]
        assert inspection["recordings"][0]["duration_s"] > 5
        assert [one["sha256"] for one in inspection["consents"]] == ["d" * 64]
        assert [one["id"] for one in inspection["stills"]] == ["stl_1"]
        assert inspection["seals"][0]["receipt"].encode() == await world.receipt()
        (looker,) = index["lookers"]
        assert (looker["name"], looker["may_download"]) == ("Carla Carrier", True)
        assert [(one["what"], len(one["spans"])) for one in looker["looks"]] == [("replayed", 1)]
        (address,) = index["person"]["addresses"]
        assert (address["channel"], address["address"]) == ("whatsapp", "34600111222")
        assert "Is it settled?" in [one["words"] for one in index["messages"]]
        # Words of the seller's own log are theirs, and the share's viewer has no address here.
        assert "carla@example.com" not in json.dumps(index)

        async with world.database.begin() as tx:
            (await tx.get_one(PersonExport, export_id)).expires_at = world.seller.now
        assert await expire_due(world.evidence) == 1
        assert await clear_due(world.evidence) == 1
        async with world.database.read() as tx:
            assert (await tx.get_one(PersonExport, export_id)).state == "expired"
            objects = await objects_of(tx, world.case_id)
        assert not [name for name, _ in objects if "exports/" in name]


def consent(session_id: str, unit: Unit) -> Consent:
    """The buyer's, as joining keeps it."""
    return Consent(
        id=new_id("con"),
        session_id=session_id,
        participant_id="par_buyer",
        text_version="v",
        locale="en",
        given_at=unit.now,
    )


async def test_an_order_of_somebody_else_is_not_told(buyers: Buyers) -> None:
    """The seller's order of this number names another person: nothing of it is given."""
    seller = buyers.site.seller
    async with seller.database.begin() as tx:
        case = await tx.get_one(Case, buyers.case_id)
        text = await text_of(tx, seller.keys, case)
        other = text.model_copy(update={"buyer_email": "other@example.com"})
        case.sealed_text = seal_case_text(await seller.keys.key_of(tx, case), case.id, other)
    async with seller.database.read() as tx:
        found = await gather(tx, seller.keys, buyers.case_id, seller.now)
    assert found.index["order"] is None
    assert "ana@example.com" not in json.dumps(found.index)


async def test_every_language_has_words_for_every_field(buyers: Buyers) -> None:
    """What the page shows without words of ours is only what strangers named."""
    seller = buyers.site.seller
    async with seller.database.read() as tx:
        found = await gather(tx, seller.keys, buyers.case_id, seller.now)
    assert {frozenset(words) for words in LANGUAGES.values()} == {frozenset(LANGUAGES["en"])}
    for language in LANGUAGES:
        page = page_of({**found.index, "events": []}, language)
        assert f'lang="{language}"' in page
        assert re.findall(r"<dt><code>(.*?)</code>", page) == []
