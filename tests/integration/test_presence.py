"""Who else looks at a case, over real sockets: colleagues hear of each other, strangers nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio

from cases.states import Role
from cases.tenants import revoke_grant
from signaling import presence
from tests.support.live import Browser, Live, Socket, running_live, until
from tests.support.seller import PASSWORD

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def live() -> AsyncIterator[Live]:
    """Web here; media and recorder as processes, for the buyer."""
    async with running_live([("media", 0), ("recorder", 0)]) as running:
        yield running


@dataclass
class Desks:
    """Signed-in people with a desk socket each."""

    live: Live
    stack: AsyncExitStack

    async def person(self, *roles: Role, **organisation: str) -> tuple[Browser, Socket]:
        """Somebody new at their desk."""
        actor = await self.live.seller.staff(*roles, **organisation)
        browser = await self.stack.enter_async_context(self.live.browser())
        browser.actor = actor
        email = f"{actor.staff_id}@example.com"
        await browser.ok("POST", "/api/login", {"email": email, "password": PASSWORD})
        return browser, await browser.socket(desk=True)

    async def agent(self) -> tuple[Browser, Socket]:
        """An agent of the lamp seller."""
        return await self.person(Role.AGENT, tenant=self.live.seller.lamp)


@pytest_asyncio.fixture(loop_scope="module")
async def desks(live: Live) -> AsyncIterator[Desks]:
    """Closed at the end."""
    async with AsyncExitStack() as stack:
        yield Desks(live, stack)


async def watch(socket: Socket, case_id: str, doing: str = "looks", **more: Any) -> Any:
    """Say what this page shows."""
    return await socket.say("case.watch", case_id=case_id, tab="t1", doing=doing, **more)


async def test_two_people_at_one_case_hear_of_each_other(desks: Desks) -> None:
    """Who, that they write, and that they have gone; nobody hears themselves."""
    case_id, _ = await desks.live.invited()
    (ana, at_ana), (_, at_ben) = await desks.agent(), await desks.agent()
    assert (await watch(at_ben, case_id))["ok"]
    assert (await watch(at_ana, case_id, asks=True))["ok"]
    (came,) = await until(lambda: at_ben.of("case.presence"))
    assert ana.actor is not None
    assert (came["staff_id"], came["name"]) == (ana.actor.staff_id, ana.actor.name)
    assert (came["doing"], came["asks"]) == ("looks", True)
    await watch(at_ana, case_id, "writes")
    await until(lambda: [one["doing"] for one in at_ben.of("case.presence")] == ["looks", "writes"])
    await at_ana.close()
    gone = await until(lambda: [o for o in at_ben.of("case.presence") if o["doing"] == "away"])
    assert gone[0]["staff_id"] == ana.actor.staff_id
    assert at_ana.of("case.presence") == []


async def test_who_watches_another_case_hears_nothing_of_this_one(desks: Desks) -> None:
    """Also of the same seller."""
    here, _ = await desks.live.invited()
    there, _ = await desks.live.invited()
    (_, at_ana), (_, at_ben) = await desks.agent(), await desks.agent()
    await watch(at_ben, there)
    await watch(at_ana, here)
    await watch(at_ben, there, "away")
    await watch(at_ana, here, "writes")
    assert at_ben.of("case.presence") == []


@pytest.mark.parametrize("who", ["tenant", "warehouse"])
async def test_strangers_can_neither_say_nor_hear_that_somebody_is_there(
    desks: Desks, who: str
) -> None:
    """Another seller, and a warehouse that was granted nothing."""
    seller = desks.live.seller
    place = {"tenant": seller.shoes} if who == "tenant" else {"warehouse": seller.dock}
    case_id, _ = await desks.live.invited()
    _, at_ana = await desks.agent()
    _, outside = await desks.person(Role.ADMIN, Role.INSPECTOR, **place)
    await watch(at_ana, case_id)
    for doing in ("looks", "writes"):
        refused = await watch(outside, case_id, doing)
        assert (refused["ok"], refused["code"]) == (False, "not_found")
    assert (await watch(outside, case_id, "away"))["ok"]
    await watch(at_ana, case_id, "writes")
    unknown = await watch(outside, "cas_none")
    assert unknown["code"] == "not_found"
    assert outside.of("case.presence") == []
    assert at_ana.of("case.presence") == []


async def test_a_buyer_s_or_nobody_s_socket_watches_no_case(desks: Desks) -> None:
    """Only the socket of a login may."""
    case_id, token = await desks.live.invited()
    async with desks.live.browser() as buyer:
        session_id = (await buyer.tap(token))["session"]["id"]
        socket = await buyer.socket(session_id=session_id)
        assert not (await watch(socket, case_id))["ok"]


@pytest.mark.parametrize(
    "body",
    [
        None,
        {},
        [],
        {"case_id": 5, "tab": "t", "doing": "looks"},
        {"case_id": "c", "tab": "<b>", "doing": "looks"},
        {"case_id": "c" * 999, "tab": "t", "doing": "looks"},
        {"case_id": "c", "tab": "t", "doing": "steals"},
        {"case_id": "c", "tab": "t", "doing": "looks", "name": "Admin"},
    ],
)
async def test_nonsense_is_refused_and_the_socket_lives_on(desks: Desks, body: object) -> None:
    """Also an invented name."""
    case_id, _ = await desks.live.invited()
    _, socket = await desks.agent()
    answer = await socket.client.call("case.watch", body, timeout=5)
    assert answer["code"] == "invalid"
    assert (await watch(socket, case_id))["ok"]


async def test_a_flood_is_refused(desks: Desks) -> None:
    """Nobody types that fast."""
    case_id, _ = await desks.live.invited()
    _, socket = await desks.agent()
    codes = [(await watch(socket, case_id)).get("code") for _ in range(60)]
    assert codes[0] is None
    assert codes[-1] == "too_many"


async def test_rights_that_end_are_asked_for_with_every_word(desks: Desks) -> None:
    """A revoked grant, a person who was let go: they are out of the room with their next word."""
    seller = desks.live.seller
    case_id, _ = await desks.live.invited()
    _, at_ana = await desks.agent()
    _, inspector = await desks.person(Role.INSPECTOR, warehouse=seller.hall)
    assert (await watch(inspector, case_id))["ok"]
    async with seller.database.begin() as tx:
        await revoke_grant(tx, tenant_id=seller.lamp, warehouse_id=seller.hall, now=seller.now)
    assert (await watch(inspector, case_id))["code"] == "not_found"
    await watch(at_ana, case_id, "writes")
    await asyncio.sleep(0)
    assert inspector.of("case.presence") == []


async def test_who_falls_silent_hears_nothing_any_more(
    desks: Desks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So nobody stays in a room by never asking again."""
    case_id, _ = await desks.live.invited()
    (_, at_ana), (_, silent) = await desks.agent(), await desks.agent()
    await watch(silent, case_id)
    monkeypatch.setattr(presence, "EXPIRES_S", -1.0)
    await desks.live.services.hub.drop_ended()
    monkeypatch.undo()
    await watch(at_ana, case_id)
    await watch(at_ana, case_id, "writes")
    assert silent.of("case.presence") == []
    assert (await watch(silent, case_id))["ok"]
    await until(lambda: at_ana.of("case.presence"))


async def test_after_a_restart_of_web_the_next_word_puts_it_right(desks: Desks) -> None:
    """Nothing is kept on the server: pages connect and say again what they show."""
    case_id, _ = await desks.live.invited()
    (ana, at_ana), (ben, at_ben) = await desks.agent(), await desks.agent()
    await watch(at_ana, case_id)
    await watch(at_ben, case_id)
    await desks.live.stop_web()
    await desks.live.start_web()
    again_ana, again_ben = await ana.socket(desk=True), await ben.socket(desk=True)
    await watch(again_ana, case_id)
    await watch(again_ben, case_id, asks=True)
    (heard,) = await until(lambda: again_ana.of("case.presence"))
    assert ben.actor is not None
    assert heard["staff_id"] == ben.actor.staff_id
