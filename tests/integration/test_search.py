"""Finding cases by their words on both databases: what is found, by whom, and what stays secret."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, delete, make_url, select, text, update

import cases
from cases import case_search, desk, thread
from cases.actor import KeyActor, StaffActor
from cases.case_filter import CaseFilter
from cases.case_list import list_cases
from cases.case_words import index_missing
from cases.database import Database, upgrade
from cases.move_commands import Ship
from cases.moving import make_move
from cases.search_terms import signed_pack, signed_unpack
from cases.states import CaseTrigger, Outcome, Role, Scope
from cases.tables import Case, CaseWords, Tenant
from cases.tenants import grant_work, revoke_grant
from cases.thread import SayAsStaff, Translated
from cases.unit import Unit
from infra.local.postgres import Postgres
from tests.support.seller import Seller, make_seller
from tests.support.seller_site import NoOutbox


@pytest.fixture(scope="session")
def migrated(postgres: Postgres) -> str:
    """The name of a database with every table, to be copied."""
    upgrade(make_url(postgres.fresh_database("migrated_search")))
    return "migrated_search"


@dataclass(slots=True)
class Desk:
    """A seller's desk with its machine."""

    seller: Seller
    machine: KeyActor

    async def open(self, **changes: object) -> str:
        """A new case, some minutes after the last."""
        self.seller.clock.advance(60)
        return (await self.seller.open_case(self.machine, **changes)).case_id

    async def finds(self, question: str, actor: StaffActor | KeyActor | None = None) -> list[str]:
        """The cases that a question finds."""
        return await self.seller.listed(actor or self.machine, words=question)

    async def say(self, case_id: str, words: str, *, internal: bool = False) -> str:
        """Write into the thread; gives the message's id."""
        async with self.seller.database.begin() as tx:
            message = SayAsStaff(
                client_id=f"c{abs(hash(words))}", text=words, locale="en", internal=internal
            )
            event = await thread.say(self.unit(tx), self.machine, case_id, message)
            return f"{case_id}:{event.seq}"

    def unit(self, tx: object) -> Unit:
        """A unit of work in a transaction."""
        return Unit(tx, self.seller.keys, NoOutbox(), self.seller.now)  # type: ignore[arg-type]


@pytest.fixture(params=["sqlite", "postgresql"])
async def shop(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Desk]:
    """The lamp seller on a database of each kind."""
    url = f"sqlite+aiosqlite:///{tmp_path / 'new' / 'proofcall.db'}"
    if request.param == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        url = server.fresh_database(template=request.getfixturevalue("migrated"))
    database = Database(url)
    seller = await make_seller(database)
    yield Desk(seller, await seller.machine(seller.lamp, *Scope))
    await database.close()


async def test_a_case_is_found_by_everything_it_was_opened_with(shop: Desk) -> None:
    """Number, buyer, address, goods and claim; beginnings of names and numbers count."""
    case_id = await shop.open()
    await shop.open(
        order_number="X-1",
        buyer={"name": "Bo", "locale": "de"},
        claim={"reason": "other", "words": "", "locale": "de"},
        items=[{"sku": "RUG", "quantity": 1, "price": "9.00",
                "listing": {"title": "Rug", "pictures": [], "properties": {}}}],
    )  # fmt: skip
    for question in (
        "LL-20871", "20871", "ll-208", case_id, "Ana", "ruiz", "ana@example.com", "LAMP-7",
        "brass desk", "pantalla", "rota", "ESTÁ", "lamp ruiz",
    ):  # fmt: skip
        assert await shop.finds(question) == [case_id], question
    for question in ("nothing", "lamp rug", "0871", "%", "' OR 1=1 --", "*", '"', "ll-20871 x"):
        assert await shop.finds(question) == [], question
    assert len(await shop.finds("   ")) == 2


async def test_what_is_written_later_is_found_from_its_commit_on(shop: Desk) -> None:
    """Messages, notes and translations, in any script; what was rolled back never."""
    one, other = await shop.open(), await shop.open(order_number="LL-2")
    await shop.say(one, "The courier was late")
    await shop.say(other, "包装箱被压坏了", internal=True)
    message = await shop.say(one, "Wo ist der Riss?")
    async with shop.seller.database.begin() as tx:
        words = Translated(locale="ja", text="ひびはどこですか")
        await thread.translate(shop.unit(tx), shop.machine, one, message, words)
    assert await shop.finds("courier") == [one]
    assert await shop.finds("riss") == [one]
    assert await shop.finds("ひび") == [one]
    assert await shop.finds("压坏") == [other]

    async def rolled_back() -> None:
        async with shop.seller.database.begin() as tx:
            said = SayAsStaff(client_id="gone", text="vanished", locale="en")
            await thread.say(shop.unit(tx), shop.machine, one, said)
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        await rolled_back()
    assert await shop.finds("vanished") == []


async def test_a_whole_number_puts_its_case_first_on_every_page(shop: Desk) -> None:
    """Although others that have it as a word have changed since; pages neither repeat nor skip."""
    wanted = await shop.open(order_number="LL-5")
    others = [await shop.open(order_number=f"LL-5-{number}") for number in range(4)]
    found, cursor = list[str](), None
    while True:
        async with shop.seller.database.read() as tx:
            page = await list_cases(
                tx,
                shop.seller.keys,
                shop.machine,
                CaseFilter(words="ll-5", limit=2, cursor=cursor),
            )
        found += [item["id"] for item in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert found == [wanted, *others[::-1]]


async def test_a_parcels_number_finds_its_case_however_it_is_spaced(shop: Desk) -> None:
    """From the move that told it."""
    case_id = await shop.open()
    verdict = desk.Verdict(Outcome.REFUND, None, None, "")
    async with shop.seller.database.begin() as tx:
        await desk.decide(tx, shop.seller.keys, shop.machine, case_id, verdict, shop.seller.now)
        ship = Ship(move=CaseTrigger.SHIP, carrier="DHL", tracking_number="JD0146000012")
        await make_move(shop.unit(tx), shop.machine, case_id, ship)
    assert await shop.finds("JD0146000012") == [case_id]
    assert await shop.finds("jd0146") == [case_id]
    async with shop.seller.database.read() as tx:
        found = await case_search.search(
            tx, shop.seller.keys, [shop.seller.lamp], "JD 0146 0000 12", as_seller=True
        )
    assert found.first == {case_id}


async def test_nobody_finds_by_words_what_they_may_not_see(shop: Desk) -> None:
    """Another tenant, an ungranted warehouse, a warehouse whose grant ended; each in its list."""
    seller = shop.seller
    mine = await shop.open()
    stranger = await seller.machine(seller.shoes, *Scope)
    theirs = (await seller.open_case(stranger)).case_id
    inside = await seller.staff(Role.INSPECTOR, warehouse=seller.hall)
    outside = await seller.staff(Role.INSPECTOR, warehouse=seller.dock)
    for question in ("lamp", "LL-20871", mine):
        assert theirs not in await shop.finds(question)
        assert mine not in await shop.finds(question, stranger)
        assert await shop.finds(question, inside) == [mine]
        assert await shop.finds(question, outside) == []
    async with seller.database.begin() as tx:
        await grant_work(tx, tenant_id=seller.shoes, warehouse_id=seller.hall, now=seller.now)
    # The other seller's case was not given to this warehouse.
    assert await shop.finds("lamp", await seller.again(inside)) == [mine]
    async with seller.database.begin() as tx:
        await revoke_grant(tx, tenant_id=seller.lamp, warehouse_id=seller.hall, now=seller.now)
    assert await shop.finds("lamp", await seller.again(inside)) == []


async def test_a_warehouse_cannot_try_out_a_buyers_address(shop: Desk) -> None:
    """No view tells it to them; a hit would."""
    case_id = await shop.open()
    inspector = await shop.seller.staff(Role.INSPECTOR, warehouse=shop.seller.hall)
    agent = await shop.seller.staff(Role.AGENT, tenant=shop.seller.lamp)
    for question in ("ana@example.com", "example"):
        assert await shop.finds(question, inspector) == []
        assert await shop.finds(question, agent) == [case_id]
    assert await shop.finds("Ana Ruiz", inspector) == [case_id]


async def test_a_common_word_and_a_rare_one_find_the_same(
    shop: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Above the bound the list is walked: same cases, same order, same filters and pages."""
    cases = [await shop.open(order_number=f"LL-{number}") for number in range(6)]
    await shop.open(order_number="Z-1", items=[{
        "sku": "RUG", "quantity": 1, "price": "9.00",
        "listing": {"title": "Rug", "pictures": [], "properties": {}},
    }])  # fmt: skip
    rare = await shop.finds("lamp")
    assert rare == cases[::-1]
    monkeypatch.setattr(case_search, "MOST_READ", 3)
    assert await shop.finds("lamp") == rare
    assert await shop.seller.listed(shop.machine, words="lamp", limit=2) == rare[:2]
    assert await shop.seller.listed(shop.machine, words="lamp", language="de") == []
    exact = await shop.finds("LL-2")
    assert exact[0] == cases[2]


async def test_the_table_holds_no_word_and_nothing_is_found_without_it(shop: Desk) -> None:
    """Only digests under the tenant's key; without the row or the key nothing is found."""
    case_id = await shop.open()
    async with shop.seller.database.read() as tx:
        row = (await tx.execute(text("SELECT * FROM case_words"))).one()
    assert "lamp" not in repr(row).lower()
    assert "ruiz" not in repr(row).lower()
    async with shop.seller.database.begin() as tx:
        await tx.execute(delete(CaseWords).where(CaseWords.case_id == case_id))
    assert await shop.finds("lamp") == []
    other = await shop.open(order_number="LL-3")
    assert await shop.finds("lamp") == [other]
    async with shop.seller.database.begin() as tx:
        await tx.execute(
            update(Tenant).where(Tenant.id == shop.seller.lamp).values(wrapped_key=None)
        )
    assert await shop.finds("lamp") == []


async def test_cases_from_before_are_found_once_they_were_looked_through(shop: Desk) -> None:
    """With all that was said; what is erased stays unfound; a second look does nothing."""
    case_id, erased = await shop.open(), await shop.open(order_number="LL-9")
    await shop.say(case_id, "The courier was late")
    async with shop.seller.database.begin() as tx:
        await tx.execute(delete(CaseWords))
        await tx.execute(update(Case).where(Case.id == erased).values(wrapped_key=None))
    assert await shop.finds("courier") == []
    assert await index_missing(shop.seller.database, shop.seller.keys) == 2
    assert await shop.finds("courier lamp") == [case_id]
    assert await shop.finds("LL-9") == []
    assert await index_missing(shop.seller.database, shop.seller.keys) == 0


async def test_a_new_message_of_an_older_case_brings_all_its_words(shop: Desk) -> None:
    """Half a row would keep the rest from ever being looked through."""
    case_id = await shop.open()
    async with shop.seller.database.begin() as tx:
        await tx.execute(delete(CaseWords))
    await shop.say(case_id, "The courier was late")
    assert await shop.finds("courier lamp") == [case_id]


async def test_a_flood_of_words_has_an_end(shop: Desk) -> None:
    """What the case was opened with is still found."""
    case_id = await shop.open()
    for number in range(6):
        characters = "".join(chr(0x4E00 + number * 2000 + at) for at in range(2000))
        await shop.say(case_id, characters)
    async with shop.seller.database.read() as tx:
        [terms] = (await tx.scalars(select(CaseWords.terms))).all()
    assert len(terms) == 10_000
    assert await shop.finds("lamp") == [case_id]


async def _indexed(shop: Desk) -> dict[str, frozenset[int]]:
    """What SQLite's index says each case has."""
    async with shop.seller.database.read() as tx:
        rows = await tx.execute(
            text("SELECT case_id, term FROM case_word_rows JOIN case_word_terms USING (number)")
        )
        found: dict[str, set[int]] = {}
        for case_id, term in rows:
            found.setdefault(case_id, set()).update(signed_unpack(term))
    return {case_id: frozenset(terms) for case_id, terms in found.items()}


async def _kept(shop: Desk) -> dict[str, frozenset[int]]:
    """The terms of each case that has any."""
    async with shop.seller.database.read() as tx:
        rows = await tx.execute(select(CaseWords.case_id, CaseWords.terms))
        return {case_id: terms for case_id, terms in rows if terms}


async def test_sqlites_index_follows_the_words(shop: Desk) -> None:
    """As words come, as some are taken back, as a case is forgotten, as it is looked through."""
    async with shop.seller.database.read() as tx:
        if tx.get_bind().dialect.name != "sqlite":
            return
    opened = [await shop.open(order_number=f"LL-{number}") for number in range(3)]
    assert await _indexed(shop) == await _kept(shop)
    await shop.say(opened[0], "The courier was late")
    kept = await _kept(shop)
    assert await _indexed(shop) == kept
    some = frozenset(sorted(kept[opened[1]])[:5])
    for terms in (some, some | {-1, 0, 2**63 - 1, -(2**63)}, frozenset[int]()):
        async with shop.seller.database.begin() as tx:
            await tx.execute(
                update(CaseWords).where(CaseWords.case_id == opened[1]).values(terms=terms)
            )
        assert (await _indexed(shop)).get(opened[1], frozenset()) == terms
    async with shop.seller.database.begin() as tx:
        await tx.execute(delete(CaseWords).where(CaseWords.case_id == opened[0]))
    assert opened[0] not in await _indexed(shop)
    assert await index_missing(shop.seller.database, shop.seller.keys) == 1
    assert await _indexed(shop) == await _kept(shop)
    async with shop.seller.database.begin() as tx:
        await tx.execute(delete(CaseWords))
    assert await _indexed(shop) == {}


def _migrate(path: Path, way: Callable[[Config, str], None], to: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(cases.__file__).parent / "migrations"))
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        way(config, to)
    engine.dispose()


def test_words_that_are_there_already_come_into_sqlites_index(tmp_path: Path) -> None:
    """The migration fills it, and takes it away again."""
    path = tmp_path / "words.db"
    _migrate(path, command.upgrade, "0020")
    terms = {"cas_1": signed_pack([1, -5, 2**62]), "cas_2": b"", "cas_3": signed_pack([1])}
    with sqlite3.connect(path) as connection:
        connection.executemany("INSERT INTO case_words VALUES ('ten_1', ?, ?)", list(terms.items()))
    _migrate(path, command.upgrade, "head")
    with sqlite3.connect(path) as connection:
        rows = connection.execute(
            "SELECT case_id, term FROM case_word_rows JOIN case_word_terms USING (number)"
        ).fetchall()
    assert sorted(rows) == sorted(
        (case_id, packed[at : at + 8])
        for case_id, packed in terms.items()
        for at in range(0, len(packed), 8)
    )
    _migrate(path, command.downgrade, "0020")
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT count(*) FROM case_words").fetchone() == (3,)
        left = connection.execute("SELECT name FROM sqlite_master WHERE name LIKE 'case_word%'")
        assert {name for (name,) in left} == {"case_words"}
