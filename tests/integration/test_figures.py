"""The figures on both databases: counted in the commit that changes a case, and by whom read."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, insert

from cases import desk
from cases.figures import figures_tenant
from cases.states import CaseTrigger, Liability, Outcome, Role, Scope
from cases.tables import Case, CaseFigure
from infra.local.postgres import Postgres
from runtime.errors import CaseError
from tests.support.seller import case_in
from tests.support.seller_site import SellerSite, seller_site

HOUR = timedelta(hours=1)
MANY = 5_000


@pytest.fixture(params=["sqlite", "postgresql"])
async def site(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SellerSite]:
    """A seller's site on each database."""
    url = None
    if request.param == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        url = server.fresh_database()
    async with seller_site(tmp_path, database_url=url) as running:
        yield running


async def ask(
    site: SellerSite, query: str = "", *, tenant: str | None = None, end: str = ""
) -> Any:
    """The figures, as a machine reads them."""
    secret = await site.seller.api_key(tenant or site.seller.lamp, Scope.FIGURES_READ)
    response = await site.client.get(
        f"/api/v1/figures{end}{query}", headers={"Authorization": f"Bearer {secret}"}
    )
    assert response.status == 200, await response.text()
    return await response.json() if "json" in response.content_type else await response.text()


async def a_case(site: SellerSite, *, video: bool, outcome: Outcome | None, **changes: Any) -> str:
    """A case that is answered after an hour and decided after another."""
    seller = site.seller
    actor = await seller.machine(seller.lamp, *Scope)
    case_id = (await seller.open_case(actor, **changes)).case_id
    seller.clock.advance(HOUR.total_seconds())
    async with seller.database.begin() as tx:
        if video:
            for trigger in (
                CaseTrigger.BUYER_ARRIVES,
                CaseTrigger.HOST_MEETS,
                CaseTrigger.INSPECTION_ENDS,
            ):
                await desk.move_case(tx, seller.keys, case_id, trigger, actor, seller.now)
    seller.clock.advance(HOUR.total_seconds())
    if outcome is not None:
        verdict = desk.Verdict(outcome, None, Liability.CARRIER, "")
        async with seller.database.begin() as tx:
            await desk.decide(tx, seller.keys, actor, case_id, verdict, seller.now)
    return case_id


async def test_a_number_is_right_as_soon_as_the_case_has_moved(site: SellerSite) -> None:
    """Steps, times, outcomes, what the inspections changed and what they were worth."""
    resolved = Outcome.RESOLVED_WITHOUT_RETURN
    first = await a_case(site, video=True, outcome=resolved)
    await a_case(site, video=True, outcome=resolved)
    await a_case(site, video=False, outcome=Outcome.REFUND)
    claim = {"reason": "size_fit", "words": "", "locale": "es"}
    await a_case(site, video=False, outcome=None, claim=claim)
    found = await ask(site)
    assert found["total"] | {"answer_s": 0} == {
        "value": None, "cases": 4, "decided": 3, "resolved": 2, "by_video": 2, "answer_s": 0,
        "answered_in_time": 3, "answered": 3, "decision_s": 7200.0, "decided_in_time": 3,
        "refund_s": None,
    }  # fmt: skip
    assert (found["by_video"]["answer_s"], found["by_video"]["resolved"]) == (3600.0, 2)
    assert (found["without_video"]["cases"], found["without_video"]["resolved"]) == (2, 0)
    assert found["steps"] == {
        "opened": 4, "offered": 4, "answered": 3, "live": 2, "inspected": 2, "decided": 3,
        "resolved": 2, "refunded": 0, "closed": 0,
    }  # fmt: skip
    assert [(row["value"], row["cases"]) for row in found["rows"]] == [
        ("damaged", 3), ("size_fit", 1),
    ]  # fmt: skip
    assert [(day["cases"], day["by_video"]) for day in found["days"]] == [(4, 2)]
    # Both of two by video against none of one without: two returns avoided, of 148.00 each.
    [worth] = found["worth"]
    assert (worth["currency"], worth["avoided"]) == ("EUR", 2.0)
    assert (worth["postage_minor"], worth["handling_minor"]) == (1400, 800)
    assert worth["goods_minor"] == 2 * 14_800 * 30 // 100
    assert worth["total_minor"] == 1400 + 800 + 8880
    cheaper = await ask(site, "?postage_minor=0&handling_minor=0&lost_percent=0")
    assert cheaper["worth"][0]["total_minor"] == 0

    page = await ask(site, "?by=reason&value=damaged&step=resolved&limit=1", end="/cases")
    assert [one["outcome"] for one in page["items"]] == [resolved]
    rest = await ask(
        site,
        f"?by=reason&value=damaged&step=resolved&limit=1&cursor={page['next_cursor']}",
        end="/cases",
    )
    assert [one["id"] for one in rest["items"]] == [first]
    assert rest["next_cursor"] is None
    none = await ask(site, "?by=carrier&video=false", end="/cases")
    assert len(none["items"]) == 2


@pytest.mark.parametrize("by", ["reason", "product", "category", "market", "language", "carrier",
                                "policy_version", "outcome", "liability", "state"])  # fmt: skip
async def test_every_dimension_adds_up_and_each_row_opens_its_cases(
    site: SellerSite, by: str
) -> None:
    """No case is counted twice, none is missing, whatever it is told apart by."""
    await a_case(site, video=True, outcome=Outcome.REFUND)
    await a_case(site, video=False, outcome=None, buyer={"name": "B", "locale": "de"})
    found = await ask(site, f"?by={by}")
    assert sum(row["cases"] for row in found["rows"]) == 2
    for row in found["rows"]:
        value = f"&value={row['value']}" if row["value"] is not None else ""
        page = await ask(site, f"?by={by}{value}", end="/cases")
        assert len(page["items"]) == row["cases"]


async def test_a_span_counts_what_was_opened_in_it(site: SellerSite) -> None:
    """From its beginning to before its end; nonsense is refused."""
    await a_case(site, video=False, outcome=None)
    opened = site.seller.now - 2 * HOUR
    for since, until, count in (
        (opened, opened + HOUR, 1),
        (opened - HOUR, opened, 0),
        (opened + HOUR, opened + 2 * HOUR, 0),
    ):
        query = f"?since={since:%Y-%m-%dT%H:%M:%SZ}&until={until:%Y-%m-%dT%H:%M:%SZ}"
        assert (await ask(site, query))["total"]["cases"] == count
    secret = await site.seller.api_key(site.seller.lamp, Scope.FIGURES_READ)
    for query in (
        "since=2026-02-01T00:00:00Z&until=2026-01-01T00:00:00Z",
        "since=2000-01-01T00:00:00Z&until=2026-01-01T00:00:00Z",
        "since=yesterday", "by=buyer", "postage_minor=-1", "lost_percent=101", "other=1",
        "until=0001-01-01T00:00:00Z", "since=9999-12-31T23:59:59Z",
    ):  # fmt: skip
        response = await site.client.get(
            f"/api/v1/figures?{query}", headers={"Authorization": f"Bearer {secret}"}
        )
        assert response.status == 422, query


async def test_a_spreadsheet_takes_no_cell_for_a_formula(site: SellerSite) -> None:
    """A product may be called what it likes."""
    items = case_in()["items"]
    names = ['=HYPERLINK("http://evil.example")', "+1", "-1", "@SUM(A1)", 'LAMP, "7"']
    for name in names:
        await a_case(site, video=False, outcome=None, items=[{**items[0], "sku": name}])
    text = await ask(site, "?by=product", end="/table.csv")
    rows = list(csv.reader(io.StringIO(text.lstrip("\ufeff"))))
    assert rows[0][:2] == ["product", "cases"]
    assert sorted(row[0] for row in rows[1:]) == sorted(
        name if name.startswith("LAMP") else f"'{name}" for name in names
    )


async def test_nobody_reads_anothers_figures(site: SellerSite) -> None:
    """Another seller counts nothing; a warehouse, an inspector, a key without the scope may not."""
    await a_case(site, video=False, outcome=Outcome.REFUND)
    found = await ask(site, tenant=site.seller.shoes)
    assert (found["total"]["cases"], found["rows"], found["days"]) == (0, [], [])
    page = await ask(site, tenant=site.seller.shoes, end="/cases")
    assert page["items"] == []
    key = await site.seller.api_key(site.seller.lamp, Scope.CASES_READ, Scope.CASES_WRITE)
    for end in ("", "/cases", "/table.csv"):
        response = await site.client.get(
            f"/api/v1/figures{end}", headers={"Authorization": f"Bearer {key}"}
        )
        assert response.status == 403
        assert (await site.client.get(f"/api/v1/figures{end}")).status == 401


async def test_every_case_of_a_large_seller_is_counted(site: SellerSite) -> None:
    """More products than the table shows; how long it takes is what ``bench desk`` tells."""
    actor = await site.seller.machine(site.seller.lamp, *Scope)
    case_id = (await site.seller.open_case(actor)).case_id
    now = datetime(2026, 1, 1, tzinfo=UTC)
    async with site.seller.database.begin() as tx:
        model = await tx.get_one(Case, case_id)
        shared = {column.name: getattr(model, column.name) for column in Case.__table__.columns}
        await tx.execute(delete(CaseFigure))
        await tx.execute(
            insert(Case), [{**shared, "id": f"cas_{number:026}"} for number in range(MANY)]
        )
        await tx.execute(
            insert(CaseFigure),
            [
                {
                    "case_id": f"cas_{number:026}",
                    "tenant_id": site.seller.lamp,
                    "state": "decided",
                    "reason": ("damaged", "size_fit", "other")[number % 3],
                    "product": f"SKU-{number % 200}",
                    "language": "en",
                    "currency": "EUR",
                    "value_minor": number % 9000,
                    "outcome": "refund" if number % 2 else "resolved_without_return",
                    "opened_at": now - timedelta(minutes=number),
                    "answered_at": now - timedelta(minutes=number - 60),
                    "live_at": now if number % 4 == 0 else None,
                    "decided_at": now - timedelta(minutes=number - 600),
                }
                for number in range(MANY)
            ],
        )
    found = await ask(site, "?by=product&since=2025-06-01T00:00:00Z&until=2026-02-01T00:00:00Z")
    assert found["total"]["cases"] == MANY
    assert (len(found["rows"]), found["rows_left"]) == (50, 150)
    quarter = "?since=2025-12-31T00:00:00Z&until=2026-01-01T00:00:00Z"
    assert (await ask(site, quarter))["total"]["cases"] == 1440


@pytest.mark.parametrize("role", [Role.ADMIN, Role.AGENT, Role.REVIEWER, Role.INSPECTOR])
async def test_the_sellers_own_people_read_them_but_not_who_only_inspects(
    site: SellerSite, role: Role
) -> None:
    """And a warehouse's people never."""
    person = await site.seller.staff(role, tenant=site.seller.lamp)
    at_warehouse = await site.seller.staff(role, warehouse=site.seller.hall)
    if role is Role.INSPECTOR:
        with pytest.raises(CaseError):
            figures_tenant(person)
    else:
        assert figures_tenant(person) == site.seller.lamp
    with pytest.raises(CaseError):
        figures_tenant(at_warehouse)
