"""How often the desk's busiest requests ask the database: each statement costs the process 1 ms."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, make_url, select, text
from sqlalchemy.engine import Engine

from cases import database as database_file
from cases.database import Database, upgrade
from cases.states import Scope
from cases.tables import ApiKey, Event
from infra.local.postgres import Postgres
from tests.support.seller_site import SellerSite, seller_site


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[SellerSite]:
    """The seller's routes on a real port."""
    async with seller_site(tmp_path) as running:
        yield running


@contextmanager
def statements() -> Iterator[list[str]]:
    """What every engine is asked until the block ends, transactions' beginnings among it."""

    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        asked.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(Engine, "before_cursor_execute", note)


async def machine(site: SellerSite, *scopes: Scope) -> dict[str, str]:
    """A machine's headers, its first use noted."""
    secret = await site.seller.api_key(site.seller.lamp, *(scopes or tuple(Scope)))
    headers = {"Authorization": f"Bearer {secret}"}
    await site.client.get("/api/v1/cases", headers=headers)
    return headers


async def test_a_list_of_many_cases_asks_no_more_than_one_of_few(site: SellerSite) -> None:
    """Who asks, the page, its tags; in one snapshot."""
    headers = await machine(site)
    actor = await site.seller.machine(site.seller.lamp, *Scope)
    counts = []
    for more in (1, 8):
        for number in range(more):
            await site.seller.open_case(actor, order_number=f"N-{more}-{number}")
        with statements() as asked:
            response = await site.client.get("/api/v1/cases", headers=headers)
        assert response.status == 200
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 4, asked


async def test_a_case_page_that_was_looked_at_is_one_snapshot_of_few_statements(
    site: SellerSite,
) -> None:
    """The first look of an hour is written as well, in a transaction of its own; once."""
    headers = await machine(site)
    actor = await site.seller.machine(site.seller.lamp, *Scope)
    case_id = (await site.seller.open_case(actor)).case_id
    for _ in range(2):
        with statements() as asked:
            response = await site.client.get(f"/api/v1/cases/{case_id}", headers=headers)
        assert response.status == 200
    assert len(asked) <= 5, asked
    assert sum(one.startswith("BEGIN") for one in asked) == 1
    async with site.seller.database.read() as tx:
        looks = (await tx.scalars(select(Event.client_id).where(Event.log == "access"))).all()
    assert len([one for one in looks if one and one.startswith(f"case:{case_id}:")]) == 1


async def test_a_message_is_written_with_few_statements(site: SellerSite) -> None:
    """The second of a case: the first also meets its deadline and counts as its answer."""
    headers = await machine(site)
    actor = await site.seller.machine(site.seller.lamp, *Scope)
    case_id = (await site.seller.open_case(actor)).case_id
    for number in range(2):
        said = {"client_id": f"m{number}", "text": f"Word {number}", "locale": "en"}
        with statements() as asked:
            response = await site.client.post(
                f"/api/v1/cases/{case_id}/thread", json=said, headers=headers
            )
        assert response.status == 200
    assert len(asked) <= 18, asked


async def test_a_key_counts_as_used_by_a_request_that_is_refused(site: SellerSite) -> None:
    """Whoever tries out a stolen key is seen."""
    secret = await site.seller.api_key(site.seller.lamp, *Scope)
    response = await site.client.get(
        "/api/v1/cases/cas_nothing", headers={"Authorization": f"Bearer {secret}"}
    )
    assert response.status == 404
    async with site.seller.database.read() as tx:
        assert (await tx.scalars(select(ApiKey.last_used_at))).all() == [site.seller.now]


async def test_a_lost_connection_is_replaced_after_a_pause(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody's request meets what a restarted server has closed; in use, nothing is asked."""
    url = postgres.fresh_database()
    upgrade(make_url(url))
    database, another = Database(url), Database(url)
    try:
        pids = []
        for trusted_s in (60.0, 60.0, 0.0):
            monkeypatch.setattr(database_file, "_TRUSTED_S", trusted_s)
            async with database.read() as tx:
                pids.append(await tx.scalar(text("SELECT pg_backend_pid()")))
            if len(pids) == 2:
                async with another.begin() as tx:
                    await tx.execute(text(f"SELECT pg_terminate_backend({pids[0]}, 5000)"))
        assert pids[0] == pids[1] != pids[2]
    finally:
        await database.close()
        await another.close()
