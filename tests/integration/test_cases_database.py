"""The desk on both databases: the same tests on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from cryptography.exceptions import InvalidTag
from sqlalchemy import make_url, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError
from sqlalchemy.ext.asyncio import AsyncSession

from cases import access_log, desk, idempotency, links, log, passwords, people
from cases.access_policy import Action
from cases.actor import KeyActor, StaffActor
from cases.case_access import load_case
from cases.case_filter import CaseFilter
from cases.case_list import list_cases
from cases.case_views import CaseView, buyer_case_view, case_view
from cases.database import Database, upgrade
from cases.erasure_keys import ErasureKeys
from cases.keys import KeyDestroyed, KeyRing
from cases.links import Binding
from cases.log import ChainBroken, LogKind, Visibility
from cases.sealing import unseal
from cases.states import CaseState, CaseTrigger, Outcome, Role, Scope
from cases.tables import Base, Case, Event, Session, Staff, Tenant
from cases.tenants import grant_work, revoke_grant
from infra.local.postgres import Postgres
from runtime.errors import CaseError, SetupError
from runtime.ids import new_id
from tests.support.seller import CHEAP_HASH, PASSWORD, Seller, case_in, make_seller

EVERYTHING = frozenset(Visibility)
VERDICT = desk.Verdict(Outcome.REFUND, None, None, "A crack in the shade.")


@pytest.fixture(scope="session")
def migrated(postgres: Postgres) -> str:
    """The name of a database with every table, to be copied."""
    upgrade(make_url(postgres.fresh_database("migrated")))
    return "migrated"


@pytest.fixture(params=["sqlite", "postgresql"])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    """A database of each kind: empty, or with every table for a test that has a seller."""
    url = f"sqlite+aiosqlite:///{tmp_path / 'new' / 'proofcall.db'}"
    if request.param == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        if "seller" in request.fixturenames:
            url = server.fresh_database(template=request.getfixturevalue("migrated"))
        else:
            url = server.fresh_database()
    made = Database(url)
    yield made
    await made.close()
    await made.close()


@pytest.fixture
async def seller(database: Database) -> Seller:
    """Two sellers, two warehouses and one grant."""
    return await make_seller(database)


async def logged(tx: AsyncSession, seller: Seller, case_id: str) -> list[str]:
    """The kinds of a case's log."""
    key = await seller.keys.case_key(tx, case_id)
    events = await log.read_events(
        tx, log=LogKind.CASE, subject_id=case_id, key=key, visibilities=EVERYTHING
    )
    return [event.kind for event in events]


# Transactions


async def test_migrations_make_exactly_the_tables_of_the_models(database: Database) -> None:
    """Alembic finds nothing to add, change or drop, and a second run does nothing."""
    await database.migrate()
    await database.migrate()
    async with database.begin() as tx:
        connection = await tx.connection()
        # SQLite has no index of this kind, but tables of its own that are one; Alembic does not
        # ask for which database something is meant.
        on_sqlite = {"ix_case_words_terms", "case_word_rows", "case_word_terms"}
        left_out = on_sqlite if connection.dialect.name == "sqlite" else set()
        opts = {
            "compare_type": True,
            "include_object": lambda _thing, name, *_more: name not in left_out,
        }
        differences = await connection.run_sync(
            lambda sync: compare_metadata(
                MigrationContext.configure(sync, opts=opts), Base.metadata
            )
        )
    assert differences == []


async def test_two_processes_may_migrate_at_once(database: Database) -> None:
    """Whoever is second finds the work done."""
    await asyncio.gather(*(database.migrate() for _ in range(3)))


@pytest.mark.parametrize(
    "url",
    [
        "sqlite+aiosqlite:////proc/nowhere/proofcall.db",
        "postgresql+asyncpg://somebody:secret@127.0.0.1:1/proofcall",
    ],
)
async def test_a_database_that_cannot_be_opened_is_one_line(url: str) -> None:
    """The message says which, and never the password."""
    database = Database(url)
    with pytest.raises(SetupError, match="cannot be opened") as caught:
        await database.migrate()
    await database.close()
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)


async def test_an_error_rolls_everything_back(seller: Seller) -> None:
    """A transaction that fails leaves nothing."""

    async def rename_and_fail() -> None:
        async with seller.database.begin() as tx:
            await tx.execute(update(Tenant).values(name="changed"))
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        await rename_and_fail()
    async with seller.database.read() as tx:
        names = set(await tx.scalars(select(Tenant.name)))
    assert names == {"Lumen & Lark", "Sole"}


async def test_a_reader_cannot_write(seller: Seller) -> None:
    """What was opened for reading refuses to change anything."""
    with pytest.raises(DBAPIError):
        async with seller.database.read() as tx:
            await tx.execute(update(Tenant).values(name="changed"))


async def test_a_reader_keeps_its_snapshot(seller: Seller) -> None:
    """A commit beside an open read does not change what it sees, nor wait for it."""
    async with seller.database.read() as reading:
        before = await reading.scalar(select(Tenant.name).where(Tenant.id == seller.lamp))
        async with seller.database.begin() as tx:
            await tx.execute(update(Tenant).values(name="changed"))
        query = select(Tenant.name).where(Tenant.id == seller.lamp)
        assert await reading.scalar(query) == before


async def test_a_naive_datetime_is_refused(seller: Seller) -> None:
    """A time without a zone never reaches a table."""
    with pytest.raises(StatementError, match="naive"):
        async with seller.database.begin() as tx:
            await tx.execute(update(Tenant).values(created_at=datetime(2026, 1, 1)))  # noqa: DTZ001


async def test_times_come_back_aware_and_exact(seller: Seller) -> None:
    """Microseconds and the zone survive."""
    moment = datetime(2026, 3, 29, 1, 30, 0, 123456, tzinfo=UTC)
    async with seller.database.begin() as tx:
        await tx.execute(update(Tenant).values(created_at=moment))
    async with seller.database.read() as tx:
        found = await tx.scalar(select(Tenant.created_at).where(Tenant.id == seller.lamp))
    assert found == moment
    assert found.tzinfo is not None


async def test_a_stale_version_is_a_conflict(seller: Seller) -> None:
    """Two who changed the same case from the same version: the second is told."""
    agent = await seller.staff(Role.AGENT, tenant=seller.lamp)
    opened = await seller.open_case(agent)

    async def rename_after_another() -> None:
        async with seller.database.begin() as tx:
            case = await tx.get_one(Case, opened.case_id)
            await tx.execute(
                text("UPDATE cases SET version = version + 1 WHERE id = :id"), {"id": case.id}
            )
            case.buyer_locale = "de"

    with pytest.raises(CaseError) as caught:
        await rename_after_another()
    assert (caught.value.code, caught.value.status) == ("version_conflict", 412)


async def test_many_writers_at_once_all_get_their_turn(seller: Seller) -> None:
    """Twenty appends to one log from parallel transactions: no hole, no error."""
    key = bytes(32)

    async def one(number: int) -> None:
        async with seller.database.begin() as tx:
            await log.append(
                tx,
                log=LogKind.SESSION,
                subject_id="ses_x",
                kind="message",
                payload={"n": number},
                visibility=Visibility.PARTIES,
                actor="system",
                key=key,
                at=seller.now,
            )

    await asyncio.gather(*(one(n) for n in range(20)))
    async with seller.database.read() as tx:
        await log.verify(tx, log=LogKind.SESSION, subject_id="ses_x", key=key)
        assert await log.last_seq(tx, log=LogKind.SESSION, subject_id="ses_x") == 20


async def test_a_staff_member_belongs_to_one_organisation(seller: Seller) -> None:
    """Neither none nor both."""
    for tenant_id, warehouse_id in ((None, None), (seller.lamp, seller.hall)):
        with pytest.raises(IntegrityError):
            async with seller.database.begin() as tx:
                tx.add(
                    Staff(
                        id=new_id("stf"),
                        tenant_id=tenant_id,
                        warehouse_id=warehouse_id,
                        email=f"{tenant_id}@example.com",
                        name="Nobody",
                        password_hash=CHEAP_HASH,
                        roles=[],
                        locale="en",
                        created_at=seller.now,
                    )
                )


async def test_a_case_has_one_open_session(seller: Seller) -> None:
    """The database itself refuses a second inspection of a case while one is open."""
    agent = await seller.staff(Role.AGENT, tenant=seller.lamp)
    opened = await seller.open_case(agent)

    def session(state: str) -> Session:
        return Session(
            id=new_id("ses"),
            case_id=opened.case_id,
            tenant_id=seller.lamp,
            direction="buyer_shows",
            state=state,
            wrapped_key=b"",
            key_id="key",
            object_prefix="p",
            created_at=seller.now,
        )

    async with seller.database.begin() as tx:
        tx.add_all([session("ended"), session("ended"), session("waiting")])
    with pytest.raises(IntegrityError):
        async with seller.database.begin() as tx:
            tx.add(session("live"))


# The logs


async def test_a_repeated_client_id_gives_the_first_event(seller: Seller) -> None:
    """The repeat writes nothing; the same id from somebody else is another event."""

    async def say(actor: str, words: str) -> log.LoggedEvent:
        async with seller.database.begin() as tx:
            return await log.append(
                tx,
                log=LogKind.SESSION,
                subject_id="ses_x",
                kind="message",
                payload={"text": words},
                visibility=Visibility.PARTIES,
                actor=actor,
                key=bytes(32),
                at=seller.now,
                client_id="c1",
            )

    first = await say("buyer:a", "hello")
    again = await say("buyer:a", "something else")
    other = await say("staff:b", "hello from me")
    assert again == first
    assert (other.seq, other.payload) == (2, {"text": "hello from me"})


async def test_reading_stops_at_what_may_be_seen(seller: Seller) -> None:
    """Visibility, ``after`` and ``limit`` narrow a log; without its key there is no payload."""
    key = bytes(32)
    async with seller.database.begin() as tx:
        for number, visibility in enumerate([*Visibility, Visibility.PARTIES]):
            await log.append(
                tx,
                log=LogKind.SESSION,
                subject_id="ses_x",
                kind="message",
                payload={"n": number},
                visibility=visibility,
                actor="system",
                key=key,
                at=seller.now,
            )
        parties = await log.read_events(
            tx,
            log=LogKind.SESSION,
            subject_id="ses_x",
            key=key,
            visibilities=frozenset({Visibility.PARTIES}),
        )
        later = await log.read_events(
            tx,
            log=LogKind.SESSION,
            subject_id="ses_x",
            key=None,
            visibilities=EVERYTHING,
            after=1,
            limit=2,
        )
    assert [event.payload for event in parties] == [{"n": 0}, {"n": 3}]
    assert [(event.seq, event.payload) for event in later] == [(2, None), (3, None)]


@pytest.mark.parametrize(
    ("tampering", "why"),
    [
        ({"kind": "verdict"}, "hash"),
        ({"actor": "staff:other"}, "hash"),
        ({"visibility": "internal"}, "hash"),
        ({"at": datetime(2020, 1, 1, tzinfo=UTC)}, "hash"),
        ({"commitment": "0" * 64}, "hash"),
        ({"previous": "1" * 64}, "predecessor"),
        ({"payload": b"x" * 40}, "opened"),
        ({"seq": 9}, "expected"),
    ],
)
async def test_a_changed_event_is_found(
    seller: Seller, tampering: dict[str, object], why: str
) -> None:
    """Whatever is changed in the tables, verification names the event."""
    agent = await seller.staff(Role.AGENT, tenant=seller.lamp)
    opened = await seller.open_case(agent)
    async with seller.database.begin() as tx:
        await tx.execute(
            update(Event)
            .where(Event.subject_id == opened.case_id, Event.seq == 2)
            .values(**tampering)
        )
    async with seller.database.read() as tx:
        key = await seller.keys.case_key(tx, opened.case_id)
        with pytest.raises(ChainBroken, match=why) as caught:
            await log.verify(tx, log=LogKind.CASE, subject_id=opened.case_id, key=key)
    assert caught.value.seq == 2


async def test_an_erased_case_keeps_its_chain_and_nothing_else(seller: Seller) -> None:
    """Destroying the key leaves commitments that nobody can open."""
    agent = await seller.staff(Role.AGENT, tenant=seller.lamp)
    opened = await seller.open_case(agent)
    async with seller.database.begin() as tx:
        await tx.execute(update(Case).values(wrapped_key=None))
    async with seller.database.read() as tx:
        with pytest.raises(KeyDestroyed):
            await seller.keys.case_key(tx, opened.case_id)
        await log.verify(tx, log=LogKind.CASE, subject_id=opened.case_id, key=None)
        events = await log.read_events(
            tx, log=LogKind.CASE, subject_id=opened.case_id, key=None, visibilities=EVERYTHING
        )
    assert [event.payload for event in events] == [None] * len(events)


async def test_another_master_key_opens_nothing(seller: Seller) -> None:
    """A database with the wrong master key says what is wrong."""
    async with seller.database.read() as tx:
        with pytest.raises(SetupError, match="master key"):
            await KeyRing(b"x" * 32, ErasureKeys(Path("unused"))).tenant_key(tx, seller.lamp)


async def test_looks_are_noted_once_an_hour(seller: Seller) -> None:
    """Who looks again within the hour is not written down again."""
    agent = await seller.staff(Role.AGENT, tenant=seller.lamp)

    async def look() -> None:
        looked = access_log.Deed.LOOKED
        await access_log.note_access(
            seller.database,
            seller.keys,
            access_log.Access(agent, seller.lamp, "cas_1", looked, "case", "cas_1", seller.now),
        )

    await look()
    await look()
    seller.clock.advance(3600)
    await look()
    async with seller.database.read() as tx:
        assert await log.last_seq(tx, log=LogKind.ACCESS, subject_id=seller.lamp) == 2
        key = await seller.keys.tenant_key(tx, seller.lamp)
        await log.verify(tx, log=LogKind.ACCESS, subject_id=seller.lamp, key=key)


# Cases


async def test_opening_a_case_keeps_everything_and_offers_an_inspection(seller: Seller) -> None:
    """The view holds what was sent, the granted warehouse, and an active link."""
    agent = await seller.staff(Role.AGENT, tenant=seller.lamp)
    opened = await seller.open_case(agent)
    async with seller.database.read() as tx:
        view = await case_view(tx, seller.keys, agent, opened.case_id, seller.now)
        assert await logged(tx, seller, opened.case_id) == ["case_opened", "moved", "link_issued"]
    CaseView.model_validate(view)
    sent = case_in()
    assert {name: view[name] for name in ("order_number", "buyer", "claim")} == {
        name: sent[name] for name in ("order_number", "buyer", "claim")
    }
    assert view["items"] == [{**item, "checked": None} for item in sent["items"]]
    assert view["state"] == "inspection_offered"
    assert view["warehouse"]["id"] == seller.hall
    assert view["link"]["state"] == "active"
    assert len(opened.token) >= 22


@pytest.mark.parametrize(("currency", "price"), [("JPY", "14800"), ("KWD", "14.805")])
async def test_prices_keep_their_currency_s_decimals(
    seller: Seller, currency: str, price: str
) -> None:
    """Yen have none, dinars have three."""
    machine = await seller.machine(seller.lamp, Scope.CASES_WRITE)
    item = {**case_in()["items"][0], "price": price}
    opened = await seller.open_case(machine, currency=currency, items=[item])
    async with seller.database.read() as tx:
        view = await case_view(tx, seller.keys, machine, opened.case_id, seller.now)
    assert view["items"][0]["price"] == price


async def test_the_warehouse_must_be_granted_and_named_when_there_are_two(seller: Seller) -> None:
    """None is guessed where two could be meant."""
    agent = await seller.staff(Role.AGENT, tenant=seller.lamp)
    with pytest.raises(CaseError) as caught:
        await seller.open_case(agent, warehouse_id=seller.dock)
    assert caught.value.code == "warehouse_not_granted"
    async with seller.database.begin() as tx:
        await grant_work(tx, tenant_id=seller.lamp, warehouse_id=seller.dock, now=seller.now)
    with pytest.raises(CaseError) as caught:
        await seller.open_case(agent)
    assert caught.value.code == "warehouse_required"
    await seller.open_case(agent, warehouse_id=seller.dock)


async def test_a_tenant_without_a_warehouse_inspects_itself(seller: Seller) -> None:
    """No grant, no warehouse, still a case."""
    agent = await seller.staff(Role.AGENT, tenant=seller.shoes)
    opened = await seller.open_case(agent)
    async with seller.database.read() as tx:
        assert (await case_view(tx, seller.keys, agent, opened.case_id, seller.now))[
            "warehouse"
        ] is None


async def test_a_decided_case_takes_no_more_inspections(seller: Seller) -> None:
    """Deciding, changing one's mind and closing follow the table; a buyer comes too late."""
    agent = await seller.staff(Role.AGENT, tenant=seller.lamp)
    opened = await seller.open_case(agent)
    async with seller.database.begin() as tx:
        await desk.decide(tx, seller.keys, agent, opened.case_id, VERDICT, seller.now)
        again = desk.Verdict(Outcome.EXCHANGE, None, None, "")
        await desk.decide(tx, seller.keys, agent, opened.case_id, again, seller.now)
    async with seller.database.begin() as tx:
        view = await case_view(tx, seller.keys, agent, opened.case_id, seller.now)
        assert (view["state"], view["verdict"]["outcome"]) == ("decided", "exchange")
        assert view["verdict"]["decided_by"] == agent.name
        with pytest.raises(CaseError) as caught:
            await desk.move_case(
                tx, seller.keys, opened.case_id, CaseTrigger.BUYER_ARRIVES, agent, seller.now
            )
        assert caught.value.code == "case_closed"
        await desk.close_case(tx, seller.keys, agent, opened.case_id, seller.now)
        with pytest.raises(CaseError, match="decided"):
            await desk.issue_link(tx, seller.keys, agent, opened.case_id, seller.now)
        kinds = await logged(tx, seller, opened.case_id)
    assert kinds.count("verdict") == 2


async def test_a_live_case_is_not_decided_behind_the_host_s_back(seller: Seller) -> None:
    """While an inspection is open its host decides."""
    agent = await seller.staff(Role.AGENT, tenant=seller.lamp)
    opened = await seller.open_case(agent)
    async with seller.database.begin() as tx:
        for trigger in (CaseTrigger.BUYER_ARRIVES, CaseTrigger.HOST_MEETS):
            await desk.move_case(tx, seller.keys, opened.case_id, trigger, agent, seller.now)
        with pytest.raises(CaseError) as caught:
            await desk.decide(tx, seller.keys, agent, opened.case_id, VERDICT, seller.now)
    assert caught.value.code == "session_open"


async def test_deciding_from_an_old_version_changes_nothing(seller: Seller) -> None:
    """Two reviewers with the same page open: the second is told, the first one's word stays."""
    agent = await seller.staff(Role.AGENT, tenant=seller.lamp)
    opened = await seller.open_case(agent)
    async with seller.database.read() as tx:
        version = (await case_view(tx, seller.keys, agent, opened.case_id, seller.now))["version"]

    async def decide(outcome: Outcome) -> str:
        verdict = desk.Verdict(outcome, None, None, "")
        try:
            async with seller.database.begin() as tx:
                await desk.decide(
                    tx,
                    seller.keys,
                    agent,
                    opened.case_id,
                    verdict,
                    seller.now,
                    expected_version=version,
                )
        except CaseError as error:
            return error.code
        return "decided"

    answers = await asyncio.gather(*(decide(outcome) for outcome in list(Outcome)[:4]))
    assert sorted(answers) == ["decided"] + ["version_conflict"] * 3


# Lists


async def test_lists_are_searched_narrowed_and_paged(seller: Seller) -> None:
    """Words, order number, state and pages; no case twice, none left out."""
    agent = await seller.staff(Role.AGENT, tenant=seller.lamp)
    opened = []
    for number in range(7):
        # Three share one moment: the cursor must tell them apart.
        seller.clock.advance(1 if number % 3 == 0 else 0)
        case = await seller.open_case(
            agent,
            order_number=f"LL-{number}",
            buyer={"name": f"Ünal 100%_{number}", "locale": "de"},
        )
        opened.append(case.case_id)
    async with seller.database.begin() as tx:
        await desk.decide(tx, seller.keys, agent, opened[3], VERDICT, seller.now)
    assert await seller.listed(agent, words="ÜNAL lamp 100%_3") == [opened[3]]
    assert await seller.listed(agent, words="100%_9") == []
    assert await seller.listed(agent, words="0__") == []
    assert await seller.listed(agent, order_number="LL-4") == [opened[4]]
    assert await seller.listed(agent, state=CaseState.DECIDED) == [opened[3]]
    assert await seller.listed(agent, recorded=True) == []
    assert len(await seller.listed(agent, recorded=False)) == 7
    seen: list[str] = []
    cursor: str | None = None
    while True:
        async with seller.database.read() as tx:
            page = await list_cases(tx, seller.keys, agent, CaseFilter(limit=2, cursor=cursor))
        seen += [item["id"] for item in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert sorted(seen) == sorted(opened)


@pytest.mark.parametrize("cursor", ["x", "!!!", "W10", "WzEsMl0", "bnVsbA", "é"])
async def test_a_cursor_that_is_not_ours_is_refused(seller: Seller, cursor: str) -> None:
    """Whatever is sent as a cursor, the answer is an error that says so."""
    agent = await seller.staff(Role.AGENT, tenant=seller.lamp)
    with pytest.raises(CaseError) as caught:
        await seller.listed(agent, cursor=cursor)
    assert caught.value.code == "bad_cursor"


# Who sees what


async def test_a_case_exists_only_for_those_who_may_see_it(seller: Seller) -> None:
    """Another tenant, an ungranted warehouse, a revoked grant: nothing is there."""
    agent = await seller.staff(Role.AGENT, tenant=seller.lamp)
    opened = await seller.open_case(agent)
    inspector = await seller.staff(Role.INSPECTOR, warehouse=seller.hall)
    strangers: list[StaffActor | KeyActor] = [
        await seller.staff(Role.ADMIN, Role.AGENT, tenant=seller.shoes),
        await seller.staff(Role.INSPECTOR, Role.ADMIN, warehouse=seller.dock),
        await seller.machine(seller.shoes, *Scope),
    ]
    assert await seller.listed(inspector) == [opened.case_id]
    async with seller.database.begin() as tx:
        await revoke_grant(tx, tenant_id=seller.lamp, warehouse_id=seller.hall, now=seller.now)
    strangers.append(await seller.again(inspector))
    for stranger in strangers:
        assert await seller.listed(stranger) == []
        for action in Action:
            async with seller.database.read() as tx:
                with pytest.raises(CaseError) as caught:
                    await load_case(tx, stranger, opened.case_id, action)
            assert (caught.value.code, caught.value.status) == ("not_found", 404)
    async with seller.database.begin() as tx:
        await grant_work(tx, tenant_id=seller.lamp, warehouse_id=seller.hall, now=seller.now)
    assert await seller.listed(await seller.again(inspector)) == [opened.case_id]


async def test_the_list_shows_exactly_what_may_be_viewed(seller: Seller) -> None:
    """For every kind of staff and key, finding a case and opening it agree."""
    async with seller.database.begin() as tx:
        await grant_work(tx, tenant_id=seller.lamp, warehouse_id=seller.dock, now=seller.now)
    agent = await seller.staff(Role.AGENT, tenant=seller.lamp)
    other = await seller.staff(Role.AGENT, tenant=seller.shoes)
    made = [
        await seller.open_case(agent, warehouse_id=seller.hall),
        await seller.open_case(agent, warehouse_id=seller.dock),
        await seller.open_case(other),
    ]
    actors: list[StaffActor | KeyActor] = []
    for roles in ((), *((role,) for role in Role)):
        for place in (
            {"tenant": seller.lamp},
            {"tenant": seller.shoes},
            {"warehouse": seller.hall},
        ):
            actors.append(await seller.staff(*roles, **place))
    for scope in (Scope.CASES_READ, Scope.CASES_WRITE):
        actors.append(await seller.machine(seller.lamp, scope))
    for actor in actors:
        viewable = set()
        for opened in made:
            async with seller.database.read() as tx:
                with contextlib.suppress(CaseError):
                    await load_case(tx, actor, opened.case_id, Action.VIEW_CASE)
                    viewable.add(opened.case_id)
        assert set(await seller.listed(actor)) == viewable


async def test_a_grant_to_one_warehouse_does_not_show_another_s_cases(seller: Seller) -> None:
    """Two warehouses of one tenant see their own work."""
    async with seller.database.begin() as tx:
        await grant_work(tx, tenant_id=seller.lamp, warehouse_id=seller.dock, now=seller.now)
    agent = await seller.staff(Role.AGENT, tenant=seller.lamp)
    here = await seller.open_case(agent, warehouse_id=seller.hall)
    there = await seller.open_case(agent, warehouse_id=seller.dock)
    assert await seller.listed(await seller.staff(Role.INSPECTOR, warehouse=seller.hall)) == [
        here.case_id
    ]
    assert await seller.listed(await seller.staff(Role.INSPECTOR, warehouse=seller.dock)) == [
        there.case_id
    ]


async def test_the_warehouse_does_not_read_the_buyer_s_address(seller: Seller) -> None:
    """The e-mail address is the seller's."""
    agent = await seller.staff(Role.AGENT, tenant=seller.lamp)
    opened = await seller.open_case(agent)
    inspector = await seller.staff(Role.INSPECTOR, warehouse=seller.hall)
    async with seller.database.read() as tx:
        view = await case_view(tx, seller.keys, inspector, opened.case_id, seller.now)
        mine = await buyer_case_view(tx, seller.keys, opened.case_id)
    assert view["buyer"]["email"] is None
    assert "example.com" not in str(mine).replace("shop.example", "")
    assert mine["items"][0]["picture"] == "https://shop.example/lamp.jpg"


# Links and devices


async def test_a_link_binds_to_the_first_device(seller: Seller) -> None:
    """Opening changes nothing; the first tap binds; another browser must ask and be let in."""
    agent = await seller.staff(Role.AGENT, tenant=seller.lamp)
    opened = await seller.open_case(agent)
    async with seller.database.begin() as tx:
        link = await links.find_link(tx, opened.token, seller.now)
        assert await links.binding_of(tx, link.link_id, None) is Binding.FREE
        mine = await links.bind_device(
            tx, seller.keys, link.link_id, None, user_agent="phone", public_key=None, now=seller.now
        )
        again = await links.bind_device(
            tx,
            seller.keys,
            link.link_id,
            mine.secret,
            user_agent="phone",
            public_key={},
            now=seller.now,
        )
        assert again == mine
        assert await links.binding_of(tx, link.link_id, mine.secret) is Binding.BOUND
        for secret in (None, "x", "A" * 43):
            assert await links.binding_of(tx, link.link_id, secret) is Binding.OTHER_DEVICE
            with pytest.raises(CaseError) as caught:
                await links.bind_device(
                    tx,
                    seller.keys,
                    link.link_id,
                    secret,
                    user_agent="",
                    public_key=None,
                    now=seller.now,
                )
            assert caught.value.code == "other_device"
        other = await links.ask(
            tx, seller.keys, link.link_id, None, user_agent="laptop", now=seller.now
        )
        assert await links.binding_of(tx, link.link_id, other.secret) is Binding.ASKING
        assert await links.buyer_of_case(tx, other.secret, opened.case_id, seller.now) is None
        await links.answer_device(
            tx,
            other.device_id,
            case_id=opened.case_id,
            yes=True,
            answered_by="staff:x",
            now=seller.now,
        )
        assert await links.binding_of(tx, link.link_id, mine.secret) is Binding.OTHER_DEVICE
        buyer = await links.buyer_of_case(tx, other.secret, opened.case_id, seller.now)
        assert buyer is not None
        assert buyer.device_id == other.device_id


async def test_a_refused_device_stays_out(seller: Seller) -> None:
    """No means no, also to asking again, and nobody answers for another case's device."""
    agent = await seller.staff(Role.AGENT, tenant=seller.lamp)
    opened = await seller.open_case(agent)
    stranger = await seller.open_case(agent)
    async with seller.database.begin() as tx:
        link = await links.find_link(tx, opened.token, seller.now)
        asked = await links.ask(tx, seller.keys, link.link_id, None, user_agent="x", now=seller.now)
        with pytest.raises(CaseError) as caught:
            await links.answer_device(
                tx,
                asked.device_id,
                case_id=stranger.case_id,
                yes=True,
                answered_by="staff:x",
                now=seller.now,
            )
        assert caught.value.code == "not_found"
        await links.answer_device(
            tx,
            asked.device_id,
            case_id=opened.case_id,
            yes=False,
            answered_by="staff:x",
            now=seller.now,
        )
        for attempt in (
            links.ask(tx, seller.keys, link.link_id, asked.secret, user_agent="x", now=seller.now),
            links.bind_device(
                tx,
                seller.keys,
                link.link_id,
                asked.secret,
                user_agent="",
                public_key=None,
                now=seller.now,
            ),
        ):
            with pytest.raises(CaseError) as caught:
                await attempt
            assert caught.value.code == "device_refused"


async def test_asking_devices_are_limited(seller: Seller) -> None:
    """A link that leaked cannot fill the table."""
    agent = await seller.staff(Role.AGENT, tenant=seller.lamp)
    opened = await seller.open_case(agent)
    async with seller.database.begin() as tx:
        link = await links.find_link(tx, opened.token, seller.now)
        for _ in range(8):
            await links.ask(tx, seller.keys, link.link_id, None, user_agent="x", now=seller.now)
        with pytest.raises(CaseError) as caught:
            await links.ask(tx, seller.keys, link.link_id, None, user_agent="x", now=seller.now)
    assert caught.value.code == "too_many_devices"


async def test_one_browser_holds_two_links(seller: Seller) -> None:
    """A buyer with two returns is known in both by one cookie, and only in those."""
    agent = await seller.staff(Role.AGENT, tenant=seller.lamp)
    first, second, third = [await seller.open_case(agent) for _ in range(3)]
    secret: str | None = None
    async with seller.database.begin() as tx:
        for opened in (first, second):
            link = await links.find_link(tx, opened.token, seller.now)
            bound = await links.bind_device(
                tx,
                seller.keys,
                link.link_id,
                secret,
                user_agent="",
                public_key=None,
                now=seller.now,
            )
            secret = bound.secret
        buyers = [
            await links.buyer_of_case(tx, secret, opened.case_id, seller.now)
            for opened in (first, second, third)
        ]
    assert [buyer is not None for buyer in buyers] == [True, True, False]


async def test_links_expire_and_are_replaced(seller: Seller) -> None:
    """Unknown, revoked and expired are told apart; a revoked one ends its device's access."""
    agent = await seller.staff(Role.AGENT, tenant=seller.lamp)
    opened = await seller.open_case(agent)

    async def code(token: str) -> str:
        async with seller.database.read() as tx:
            try:
                await links.find_link(tx, token, seller.now)
            except CaseError as error:
                return f"{error.status} {error.code}"
        return "open"

    async with seller.database.begin() as tx:
        link = await links.find_link(tx, opened.token, seller.now)
        bound = await links.bind_device(
            tx, seller.keys, link.link_id, None, user_agent="", public_key=None, now=seller.now
        )
        fresh = await desk.issue_link(tx, seller.keys, agent, opened.case_id, seller.now)
    async with seller.database.read() as tx:
        assert await links.buyer_of_case(tx, bound.secret, opened.case_id, seller.now) is None
    assert await code(opened.token) == "410 link_revoked"
    assert await code(fresh) == "open"
    assert await code(fresh + "x") == "404 link_unknown"
    assert await code("\ud800") == "404 link_unknown"
    seller.clock.advance(timedelta(days=15).total_seconds())
    assert await code(fresh) == "410 link_expired"


async def test_two_devices_cannot_be_first_at_once(seller: Seller) -> None:
    """Of two taps at the same moment one is bound and one is told."""
    agent = await seller.staff(Role.AGENT, tenant=seller.lamp)
    opened = await seller.open_case(agent)

    async def tap() -> str:
        try:
            async with seller.database.begin() as tx:
                link = await links.find_link(tx, opened.token, seller.now)
                await links.bind_device(
                    tx,
                    seller.keys,
                    link.link_id,
                    None,
                    user_agent="",
                    public_key=None,
                    now=seller.now,
                )
        except CaseError as error:
            return error.code
        return "bound"

    answers = await asyncio.gather(*(tap() for _ in range(4)))
    assert sorted(answers) == ["bound"] + ["other_device"] * 3


# People


async def test_signing_in_and_out(seller: Seller) -> None:
    """The right password opens a login that ends by signing out, by time, and by being disabled."""
    agent = await seller.staff(Role.AGENT, tenant=seller.lamp)
    hashing = passwords.Passwords()

    async def sign_in() -> people.SignedIn:
        signed_in = await people.sign_in(
            seller.database,
            hashing,
            seller.keys,
            email=f" {agent.staff_id.upper()}@Example.com ",
            password=PASSWORD,
            address="192.0.2.1",
            user_agent="x",
            now=seller.now,
        )
        assert signed_in is not None
        return signed_in

    async def who(secret: str) -> object:
        async with seller.database.read() as tx:
            return await people.actor_of_login(tx, secret, seller.now)

    first, second = await sign_in(), await sign_in()
    assert await who(first.secret) == agent
    async with seller.database.begin() as tx:
        await people.sign_out(tx, first.secret, seller.now)
    assert await who(first.secret) is None
    assert await who(second.secret) == agent
    assert await who("forged") is None
    async with seller.database.begin() as tx:
        await tx.execute(update(Staff).values(disabled_at=seller.now))
    assert await who(second.secret) is None
    with pytest.raises(CaseError) as caught:
        await sign_in()
    assert caught.value.code == "wrong_credentials"


async def test_a_login_ends_by_itself(seller: Seller) -> None:
    """After its lifetime a cookie is worth nothing."""
    agent = await seller.staff(Role.AGENT, tenant=seller.lamp)
    signed_in = await people.sign_in(
        seller.database,
        passwords.Passwords(),
        seller.keys,
        email=f"{agent.staff_id}@example.com",
        password=PASSWORD,
        address="192.0.2.1",
        user_agent="x",
        now=seller.now,
    )
    seller.clock.advance(people.LOGIN_LIFETIME.total_seconds())
    async with seller.database.read() as tx:
        assert await people.actor_of_login(tx, signed_in.secret, seller.now) is None


async def test_guessing_is_limited_and_the_owner_is_not_locked_out(seller: Seller) -> None:
    """Ten wrong passwords from one address stop that address, for this e-mail, for a while."""
    agent = await seller.staff(Role.AGENT, tenant=seller.lamp)
    hashing = passwords.Passwords()

    async def guess(password: str, address: str) -> str:
        try:
            await people.sign_in(
                seller.database,
                hashing,
                seller.keys,
                email=f"{agent.staff_id}@example.com",
                password=password,
                address=address,
                user_agent="x",
                now=seller.now,
            )
        except CaseError as error:
            return error.code
        return "in"

    # All at once: counting after the check would let every one of them through.
    answers = await asyncio.gather(*(guess("wrong wrong", "192.0.2.66") for _ in range(14)))
    assert answers.count("wrong_credentials") == 10
    assert answers.count("too_many_attempts") == 4
    assert await guess(PASSWORD, "192.0.2.66") == "too_many_attempts"
    assert await guess(PASSWORD, "192.0.2.1") == "in"
    seller.clock.advance(15 * 60 + 1)
    assert await guess(PASSWORD, "192.0.2.66") == "in"


async def test_people_are_made_with_real_passwords(seller: Seller) -> None:
    """A short password and a taken address are refused; a made person can sign in."""

    async def make(email: str, password: str) -> None:
        async with seller.database.begin() as tx:
            await people.create_staff(
                tx,
                email=email,
                name="Ida",
                password=password,
                roles=[Role.REVIEWER],
                tenant_id=seller.lamp,
                locale="de",
                now=seller.now,
            )

    await make("Ida@Example.com", PASSWORD)
    for email, password, code in (
        ("ida@example.com", PASSWORD, "email_taken"),
        ("other@example.com", "short", "weak_password"),
    ):
        with pytest.raises(CaseError) as caught:
            await make(email, password)
        assert caught.value.code == code
    signed_in = await people.sign_in(
        seller.database,
        passwords.Passwords(),
        seller.keys,
        email="ida@example.com",
        password=PASSWORD,
        address="",
        user_agent="",
        now=seller.now,
    )
    assert signed_in is not None
    assert signed_in.actor.roles == {Role.REVIEWER}


async def test_a_revoked_api_key_opens_nothing(seller: Seller) -> None:
    """Known, unknown, malformed, revoked."""
    secret = await seller.api_key(seller.lamp, Scope.CASES_READ)
    async with seller.database.begin() as tx:
        known = await people.actor_of_key(tx, secret)
        assert known is not None
        assert known.scopes == {Scope.CASES_READ}
        assert await people.actor_of_key(tx, secret[:-1]) is None
        assert await people.actor_of_key(tx, "") is None
        await tx.execute(text("UPDATE api_keys SET revoked_at = created_at"))
        assert await people.actor_of_key(tx, secret) is None


# Idempotent answers


async def test_an_answer_is_remembered_for_a_day(seller: Seller) -> None:
    """The same request is told the same; another body is refused; nothing lies in the clear."""
    tenant_key = bytes(32)
    asked = idempotency.Asked("key:1", seller.lamp, "order-1", "a" * 64)
    answer = idempotency.Answer(201, b'{"join_url": "secret"}')

    async def recall(sha256: str = "a" * 64) -> idempotency.Answer | None:
        async with seller.database.read() as tx:
            again = replace(asked, request_sha256=sha256)
            return await idempotency.recall(tx, again, tenant_key, seller.now)

    async def remember() -> None:
        async with seller.database.begin() as tx:
            await idempotency.remember(tx, answer, asked, tenant_key, seller.now)

    assert await recall() is None
    await remember()
    assert await recall() == answer
    with pytest.raises(CaseError) as caught:
        await recall("b" * 64)
    assert caught.value.code == "key_reused"
    async with seller.database.read() as tx:
        (row,) = await tx.execute(text("SELECT * FROM idempotent_answers"))
        others = (
            await idempotency.recall(tx, replace(asked, asker="key:2"), tenant_key, seller.now),
            await idempotency.recall(tx, replace(asked, key="order-2"), tenant_key, seller.now),
        )
    assert others == (None, None)
    assert "order-1" not in str(tuple(row))
    assert "a" * 64 not in str(tuple(row))
    assert b"secret" not in bytes(row.body)
    with pytest.raises(InvalidTag):
        unseal(tenant_key, f"idempotent_answers:{row.key_digest}", bytes(row.body))
    seller.clock.advance(24 * 3600)
    assert await recall("b") is None
    await remember()
