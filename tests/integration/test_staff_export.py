"""What is kept about somebody who works here, as a file: whole, and blind to other sellers."""

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

from cases.actor import StaffActor
from cases.case_note import note
from cases.keys import KeyDestroyed
from cases.new_sessions import new_session
from cases.people import actor_of_staff
from cases.scrubbing import scrub
from cases.sessions import seat_host
from cases.states import Role, Scope, SessionState
from cases.tables import Case, PersonExport, Staff
from cases.tenants import grant_work, revoke_grant
from cases.unit import Unit
from recorder.file_tries import clear_due
from recorder.made_files import key_purpose
from recorder.person_export.expiring import KEPT_FOR, expire_due, next_due
from recorder.person_export.making import make_export
from recorder.person_export.page import page_of
from recorder.person_export.references import naming_columns
from recorder.person_export.staff import gather_staff
from recorder.person_export.words import LANGUAGES
from runtime.ids import new_id
from signaling.services import SERVICES, Services
from tests.integration.test_case_api import OURS, expect, opened
from tests.support.notice_world import database_url
from tests.support.seller import CHEAP_HASH, PASSWORD
from tests.support.seller_site import SellerSite, seller_site

Json = dict[str, Any]
SAID = "The hinge <b>was</b> cracked before it was packed"
ELSEWHERE = "Only the other seller may read this"


@pytest.fixture(params=["sqlite", "postgresql"])
async def site(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SellerSite]:
    """Every route, on either database."""
    async with seller_site(tmp_path, database_url=database_url(request)) as running:
        yield running


def services_of(site: SellerSite) -> Services:
    """What durable work is given."""
    assert site.client.app is not None
    return site.client.app[SERVICES]


async def sign_in(site: SellerSite, actor: StaffActor) -> None:
    """The client is this person from now on."""
    site.client.session.cookie_jar.clear()
    body = {"email": f"{actor.staff_id}@example.com", "password": PASSWORD}
    response = await site.client.post("/api/login", json=body, headers=OURS)
    assert response.status == 200, await response.text()


async def ordered(site: SellerSite, staff_id: str) -> Json:
    """An export that the client ordered, made."""
    path = f"/api/v1/people/{staff_id}/person-exports"
    response = await site.client.post(path, headers=OURS)
    made: Json = await response.json()
    assert response.status == 202, made
    await make_export(services_of(site), made["id"])
    listed = await (await site.client.get(path, headers=OURS)).json()
    return next(one for one in listed["items"] if one["id"] == made["id"])


async def fetched(site: SellerSite, made: Json) -> tuple[Json, str]:
    """Index and page of an export that is ready."""
    response = await site.client.get(f"/api/v1/person-exports/{made['id']}/file", headers=OURS)
    content = await response.read()
    assert (response.status, sha256(content).hexdigest()) == (200, made["sha256"])
    with ZipFile(io.BytesIO(content)) as archive:
        assert archive.namelist() == ["index.html", "index.json"]
        return json.loads(archive.read("index.json")), archive.read("index.html").decode()


async def remark(site: SellerSite, actor: StaffActor, case_id: str, text: str) -> None:
    """Somebody writes an internal note into a case."""

    async def act(unit: Unit) -> None:
        case = await unit.tx.get_one(Case, case_id)
        await note(unit.tx, unit.keys, case, "note", {"text": text}, actor, unit.now)

    await services_of(site).run(act)


async def test_somebody_gets_all_that_is_theirs(site: SellerSite) -> None:
    """Account, sign-ins, consent, words and looks; nobody else's words, and no secret."""
    me = await site.seller.staff(Role.AGENT, tenant=site.seller.lamp)
    other = await site.seller.staff(Role.AGENT, tenant=site.seller.lamp)
    await sign_in(site, me)
    case_id = (await opened(site, OURS, order_number="LL-4711"))["case"]["id"]
    assert (await site.client.get(f"/api/v1/cases/{case_id}", headers=OURS)).status == 200
    await remark(site, me, case_id, SAID)
    await remark(site, other, case_id, "Not theirs")
    index, page = await fetched(site, await ordered(site, me.staff_id))
    assert index["about"]["asked_by"] == index["person"]["name"] == me.name
    assert index["person"]["roles"] == ["agent"]
    assert [one["revoked_at"] for one in index["logins"]] == [None]
    assert [one["version"] for one in index["consents"]] != []
    kinds = [one["what"] for one in index["events"]]
    assert {"case_opened", "note"} <= set(kinds), kinds
    (said,) = [one for one in index["events"] if one["what"] == "note"]
    assert (said["details"], said["order_number"]) == ({"text": SAID}, "LL-4711")
    assert ("looked", case_id) in {(one["what"], one["id"]) for one in index["looks"]}
    whole = json.dumps(index)
    for hidden in ("Not theirs", CHEAP_HASH, "secret"):
        assert hidden not in whole
    assert "<script" not in page
    assert "&lt;b&gt;was&lt;/b&gt;" in page
    # The seller's own log says who ordered it and who took it away.
    again, _ = await fetched(site, await ordered(site, me.staff_id))
    assert {"ordered", "downloaded"} <= {
        one["what"] for one in again["looks"] if one["thing"] == "export"
    }


async def test_only_the_person_and_their_admins_may_ask(site: SellerSite) -> None:
    """Each sees what they ordered themselves, as long as they still might."""
    seller = site.seller
    me = await seller.staff(Role.INSPECTOR, warehouse=seller.hall)
    admin = await seller.staff(Role.ADMIN, warehouse=seller.hall)
    await sign_in(site, me)
    mine = await ordered(site, me.staff_id)
    path = f"/api/v1/people/{me.staff_id}/person-exports"
    one = f"/api/v1/person-exports/{mine['id']}"
    asked = (("POST", path), ("GET", path), ("GET", one), ("GET", f"{one}/file"))
    strangers = [
        await seller.staff(Role.INSPECTOR, warehouse=seller.hall),
        await seller.staff(Role.ADMIN, warehouse=seller.dock),
        await seller.staff(Role.ADMIN, tenant=seller.lamp),
        await seller.staff(Role.ADMIN, tenant=seller.shoes),
    ]
    for stranger in strangers:
        await sign_in(site, stranger)
        for method, where in asked:
            response = await site.client.request(method, where, headers=OURS)
            await expect(response, 404, "not_found")
    site.client.session.cookie_jar.clear()
    key = {"Authorization": f"Bearer {await seller.api_key(seller.lamp, *Scope)}"}
    for method, where in asked:
        response = await site.client.request(method, where, headers=key)
        assert response.status in (401, 404), where
        assert (await site.client.request(method, where, headers=OURS)).status == 401
    await sign_in(site, admin)
    theirs = await ordered(site, me.staff_id)
    listed = await (await site.client.get(path, headers=OURS)).json()
    assert [found["id"] for found in listed["items"]] == [theirs["id"]]
    await expect(await site.client.get(f"{one}/file", headers=OURS), 404, "not_found")
    async with seller.database.begin() as tx:
        (await tx.get_one(Staff, admin.staff_id)).roles = ["inspector"]
    file = f"/api/v1/person-exports/{theirs['id']}/file"
    await expect(await site.client.get(file, headers=OURS), 404, "not_found")
    await sign_in(site, me)
    await expect(await site.client.get(file, headers=OURS), 404, "not_found")


async def test_a_seller_that_ended_the_work_is_named_by_numbers_only(site: SellerSite) -> None:
    """A warehouse's inspector worked for two: of the one that left neither words nor order."""
    seller, run = site.seller, services_of(site).run
    async with seller.database.begin() as tx:
        await grant_work(tx, tenant_id=seller.shoes, warehouse_id=seller.hall, now=seller.now)
    me = await seller.staff(Role.INSPECTOR, warehouse=seller.hall)
    cases = {}
    for tenant, order_number in ((seller.lamp, "LL-1"), (seller.shoes, "SOLE-77")):
        agent = await seller.staff(Role.AGENT, tenant=tenant)
        made = await seller.open_case(agent, order_number=order_number, warehouse_id=seller.hall)
        cases[tenant] = made.case_id
        await run(lambda unit, made=made: _hold(unit, me, made.case_id))
    await remark(site, me, cases[seller.lamp], SAID)
    await remark(site, me, cases[seller.shoes], ELSEWHERE)
    await sign_in(site, me)
    for case_id in cases.values():
        assert (await site.client.get(f"/api/v1/cases/{case_id}", headers=OURS)).status == 200
    before, _ = await fetched(site, await ordered(site, me.staff_id))
    assert ELSEWHERE in json.dumps(before)
    assert {one["order_number"] for one in before["inspections"]} == {"LL-1", "SOLE-77"}

    async with seller.database.begin() as tx:
        await revoke_grant(tx, tenant_id=seller.shoes, warehouse_id=seller.hall, now=seller.now)
    admin = await seller.staff(Role.ADMIN, warehouse=seller.hall)
    for asker in (me, admin):
        await sign_in(site, asker)
        after, page = await fetched(site, await ordered(site, me.staff_id))
        for section in ("inspections", "events"):
            assert len(after[section]) == len(before[section])
        whole = json.dumps(after) + page
        assert SAID in json.dumps(after)
        for hidden in (ELSEWHERE, "SOLE-77", "Sole"):
            assert hidden not in whole
        gone = [one for one in after["events"] if one["case_id"] == cases[seller.shoes]]
        assert gone
        assert all(one["withheld"] and one["details"] is None for one in gone)
        looks = [one for one in after["looks"] if one.get("case_id") == cases[seller.shoes]]
        assert looks
        assert all(one["withheld"] and "id" not in one for one in looks)


async def _hold(unit: Unit, actor: StaffActor, case_id: str) -> None:
    """The person was in an inspection of the case."""
    case = await unit.tx.get_one(Case, case_id)
    key = await unit.keys.new_session_key(unit.tx, case)
    session_id = new_id("ses")
    session = new_session(session_id, case, SessionState.ENDED, key, unit.now, f"x/{session_id}")
    unit.tx.add(session)
    await unit.tx.flush()
    await seat_host(unit, actor, session)
    await unit.record(session_id, "host_took", {"name": actor.name}, actor)


async def test_an_export_goes_after_a_week(site: SellerSite) -> None:
    """Told on the list; nobody gets it, its key and its bytes are gone, and a new one is made."""
    me = await site.seller.staff(Role.AGENT, tenant=site.seller.lamp)
    await sign_in(site, me)
    made = await ordered(site, me.staff_id)
    services = services_of(site)
    async with site.seller.database.read() as tx:
        row = await tx.get_one(PersonExport, made["id"])
        assert await next_due(tx) == row.expires_at
        names = [f"{row.object_prefix}/{number:05d}" for number in range(row.parts or 0)]
    assert all([await services.store.get(name) for name in names])
    site.seller.clock.advance(KEPT_FOR.total_seconds() - 1)
    assert await expire_due(services) == 0
    site.seller.clock.advance(timedelta(seconds=1).total_seconds())
    assert await expire_due(services) == 1
    assert await expire_due(services) == 0
    await sign_in(site, me)
    path = f"/api/v1/people/{me.staff_id}/person-exports"
    (shown,) = (await (await site.client.get(path, headers=OURS)).json())["items"]
    assert (shown["state"], shown["expires_at"]) == ("expired", None)
    file = f"/api/v1/person-exports/{made['id']}/file"
    await expect(await site.client.get(file, headers=OURS), 410, "export_expired")
    async with site.seller.database.read() as tx:
        row = await tx.get_one(PersonExport, made["id"])
        assert (row.wrapped_key, row.object_prefix, row.parts) == (None, None, None)
        assert await next_due(tx) is None
    assert await clear_due(services) == 1
    folder = Path(services.settings.data) / "store"
    assert not [one for one in folder.rglob("*") if one.is_file()]
    assert (await ordered(site, me.staff_id))["state"] == "ready"


async def test_an_erasure_takes_exports_of_who_worked_on_the_case_along(site: SellerSite) -> None:
    """One that is there goes at once, one that is being made is not kept; other sellers' stay."""
    seller, services = site.seller, services_of(site)
    me = await seller.staff(Role.INSPECTOR, warehouse=seller.hall)
    stranger = await seller.staff(Role.AGENT, tenant=seller.shoes)
    agent = await seller.staff(Role.AGENT, tenant=seller.lamp)
    case = await seller.open_case(agent, warehouse_id=seller.hall)
    await remark(site, me, case.case_id, SAID)
    await sign_in(site, stranger)
    theirs = await ordered(site, stranger.staff_id)
    await sign_in(site, me)
    mine = await ordered(site, me.staff_id)
    path = f"/api/v1/people/{me.staff_id}/person-exports"
    under_way = await (await site.client.post(path, headers=OURS)).json()
    async with seller.database.begin() as tx:
        key = (await tx.get_one(PersonExport, mine["id"])).wrapped_key or b""
        await scrub(tx, await tx.get_one(Case, case.case_id))
    assert await services.keys.open_own_key(key_purpose(mine["id"]), key)
    await make_export(services, under_way["id"])
    assert await expire_due(services) == 2
    states = {}
    async with seller.database.read() as tx:
        for one in (mine, under_way, theirs):
            row = await tx.get_one(PersonExport, one["id"])
            states[one["id"]] = (row.state, row.failure, row.wrapped_key is None)
    assert states == {
        mine["id"]: ("expired", None, True),
        under_way["id"]: ("failed", "erased", True),
        theirs["id"]: ("ready", None, False),
    }
    with pytest.raises(KeyDestroyed):
        await services.keys.open_own_key(key_purpose(mine["id"]), key)


async def test_every_column_that_names_somebody_is_looked_through(site: SellerSite) -> None:
    """And every language has words for every field of the index."""
    me = await site.seller.staff(Role.AGENT, tenant=site.seller.lamp)
    case = await site.seller.open_case(me)
    await remark(site, me, case.case_id, SAID)
    async with site.seller.database.read() as tx:
        asker = await actor_of_staff(tx, await tx.get_one(Staff, me.staff_id))
        found = await gather_staff(tx, site.seller.keys, asker, me.staff_id, site.seller.now)
    named = {(table.name, column.name) for table, column in naming_columns()}
    assert {("shares", "created_by"), ("cases", "assignee_staff_id")} <= named
    for language in LANGUAGES:
        page = page_of({**found.index, "events": []}, language, intro="staff_intro")
        assert re.findall(r"<dt><code>(.*?)</code>", page) == []
