"""More people in the call, through real processes: observers, their links, and warm hand-over."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import select, update

from cases.access_policy import Action
from cases.actor import SystemActor
from cases.consent_text import BUYER_WORDS, GUEST_WORDS, STAFF_WORDS
from cases.session_access import see_session
from cases.session_states import EndCause
from cases.sessions import end as end_session
from cases.states import Role, SessionState
from cases.tables import (
    Consent,
    Event,
    Handover,
    ObserverLink,
    Participant,
    Recording,
    StaffConsent,
)
from cases.unit import Unit
from tests.support.live import (
    CONSENT,
    GUEST_CONSENT,
    Browser,
    Json,
    Live,
    Socket,
    filming,
    running_live,
    send_pictures,
    until,
)
from tests.support.rtp_peer import RtpPeer
from tests.support.seller import PASSWORD
from tests.support.tap_feed import EncodedFrame, encode_video, nal_units

PICTURES = encode_video("h264", 60)
# What no recording holds yet, so that it can be looked for.
LATER = encode_video("h264", 60, first=500)

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def live() -> AsyncIterator[Live]:
    """Web here; media, recorder and uploader as processes."""
    async with running_live() as running:
        yield running


class Room:
    """A buyer and a host in a call, with sockets and media."""

    def __init__(self, live: Live, buyer: Browser, host: Browser, session_id: str) -> None:
        self.live, self.buyer, self.host, self.session_id = live, buyer, host, session_id
        self.path = f"/api/sessions/{session_id}"
        self.buyer_socket: Socket
        self.host_socket: Socket

    async def kinds(self) -> list[str]:
        """What the host reads in the log."""
        events = await self.host.ok("GET", f"{self.path}/events?after=0")
        return [event["kind"] for event in events["events"]]

    async def people(self, by: Browser | None = None) -> dict[str, Json]:
        """Who is there, by name."""
        shown = await (by or self.buyer).ok("GET", self.path)
        return {person["name"]: person for person in shown["participants"]}

    async def invite(self) -> str:
        """An observer link's token."""
        made = await self.host.ok("POST", f"{self.path}/observer-links", {})
        return str(made["observe_url"].rsplit("/", 1)[1])


@asynccontextmanager
async def room(live: Live, *, media: bool = False) -> AsyncIterator[Room]:
    """A call under way, ended at the end."""
    case_id, token = await live.invited()
    async with live.browser() as buyer, live.host() as host:
        session_id = (await buyer.tap(token, RtpPeer() if media else None))["session"]["id"]
        await host.ok("POST", "/api/host/take", {"case_id": case_id})
        await host.host_join(session_id, RtpPeer() if media else None)
        made = Room(live, buyer, host, session_id)
        made.buyer_socket = await buyer.socket(session_id=session_id, role="buyer")
        made.host_socket = await host.socket(session_id=session_id, role="host")
        yield made
        await live.services.run(lambda unit: _end(unit, session_id))


async def _end(unit: Unit, session_id: str) -> None:
    """Nothing of a test's call is left for the next one."""
    seen = await see_session(unit.tx, SystemActor(), session_id, Action.HOST, lock=True)
    if seen.session.state != SessionState.ENDED:
        await end_session(unit, seen.session, seen.case, EndCause.HOST_ENDED, SystemActor())


@asynccontextmanager
async def staff(
    live: Live, *roles: Role, tenant: str | None = None, warehouse: str | None = None
) -> AsyncIterator[Browser]:
    """A member of staff's browser, signed in."""
    actor = await live.seller.staff(*roles, tenant=tenant, warehouse=warehouse)
    async with live.browser() as browser:
        browser.actor = actor
        email = f"{actor.staff_id}@example.com"
        await browser.ok("POST", "/api/login", {"email": email, "password": PASSWORD})
        yield browser


async def observe(browser: Browser, path: str, peer: RtpPeer | None = None, **said: Any) -> Json:
    """Come in as an observer; with a peer, media flows when this returns."""
    body = {"voice": "speaks", "locale": "en", **said}
    if "/api/observe/" in path:
        body.setdefault("consent", GUEST_CONSENT)
    offer = await peer.offer() if peer else None
    joined = await browser.ok("POST", path, {**body, "offer": offer, "candidates": []})
    if peer is not None:
        browser.peers.append(peer)
        await peer.accept(joined["peer"]["answer"])
    return joined


async def test_an_observer_is_told_of_before_they_are_heard_and_recorded(live: Live) -> None:
    """The seller's agent: seen by both, heard by both on 2/3, hearing both, with a recording."""
    async with (
        room(live, media=True) as held,
        staff(live, Role.AGENT, tenant=live.seller.lamp) as agent,
    ):
        desk = await agent.ok("GET", "/api/host/desk")
        assert held.session_id in {one["session_id"] for one in desk["live"]}
        joined = await observe(agent, f"{held.path}/observe", RtpPeer())
        assert joined["session"]["you"]["role"] == "observer"

        def told(socket: Socket) -> bool:
            return any(
                event["kind"] == "joined" and event["payload"]["role"] == "observer"
                for event in socket.of("event")
            )

        sending = asyncio.ensure_future(send_pictures(agent.peers[0], PICTURES))
        while not held.buyer.peers[0].of_mid("3"):
            await asyncio.sleep(0.002)
        assert told(held.buyer_socket)
        assert told(held.host_socket)
        await until(lambda: held.host.peers[0].of_mid("3"))
        await sending
        async with filming(PICTURES, held.buyer.peers[0], held.host.peers[0]):
            await until(lambda: agent.peers[0].of_mid("1") and agent.peers[0].of_mid("3"))
        me = (await held.people())[agent.actor.name if agent.actor else ""]
        assert (me["role"], me["capacity"], me["voice"]) == ("observer", "agent", "speaks")
        await until(lambda: recorded(live, me["id"]))
        assert agent.actor is not None
        async with live.services.database.read() as tx:
            noted = list(
                await tx.scalars(select(Event.kind).where(Event.actor == agent.actor.label))
            )
        # In the session's log, the case's, and the log of who looked.
        assert {"joined", "observed", "looked"} <= set(noted)


async def recorded(live: Live, participant_id: str) -> bool:
    """Whether the ledger has a recording of somebody."""
    async with live.services.database.read() as tx:
        found = await tx.scalar(
            select(Recording.id).where(Recording.participant_id == participant_id)
        )
    return found is not None


async def test_a_silent_observer_is_seen_but_neither_heard_nor_recorded(live: Live) -> None:
    """Whatever their browser sends; and the log says that they came and went."""
    async with (
        room(live, media=True) as held,
        staff(live, Role.ADMIN, warehouse=live.seller.hall) as boss,
    ):
        peer = RtpPeer()
        joined = await observe(boss, f"{held.path}/observe", peer, voice="silent")
        async with filming(PICTURES, peer, held.buyer.peers[0]):
            await until(lambda: len(peer.of_mid("1")) > 20, what="the observer sees the buyer")
        assert held.buyer.peers[0].of_mid("3") == held.host.peers[0].of_mid("3") == []
        [me] = [one for one in (await held.people()).values() if one["role"] == "observer"]
        assert (me["id"], me["capacity"], me["voice"], me["presence"]) == (
            joined["participant_id"],
            "supervisor",
            "silent",
            "here",
        )
        await boss.ok("POST", f"{held.path}/leave", {})
        assert not await recorded(live, me["id"])
        assert (await held.kinds()).count("presence") == 1
        assert await boss.refused("GET", held.path) == (404, "not_found")


async def test_a_second_speaker_asks_and_the_host_decides(live: Live) -> None:
    """One is heard at a time; the other's page makes its media anew when that changes."""
    async with (
        room(live, media=True) as held,
        staff(live, Role.AGENT, tenant=live.seller.lamp) as first,
        live.browser() as second,
    ):
        token = await held.invite()
        one = await observe(first, f"{held.path}/observe", RtpPeer())
        two = await observe(second, f"/api/observe/{token}", RtpPeer(), name="Mei Lin")
        assert [p["voice"] for p in two["session"]["participants"]][-2:] == ["speaks", "asks"]
        second_socket = await second.socket(session_id=held.session_id)
        lin = f"{held.path}/observers/{two['participant_id']}"
        assert await first.refused("POST", lin, {"voice": "speaks"}) == (403, "wrong_role")
        await held.host.ok("POST", lin, {"voice": "speaks"})
        await until(lambda: second_socket.of("peer.lost"))
        fresh = await second.fresh_peer(held.session_id)
        people = await held.people()
        assert people["Mei Lin"]["voice"] == "speaks"
        assert {p["voice"] for p in people.values() if p["id"] == one["participant_id"]} == {"asks"}
        async with filming(PICTURES, fresh):
            await until(lambda: held.buyer.peers[0].of_mid("3"))
            await until(lambda: recorded(live, two["participant_id"]))
        await held.host.ok("POST", lin, {"voice": "silent"})
        before = len(held.buyer.peers[0].of_mid("3"))
        quiet = await second.fresh_peer(held.session_id)
        await send_pictures(quiet, PICTURES[:30])
        assert len(held.buyer.peers[0].of_mid("3")) - before <= 2


async def test_an_observer_link_is_for_one_device_one_session_and_no_longer(live: Live) -> None:
    """Hashed at rest, bound at first use, useless when revoked or over."""
    async with live.browser() as guest, live.browser() as thief, live.browser() as late:
        async with room(live) as held:
            token = await held.invite()
            path = f"/api/observe/{token}"
            looked = await guest.ok("GET", path)
            assert looked["state"] == "open"
            assert "buyer_name" not in str(looked)
            async with live.services.database.read() as tx:
                link = await tx.scalar(
                    select(ObserverLink).where(ObserverLink.session_id == held.session_id)
                )
            assert link is not None
            assert token.encode() not in link.token_hash
            joined = await observe(guest, path, name="Mei Lin")
            again = await observe(guest, path, name="Mei Lin")
            assert again["participant_id"] == joined["participant_id"]
            body = {"voice": "silent", "locale": "en", "name": "Eve"}
            assert await thief.refused("POST", path, body) == (409, "other_device")
            for name in ("", "  ", "a\0b", "a\nb", "tnatsissA \u202e", "x" * 81):
                status = await late.refused("POST", path, {**body, "name": name})
                assert status == (422, "invalid"), name
            assert (await thief.ok("GET", path))["state"] == "other_device"
            assert await thief.refused("GET", held.path) == (401, "not_signed_in")
            assert await late.refused("GET", "/api/observe/nothing") == (404, "link_unknown")
            links = (await held.host.ok("GET", f"{held.path}/observer-links"))["links"]
            assert [one["used_by"] for one in links] == ["Mei Lin"]
            guest_socket = await guest.socket(session_id=held.session_id)
            async with held.host.http.delete(
                f"{held.path}/observer-links/{links[0]['link_id']}"
            ) as response:
                assert response.status == 200
            await until(lambda: not guest_socket.client.connected)
            assert await guest.refused("GET", held.path) == (404, "not_found")
            assert await guest.refused("POST", path, body) == (410, "link_revoked")
            assert "observer_removed" in await held.kinds()
            open_token = await held.invite()
        assert await late.refused("GET", f"/api/observe/{open_token}") == (410, "link_expired")


async def test_an_observer_cannot_do_what_a_host_does(live: Live) -> None:
    """By link or by login: no verdict, marker, still, finding, hand-over, link or removal."""
    async with (
        room(live) as held,
        live.browser() as guest,
        staff(live, Role.AGENT, tenant=live.seller.lamp) as agent,
    ):
        path, token = held.path, await held.invite()
        await observe(guest, f"/api/observe/{token}", name="Mei Lin", voice="silent", consent=None)
        joined = await observe(agent, f"{path}/observe", voice="silent")
        still = {"client_id": "s", "own_at_ms": 1, "preview": "/9j/"}
        end = {"outcome": "refund", "note": "", "client_id": "e"}
        for browser in (guest, agent):
            for method, where, body in (
                ("POST", "end", end),
                ("POST", "release", {}),
                ("POST", "stills", {**still, "preview": "/9j/4AAQ"}),
                ("POST", "hang-up", {}),
                ("POST", "devices/dev_1", {"answer": "yes"}),
                ("POST", "join", {}),
                ("POST", "handover", {}),
                ("POST", "handover/finish", {}),
                ("POST", f"observers/{joined['participant_id']}", {"voice": "speaks"}),
                ("DELETE", f"observers/{joined['participant_id']}", None),
            ):
                status, code = await browser.refused(method, f"{path}/{where}", body)
                assert (status, code) in {(403, "wrong_role"), (401, "not_signed_in")}, where
            socket = await browser.socket(session_id=held.session_id)
            for event, said in (
                ("marker.set", {"label": "x", "at_ms": None}),
                ("finding.state", {"words": "x"}),
                ("finding.answer", {"finding_id": "f", "answer": "agree", "words": ""}),
            ):
                assert (await socket.say(event, client_id=event, **said))["code"] == "not_allowed"
            assert (await socket.say("message.send", client_id="m", text="Hi", locale="en"))["ok"]
        # The link's bearer reads what the parties read, and not what only the seller does.
        assert await guest.refused("POST", f"{path}/observer-links", {}) == (401, "not_signed_in")
        read = await guest.ok("GET", f"{path}/events?after=0")
        assert {event["visibility"] for event in read["events"]} == {"parties"}
        shown = await guest.ok("GET", path)
        assert "email" not in str(shown["case"])


async def test_strangers_do_not_get_in_as_observers(live: Live) -> None:
    """Another tenant, a warehouse without a grant, a reviewer, the buyer's own cookie, nobody."""
    async with (
        room(live) as held,
        staff(live, Role.ADMIN, tenant=live.seller.shoes) as rival,
        staff(live, Role.ADMIN, Role.INSPECTOR, warehouse=live.seller.dock) as dock,
        staff(live, Role.REVIEWER, tenant=live.seller.lamp) as reviewer,
        live.browser() as nobody,
    ):
        where = f"{held.path}/observe"
        body = {"voice": "silent", "locale": "en"}
        for browser in (rival, dock, reviewer):
            assert await browser.refused("POST", where, body) == (404, "not_found")
            status, _code = await browser.refused("POST", f"{held.path}/observer-links", {})
            assert status in (403, 404)
        desk = await dock.ok("GET", "/api/host/desk")
        assert held.session_id not in {one["session_id"] for one in desk["live"]}
        assert await nobody.refused("POST", where, body) == (401, "not_signed_in")
        assert await held.buyer.refused("POST", where, body) == (401, "not_signed_in")
        # The buyer's cookie put in the place of an observer's opens nothing.
        secret = next(c.value for c in held.buyer.jar if c.key == "pc_device")
        await held.invite()
        headers = {"Cookie": f"pc_observer={secret}"}
        async with nobody.http.get(held.path, headers=headers) as response:
            assert response.status == 404
        for role in ("observer", "guest", "host"):
            asked = {"Cookie": f"pc_device={secret}", "X-Proofcall-Role": role}
            async with nobody.http.get(held.path, headers=asked) as response:
                assert response.status in (401, 404)
        # Who hosts cannot be an observer of the same call, and speaking needs consent.
        assert await held.host.refused("POST", where, body) == (409, "has_hosted")
        async with staff(live, Role.AGENT, tenant=live.seller.lamp) as agent:
            await agent.call("DELETE", "/api/v1/me/consent")
            speaks = {"voice": "speaks", "locale": "en"}
            assert await agent.refused("POST", where, speaks) == (409, "consent_required")


async def test_who_was_shown_out_stays_out(live: Live) -> None:
    """By link or by login; the parties read that the host did it."""
    async with room(live) as held, staff(live, Role.AGENT, tenant=live.seller.lamp) as agent:
        joined = await observe(agent, f"{held.path}/observe")
        socket = await agent.socket(session_id=held.session_id)
        await held.host.ok("DELETE", f"{held.path}/observers/{joined['participant_id']}")
        await until(lambda: not socket.client.connected)
        body = {"voice": "silent", "locale": "en"}
        assert await agent.refused("POST", f"{held.path}/observe", body) == (403, "removed")
        assert await agent.refused("GET", held.path) == (404, "not_found")
        await until(lambda: "observer_removed" in held.buyer_socket.kinds())


async def test_nobody_watches_a_buyer_who_waits(live: Live) -> None:
    """When the host hands the case back, observers are out; they come again with the next."""
    async with room(live) as held, staff(live, Role.AGENT, tenant=live.seller.lamp) as agent:
        await observe(agent, f"{held.path}/observe")
        await held.host.ok("POST", f"{held.path}/release", {})
        body = {"voice": "silent", "locale": "en"}
        assert await agent.refused("POST", f"{held.path}/observe", body) == (409, "no_host_yet")
        people = (await held.buyer.ok("GET", held.path))["participants"]
        assert {p["presence"] for p in people if p["role"] == "observer"} == {"left"}
        async with live.host() as next_host:
            case_id = (await held.buyer.ok("GET", held.path))["case_id"]
            await next_host.ok("POST", "/api/host/take", {"case_id": case_id})
            await observe(agent, f"{held.path}/observe")
            await next_host.ok(
                "POST", f"{held.path}/end", {"outcome": None, "note": "", "client_id": "e"}
            )


@asynccontextmanager
async def colleague(live: Live) -> AsyncIterator[Browser]:
    """Another inspector of the same hall, ready."""
    async with live.host() as browser:
        await browser.ok("PUT", "/api/host/ready", {"ready": True})
        yield browser
        await browser.call("PUT", "/api/host/ready", {"ready": False})


async def ring(held: Room, other: Browser, note: str = "He speaks French.") -> str:
    """The host asks the other by name; gives the hand-over's id as it rings."""
    assert other.actor is not None
    asked = await held.host.ok(
        "POST", f"{held.path}/handover", {"staff_id": other.actor.staff_id, "note": note}
    )
    rings = (await other.ok("GET", "/api/host/desk"))["rings"]
    assert [(one["handover_id"], one["note"]) for one in rings] == [(asked["handover_id"], note)]
    return str(asked["handover_id"])


async def test_a_buyer_is_handed_over_without_leaving(live: Live) -> None:
    """Both hosts talk to the buyer, then the second alone, on the first one's lines."""
    async with room(live, media=True) as held, colleague(live) as ben:
        names = [one["name"] for one in (await held.host.ok("GET", f"{held.path}/hosts"))["hosts"]]
        assert ben.actor is not None
        assert ben.actor.name in names
        handover_id = await ring(held, ben)
        answered = await ben.ok("POST", f"/api/handovers/{handover_id}", {"answer": "yes"})
        again = await ben.ok("POST", f"/api/handovers/{handover_id}", {"answer": "yes"})
        assert answered["session"]["id"] == again["session"]["id"] == held.session_id
        assert await held.host.refused("POST", f"{held.path}/handover/finish", {}) == (
            409,
            "successor_not_here",
        )
        await ben.host_join(held.session_id, RtpPeer())
        ben_socket = await ben.socket(session_id=held.session_id, role="host")
        # Who is in charge is one of them: the second may talk, and no more.
        end = {"outcome": "refund", "note": "", "client_id": "e"}
        assert await ben.refused("POST", f"{held.path}/end", end) == (403, "not_in_charge")
        assert await ben.refused("POST", f"{held.path}/release", {}) == (403, "not_in_charge")
        assert await ben.refused("POST", f"{held.path}/handover", {}) == (403, "not_in_charge")
        marked = await ben_socket.say("marker.set", client_id="k", label="x", at_ms=None)
        assert marked["code"] == "not_in_charge"
        assert await ben.refused("POST", "/api/host/take", {"case_id": None}) == (
            409,
            "one_at_a_time",
        )
        async with filming(PICTURES, *(one.peers[0] for one in (held.buyer, held.host, ben))):
            await until(lambda: held.buyer.peers[0].of_mid("3") and held.buyer.peers[0].of_mid("1"))
            await until(lambda: ben.peers[0].of_mid("1") and ben.peers[0].of_mid("3"))
            await until(lambda: held.host.peers[0].of_mid("3"))
        await held.host.ok("POST", f"{held.path}/handover/finish", {})
        assert await held.host.refused("POST", f"{held.path}/end", end) == (404, "not_found")
        assert (await held.host.ok("GET", "/api/host/desk"))["mine"] is None
        people = await held.people()
        assert [p["name"] for p in people.values() if p["in_charge"]] == [ben.actor.name]
        # On the first host's lines now, and the observer's are free.
        before = len(held.buyer.peers[0].of_mid("1"))
        await until(lambda: (ben_socket.kinds().count("host_changed")) == 1)
        async with filming(PICTURES, ben.peers[0]):
            await until(lambda: len(held.buyer.peers[0].of_mid("1")) > before + 20)
        changed = [
            event["payload"]
            for event in held.buyer_socket.of("event")
            if event["kind"] in ("handover_accepted", "host_changed")
        ]
        assert [one["to"] for one in changed] == [ben.actor.name] * 2
        assert "handover_asked" not in held.buyer_socket.kinds()
        await ben.ok("POST", f"{held.path}/end", {**end, "outcome": None})
        shown = await timeline_when_complete(ben, held.session_id)
        roles = [one["participant"]["role"] for one in shown["recordings"]]
        assert sorted(roles) == ["buyer", "host", "host"]
        case_id = shown["case"]["id"]
        async with live.services.database.read() as tx:
            kinds = list(await tx.scalars(select(Event.kind).where(Event.subject_id == case_id)))
        assert kinds.count("handed_over") == 1
        assert "observed" not in kinds


async def timeline_when_complete(browser: Browser, session_id: str) -> Json:
    """The timeline once everything of the call is in the ledger."""
    found: list[Json] = []

    async def complete() -> bool:
        found.append(await browser.ok("GET", f"/api/v1/sessions/{session_id}/timeline"))
        return bool(found[-1]["complete"])

    await until(complete, 15)
    return found[-1]


async def test_a_refused_or_unanswered_hand_over_leaves_the_first_host(live: Live) -> None:
    """And the buyer hears nothing of it; a second at the same time is one clear error."""
    async with room(live) as held, colleague(live) as ben:
        handover_id = await ring(held, ben)
        assert await held.host.refused("POST", f"{held.path}/handover", {}) == (
            409,
            "handover_under_way",
        )
        await ben.ok("POST", f"/api/handovers/{handover_id}", {"answer": "no"})
        assert await ben.refused("POST", f"/api/handovers/{handover_id}", {"answer": "yes"}) == (
            410,
            "handover_over",
        )
        raced = await asyncio.gather(
            *(held.host.call("POST", f"{held.path}/handover", {"note": str(i)}) for i in range(4))
        )
        assert sorted(status for status, _ in raced) == [201, 409, 409, 409]
        assert {one["code"] for status, one in raced if status == 409} == {"handover_under_way"}
        [anyone] = [one["handover_id"] for status, one in raced if status == 201]
        await until(lambda: ended_as(live, anyone, "unanswered"), 40)
        assert (await ben.ok("GET", "/api/host/desk"))["rings"] == []
        assert [kind for kind in held.buyer_socket.kinds() if kind.startswith("handover")] == []
        assert (await held.host.ok("GET", "/api/host/desk"))["mine"] is not None
        assert held.host_socket.kinds().count("handover_ended") == 2


async def ended_as(live: Live, handover_id: str, state: str) -> bool:
    """Whether a hand-over has ended so."""
    async with live.services.database.read() as tx:
        handover = await tx.get_one(Handover, handover_id)
    return handover.state == state


async def test_when_the_first_host_is_gone_the_second_has_the_buyer(live: Live) -> None:
    """And when the second is gone, the first has them still."""
    async with room(live) as held, colleague(live) as ben:
        handover_id = await ring(held, ben)
        await ben.ok("POST", f"/api/handovers/{handover_id}", {"answer": "yes"})
        # Their page never comes: after the time of an absence the first host is alone again.
        await until(lambda: ended_as(live, handover_id, "successor_gone"), 25)
        assert [p["name"] for p in (await held.people()).values() if p["in_charge"]]
        handover_id = await ring(held, ben)
        await ben.ok("POST", f"/api/handovers/{handover_id}", {"answer": "yes"})
        await ben.host_join(held.session_id)
        await ben.socket(session_id=held.session_id, role="host")
        await held.host_socket.close()
        await until(lambda: ended_as(live, handover_id, "done"), 25)
        assert ben.actor is not None
        people = await held.people()
        assert [p["name"] for p in people.values() if p["in_charge"]] == [ben.actor.name]
        assert await held.host.refused("GET", held.path) == (404, "not_found")


async def test_only_who_is_asked_may_take_over(live: Live) -> None:
    """Not another tenant's, not an ungranted hall's, not a third colleague, not a guessed id."""
    async with (
        room(live) as held,
        colleague(live) as ben,
        colleague(live) as third,
        staff(live, Role.INSPECTOR, warehouse=live.seller.dock) as dock,
        staff(live, Role.ADMIN, tenant=live.seller.shoes) as rival,
    ):
        assert dock.actor is not None
        await dock.ok("PUT", "/api/host/ready", {"ready": True})
        status = await held.host.refused(
            "POST", f"{held.path}/handover", {"staff_id": dock.actor.staff_id}
        )
        assert status == (409, "host_not_ready")
        handover_id = await ring(held, ben)
        for browser in (third, dock, rival, held.host):
            for path in (f"/api/handovers/{handover_id}", "/api/handovers/hov_1"):
                assert await browser.refused("POST", path, {"answer": "yes"}) == (404, "not_found")
        assert (await third.ok("GET", "/api/host/desk"))["rings"] == []
        await held.host.ok("DELETE", f"{held.path}/handover")
        assert await ben.refused("POST", f"/api/handovers/{handover_id}", {"answer": "yes"}) == (
            410,
            "handover_over",
        )
        refused = await held.host.refused("POST", f"{held.path}/handover", {"language": "zh-Hans"})
        assert refused == (409, "nobody_ready")
        # Anyone who speaks it rings for all of them; the first yes has it.
        await held.host.ok("POST", f"{held.path}/handover", {"language": "en"})
        [ring_id] = [
            one["handover_id"] for one in (await third.ok("GET", "/api/host/desk"))["rings"]
        ]
        raced = await asyncio.gather(
            *(
                one.call("POST", f"/api/handovers/{ring_id}", {"answer": "yes"})
                for one in (ben, third)
            )
        )
        assert sorted(status for status, _ in raced) == [200, 410]
        await held.host.ok("DELETE", f"{held.path}/handover")


def slices_of(pictures: list[EncodedFrame]) -> set[bytes]:
    """Their coded slices."""
    return {unit for one in pictures for unit in nal_units(one.data) if unit[0] & 31 in (1, 5)}


ONLY_EARLIER = {one for one in slices_of(PICTURES) - slices_of(LATER) if len(one) >= 24}
ONLY_LATER = {one for one in slices_of(LATER) - slices_of(PICTURES) if len(one) >= 24}


def found_in(recorded: bytes, slices: set[bytes]) -> int:
    """How many of the slices are, byte for byte, in a recording."""
    return sum(one in recorded for one in slices)


async def timeline_of(held: Room) -> Json:
    """The whole timeline of an inspection, once it has ended."""
    await held.host.ok("POST", f"{held.path}/end", {"client_id": "end"})
    found: Json = {}

    async def complete() -> bool:
        path = f"/api/v1/sessions/{held.session_id}/timeline"
        found.update(await held.host.ok("GET", path))
        return bool(found["complete"])

    await until(complete, 30)
    return found


async def recorded_bytes(held: Room, shown: Json, participant_id: str) -> bytes:
    """Everything that was recorded of somebody."""
    recorded = b""
    for one in shown["recordings"]:
        if one["participant"]["id"] == participant_id:
            async with held.host.http.get(one["url"]) as response:
                recorded += await response.read()
    return recorded


async def test_a_host_stops_the_recording_of_themselves_and_the_call_goes_on(live: Live) -> None:
    """No byte after the answer, a gap that says why, everybody is told, the buyer is recorded."""
    async with room(live, media=True) as held:
        host_id = (await held.host.ok("GET", held.path))["you"]["participant_id"]
        buyer_id = (await held.buyer.ok("GET", held.path))["you"]["participant_id"]
        peers = (held.buyer.peers[0], held.host.peers[0])
        async with filming(PICTURES, *peers):
            await asyncio.sleep(2.2)
            asked_ms = live.services.clock.wall_ns() / 1e6
            await held.host.ok("POST", f"{held.path}/withdraw-consent", {})
            answered_ms = live.services.clock.wall_ns() / 1e6
        await until(lambda: "consent_withdrawn" in held.buyer_socket.kinds())
        (told,) = [
            one for one in held.buyer_socket.of("event") if one["kind"] == "consent_withdrawn"
        ]
        assert told["actor"]["participant_id"] == host_id
        async with filming(LATER, *peers):
            await asyncio.sleep(2.2)
        # They still hear and see each other, also after the host's page made its media anew.
        assert len(held.buyer.peers[0].of_mid("1")) > 60
        fresh = await held.host.fresh_peer(held.session_id)
        async with filming(LATER, fresh):
            await asyncio.sleep(1.2)
        shown = await timeline_of(held)
        (gap,) = [one for one in shown["gaps"] if one["cause"] == "stopped"]
        assert gap["participant_id"] == host_id
        assert asked_ms - 1 <= gap["from_ms"] <= answered_ms + 1
        assert gap["to_ms"] - gap["from_ms"] > 3_000
        (mine,) = [one for one in shown["recordings"] if one["participant"]["id"] == host_id]
        assert mine["start_ms"] + mine["duration_ms"] <= answered_ms + 100
        recorded = await recorded_bytes(held, shown, host_id)
        assert found_in(recorded, ONLY_EARLIER) > 5
        assert found_in(recorded, ONLY_LATER) == 0
        assert found_in(await recorded_bytes(held, shown, buyer_id), ONLY_LATER) > 5


async def test_a_guest_stops_only_the_recording_of_themselves(live: Live) -> None:
    """Nobody withdraws for another, and who was never recorded has nothing to withdraw."""
    async with (
        room(live, media=True) as held,
        live.browser() as guest,
        staff(live, Role.AGENT, tenant=live.seller.lamp) as agent,
        live.browser() as nobody,
    ):
        path = f"{held.path}/withdraw-consent"
        token = await held.invite()
        joined = await observe(guest, f"/api/observe/{token}", RtpPeer(), name="Mei Lin")
        async with filming(PICTURES, guest.peers[0], held.host.peers[0]):
            await asyncio.sleep(1.5)
        buyer_id = (await held.buyer.ok("GET", held.path))["you"]["participant_id"]
        for browser in (guest, held.host):
            for other in ({"participant_id": buyer_id}, {"role": "buyer"}):
                assert await browser.refused("POST", path, other) == (422, "invalid")
        assert await nobody.refused("POST", path, {}) == (401, "not_signed_in")
        assert await agent.refused("POST", path, {}) == (404, "not_found")
        await observe(agent, f"{held.path}/observe", voice="silent")
        assert await agent.refused("POST", path, {}) == (409, "not_recorded")
        assert "consent_withdrawn" not in await held.kinds()
        for _ in range(2):
            await guest.ok("POST", path, {})
        await until(lambda: "consent_withdrawn" in held.buyer_socket.kinds())
        async with filming(LATER, guest.peers[0], held.host.peers[0]):
            await asyncio.sleep(1.5)
        shown = await timeline_of(held)
        assert {one["participant_id"] for one in shown["gaps"] if one["cause"] == "stopped"} == {
            joined["participant_id"]
        }
        assert [one["kind"] for one in shown["events"]].count("consent_withdrawn") == 1
        recorded = await recorded_bytes(held, shown, joined["participant_id"])
        assert found_in(recorded, ONLY_EARLIER) > 5
        assert found_in(recorded, ONLY_LATER) == 0
        async with live.services.database.read() as tx:
            kept = await tx.execute(
                select(Participant.role, Consent.text_version, Consent.withdrawn_at.is_(None))
                .join(Participant, Participant.id == Consent.participant_id)
                .where(Consent.session_id == held.session_id)
            )
            assert sorted(tuple(row) for row in kept) == [
                ("buyer", BUYER_WORDS.version, True),
                ("host", STAFF_WORDS.version, True),
                ("observer", GUEST_WORDS.version, False),
            ]


async def test_a_recorder_that_was_away_is_told_who_withdrew(live: Live) -> None:
    """The host is told that it did not stop yet, and a recorder that is back is sent nothing."""
    async with room(live, media=True) as held:
        host_id = (await held.host.ok("GET", held.path))["you"]["participant_id"]
        async with filming(PICTURES, held.host.peers[0]):
            await asyncio.sleep(1.5)
        await live.kill("recorder-0")
        refused = await held.host.refused("POST", f"{held.path}/withdraw-consent", {})
        assert refused == (503, "recording_unavailable")
        await until(lambda: held.host_socket.of("peer.lost"), what="media made anew")
        fresh = await held.host.fresh_peer(held.session_id)
        async with filming(LATER, held.host.peers[0], fresh):
            await live.start("recorder")
            await until(lambda: _stopped(live, held.session_id, host_id), 30)
            await asyncio.sleep(1)
        shown = await timeline_of(held)
        recorded = await recorded_bytes(held, shown, host_id)
        assert "stopped" in {one["cause"] for one in shown["gaps"]}
        assert found_in(recorded, ONLY_EARLIER) > 5
        assert found_in(recorded, ONLY_LATER) == 0


def _stopped(live: Live, session_id: str, participant_id: str) -> bool:
    found = live.settings.data.glob(f"**/{session_id}/session.json")
    return any(participant_id in str(json.loads(one.read_text()).get("stopped")) for one in found)


async def test_who_works_here_agrees_once_for_each_version(live: Live) -> None:
    """Without it nobody comes on shift or into a call; the session says what was agreed to."""
    case_id, token = await live.invited()
    async with live.browser() as buyer, live.host() as host:
        assert host.actor is not None
        mine = "/api/v1/me/consent"
        async with host.http.delete(mine) as response:
            assert response.status == 204
        session_id = (await buyer.tap(token))["session"]["id"]
        ready, take = ("PUT", "/api/host/ready", {"ready": True}), ("POST", "/api/host/take", {})
        for asked in (ready, take):
            assert await host.refused(*asked) == (409, "consent_required")
        shown = await host.ok("GET", mine)
        assert (shown["version"], shown["agreed"]) == (STAFF_WORDS.version, None)
        for version in ("staff-2020-01-01", BUYER_WORDS.version, GUEST_WORDS.version):
            said = {"version": version, "locale": "de"}
            status, told = await host.call("PUT", mine, said)
            assert (status, told["code"], told["version"]) == (
                409,
                "consent_required",
                STAFF_WORDS.version,
            )
        said = {"version": STAFF_WORDS.version, "locale": "de"}
        agreed = await host.ok("PUT", mine, said)
        assert await host.ok("PUT", mine, {**said, "locale": "en"}) == agreed
        desk = (await host.ok("GET", "/api/host/desk"))["consent"]
        assert (desk["version"], desk["text"]) == (agreed["version"], agreed["text"])
        agreed_at = datetime.fromisoformat(agreed["agreed"]["at"])
        assert datetime.fromisoformat(desk["agreed"]["at"]) == agreed_at
        assert (await host.ok(*ready))["ready"]
        await host.ok("POST", "/api/host/take", {"case_id": case_id})
        await host.host_join(session_id)
        events = await host.ok("GET", f"/api/sessions/{session_id}/events?after=0")
        (given,) = [
            one["payload"]
            for one in events["events"]
            if one["kind"] == "consent_given" and one["payload"]["version"] == STAFF_WORDS.version
        ]
        assert given == {
            "version": STAFF_WORDS.version,
            "locale": "de",
            "sha256": STAFF_WORDS.sha256("de"),
            "agreed_at": desk["agreed"]["at"],
        }
        # Words that change, or are taken back, keep nobody out of a call they are in.
        async with live.services.database.begin() as tx:
            await tx.execute(
                update(StaffConsent)
                .where(StaffConsent.staff_id == host.actor.staff_id)
                .values(text_version="staff-2020-01-01")
            )
        await host.host_join(session_id)
        assert await host.refused(*ready) == (409, "consent_required")
        await host.ok("POST", f"/api/sessions/{session_id}/end", {"client_id": "e"})


async def test_a_guest_agrees_to_words_of_their_own(live: Live) -> None:
    """Neither the buyer's nor the staff's version lets somebody in who is heard."""
    async with room(live) as held, live.browser() as guest:
        path = f"/api/observe/{await held.invite()}"
        assert (await guest.ok("GET", path))["consent"]["version"] == GUEST_WORDS.version
        said = {"voice": "speaks", "locale": "en", "name": "Mei Lin"}
        for version in (BUYER_WORDS.version, STAFF_WORDS.version, "old"):
            body = {**said, "consent": {**CONSENT, "version": version}}
            assert await guest.refused("POST", path, body) == (409, "consent_required")
        assert await guest.refused("POST", path, said) == (409, "consent_required")
        await observe(guest, path, name="Mei Lin")
