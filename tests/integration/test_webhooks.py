"""Webhooks from the case log to a real receiver, on both databases, with a crash in the middle."""

from __future__ import annotations

import asyncio
import base64
import os
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from standardwebhooks import Webhook

from cases import delivering, desk, log
from cases.database import Database
from cases.developer_commands import EndpointIn
from cases.log import LogKind, Visibility
from cases.scrubbing import scrub
from cases.states import Outcome, Scope
from cases.tables import Case, WebhookAttempt, WebhookDelivery, WebhookEndpoint
from cases.webhook_rules import DISABLED_AFTER, IN_FLIGHT, IN_FLIGHT_FAILING, ROUND_LASTS
from cases.webhooks import make_endpoint
from infra.local.postgres import Postgres
from runtime.clock import SystemClock
from signaling.services import SERVICES, Services
from signaling.webhook_work import deliver_webhook, order_due_webhooks
from tests.support.receiver import Receiver, receiver
from tests.support.seller import erasure_folder, make_seller
from tests.support.seller_site import SellerSite, seller_site

VERDICT = desk.Verdict(Outcome.REFUND, None, None, "A crack in the shade.")


@dataclass(slots=True)
class Orders:
    """An outbox that keeps what it is given, for the test to carry out."""

    subjects: list[str] = field(default_factory=list)
    known: set[str] = field(default_factory=set)

    async def enqueue(
        self, tx: AsyncSession, workflow: str, workflow_id: str, *arguments: str
    ) -> None:
        """Keep an order once."""
        if workflow_id not in self.known:
            self.known.add(workflow_id)
            self.subjects.append(arguments[0])


@dataclass(slots=True)
class World:
    """A seller's site with an endpoint at a real receiver."""

    site: SellerSite
    services: Services
    orders: Orders
    receiver: Receiver
    headers: dict[str, str]
    endpoint: dict[str, Any] = field(default_factory=dict)
    secret: str = ""

    def advance(self, by: timedelta) -> None:
        """Let time pass."""
        self.site.seller.clock.advance(by.total_seconds())

    async def post(self, path: str, status: int, body: Any = None) -> Any:
        """Ask the API for something about the endpoint."""
        return await self.ask("POST", f"/api/v1/webhooks/{self.endpoint['id']}{path}", status, body)

    async def ask(self, method: str, path: str, status: int, body: Any = None) -> Any:
        """Ask the API."""
        response = await self.site.client.request(method, path, json=body, headers=self.headers)
        assert response.status == status, await response.text()
        return None if status == 204 else await response.json()

    async def deliveries(self, query: str = "") -> list[dict[str, Any]]:
        """What was or is to be sent, newest first."""
        path = f"/api/v1/webhooks/{self.endpoint['id']}/deliveries{query}"
        return list((await self.ask("GET", path, 200))["items"])

    async def work(self) -> int:
        """Order what is due and carry it out, as jobs would; gives how much there was."""
        done = 0
        while True:
            await order_due_webhooks(self.services)
            if not self.orders.subjects:
                return done
            while self.orders.subjects:
                await deliver_webhook(self.services, self.orders.subjects.pop(0))
                done += 1

    async def new_case(self) -> str:
        """A case that somebody else's key opened."""
        actor = await self.site.seller.machine(self.site.seller.lamp, Scope.CASES_WRITE)
        return (await self.site.seller.open_case(actor)).case_id


@pytest.fixture(params=["sqlite", "postgresql"])
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    """The world on each database."""
    url = None
    if request.param == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        url = server.fresh_database()
    site = seller_site(tmp_path, database_url=url, webhooks_to_private=True)
    async with receiver() as taking, site as running:
        services = running.client.app[SERVICES] if running.client.app else None
        assert services is not None
        orders = Orders()
        services.outbox = orders
        secret = await running.seller.api_key(running.seller.lamp, Scope.WEBHOOKS_WRITE)
        made = World(running, services, orders, taking, {"Authorization": f"Bearer {secret}"})
        answer = await made.ask(
            "POST", "/api/v1/webhooks", 201, {"name": "Shop", "url": taking.url, "kinds": []}
        )
        made.endpoint, made.secret = answer["endpoint"], answer["secret"]
        yield made


async def test_what_happens_to_a_case_is_told_signed_and_in_words_of_the_log(world: World) -> None:
    """The reference library verifies each message; nothing of it is not in the case log."""
    case_id = await world.new_case()
    assert await world.work() == 3
    came = world.receiver.came
    kinds = [message.told["type"] for message in came]
    assert sorted(kinds) == ["case.case_opened", "case.link_issued", "case.moved"]
    for message in came:
        assert message.headers["content-type"] == "application/json"
        told = message.told["data"]
        assert told["case_id"] == case_id
        assert message.message_id == f"msg_{case_id.removeprefix('cas_')}_{told['seq']}"
    # The site's clock stands in January: the library is shown the same signature made now.
    first = came[0]
    stamp = int(first.headers["webhook-timestamp"])
    assert stamp == int(world.site.seller.now.timestamp())
    expected = Webhook(world.secret).sign(
        first.message_id, world.site.seller.now, first.body.decode()
    )
    assert first.headers["webhook-signature"] == expected
    for delivery in await world.deliveries():
        assert delivery["state"] == "delivered"
        assert delivery["last"]["status"] == 204
    assert await world.work() == 0


async def test_only_the_kinds_asked_for_are_told_and_never_an_internal_one(world: World) -> None:
    """An internal note of the seller's people leaves no row at all."""
    body = {"name": "Shop", "url": world.receiver.url, "kinds": ["case.verdict"]}
    await world.ask("PUT", f"/api/v1/webhooks/{world.endpoint['id']}", 200, body)
    case_id = await world.new_case()
    assert await world.work() == 0
    await world.ask("PUT", f"/api/v1/webhooks/{world.endpoint['id']}", 200, {**body, "kinds": []})
    seller = world.site.seller
    async with seller.database.begin() as tx:
        for visibility in (Visibility.INTERNAL, Visibility.SELLER):
            await log.append(
                tx,
                log=LogKind.CASE,
                subject_id=case_id,
                kind=f"note_{visibility}",
                payload={"words": "He always says that."},
                visibility=visibility,
                actor="staff:x",
                key=await seller.keys.case_key(tx, case_id),
                at=seller.now,
            )
    assert await world.work() == 1
    assert [message.told["type"] for message in world.receiver.came] == ["case.note_seller"]


async def test_what_is_rolled_back_was_never_owed(world: World) -> None:
    """The row is made in the commit of the event, or not at all."""
    seller = world.site.seller
    actor = await seller.machine(seller.lamp, *Scope)
    case_id = await world.new_case()
    await world.work()
    count = len(world.receiver.came)

    async def close_in_vain() -> None:
        async with seller.database.begin() as tx:
            await desk.close_case(tx, seller.keys, actor, case_id, seller.now)
            raise RuntimeError("no commit")

    with pytest.raises(RuntimeError):
        await close_in_vain()
    assert await world.work() == 0
    assert len(world.receiver.came) == count


async def test_a_failing_receiver_is_asked_again_and_hears_the_same_bytes(world: World) -> None:
    """The id and the body are those of the first try; every try is in the log."""
    world.receiver.status = 500
    await world.post("/test", 202)
    assert await world.work() == 1
    [delivery] = await world.deliveries()
    assert (delivery["state"], delivery["last"]["failure"]) == ("waiting", "refused")
    assert await world.work() == 0
    world.receiver.status = 200
    world.advance(timedelta(seconds=6))
    assert await world.work() == 1
    first, second = world.receiver.came
    assert first.body == second.body
    assert first.message_id == second.message_id
    assert first.headers["webhook-signature"] != second.headers["webhook-signature"]
    [delivery] = await world.deliveries()
    assert (delivery["state"], delivery["tries"]) == ("delivered", 2)
    path = f"/api/v1/webhooks/{world.endpoint['id']}/deliveries/{delivery['id']}/attempts"
    attempts = (await world.ask("GET", path, 200))["items"]
    assert [(one["number"], one["status"]) for one in attempts] == [(1, 500), (2, 200)]


async def test_after_a_day_a_message_is_given_up_and_after_days_the_endpoint(world: World) -> None:
    """A note says why; what is owed meanwhile is held; enabling and replaying sends it all."""
    world.receiver.status = 503
    await world.post("/test", 202)
    began: datetime = world.site.seller.now
    while True:
        await world.work()
        [delivery] = await world.deliveries()
        if delivery["state"] != "waiting":
            break
        due = datetime.fromisoformat(delivery["due_at"])
        world.advance(due - world.site.seller.now)
    assert delivery["state"] == "given_up"
    assert world.site.seller.now - began <= ROUND_LASTS
    assert delivery["tries"] >= 10
    world.advance(began + DISABLED_AFTER - world.site.seller.now)
    await world.post("/test", 202)
    await world.work()
    endpoint = await world.ask("GET", f"/api/v1/webhooks/{world.endpoint['id']}", 200)
    assert (endpoint["enabled"], endpoint["disabled_note"]) == (False, "failed_for_days")
    case_id = await world.new_case()
    assert await world.work() == 0
    held = await world.deliveries("?state=held")
    assert {one["case_id"] for one in held} == {case_id, None}
    span = {
        "since": (began - timedelta(hours=1)).isoformat(),
        "until": (world.site.seller.now + timedelta(hours=1)).isoformat(),
    }
    refused = await world.post("/replay", 409, span)
    assert refused["code"] == "endpoint_disabled"
    world.receiver.status = 200
    body = {"name": "Shop", "url": world.receiver.url, "enabled": True}
    enabled = await world.ask("PUT", f"/api/v1/webhooks/{world.endpoint['id']}", 200, body)
    assert (enabled["enabled"], enabled["failing_since"]) == (True, None)
    assert (await world.post("/replay", 202, span))["count"] == 5
    assert await world.work() == 5
    assert {one["state"] for one in await world.deliveries()} == {"delivered"}
    assert (await world.post("/replay", 202, span))["count"] == 0
    assert (await world.post("/replay", 202, {**span, "only_missed": False}))["count"] == 5


async def test_a_receiver_that_says_gone_is_asked_no_more(world: World) -> None:
    """410 is a wish."""
    world.receiver.status = 410
    await world.post("/test", 202)
    await world.work()
    endpoint = await world.ask("GET", f"/api/v1/webhooks/{world.endpoint['id']}", 200)
    assert (endpoint["enabled"], endpoint["disabled_note"]) == (False, "gone")
    assert (await world.post("/test", 409))["code"] == "endpoint_disabled"


async def test_a_replay_of_one_keeps_its_id(world: World) -> None:
    """The receiver knows it has seen it."""
    await world.post("/test", 202)
    await world.work()
    [delivery] = await world.deliveries()
    await world.post(f"/deliveries/{delivery['id']}/replay", 202)
    assert await world.work() == 1
    assert len({message.message_id for message in world.receiver.came}) == 1
    assert len(world.receiver.came) == 2


async def test_rotated_secrets_sign_side_by_side_for_a_day(world: World) -> None:
    """Then the old one is worth nothing."""
    new = (await world.post("/secret", 200))["secret"]
    assert new != world.secret
    for hours, signed in ((1, 2), (25, 1)):
        world.receiver.came.clear()
        world.advance(timedelta(hours=hours))
        await world.post("/test", 202)
        await world.work()
        [message] = world.receiver.came
        given = message.headers["webhook-signature"].split(" ")
        assert len(given) == signed
        for secret, is_there in ((new, True), (world.secret, signed == 2)):
            sign = Webhook(secret).sign(
                message.message_id, world.site.seller.now, message.body.decode()
            )
            assert (sign in given) is is_there


async def test_one_slow_endpoint_does_not_stand_before_another(world: World) -> None:
    """Each has a few messages under way at a time; a failing one fewer."""
    other = await world.ask(
        "POST", "/api/v1/webhooks", 201, {"name": "B", "url": world.receiver.url}
    )
    for _ in range(IN_FLIGHT + 5):
        await world.post("/test", 202)
    await world.ask("POST", f"/api/v1/webhooks/{other['endpoint']['id']}/test", 202)
    assert await order_due_webhooks(world.services) == IN_FLIGHT + 1
    assert await order_due_webhooks(world.services) == 0
    world.receiver.status = 500
    for subject in world.orders.subjects:
        await deliver_webhook(world.services, subject)
    world.orders.subjects.clear()
    assert await order_due_webhooks(world.services) == IN_FLIGHT_FAILING


async def test_a_try_that_is_made_twice_is_kept_once(world: World) -> None:
    """A worker that died after sending sends again; another's late end changes nothing."""
    await world.post("/test", 202)
    await order_due_webhooks(world.services)
    [subject] = world.orders.subjects
    await asyncio.gather(*(deliver_webhook(world.services, subject) for _ in range(2)))
    await deliver_webhook(world.services, subject)
    assert len(world.receiver.came) == 2
    async with world.site.seller.database.read() as tx:
        assert await tx.scalar(select(func.count()).select_from(WebhookAttempt)) == 1


async def test_an_order_that_got_lost_is_made_again(world: World) -> None:
    """After an hour without an end; the lost one, should it come, is ignored."""
    await world.post("/test", 202)
    await order_due_webhooks(world.services)
    [lost] = world.orders.subjects
    world.orders.subjects.clear()
    assert await world.work() == 0
    world.advance(timedelta(hours=1, seconds=1))
    assert await world.work() == 1
    await deliver_webhook(world.services, lost)
    assert len(world.receiver.came) == 1
    [delivery] = await world.deliveries()
    assert delivery["state"] == "delivered"


async def test_an_erased_case_is_told_no_more(world: World) -> None:
    """The row says why; the endpoint is not blamed."""
    case_id = await world.new_case()
    async with world.site.seller.database.begin() as tx:
        await tx.execute(
            text("UPDATE cases SET wrapped_key = NULL WHERE id = :id"), {"id": case_id}
        )
    await world.work()
    assert world.receiver.came == []
    assert {one["last"]["failure"] for one in await world.deliveries()} == {"erased"}
    endpoint = await world.ask("GET", f"/api/v1/webhooks/{world.endpoint['id']}", 200)
    assert endpoint["failing_since"] is None


async def test_an_answer_is_sealed_and_is_forgotten_with_its_case(world: World) -> None:
    """What a seller's system says of a buyer stands nowhere in the clear; of a test, neither."""
    said = "Thank you for Ana Ruiz"
    world.receiver.status, world.receiver.answer = 200, said
    case_id = await world.new_case()
    await world.post("/test", 202)
    await world.work()
    listed = await world.deliveries()
    assert {one["last"]["answer"] for one in listed} == {said}
    about = next(one for one in listed if one["case_id"] == case_id)
    path = f"/api/v1/webhooks/{world.endpoint['id']}/deliveries/{about['id']}/attempts"
    assert [one["answer"] for one in (await world.ask("GET", path, 200))["items"]] == [said]
    database = world.site.seller.database
    async with database.read() as tx:
        kept = list(await tx.scalars(select(WebhookAttempt.sealed_answer)))
    assert len(kept) == len(listed)
    assert not [one for one in kept if one is None or b"Ruiz" in one]
    async with database.begin() as tx:
        await scrub(tx, await tx.get_one(Case, case_id))
    told = {one["id"]: one["last"]["answer"] for one in await world.deliveries()}
    assert told == {one["id"]: "" if one["case_id"] == case_id else said for one in listed}


async def test_what_is_a_month_old_is_forgotten(world: World) -> None:
    """With its tries; what is newer stays."""
    await world.post("/test", 202)
    await world.work()
    world.advance(timedelta(days=31))
    await world.post("/test", 202)
    await world.services.run(lambda unit: delivering.forget_old(unit.tx, unit.now))
    async with world.site.seller.database.read() as tx:
        assert await tx.scalar(select(func.count()).select_from(WebhookAttempt)) == 0
        assert await tx.scalar(select(func.count()).select_from(WebhookDelivery)) == 1


async def test_a_deleted_endpoint_takes_its_log_along(world: World) -> None:
    """And a worker that still has an order of it finds nothing to do."""
    await world.post("/test", 202)
    await order_due_webhooks(world.services)
    await world.ask("DELETE", f"/api/v1/webhooks/{world.endpoint['id']}", 204)
    await deliver_webhook(world.services, world.orders.subjects[0])
    assert world.receiver.came == []
    async with world.site.seller.database.read() as tx:
        assert await tx.scalar(select(func.count()).select_from(WebhookEndpoint)) == 0


async def test_secrets_lie_encrypted(world: World) -> None:
    """Whoever reads the table cannot sign."""
    plain = base64.b64decode(world.secret.removeprefix("whsec_"))
    async with world.site.seller.database.read() as tx:
        stored = await tx.scalar(select(WebhookEndpoint.secret))
    assert stored is not None
    assert plain not in stored


async def start_jobs(folder: Path, url: str) -> asyncio.subprocess.Process:
    """The real jobs process."""
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


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_kill_9_in_the_middle_of_sending_loses_no_message(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """The receiver hangs, the worker is killed, the next one tells it again under the same id."""
    url = f"sqlite+aiosqlite:///{tmp_path / 'proofcall.db'}"
    if kind == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        url = server.fresh_database()
    database = Database(url)
    jobs: asyncio.subprocess.Process | None = None
    try:
        async with receiver() as taking:
            seller = await make_seller(database, SystemClock())  # type: ignore[arg-type]
            actor = await seller.machine(seller.lamp, *Scope)
            async with database.begin() as tx:
                _, secret = await make_endpoint(
                    tx,
                    seller.keys,
                    actor,
                    EndpointIn(name="Shop", url=taking.url, kinds=["case.case_opened"]),
                    seller.now,
                )
            taking.status = None
            await seller.open_case(actor)
            jobs = await start_jobs(tmp_path, url)
            await taking.wait_for(1)
            os.kill(jobs.pid, signal.SIGKILL)
            await jobs.wait()
            taking.status = 204
            jobs = await start_jobs(tmp_path, url)
            first, second = (await taking.wait_for(2))[:2]
            assert first.message_id == second.message_id
            Webhook(secret).verify(second.body, second.headers)
            async with asyncio.timeout(20):
                while True:
                    async with database.read() as tx:
                        states = list(await tx.scalars(select(WebhookDelivery.state)))
                    if states == ["delivered"]:
                        break
                    await asyncio.sleep(0.1)
    finally:
        if jobs is not None and jobs.returncode is None:
            jobs.terminate()
            await jobs.wait()
        await database.close()
