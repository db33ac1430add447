"""Tracking and labels by real servers: polled, pushed, imported, by hand; and attacks."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import signal
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from standardwebhooks import Webhook

from cases import desk, labels, ports
from cases.database import Database
from cases.move_commands import GiveLabel
from cases.moving import make_move
from cases.port_commands import LabelSetup, PortKind, TrackingSetup
from cases.states import CaseTrigger, Outcome, Role, Scope
from cases.tables import Case, Label, Port, Scan
from cases.unit import Unit
from infra.local.postgres import Postgres
from runtime.clock import SystemClock
from tests.integration.test_refund_port import start_jobs
from tests.support.port_site import PDF, SECRET, port_site
from tests.support.port_world import ADDRESS, OURS, PortWorld, port_world
from tests.support.seller import case_in, make_seller
from tests.support.seller_site import NoOutbox

NUMBER = "CN193847560DE"


@pytest.fixture(params=["sqlite", "postgresql"])
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[PortWorld]:
    """A connected seller on each database."""
    url = None
    if request.param == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        url = server.fresh_database()
    async with port_world(tmp_path, url) as made:
        await made.connect()
        yield made


@pytest.fixture
async def small(tmp_path: Path) -> AsyncIterator[PortWorld]:
    """A connected seller on SQLite."""
    async with port_world(tmp_path) as made:
        await made.connect()
        yield made


async def labelled(world: PortWorld) -> tuple[str, str]:
    """A case whose buyer has a label by hand: its id and its parcel's."""
    case_id = await world.decided()
    await world.move(case_id, "give_label", address=ADDRESS, carrier="Post", tracking_number=NUMBER)
    (parcel,) = (await world.way(case_id))["parcels"]
    return case_id, parcel["id"]


def event(
    world: PortWorld, status: str, hours_ago: float, place: str = "Leipzig"
) -> dict[str, Any]:
    """A scan as the carrier's API tells it."""
    at = world.now - timedelta(hours=hours_ago)
    return {"status": status, "at": at.isoformat(), "place": place}


async def test_a_polled_parcel_ships_and_arrives_with_its_case(world: PortWorld) -> None:
    """Asked every six hours until it is there; each stage is told once, with its own moment."""
    case_id, _ = await labelled(world)
    await world.work()
    assert (await world.case(case_id))["state"] == "label_given"
    world.strangers.scans[NUMBER] = [event(world, "InTransit", 1)]
    world.advance(hours=6)
    await world.work()
    view = await world.case(case_id)
    assert (view["state"], view["parcels"][0]["status"]) == ("shipped", "in_transit")
    world.strangers.scans[NUMBER].append(event(world, "Delivered", 0.5, "Madrid"))
    world.advance(hours=6)
    await world.work()
    view = await world.case(case_id)
    assert view["state"] == "received"
    kinds = await world.kinds(case_id)
    assert kinds.count("parcel_scanned") == 2
    asked = len(world.strangers.asked)
    world.advance(days=3)
    assert await world.work() == 0
    assert len(world.strangers.asked) == asked


async def test_a_carrier_that_fails_is_asked_again_and_breaks_nothing(small: PortWorld) -> None:
    """429 waits as told, 500 and hanging up are tried again, HTML and 401 are told in words."""
    case_id, _ = await labelled(small)
    small.strangers.scans[NUMBER] = [event(small, "in_transit", 1)]
    small.strangers.next = [429, 500, "plain", "garbage"]
    await small.work()
    small.advance(seconds=19)
    assert await small.work() == 0
    small.advance(seconds=2)
    await small.work()
    small.advance(minutes=1)
    await small.work()
    assert (await small.case(case_id))["state"] == "shipped"
    small.advance(hours=6)
    await small.work()
    (parcel,) = (await small.way(case_id))["parcels"]
    assert parcel["asked"] == "The answer is not JSON."


async def test_late_and_wrong_scans_break_no_life(small: PortWorld) -> None:
    """After *received* an older scan is kept, moves nothing back; one from the future is none."""
    case_id, parcel_id = await labelled(small)
    await small.move(case_id, "receive")
    path = f"/cases/{case_id}/parcels/{parcel_id}/scans"
    old = event(small, "in_transit", 30)
    await small.ask("POST", path, 200, old)
    assert (await small.case(case_id))["state"] == "received"
    future = {**old, "at": "2199-01-01T00:00:00Z"}
    assert (await small.ask("POST", path, 422, future))["code"] == "bad_time"
    filed = await small.ask("POST", "/scans", 200, {"scans": [{**old, "tracking_number": NUMBER}]})
    assert (filed["kept"], filed["known"]) == (0, 1)


async def test_a_parcel_that_stands_still_is_flagged_until_it_moves(small: PortWorld) -> None:
    """The flag is on the case in the list, in the log, and goes again."""
    case_id, parcel_id = await labelled(small)
    path = f"/cases/{case_id}/parcels/{parcel_id}/scans"
    await small.ask("POST", path, 200, {"status": "in_transit"})

    async def flag() -> object:
        items = (await small.ask("GET", "/cases", 200))["items"]
        return next(one["parcel_anomaly"] for one in items if one["id"] == case_id)

    small.advance(days=4)
    await small.work()
    assert await flag() is None
    small.advance(days=1, hours=7)
    await small.work()
    assert await flag() == "stuck"
    await small.work()
    assert (await small.kinds(case_id)).count("parcel_anomaly") == 1
    await small.ask("POST", path, 200, {"status": "out_for_delivery"})
    assert await flag() is None
    assert "parcel_anomaly_over" in await small.kinds(case_id)


async def test_pushed_scans_need_the_signature_and_are_kept_once(world: PortWorld) -> None:
    """The reference library signs; another secret, an old stamp, another port find nothing."""
    case_id, _ = await labelled(world)
    secret = (await world.ask_as_admin("POST", "/ports/tracking/push-secret", 200))["secret"]
    (port,) = [
        one
        for one in (await world.ask_as_admin("GET", "/ports", 200))["items"]
        if one["kind"] == "tracking"
    ]
    body = json.dumps(
        {"tracking_number": NUMBER, "events": [event(world, "picked_up", 2), {"status": "?"}]}
    )

    async def push(path: str, key: str, at: Any) -> Any:
        headers = {
            "webhook-id": "m1",
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": Webhook(key).sign("m1", at, body),
        }
        return await world.site.client.post(path, data=body, headers=headers)

    other = "whsec_" + base64.b64encode(b"x" * 32).decode()
    assert (await push(port["push_path"], other, world.now)).status == 401
    old = world.now - timedelta(minutes=6)
    assert (await push(port["push_path"], secret, old)).status == 401
    assert (await push("/api/v1/scan-push/prt_none", secret, world.now)).status == 404
    for kept in (1, 0):
        response = await push(port["push_path"], secret, world.now)
        told = await response.json()
        assert (response.status, told["kept"], len(told["problems"])) == (200, kept, 1)
    assert (await world.case(case_id))["state"] == "shipped"


async def test_a_table_is_imported_and_what_is_wrong_comes_back_mended_easily(
    small: PortWorld,
) -> None:
    """Unknown numbers and words by line; formulas come back as text."""
    case_id, _ = await labelled(small)
    at = small.now.isoformat()
    text = (
        "tracking_number,status,at,place\n"
        f"{NUMBER},已揽收,{at},深圳\n"
        f"NOBODYS1,delivered,{at},\n"
        f"=HYPERLINK(1),delivered,{at},\n"
    )
    body = {"content": base64.b64encode(text.encode("gb18030")).decode()}
    told = await small.ask("POST", "/scans/import", 200, body)
    assert told["kept"] == 1
    assert [one["line"] for one in told["problems"]] == [3, 4]
    assert "'=HYPERLINK" in told["rest"]
    assert (await small.case(case_id))["state"] == "shipped"
    assert (await small.ask("POST", "/scans/import", 200, body))["known"] == 1
    bad = await small.ask("POST", "/scans/import", 422, {"content": "AAAA"})
    assert bad["code"] == "bad_csv"


async def test_a_sellers_scan_never_touches_anothers_parcel(small: PortWorld) -> None:
    """The same tracking number at another seller: unknown, and nothing changes."""
    case_id, parcel_id = await labelled(small)
    secret = await small.site.seller.api_key(small.site.seller.shoes, *Scope)
    headers = {"Authorization": f"Bearer {secret}"}
    scan = {"status": "delivered", "at": small.now.isoformat()}
    response = await small.site.client.post(
        "/api/v1/scans", json={"scans": [{**scan, "tracking_number": NUMBER}]}, headers=headers
    )
    told = await response.json()
    assert (told["kept"], told["problems"][0]["line"]) == (0, 1)
    for method, path in (
        ("GET", f"/cases/{case_id}/way"),
        ("POST", f"/cases/{case_id}/parcels/{parcel_id}/scans"),
        ("POST", f"/cases/{case_id}/labels"),
        ("GET", f"/cases/{case_id}/labels/lbl_x"),
        ("POST", f"/cases/{case_id}/carrier-claims"),
    ):
        body = scan if path.endswith("scans") else {"parcel_id": parcel_id}
        response = await small.site.client.request(
            method, f"/api/v1{path}", json=body if method == "POST" else None, headers=headers
        )
        assert response.status == 404, path
    assert (await small.case(case_id))["state"] == "label_given"


async def test_a_label_is_ordered_kept_sealed_and_read_again(world: PortWorld) -> None:
    """The case moves with it; the store holds no readable byte of it."""
    case_id = await world.decided()
    label = await world.ask("POST", f"/cases/{case_id}/labels", 202)
    again = await world.ask("POST", f"/cases/{case_id}/labels", 409)
    assert (label["state"], again["code"]) == ("ordered", "label_ordered")
    await world.work()
    view = await world.case(case_id)
    assert view["state"] == "label_given"
    (parcel,) = view["parcels"]
    assert (parcel["carrier"], parcel["label_id"]) == ("Example Post", label["id"])
    assert parcel["address"] == ADDRESS
    asked = world.strangers.labels[label["id"]]["asked"]
    assert asked == {
        "reference": label["id"],
        "order": "LL-20871",
        "from": "Ana Ruiz",
        "to": ADDRESS,
    }
    response = await world.site.client.get(
        f"/api/v1/cases/{case_id}/labels/{label['id']}", headers=world.headers
    )
    assert (response.content_type, await response.read()) == ("application/pdf", PDF)
    assert "attachment" in response.headers["Content-Disposition"]
    async with world.services.database.read() as tx:
        kept = await tx.get_one(Label, label["id"])
    assert PDF not in await world.services.store.get(kept.object_key)


async def test_a_labels_file_at_an_address_is_fetched_without_the_secret(small: PortWorld) -> None:
    """The carrier names where its file lies; what lies there must be a label."""
    small.strangers.label = f"{small.strangers.url}/files/label.pdf"
    case_id = await small.decided()
    await small.ask("POST", f"/cases/{case_id}/labels", 202)
    await small.work()
    assert (await small.case(case_id))["state"] == "label_given"
    assert "Authorization" not in small.strangers.file_headers
    small.strangers.file = b"<script>alert(1)</script>"
    other = await small.decided()
    await small.ask("POST", f"/cases/{other}/labels", 202)
    await small.work()
    (label,) = (await small.way(other))["labels"]
    assert label["state"] == "refused"
    assert (await small.case(other))["state"] == "decided"


@pytest.mark.parametrize("place", ["http://169.254.169.254/latest", "http://[fe80::1]/x"])
async def test_a_label_cannot_be_fetched_from_where_clouds_keep_secrets(
    small: PortWorld, place: str
) -> None:
    """Not even where a private network may be reached."""
    small.strangers.label = place
    case_id = await small.decided()
    await small.ask("POST", f"/cases/{case_id}/labels", 202)
    for _ in range(14):
        await small.work()
        small.advance(hours=4)
    (label,) = (await small.way(case_id))["labels"]
    assert label["state"] == "refused"


async def test_a_label_by_hand_is_looked_at_and_no_more_than_a_label(small: PortWorld) -> None:
    """Uploaded with its number; what only claims to be one is refused and moves nothing."""
    case_id = await small.decided()
    path = f"/cases/{case_id}/labels/upload"
    for wrong in (b"<svg onload=alert(1)>", b"%PDF-1.4 without an end", b"PK\x03\x04"):
        body = {"content": base64.b64encode(wrong).decode()}
        assert (await small.ask("POST", path, 422, body))["code"] == "bad_label"
    assert (await small.case(case_id))["state"] == "decided"
    body = {"content": base64.b64encode(PDF).decode(), "tracking_number": NUMBER}
    label = await small.ask("POST", path, 201, body)
    assert label["state"] == "made"
    assert (await small.case(case_id))["parcels"][0]["label_id"] == label["id"]


async def test_ports_are_an_admins_and_their_secrets_are_never_told(small: PortWorld) -> None:
    """No key, no agent; another host needs the secret again; the table holds it encrypted."""
    told = await small.ask_as_admin("GET", "/ports", 200)
    assert SECRET not in str(told)
    assert [one["has_secret"] for one in told["items"]] == [True, True, True]
    response = await small.site.client.get("/api/v1/ports", headers=small.headers)
    assert response.status == 403
    moved = {"url": "https://elsewhere.example/{tracking_number}"}
    problem = await small.ask_as_admin("PUT", "/ports/tracking", 422, moved)
    assert problem["code"] == "secret_required"
    async with small.site.seller.database.read() as tx:
        for stored in await tx.scalars(select(Port.secret)):
            assert stored is not None
            assert SECRET.encode() not in stored
    bad = {"url": "http://169.254.169.254/{tracking_number}", "secret": "x"}
    assert (await small.ask_as_admin("PUT", "/ports/tracking", 422, bad))["code"] == "url_refused"


async def test_the_test_button_asks_what_does_no_harm(small: PortWorld) -> None:
    """Tracking reads scans, a refund asks for one nobody knows, a label is not bought."""
    small.strangers.scans[NUMBER] = [event(small, "delivered", 1)]
    tested = await small.ask_as_admin(
        "POST", "/ports/tracking/test", 200, {"tracking_number": NUMBER}
    )
    assert (tested["ok"], tested["words"]) == (True, "1 scans read. The newest: delivered.")
    assert SECRET not in str(tested)
    assert (await small.ask_as_admin("POST", "/ports/refund/test", 200, {}))["ok"]
    problem = await small.ask_as_admin("POST", "/ports/label/test", 422, {})
    assert problem["code"] == "nothing_to_ask"
    assert not small.strangers.labels
    assert not small.strangers.refunds


async def test_a_carrier_claim_goes_its_way_with_evidence_of_its_own_case(
    small: PortWorld,
) -> None:
    """To file, filed, accepted; what is not this case's is no evidence."""
    case_id, parcel_id = await labelled(small)
    path = f"/cases/{case_id}/carrier-claims"
    other_case, other_parcel = await labelled(small)
    wrong = await small.ask("POST", path, 422, {"parcel_id": other_parcel})
    assert wrong["code"] == "parcel_unknown"
    body = {"parcel_id": parcel_id, "evidence": ["stl_zzz"]}
    assert (await small.ask("POST", path, 422, body))["code"] == "evidence_unknown"
    claim = await small.ask("POST", path, 201, {"parcel_id": parcel_id, "note": "Crushed."})
    assert claim["state"] == "to_file"
    assert (await small.ask("POST", path, 409, {"parcel_id": parcel_id}))["code"] == "claim_open"
    one = f"{path}/{claim['id']}"
    assert (await small.ask("POST", f"{one}/answer", 409, {"amount": "5.00"}))["code"] == (
        "wrong_claim_state"
    )
    await small.ask("POST", f"{one}/file", 200, {"reference": "CL-9"})
    done = await small.ask("POST", f"{one}/answer", 200, {"amount": "148.00"})
    assert (done["state"], done["amount"], done["reference"]) == ("accepted", "148.00", "CL-9")
    elsewhere = f"/cases/{other_case}/carrier-claims/{claim['id']}/file"
    await small.ask("POST", elsewhere, 404, {"reference": "CL-9"})


async def test_without_ports_everything_goes_by_hand_and_says_so(tmp_path: Path) -> None:
    """Nobody is stuck: what needs a port says that it goes by hand."""
    async with port_world(tmp_path) as world:
        case_id = await world.decided("partial_refund")
        refused = await world.ask("POST", f"/cases/{case_id}/labels", 409)
        assert refused["code"] == "port_off"
        body = {"amount": "1.00", "currency": "EUR"}
        refused = await world.ask("POST", f"/cases/{case_id}/refunds", 409, body)
        assert refused["code"] == "port_off"
        assert (await world.way(case_id))["ports"] == []
        response = await world.site.client.put(
            "/api/v1/return-addresses/whs_stranger", json={"address": "x"}, headers=OURS
        )
        assert response.status == 404


async def test_kill_9_while_a_carrier_is_asked_keeps_each_scan_once(tmp_path: Path) -> None:
    """The carrier hangs, the worker is killed; the next one asks again and the case follows."""
    url = f"sqlite+aiosqlite:///{tmp_path / 'proofcall.db'}"
    database = Database(url)
    jobs: asyncio.subprocess.Process | None = None
    try:
        async with port_site() as strangers:
            seller = await make_seller(database, SystemClock())  # type: ignore[arg-type]
            key = await seller.machine(seller.lamp, *Scope)
            admin = await seller.staff(Role.ADMIN, tenant=seller.lamp)
            case = await seller.open_case(key)
            strangers.scans[NUMBER] = [
                {"status": "in_transit", "at": seller.now.isoformat(), "place": "Leipzig"}
            ]
            async with database.begin() as tx:
                unit = Unit(tx, seller.keys, NoOutbox(), seller.now)
                setup = TrackingSetup(
                    url=f"{strangers.url}/v1/trackings/{{tracking_number}}", secret=SECRET
                )
                await ports.set_up(unit, admin, PortKind.TRACKING, setup)
                verdict = desk.Verdict(Outcome.REFUND, None, None, "A crack.")
                await desk.decide(tx, seller.keys, key, case.case_id, verdict, seller.now)
                given = GiveLabel(
                    move=CaseTrigger.GIVE_LABEL, address=ADDRESS, tracking_number=NUMBER
                )
                await make_move(unit, key, case.case_id, given)
            strangers.next = ["hang"]
            jobs = await start_jobs(tmp_path, url)
            await strangers.wait_for(1)
            os.kill(jobs.pid, signal.SIGKILL)
            await jobs.wait()
            jobs = await start_jobs(tmp_path, url)
            async with asyncio.timeout(40):
                while True:
                    async with database.read() as tx:
                        state = await tx.scalar(select(Case.state))
                        scans = list(await tx.scalars(select(Scan.status)))
                    if state == "shipped":
                        break
                    await asyncio.sleep(0.1)
            assert scans == ["in_transit"]
    finally:
        if jobs is not None and jobs.returncode is None:
            jobs.terminate()
            await jobs.wait()
        await database.close()


async def test_a_link_in_another_browser_reads_no_label(small: PortWorld) -> None:
    """The label names where the buyer lives: only the browser that the link is bound to."""
    opened = await small.ask("POST", "/cases", 201, case_in())
    token = opened["join_url"].rsplit("/", 1)[1]
    tag = {"If-Match": f'"{opened["case"]["version"]}"'}
    path = f"/cases/{opened['case']['id']}"
    await small.ask("POST", f"{path}/verdict", 200, {"outcome": "refund"}, **tag)
    body = {"content": base64.b64encode(PDF).decode()}
    label = await small.ask("POST", f"{path}/labels/upload", 201, body)
    url = f"/api/join/{token}/labels/{label['id']}"
    response = await small.site.client.get(url)
    assert (response.status, (await response.json())["code"]) == (409, "other_device")
    response = await small.site.client.get(f"/api/join/{token[:-1]}x/labels/{label['id']}")
    assert response.status == 404


async def test_kill_9_while_a_label_is_made_buys_one(tmp_path: Path) -> None:
    """The carrier has made it and hangs; the next worker asks with the same key."""
    url = f"sqlite+aiosqlite:///{tmp_path / 'proofcall.db'}"
    database = Database(url)
    jobs: asyncio.subprocess.Process | None = None
    try:
        async with port_site() as strangers:
            seller = await make_seller(database, SystemClock())  # type: ignore[arg-type]
            key = await seller.machine(seller.lamp, *Scope)
            admin = await seller.staff(Role.ADMIN, tenant=seller.lamp)
            case = await seller.open_case(key)
            async with database.begin() as tx:
                unit = Unit(tx, seller.keys, NoOutbox(), seller.now)
                setup = LabelSetup(
                    url=f"{strangers.url}/v1/labels", secret=SECRET, carrier="Example Post"
                )
                await ports.set_up(unit, admin, PortKind.LABEL, setup)
                await ports.set_address(unit, admin, ports.OWN, ADDRESS)
                verdict = desk.Verdict(Outcome.REFUND, None, None, "A crack.")
                await desk.decide(tx, seller.keys, key, case.case_id, verdict, seller.now)
                await labels.order_label(unit, key, case.case_id)
            strangers.next = ["hang_done"]
            jobs = await start_jobs(tmp_path, url)
            await strangers.wait_for(1)
            os.kill(jobs.pid, signal.SIGKILL)
            await jobs.wait()
            jobs = await start_jobs(tmp_path, url)
            async with asyncio.timeout(40):
                while True:
                    async with database.read() as tx:
                        states = list(await tx.scalars(select(Label.state)))
                    if states == ["made"]:
                        break
                    await asyncio.sleep(0.1)
            assert len(strangers.labels) == 1
    finally:
        if jobs is not None and jobs.returncode is None:
            jobs.terminate()
            await jobs.wait()
        await database.close()
