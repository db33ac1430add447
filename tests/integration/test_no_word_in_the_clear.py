"""Whoever finds the database alone reads nothing that a person wrote, is called or lives at."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import inspect, text

from cases.database import Database
from cases.states import Role, Scope
from tests.integration.test_case_api import OURS, sign_in
from tests.integration.test_filing import TUS, filed, photograph, send, upload
from tests.integration.test_filing import order as told_order
from tests.support.notice_world import database_url
from tests.support.seller_site import SellerSite, seller_site

PLANTED = "zoraida"
"""In every word of the test, whatever its case."""
BUYER = {"name": "Zoraida Quux", "email": "Zoraida@quux.example", "locale": "es"}
AGENT = {"User-Agent": "ZoraidaPhone/1"}


@pytest.fixture(params=["sqlite", "postgresql"])
async def site(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SellerSite]:
    """Every route, on either database."""
    async with seller_site(tmp_path, database_url=database_url(request)) as running:
        yield running


class Desk:
    """Asks the API and takes nothing but success."""

    def __init__(self, site: SellerSite) -> None:
        self.site = site

    async def begin(self) -> None:
        """With a key that may do everything."""
        key = await self.site.seller.api_key(self.site.seller.lamp, *Scope)
        self.key = {"Authorization": f"Bearer {key}"}

    async def ask(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> Any:
        """The answer as JSON."""
        response = await self.site.client.request(
            method, path, json=body, headers=headers or self.key
        )
        told = await response.json() if response.status != 204 else None
        assert response.status < 300, (method, path, told)
        return told


async def return_filed(desk: Desk) -> str:
    """A return by the form, with a photograph and what was said; gives the case's id."""
    site = desk.site
    await desk.ask("POST", "/api/v1/orders", told_order(buyer=BUYER))
    want = {"order_number": "LL-20871", "email": BUYER["email"]}
    draft = await desk.ask("POST", "/api/filing/sellers/lumen/drafts", want, OURS)
    mine = {**TUS, **AGENT, "X-Filing": draft["secret"]}
    content = photograph()
    path = await upload(site, mine, content, "passport of Zoraida.jpg")
    assert (await send(site, mine, path, 0, content)).status == 204
    claim = {"reason": "damaged", "words": "Zoraida's own was whole", "locale": "es"}
    answer = await filed(site, draft["secret"], claim=claim)
    link = f"/api/join/{answer['join_path'].removeprefix('/j/')}"
    said = {"client_id": "c1", "text": "I am Zoraida", "locale": "es"}
    await desk.ask("POST", f"{link}/thread/messages", said, {**OURS, **AGENT})
    site.client.session.cookie_jar.clear()
    cases = await desk.ask("GET", "/api/v1/cases")
    assert [one["buyer_name"] for one in cases["items"]] == [BUYER["name"]]
    return str(cases["items"][0]["id"])


async def work_at(desk: Desk, case_id: str) -> None:
    """What the seller's people and machines write about it."""
    opened = {
        **{name: told_order()[name] for name in ("currency", "items")},
        "order_number": "LL-20872",
        "buyer": BUYER,
        "claim": {"reason": "other", "words": "Zoraida wants another", "locale": "en"},
        "direction": "buyer_shows",
    }
    for _ in range(2):
        once = {**desk.key, "Idempotency-Key": "k1"}
        await desk.ask("POST", "/api/v1/cases", opened, once)
    note = {"client_id": "n1", "text": "Zoraida called", "locale": "en", "internal": True}
    await desk.ask("POST", f"/api/v1/cases/{case_id}/thread", note)
    view = await desk.ask("GET", f"/api/v1/cases/{case_id}")
    verdict = {"outcome": "refund", "note": "Zoraida is right."}
    match = {**desk.key, "If-Match": f'"{view["version"]}"'}
    await desk.ask("POST", f"/api/v1/cases/{case_id}/verdict", verdict, match)
    await sign_in(desk.site, Role.AGENT, tenant=desk.site.seller.lamp)
    held = {"client_id": "h1", "text": "Dear Zoraida", "locale": "en"}
    await desk.ask("POST", f"/api/v1/cases/{case_id}/held/message", held, OURS)
    desk.site.client.session.cookie_jar.clear()


async def rows_with(database: Database, planted: str) -> list[str]:
    """Tables of every schema, other than the server's own, that show the word to anybody."""
    found = []
    async with database.read() as tx:
        connection = await tx.connection()
        names = await connection.run_sync(
            lambda sync: [
                (schema, table)
                for schema in inspect(sync).get_schema_names()
                if schema not in ("information_schema", "pg_catalog")
                for table in inspect(sync).get_table_names(schema)
            ]
        )
        assert names
        for schema, table in names:
            rows = (await tx.execute(text(f'SELECT * FROM "{schema}"."{table}"'))).all()
            if any(planted in shown(value) for row in rows for value in row):
                found.append(table)
    return found


def shown(value: object) -> str:
    """A column as whoever looks for words sees it; durable work keeps its errors in Base64."""
    plain = value.decode("latin-1") if isinstance(value, bytes) else str(value)
    with suppress(ValueError):
        plain += base64.b64decode(plain, validate=True).decode("latin-1")
    return plain.lower()


async def test_nothing_is_read_without_a_key(site: SellerSite) -> None:
    """A return with everything in it, whole in the API; in tables and file not one word."""
    desk = Desk(site)
    await desk.begin()
    case_id = await return_filed(desk)
    await work_at(desk, case_id)
    view = str(await desk.ask("GET", f"/api/v1/cases/{case_id}")).lower()
    thread = str(await desk.ask("GET", f"/api/v1/cases/{case_id}/thread")).lower()
    files = str(await desk.ask("GET", f"/api/v1/cases/{case_id}/attachments")).lower()
    assert [view.count(PLANTED) > 3, thread.count(PLANTED) > 1, PLANTED in files] == [True] * 3
    database = site.seller.database
    assert await rows_with(database, PLANTED) == []
    assert await rows_with(database, "quux") == []
    assert await rows_with(database, "ll-20871") != []
    if database.file is not None:
        folder = database.file.parent
        stored = await asyncio.to_thread(
            lambda: b"".join(one.read_bytes() for one in folder.glob("*.db*"))
        )
        assert b"LL-20871" in stored
        assert PLANTED.encode() not in stored.lower()
