"""Refunds by a payment service that fails in every way: money goes out once, or a person asks."""

from __future__ import annotations

import asyncio
import base64
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from cases import desk, ports, refunds
from cases.database import Database
from cases.outbox import Outbox
from cases.port_commands import OrderRefund, PortKind, RefundSetup
from cases.states import Outcome, Role, Scope
from cases.tables import RefundOrder, Settlement
from cases.unit import Unit
from infra.local.postgres import Postgres
from runtime.clock import SystemClock
from tests.support.port_site import SECRET, port_site
from tests.support.port_world import PortWorld, port_world
from tests.support.seller import case_in, erasure_folder, make_seller
from tests.support.seller_site import NoOutbox


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


async def ordered(world: PortWorld, amount: str = "10.00") -> tuple[str, str]:
    """A decided case with a refund ordered: their ids."""
    case_id = await world.decided("partial_refund")
    body = {"amount": amount, "currency": "EUR"}
    refund = await world.ask("POST", f"/cases/{case_id}/refunds", 202, body)
    assert refund["state"] == "ordered"
    return case_id, refund["id"]


async def only(world: PortWorld, case_id: str) -> dict[str, Any]:
    """The case's one refund."""
    (found,) = (await world.way(case_id))["refunds"]
    return dict(found)


async def test_money_goes_out_once_and_the_case_follows(world: PortWorld) -> None:
    """The amount in minor units, one key, the provider's id as reference."""
    case_id, refund_id = await ordered(world)
    assert await world.work() == 1
    assert (await only(world, case_id))["state"] == "confirmed"
    assert world.strangers.refunds[refund_id]["asked"] == {
        "reference": refund_id,
        "order": "LL-20871",
        "amount": 1000,
        "currency": "EUR",
    }
    view = await world.case(case_id)
    assert view["state"] == "partly_refunded"
    assert [(one["amount"], one["reference"]) for one in view["settlements"]] == [("10.00", "re_1")]
    kinds = await world.kinds(case_id)
    assert kinds[-4:] == ["refund_ordered", "refund_sent", "refund_confirmed", "moved"]
    assert await world.work() == 0


async def test_an_answer_that_never_came_is_asked_after_and_not_repeated(world: PortWorld) -> None:
    """Cut off after the money went: one order, then questions only."""
    world.strangers.next = ["cut", 500]
    case_id, _ = await ordered(world)
    await world.work()
    assert (await only(world, case_id))["state"] == "sent"
    for _ in range(3):
        world.advance(minutes=2)
        await world.work()
    assert (await only(world, case_id))["state"] == "confirmed"
    assert [one.split()[0] for one in world.strangers.asked] == ["POST", "GET", "GET"]
    assert len((await world.case(case_id))["settlements"]) == 1


@pytest.mark.parametrize("wrong", [500, 503, 408, 409, "garbage"])
async def test_what_may_have_happened_is_looked_up_first(tmp_path: Path, wrong: int | str) -> None:
    """The provider does not know it: only then, and not at once, the same key goes again."""
    async with port_world(tmp_path) as world:
        await world.connect()
        world.strangers.next = [wrong]
        case_id, refund_id = await ordered(world)
        await world.work()
        world.advance(seconds=10)
        await world.work()
        # It may still be on its way inside: not sent again yet.
        assert [one.split()[0] for one in world.strangers.asked] == ["POST", "GET"]
        for _ in range(6):
            world.advance(minutes=5)
            await world.work()
        assert (await only(world, case_id))["state"] == "confirmed"
        assert list(world.strangers.refunds) == [refund_id]


async def test_too_many_requests_waits_as_long_as_it_is_told(world: PortWorld) -> None:
    """429 moved nothing: the same order goes again after Retry-After."""
    world.strangers.next = [429]
    case_id, _ = await ordered(world)
    await world.work()
    assert (await only(world, case_id))["state"] == "ordered"
    world.advance(seconds=10)
    assert await world.work() == 0
    world.advance(seconds=11)
    await world.work()
    assert (await only(world, case_id))["state"] == "confirmed"


async def test_a_refusal_gives_the_money_back_to_what_is_left(world: PortWorld) -> None:
    """While it is under way nobody can give the same money by hand; refused, they can."""
    world.strangers.next = [402]
    case_id, _ = await ordered(world, amount="148.00")
    version = (await world.case(case_id))["version"]
    problem = await world.ask(
        "POST",
        f"/cases/{case_id}/moves",
        422,
        {"move": "refund", "amount": "148.00"},
        **{"If-Match": f'"{version}"'},
    )
    assert problem["code"] == "too_much"
    await world.work()
    refund = await only(world, case_id)
    assert (refund["state"], refund["why"]) == ("refused", "The provider answered 402.")
    await world.move(case_id, "refund", amount="148.00", reference="by hand")


async def test_without_a_way_to_ask_an_unclear_end_is_for_a_person(tmp_path: Path) -> None:
    """Never sent twice; the person says what became of it, once."""
    async with port_world(tmp_path) as world:
        await world.connect(status_url=None)
        world.strangers.next = [500]
        case_id, refund_id = await ordered(world)
        await world.work()
        assert (await only(world, case_id))["state"] == "unclear"
        world.advance(days=8)
        await world.work()
        assert len(world.strangers.asked) == 1
        path = f"/cases/{case_id}/refunds/{refund_id}/settle"
        found = await world.ask("POST", path, 200, {"refunded": True, "reference": "seen"})
        assert found["state"] == "confirmed"
        assert (await world.case(case_id))["settlements"][0]["reference"] == "seen"
        assert (await world.ask("POST", path, 409, {"refunded": True}))["code"] == "not_unclear"


async def test_a_provider_that_never_settles_is_a_persons_after_a_week(tmp_path: Path) -> None:
    """*Pending* for ever ends as unclear, and its money stays counted as given."""
    async with port_world(tmp_path) as world:
        await world.connect()
        world.strangers.refund_status = "processing"
        case_id, _ = await ordered(world)
        for _ in range(12):
            await world.work()
            world.advance(days=1)
        assert (await only(world, case_id))["state"] == "unclear"
        assert world.strangers.asked.count("POST /v1/refunds") == 1


async def test_what_cannot_be_refunded_is_refused_before_anything_is_sent(
    world: PortWorld,
) -> None:
    """Currency, amount, state, a second order of the same money, another seller."""
    case_id, _ = await ordered(world, amount="100.00")
    path = f"/cases/{case_id}/refunds"

    async def code(status: int, **body: str) -> str:
        answer = await world.ask("POST", path, status, {"currency": "EUR", **body})
        return str(answer["code"])

    assert await code(422, amount="10.00", currency="USD") == "bad_currency"
    assert await code(422, amount="48.01") == "too_much"
    assert await code(422, amount="0.00") == "bad_amount"
    assert await code(422, amount="1.001") == "bad_amount"
    fresh = await world.ask("POST", "/cases", 201, case_in())
    path = f"/cases/{fresh['case']['id']}/refunds"
    assert await code(409, amount="10.00") == "wrong_state"
    stranger = await world.site.seller.api_key(world.site.seller.shoes, *Scope)
    response = await world.site.client.post(
        f"/api/v1/cases/{case_id}/refunds",
        json={"amount": "1.00", "currency": "EUR"},
        headers={"Authorization": f"Bearer {stranger}"},
    )
    assert response.status == 404
    assert world.strangers.asked == []


async def test_a_case_that_was_closed_meanwhile_keeps_what_was_paid(tmp_path: Path) -> None:
    """The money is out: the settlement stands, and the life of the case does not break."""
    async with port_world(tmp_path) as world:
        await world.connect()
        case_id, _ = await ordered(world)
        await world.ask("POST", f"/cases/{case_id}/close", 200)
        await world.work()
        view = await world.case(case_id)
        assert (view["state"], len(view["settlements"])) == ("closed", 1)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_kill_9_between_the_call_and_its_commit_pays_once(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """The provider has paid and hangs, the worker is killed; the next one asks, and is told."""
    url = f"sqlite+aiosqlite:///{tmp_path / 'proofcall.db'}"
    if kind == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        url = server.fresh_database()
    database = Database(url)
    jobs: asyncio.subprocess.Process | None = None
    try:
        async with port_site() as strangers:
            seller = await make_seller(database, SystemClock())  # type: ignore[arg-type]
            key = await seller.machine(seller.lamp, *Scope)
            admin = await seller.staff(Role.ADMIN, tenant=seller.lamp)
            case = await seller.open_case(key)
            outbox: Outbox = NoOutbox()
            async with database.begin() as tx:
                unit = Unit(tx, seller.keys, outbox, seller.now)
                setup = RefundSetup(
                    url=f"{strangers.url}/v1/refunds",
                    status_url=f"{strangers.url}/v1/refunds/{{reference}}",
                    secret=SECRET,
                )
                await ports.set_up(unit, admin, PortKind.REFUND, setup)
                verdict = desk.Verdict(Outcome.PARTIAL_REFUND, None, None, "A scratch.")
                await desk.decide(tx, seller.keys, key, case.case_id, verdict, seller.now)
                command = OrderRefund(amount="10.00", currency="EUR")
                refund = await refunds.order_refund(unit, key, case.case_id, command)
            strangers.next = ["hang_done"]
            jobs = await start_jobs(tmp_path, url)
            await strangers.wait_for(1)
            os.kill(jobs.pid, signal.SIGKILL)
            await jobs.wait()
            jobs = await start_jobs(tmp_path, url)
            await strangers.wait_for(2)
            async with asyncio.timeout(30):
                while True:
                    async with database.read() as tx:
                        state = await tx.scalar(select(RefundOrder.state))
                        settled = list(await tx.scalars(select(Settlement.amount_minor)))
                    if state == "confirmed":
                        break
                    await asyncio.sleep(0.1)
            assert settled == [1000]
            assert list(strangers.refunds) == [refund.id]
            assert strangers.asked == ["POST /v1/refunds", f"GET /v1/refunds/{refund.id}"]
    finally:
        if jobs is not None and jobs.returncode is None:
            jobs.terminate()
            await jobs.wait()
        await database.close()


async def start_jobs(folder: Path, url: str) -> asyncio.subprocess.Process:
    """A real jobs process on the database."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "proofcall", "serve", "--role", "jobs"),
        env={
            **os.environ,
            "PROOFCALL_DATA": str(folder),
            "PROOFCALL_DATABASE_URL": url,
            "PROOFCALL_MASTER_KEY": base64.b64encode(b"k" * 32).decode(),
            "PROOFCALL_ERASURE_KEYS": str(erasure_folder()),
            "PROOFCALL_WEBHOOKS_TO_PRIVATE": "true",
        },
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
