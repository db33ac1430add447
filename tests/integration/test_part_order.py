"""Ordering a package of a part over the API: which part, whose, once, and noted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from cases import log
from cases.log import LogKind, Visibility
from cases.new_sessions import new_session, object_prefix
from cases.participant_names import sealed_name
from cases.states import Role, Scope, SessionState
from cases.tables import Case, Participant
from runtime.ids import new_id
from tests.support.seller_site import SellerSite, seller_site

Json = dict[str, Any]
NOW_MS = 1_767_225_600_000
"""When the site's clock begins, 2026-01-01, and with it each inspection."""


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[SellerSite]:
    """Every route, on SQLite."""
    async with seller_site(tmp_path) as running:
        yield running


async def inspected(site: SellerSite, *sessions: str) -> str:
    """A case with these inspections, each with a buyer."""
    seller = site.seller
    opened = await seller.open_case(
        await seller.staff(Role.AGENT, tenant=seller.lamp), order_number=new_id("ord")
    )
    async with seller.database.begin() as tx:
        case = await tx.get_one(Case, opened.case_id)
        for session_id in sessions:
            key = await seller.keys.new_session_key(tx, case)
            tx.add(
                new_session(
                    session_id,
                    case,
                    SessionState.ENDED,
                    key,
                    seller.now,
                    object_prefix(case.tenant_id, session_id),
                )
            )
            await tx.flush()
            session_key = await seller.keys.session_key(tx, session_id)
            tx.add(
                Participant(
                    id=f"par_{session_id}",
                    session_id=session_id,
                    role="buyer",
                    sealed_name=sealed_name(session_key, f"par_{session_id}", "Li"),
                    locale="en",
                    presence="here",
                    seen_at=seller.now,
                    joined_at=seller.now,
                )
            )
    return opened.case_id


async def order(
    site: SellerSite, case_id: str, part: Json, *, secret: str, **headers: str
) -> tuple[int, Json]:
    """Status and answer."""
    response = await site.client.post(
        f"/api/v1/cases/{case_id}/evidence-packages",
        json={"part": part},
        headers={"Authorization": f"Bearer {secret}", **headers},
    )
    return response.status, await response.json()


async def secret_of(site: SellerSite, tenant: str) -> str:
    """A key of a tenant that may do everything."""
    return await site.seller.api_key(tenant, *Scope)


async def test_a_part_is_ordered_by_the_clock_or_by_the_timeline(site: SellerSite) -> None:
    """Both name the same moments; the only inspection need not be named."""
    case_id = await inspected(site, "ses_1")
    secret = await secret_of(site, site.seller.lamp)
    for part in (
        {"from_ms": 2500, "to_ms": 12_500},
        {"from": "2026-01-01T00:00:02.5Z", "to": "2026-01-01T01:00:12.5+01:00"},
    ):
        status, answer = await order(site, case_id, part, secret=secret)
        assert status == 202
        assert answer["part"] == {
            "session_id": "ses_1",
            "participants": [],
            "from_ms": NOW_MS + 2500,
            "to_ms": NOW_MS + 12_500,
        }
    whole = await site.client.post(
        f"/api/v1/cases/{case_id}/evidence-packages", headers={"Authorization": f"Bearer {secret}"}
    )
    assert (whole.status, (await whole.json())["part"]) == (202, None)


@pytest.mark.parametrize(
    ("change", "refused"),
    [
        ({"from_ms": 2000, "to_ms": 1999}, (422, "bad_part")),
        ({"participants": ["par_ses_2"]}, (422, "bad_part")),
        ({"session_id": None}, (422, "which_session")),
        ({"session_id": "ses_3"}, (404, "not_found")),
        ({"from": "2026-01-01T00:00:02Z"}, (422, "invalid")),
        ({"to_ms": None}, (422, "invalid")),
        ({"from_ms": -1}, (422, "invalid")),
        (
            {"from_ms": None, "to_ms": None, "from": "2026-01-01T00:00:02", "to": "2027-01-01"},
            (422, "invalid"),
        ),
    ],
)
async def test_a_part_that_cannot_be_is_refused(
    site: SellerSite, change: Json, refused: tuple[int, str]
) -> None:
    """Backwards, of a stranger, unnamed among several, of another case, or said in two ways."""
    case_id = await inspected(site, "ses_1", "ses_2")
    await inspected(site, "ses_3")
    secret = await secret_of(site, site.seller.lamp)
    good = {"session_id": "ses_1", "participants": ["par_ses_1"], "from_ms": 0, "to_ms": 2000}
    status, answer = await order(site, case_id, {**good, **change}, secret=secret)
    assert (status, answer["code"]) == refused


async def test_a_repeat_orders_nothing_more_and_is_noted_once(site: SellerSite) -> None:
    """The same key gives the same package; another part under it is refused; rivals see nothing."""
    case_id = await inspected(site, "ses_1")
    secret = await secret_of(site, site.seller.lamp)
    part = {"from_ms": 0, "to_ms": 2000}
    once = {"Idempotency-Key": new_id("key")}
    seen = []
    for _ in range(2):
        status, answer = await order(site, case_id, part, secret=secret, **once)
        assert status == 202
        seen.append(answer["id"])
    assert seen[0] == seen[1]
    other = {"from_ms": 0, "to_ms": 3000}
    status, answer = await order(site, case_id, other, secret=secret, **once)
    assert (status, answer["code"]) == (422, "key_reused")
    async with site.seller.database.read() as tx:
        key = await site.seller.keys.tenant_key(tx, site.seller.lamp)
        noted = await log.read_events(
            tx,
            log=LogKind.ACCESS,
            subject_id=site.seller.lamp,
            key=key,
            visibilities=frozenset({Visibility.SELLER}),
        )
    assert [event.payload for event in noted] == [{"what": "package", "id": seen[0]}]
    rival = await secret_of(site, site.seller.shoes)
    status, answer = await order(site, case_id, part, secret=rival)
    assert (status, answer["code"]) == (404, "not_found")
