"""The queue on both databases: who may take whom, and what races end in."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from cases import consenting, conversation, desk, hosting, joining, sessions, stills
from cases.actor import BuyerActor, StaffActor
from cases.consent_text import BUYER_WORDS, ConsentGiven
from cases.database import Database
from cases.facts import RECORDER_FACT
from cases.joining import Joined, SeatGone, SeatMedia, Tap
from cases.ledger import FactRefused, take_in
from cases.log import LogKind, Visibility, read_events, verify
from cases.placement import forget_dead_media, forget_media
from cases.session_access import participants_of, see_as_participant
from cases.session_views import changing_parts
from cases.states import CaseState, Outcome, Presence, Role, SessionState
from cases.tables import Case, Gap, Participant, RecorderFact, Recording, Session
from infra.local.postgres import Postgres
from recorder.places import open_store
from recorder.playback import Playback
from runtime.clock import ManualClock
from runtime.errors import CaseError
from runtime.settings import Settings
from runtime.tasks import Tasks
from signaling.media_orders import MediaOrders
from signaling.media_pool import MediaPool
from signaling.metrics import Metrics
from signaling.recorder_link import RecorderLink
from signaling.services import Services
from signaling.sockets import Hub
from signaling.upkeep import end_stale_session
from tests.support.live import ListedOutbox
from tests.support.seller import Seller, make_seller

VERDICT = desk.Verdict(Outcome.REFUND, None, None, "A crack.")
UNDECIDED = desk.Verdict(None, None, None, "")


class World:
    """Services on one database, with nobody connected."""

    def __init__(self, services: Services, seller: Seller, clock: ManualClock) -> None:
        self.services, self.seller, self.clock = services, seller, clock

    async def host(self) -> StaffActor:
        """An inspector of the granted warehouse."""
        return await self.seller.staff(Role.INSPECTOR, warehouse=self.seller.hall)

    async def invited(self) -> tuple[str, str]:
        """A case and its link's token."""
        agent = await self.seller.staff(Role.AGENT, tenant=self.seller.lamp)
        opened = await self.seller.open_case(agent)
        return opened.case_id, opened.token

    async def tap(
        self, token: str, secret: str | None = None, media: SeatMedia | None = None
    ) -> Joined:
        """The buyer's tap, without a browser."""
        tap = Tap(token, secret, ConsentGiven(BUYER_WORDS.version, "en"), "en", "Test", None)
        while True:
            async with self.services.database.read() as tx:
                seat = await joining.find_buyer_seat(tx, self.services.keys, tap, self.clock.now())
            try:
                return await self.services.run(
                    lambda unit, seat=seat: joining.take_buyer_seat(unit, tap, seat, media)  # type: ignore[misc]
                )
            except SeatGone:
                continue

    async def waiting(self) -> tuple[str, Joined]:
        """A buyer who waits: the case's id and the seat."""
        case_id, token = await self.invited()
        self.clock.advance(1)
        return case_id, await self.tap(token)

    async def take(self, actor: StaffActor, case_id: str | None) -> str:
        """A host takes somebody."""
        return await self.services.run(lambda unit: sessions.take(unit, actor, case_id))

    async def finish(self, actor: StaffActor, session_id: str, verdict: desk.Verdict) -> None:
        """The host ends it."""
        await self.services.run(
            lambda unit: sessions.finish(unit, actor, session_id, verdict, "end")
        )

    async def session(self, session_id: str) -> Session:
        """Its row."""
        async with self.services.database.read() as tx:
            return await tx.get_one(Session, session_id)

    async def case_state(self, case_id: str) -> str:
        """Its case's state."""
        async with self.services.database.read() as tx:
            return (await tx.get_one(Case, case_id)).state

    async def kinds(self, session_id: str) -> list[str]:
        """The session's log, which must hold together."""
        async with self.services.database.read() as tx:
            key = await self.services.keys.session_key(tx, session_id)
            await verify(tx, log=LogKind.SESSION, subject_id=session_id, key=key)
            events = await read_events(
                tx,
                log=LogKind.SESSION,
                subject_id=session_id,
                key=key,
                visibilities=frozenset(Visibility),
            )
        return [event.kind for event in events]


@pytest.fixture(params=["sqlite", "postgresql"])
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    """An empty world on each database."""
    url = f"sqlite+aiosqlite:///{tmp_path / 'proofcall.db'}"
    if request.param == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        url = server.fresh_database()
    async with world_on(url, tmp_path) as made:
        yield made


@asynccontextmanager
async def world_on(url: str, tmp_path: Path) -> AsyncIterator[World]:
    """An empty world on this database."""
    settings = Settings(data=tmp_path)
    clock = ManualClock()
    database = Database(url)
    seller = await make_seller(database, clock)
    store = open_store(settings)
    services = Services(
        settings=settings,
        clock=clock,
        database=database,
        keys=seller.keys,
        outbox=ListedOutbox(),
        store=store,
        playback=Playback(store),
        media_pool=(pool := MediaPool(settings, "")),
        media=MediaOrders(pool),
        recorder=RecorderLink(settings, ""),
        hub=Hub(settings),
        metrics=Metrics(),
        tasks=Tasks(),
    )
    yield World(services, seller, clock)
    await services.tasks.close()
    await store.close()
    await database.close()


async def results(*attempts: Awaitable[object]) -> Counter[str]:
    """How attempts made at the same moment ended: ``ok`` or the error's code."""
    done = await asyncio.gather(*attempts, return_exceptions=True)
    return Counter(
        "ok" if not isinstance(one, BaseException) else getattr(one, "code", repr(one))
        for one in done
    )


async def test_two_hosts_can_never_take_the_same_buyer(world: World) -> None:
    """Eight hosts reach for one buyer at once: one has them, seven are told."""
    case_id, joined = await world.waiting()
    hosts = [await world.host() for _ in range(8)]
    ended = await results(*(world.take(host, case_id) for host in hosts))
    assert ended == {"ok": 1, "already_taken": 7}
    assert (await world.session(joined.session_id)).state == SessionState.LIVE
    assert (await world.kinds(joined.session_id)).count("host_took") == 1


async def test_hosts_who_take_the_next_get_different_buyers(world: World) -> None:
    """Three hosts and three buyers find each other, whoever is first."""
    for _ in range(3):
        await world.waiting()
    hosts = [await world.host() for _ in range(4)]
    ended = await results(*(world.take(host, None) for host in hosts))
    assert ended["ok"] == 3
    assert ended["queue_empty"] + ended["already_taken"] == 1


async def test_one_host_cannot_take_two_buyers_at_once(world: World) -> None:
    """Two tabs of one host reach for two buyers: one of them wins."""
    first, _ = await world.waiting()
    second, _ = await world.waiting()
    host = await world.host()
    ended = await results(world.take(host, first), world.take(host, second))
    assert ended == {"ok": 1, "one_at_a_time": 1}


async def test_a_host_and_the_buyer_who_come_at_once_meet(world: World) -> None:
    """Hold and tap cross: there is one session, and it is live."""
    for _ in range(4):
        case_id, token = await world.invited()
        host = await world.host()
        taken, joined = await asyncio.gather(world.take(host, case_id), world.tap(token))
        assert isinstance(joined, Joined)
        assert taken == joined.session_id
        assert (await world.session(taken)).state == SessionState.LIVE
        assert await world.case_state(case_id) == CaseState.LIVE


async def test_two_browsers_with_one_link_do_not_both_get_in(world: World) -> None:
    """The first to commit is the buyer, the other is another device."""
    _, token = await world.invited()
    ended = await results(*(world.tap(token) for _ in range(4)))
    assert ended == {"ok": 1, "other_device": 3}


async def test_the_longest_waiting_is_next_and_a_release_keeps_the_place(world: World) -> None:
    """Released, the first buyer stands before the second again."""
    first, joined = await world.waiting()
    await world.waiting()
    host, other = await world.host(), await world.host()
    session_id = await world.take(host, None)
    assert session_id == joined.session_id
    waited_since = (await world.session(session_id)).waiting_since
    await world.services.run(lambda unit: sessions.release(unit, host, session_id))
    session = await world.session(session_id)
    assert (session.state, session.waiting_since) == (SessionState.WAITING, waited_since)
    assert await world.case_state(first) == CaseState.WAITING
    async with world.services.database.read() as tx:
        with pytest.raises(CaseError, match="nothing here"):
            await see_as_participant(tx, host, session_id)
        shown = await hosting.desk_of(tx, world.seller.keys, other)
    assert isinstance(shown["waiting"], list)
    assert next(row["case_id"] for row in shown["waiting"]) == first
    assert await world.take(other, None) == session_id
    await world.services.run(lambda unit: sessions.release(unit, other, session_id))
    assert await world.take(host, None) == session_id


async def test_who_stopped_their_recording_stays_unrecorded(world: World) -> None:
    """Joining again is no new agreement, the page says so, and no photographs are taken of them."""
    _case_id, token = await world.invited()
    joined = await world.tap(token)
    session_id, buyer = joined.session_id, joined.actor
    host = await world.host()
    await world.take(host, None)

    async def recording() -> object:
        async with world.services.database.read() as tx:
            session = await tx.get_one(Session, session_id)
            case = await tx.get_one(Case, session.case_id)
            people = await participants_of(tx, session_id)
            for person in people:
                person.peer_id = "peer_1" if person.role == "buyer" else None
            with tx.no_autoflush:
                return (await changing_parts(tx, None, session, case, people))["recording"]

    assert await recording()
    said = await world.services.run(
        lambda unit: consenting.withdraw_consent(unit, buyer, session_id)
    )
    me_id = said.participant_id
    assert (me_id, said.is_new) == (joined.participant_id, True)
    assert not await recording()
    tap = Tap(token, joined.secret, ConsentGiven(BUYER_WORDS.version, "en"), "en", "Test", None)
    async with world.services.database.read() as tx:
        keys = world.services.keys
        again = await joining.find_buyer_seat(tx, keys, tap, world.clock.now())
        fresh = await joining.find_own_seat(tx, keys, buyer, session_id, consents=True)
    assert (again.record, fresh.record) == (False, False)
    await world.tap(token, joined.secret)
    assert not await recording()
    frame = stills.WantedFrame(me_id, "trk_1", 1, 1)
    with pytest.raises(CaseError) as refused:
        await world.services.run(
            lambda unit: stills.want(unit, host, session_id, frame, b"\xff\xd8\xff", "s1")
        )
    assert refused.value.code == "not_recorded"
    kinds = Counter(await world.kinds(session_id))
    assert (kinds["consent_given"], kinds["consent_withdrawn"]) == (1, 1)


async def test_the_place_in_the_queue_counts_those_before(world: World) -> None:
    """Two wait; one host is ready; the second may expect one call's length."""
    await world.waiting()
    case_id, joined = await world.waiting()
    host = await world.host()
    await world.services.run(lambda unit: hosting.set_ready(unit, host, True))
    async with world.services.database.read() as tx:
        case = await tx.get_one(Case, case_id)
        session = await tx.get_one(Session, joined.session_id)
        place = await hosting.place_in_queue(tx, session, case)
    assert place == hosting.QueuePlace(2, 2, 1, 360)


async def test_a_held_case_that_is_released_ends(world: World) -> None:
    """Nobody came; the buyer may still tap, and then waits."""
    case_id, token = await world.invited()
    host = await world.host()
    session_id = await world.take(host, case_id)
    assert (await world.session(session_id)).state == SessionState.HELD
    assert await world.case_state(case_id) == CaseState.INSPECTION_OFFERED
    await world.services.run(lambda unit: sessions.release(unit, host, session_id))
    assert (await world.session(session_id)).end_cause == "released"
    joined = await world.tap(token)
    assert (await world.session(joined.session_id)).state == SessionState.WAITING


async def test_a_verdict_ends_session_and_case_once(world: World) -> None:
    """Repeating the end changes nothing; another end is refused; the buyer cannot come back."""
    case_id, token = await world.invited()
    joined = await world.tap(token)
    host = await world.host()
    session_id = await world.take(host, case_id)
    await world.finish(host, session_id, VERDICT)
    await world.finish(host, session_id, VERDICT)
    again = world.services.run(
        lambda unit: sessions.finish(unit, host, session_id, VERDICT, "another")
    )
    assert await results(again) == {"already_ended": 1}
    assert await world.case_state(case_id) == CaseState.DECIDED
    assert (await world.kinds(session_id))[-2:] == ["verdict", "ended"]
    assert await results(world.tap(token, joined.secret)) == {"case_closed": 1}
    assert await results(world.take(host, None)) == {"queue_empty": 1}


async def test_without_an_outcome_the_case_is_inspected(world: World) -> None:
    """The seller decides later."""
    case_id, _ = await world.waiting()
    host = await world.host()
    await world.finish(host, await world.take(host, None), UNDECIDED)
    assert await world.case_state(case_id) == CaseState.INSPECTED


async def test_a_buyer_who_hangs_up_while_waiting_gives_up_the_place(world: World) -> None:
    """In a call the same only says that they left; they may come back."""
    case_id, token = await world.invited()
    joined = await world.tap(token)
    actor = joined.actor
    assert isinstance(actor, BuyerActor)
    await world.services.run(lambda unit: sessions.hang_up(unit, actor, joined.session_id))
    assert (await world.session(joined.session_id)).end_cause == "buyer_left"
    assert await world.case_state(case_id) == CaseState.INSPECTION_OFFERED
    again = await world.tap(token, joined.secret)
    host = await world.host()
    await world.take(host, case_id)
    await world.services.run(lambda unit: sessions.hang_up(unit, actor, again.session_id))
    assert (await world.session(again.session_id)).state == SessionState.LIVE
    assert (await world.tap(token, joined.secret)).session_id == again.session_id


async def test_strangers_find_no_session(world: World) -> None:
    """Another tenant, an ungranted warehouse and another buyer all get the same answer."""
    case_id, joined = await world.waiting()
    _, other = await world.waiting()
    strangers = [
        await world.seller.staff(Role.INSPECTOR, tenant=world.seller.shoes),
        await world.seller.staff(Role.INSPECTOR, warehouse=world.seller.dock),
        await world.seller.staff(Role.REVIEWER, warehouse=world.seller.hall),
    ]
    for stranger in strangers:
        assert await results(world.take(stranger, case_id)) == {"not_found": 1}
        async with world.services.database.read() as tx:
            assert (await hosting.desk_of(tx, world.seller.keys, stranger))["waiting"] == []
    for actor in (*strangers, other.actor):
        async with world.services.database.read() as tx:
            with pytest.raises(CaseError, match="nothing here"):
                await see_as_participant(tx, actor, joined.session_id)


async def test_a_waiting_buyer_who_stays_away_is_swept(world: World) -> None:
    """After five minutes; the case is offered again."""
    case_id, joined = await world.waiting()
    await world.services.run(
        lambda unit: conversation.mark_absent(unit, joined.participant_id, None)
    )
    world.clock.advance(timedelta(minutes=4).total_seconds())
    await end_stale_session(world.services, joined.session_id)
    assert (await world.session(joined.session_id)).state == SessionState.WAITING
    world.clock.advance(timedelta(minutes=2).total_seconds())
    await end_stale_session(world.services, joined.session_id)
    await end_stale_session(world.services, joined.session_id)
    assert (await world.session(joined.session_id)).end_cause == "buyer_away"
    assert await world.case_state(case_id) == CaseState.INSPECTION_OFFERED


async def test_a_new_tab_takes_over_and_the_old_one_cannot_make_its_owner_absent(
    world: World,
) -> None:
    """The old socket's end, ten seconds later, is nobody's absence."""
    _, joined = await world.waiting()
    for socket_id in ("first", "second"):
        await world.services.run(
            lambda unit, socket_id=socket_id: conversation.arrive(  # type: ignore[misc]
                unit, joined.actor, joined.session_id, socket_id
            )
        )
    participant_id = joined.participant_id
    gone = await world.services.run(
        lambda unit: conversation.drop_out(unit, participant_id, "first")
    )
    assert not gone
    await world.services.run(lambda unit: conversation.drop_out(unit, participant_id, "second"))
    async with world.services.database.read() as tx:
        assert (await tx.get_one(Participant, participant_id)).presence == Presence.AWAY


async def test_a_lost_worker_is_forgotten_by_its_sessions_only(world: World) -> None:
    """Whoever was on it needs a fresh peer; the others keep theirs."""
    _, token = await world.invited()
    lost = await world.tap(token, media=SeatMedia("media-0", "e1", "peer_1"))
    _, token = await world.invited()
    kept = await world.tap(token, media=SeatMedia("media-1", "e2", "peer_2"))
    await world.services.run(lambda unit: forget_media(unit, "media-0", "e1"))
    alive = frozenset({("media-1", "e2")})
    await world.services.run(lambda unit: forget_dead_media(unit, alive))
    assert (await world.session(lost.session_id)).media_worker is None
    assert (await world.session(kept.session_id)).media_worker == "media-1"
    assert (await world.kinds(lost.session_id)).count("peer_lost") == 1
    assert "peer_lost" not in await world.kinds(kept.session_id)


def fact(session_id: str, seq: int, kind: str, **fields: object) -> object:
    """A recorder's fact."""
    given = {"session_id": session_id, "seq": seq, "at_ns": 1, "kind": kind, **fields}
    return RECORDER_FACT.validate_python(given)


async def test_the_same_facts_twice_and_at_once_are_taken_in_once(world: World) -> None:
    """Two deliveries that cross leave one row, one event, one gap."""
    _, joined = await world.waiting()
    opened = {
        "recording_id": "rec_1",
        "participant_id": joined.participant_id,
        "part": 1,
        "container": "mp4",
        "tracks": [],
        "init": "AAAA",
        "init_sha256": "0" * 64,
        "t0_ns": 1_700_000_000_000_000_000,
    }
    gap = {"participant_id": joined.participant_id, "from_ns": 5, "to_ns": 9, "cause": "stopped"}
    facts = [
        fact(joined.session_id, 1, "recording_opened", **opened),
        fact(joined.session_id, 2, "gap", **gap),
    ]
    deliveries = [world.services.run(lambda unit: take_in(unit, facts)) for _ in range(3)]  # type: ignore[arg-type]
    assert await results(*deliveries) == {"ok": 3}
    async with world.services.database.read() as tx:
        for table, count in ((RecorderFact, 2), (Recording, 1), (Gap, 1)):
            assert len(list(await tx.scalars(select(table)))) == count
    kinds = await world.kinds(joined.session_id)
    assert (kinds.count("recording_opened"), kinds.count("gap")) == (1, 1)


async def test_a_fact_about_another_sessions_person_is_refused(world: World) -> None:
    """And nothing of its batch is written."""
    _, mine = await world.waiting()
    _, other = await world.waiting()
    gap = {"participant_id": other.participant_id, "from_ns": 5, "to_ns": 9, "cause": "stopped"}
    foreign = fact(mine.session_id, 1, "gap", **gap)
    with pytest.raises(FactRefused):
        await world.services.run(lambda unit: take_in(unit, [foreign]))  # type: ignore[list-item]
    async with world.services.database.read() as tx:
        assert list(await tx.scalars(select(RecorderFact))) == []


async def test_the_last_fact_orders_the_seal(world: World) -> None:
    """Once, also when it is delivered again."""
    _, joined = await world.waiting()
    closed = fact(joined.session_id, 1, "session_closed", cause="verdict")
    for _ in range(2):
        await world.services.run(lambda unit: take_in(unit, [closed]))  # type: ignore[list-item]
    outbox = world.services.outbox
    assert isinstance(outbox, ListedOutbox)
    assert list(outbox.ordered) == [f"seal_session:{joined.session_id}"]
    assert (await world.session(joined.session_id)).recorder_closed_at is not None
