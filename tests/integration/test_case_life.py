"""The life of a case after its verdict, over HTTP: parcels, checks, money, appeals, strangers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from cases.states import Role, Scope
from tests.integration.test_case_api import OURS, bearer, expect, opened, sign_in
from tests.support.seller_site import SellerSite, seller_site

ADDRESS = "Return desk, Calle Mayor 4, 28013 Madrid"


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[SellerSite]:
    """The seller's routes on a real port."""
    async with seller_site(tmp_path) as running:
        yield running


class Walk:
    """One case, moved along by a machine of its seller."""

    def __init__(self, site: SellerSite, headers: dict[str, str], view: dict[str, Any]) -> None:
        self.site = site
        self.headers = headers
        self.view = view
        self.path = f"/api/v1/cases/{view['id']}"

    async def decide(self, outcome: str, **more: Any) -> None:
        """Give the verdict."""
        response = await self.site.client.post(
            f"{self.path}/verdict", json={"outcome": outcome, **more}, headers=self._as_read()
        )
        assert response.status == 200, await response.text()
        self.view = await response.json()

    async def move(self, name: str, **told: Any) -> dict[str, Any]:
        """Make a move that must succeed."""
        response = await self.try_move(name, **told)
        assert response.status == 200, await response.text()
        self.view = await response.json()
        assert response.headers["ETag"] == f'"{self.view["version"]}"'
        return self.view

    async def try_move(self, name: str, **told: Any) -> Any:
        """Make a move, whatever comes of it."""
        return await self.site.client.post(
            f"{self.path}/moves", json={"move": name, **told}, headers=self._as_read()
        )

    async def log(self) -> list[dict[str, Any]]:
        """The case log."""
        response = await self.site.client.get(f"{self.path}/events", headers=self.headers)
        events: list[dict[str, Any]] = (await response.json())["events"]
        return events

    def _as_read(self) -> dict[str, str]:
        return {**self.headers, "If-Match": f'"{self.view["version"]}"'}


async def walk(site: SellerSite, **changes: Any) -> Walk:
    """A new case of 2 × 74.00 EUR, to be moved by a key."""
    headers = await bearer(site, Scope.CASES_READ, Scope.CASES_WRITE)
    answer = await opened(site, headers, **changes)
    return Walk(site, headers, answer["case"])


def checked(view: dict[str, Any], **changes: Any) -> list[dict[str, Any]]:
    """All lines as found: everything came back, graded B."""
    return [
        {
            "position": position,
            "returned": item["quantity"],
            "grade": "B",
            "disposition": "restock",
            "liability": "product",
            **changes,
        }
        for position, item in enumerate(view["items"])
    ]


def paid(view: dict[str, Any]) -> float:
    """What the buyer paid for all lines."""
    return float(sum(float(item["price"]) * item["quantity"] for item in view["items"]))


async def test_a_return_goes_the_whole_way_to_its_refund(site: SellerSite) -> None:
    """Decided, label, shipped, received, checked, refunded, closed: each said and kept."""
    case = await walk(site)
    assert (case.view["moves"], case.view["next_step"]) == ([], None)
    await case.decide("refund")
    assert case.view["next_step"] == "give_label"
    view = await case.move(
        "give_label", address=ADDRESS, carrier="Correos", label_url="https://labels.example/1.pdf"
    )
    assert (view["state"], view["next_step"]) == ("label_given", "ship")
    await case.move("ship", tracking_number="PQ4F7X0001")
    view = await case.move("receive")
    assert view["next_step"] == "check"
    (parcel,) = view["parcels"]
    assert parcel["way"] == "back"
    assert parcel["address"] == ADDRESS
    assert parcel["tracking_number"] == "PQ4F7X0001"
    assert parcel["carrier"] == "Correos"
    assert parcel["shipped_at"] is not None
    assert parcel["received_at"] is not None
    view = await case.move("check", lines=checked(view, note="Scratch on the base"))
    assert view["items"][0]["checked"] == {
        "returned": view["items"][0]["quantity"],
        "grade": "B",
        "disposition": "restock",
        "liability": "product",
        "note": "Scratch on the base",
    }
    assert view["next_step"] == "refund"
    view = await case.move("refund", amount=f"{paid(view):.2f}", reference="re_81")
    assert view["state"] == "refunded"
    assert [(one["kind"], one["amount"]) for one in view["settlements"]] == [
        ("refund", f"{paid(view):.2f}")
    ]
    assert view["next_step"] == "close"
    response = await site.client.post(f"{case.path}/close", headers=case.headers)
    assert response.status == 200
    moved = [event["payload"] for event in await case.log() if event["kind"] == "moved"]
    assert [one["trigger"] for one in moved[1:]] == [
        "decide",
        "give_label",
        "ship",
        "receive",
        "check",
        "refund",
        "close",
    ]
    assert moved[2]["address"] == ADDRESS


async def test_a_move_that_does_not_follow_says_what_does(site: SellerSite) -> None:
    """Nothing changes, and the sentence helps."""
    case = await walk(site)
    response = await case.try_move("refund", amount="1.00")
    problem = await expect(response, 409, "wrong_state")
    assert "it can be decided" in problem["detail"]
    await case.decide("refund")
    problem = await expect(
        await case.try_move("check", lines=checked(case.view)), 409, "wrong_state"
    )
    assert "a label can be given" in problem["detail"]


async def test_never_more_is_refunded_than_was_paid(site: SellerSite) -> None:
    """Parts add up; the last may take what is left and no cent more."""
    case = await walk(site)
    total = paid(case.view)
    await case.decide("partial_refund")
    await case.move("refund_partly", amount="10.00")
    await expect(await case.try_move("refund", amount=f"{total:.2f}"), 422, "too_much")
    for amount in ("0", "0.00"):
        await expect(await case.try_move("refund", amount=amount), 422, "bad_amount")
    await expect(await case.try_move("refund", amount="1.001"), 422, "bad_amount")
    # Less than what is left is a part, whatever it is called.
    await expect(await case.try_move("refund", amount="1.00"), 422, "bad_amount")
    view = await case.move("refund", amount=f"{total - 10:.2f}")
    assert [one["kind"] for one in view["settlements"]] == ["refund_partly", "refund"]


async def test_a_check_says_what_became_of_every_line(site: SellerSite) -> None:
    """Unknown, missing, doubled and multiplied lines are refused, and nothing is kept."""
    case = await walk(site)
    await case.decide("refund")
    await case.move("receive")
    lines = checked(case.view)
    await expect(await case.try_move("check", lines=lines + checked(case.view)), 422, "invalid")
    await expect(
        await case.try_move("check", lines=[{**lines[0], "position": 40}]), 422, "line_unknown"
    )
    await expect(
        await case.try_move("check", lines=[{**lines[0], "returned": 9999}]), 422, "too_many"
    )
    ungraded = {key: value for key, value in lines[0].items() if key != "grade"}
    await expect(await case.try_move("check", lines=[ungraded]), 422, "invalid")
    view = await case.move("check", lines=[{**ungraded, "returned": 0, "disposition": "missing"}])
    assert view["items"][0]["checked"]["grade"] is None


async def test_a_stale_move_changes_nothing(site: SellerSite) -> None:
    """Two agents at once: the second is told, and can look first."""
    case = await walk(site)
    await case.decide("reject", note="Worn")
    stale = dict(case._as_read())
    await case.move("reject", note="Worn")
    response = await site.client.post(
        f"{case.path}/moves", json={"move": "dispute", "reference": "PP-D-1"}, headers=stale
    )
    await expect(response, 412, "version_conflict")
    response = await site.client.post(
        f"{case.path}/moves", json={"move": "dispute", "reference": "PP-D-1"}, headers=case.headers
    )
    await expect(response, 428, "if_match_required")
    assert case.view["state"] == "rejected"


async def test_an_appeal_is_decided_by_somebody_else(site: SellerSite) -> None:
    """Who rejected it does not judge the appeal; another person does."""
    await sign_in(site, Role.AGENT)
    key_case = await walk(site)
    path = key_case.path
    tag = {"If-Match": "*", **OURS}
    response = await site.client.post(
        f"{path}/verdict", json={"outcome": "reject", "note": "Worn"}, headers=tag
    )
    assert response.status == 200, await response.text()
    response = await site.client.post(
        f"{path}/moves", json={"move": "appeal", "words": "Never worn"}, headers=tag
    )
    assert (await response.json())["state"] == "appealed"
    response = await site.client.get(f"{path}/deadlines", headers=OURS)
    rows = (await response.json())["deadlines"]
    assert "decision" in {row["kind"] for row in rows if row["ended_at"] is None}
    response = await site.client.post(f"{path}/verdict", json={"outcome": "reject"}, headers=tag)
    await expect(response, 403, "same_decider")
    await sign_in(site, Role.AGENT)
    response = await site.client.post(f"{path}/verdict", json={"outcome": "refund"}, headers=tag)
    assert (await response.json())["state"] == "decided"


async def test_a_warehouse_checks_and_does_not_settle(site: SellerSite) -> None:
    """Its inspector receives and checks; money, labels and appeals are the seller's."""
    case = await walk(site, warehouse_id=site.seller.hall)
    await case.decide("refund")
    await sign_in(site, Role.INSPECTOR, warehouse=site.seller.hall)
    response = await site.client.get(case.path, headers=OURS)
    assert (await response.json())["moves"] == ["receive"]
    tag = {"If-Match": "*", **OURS}
    response = await site.client.post(
        f"{case.path}/moves", json={"move": "refund", "amount": "1.00"}, headers=tag
    )
    await expect(response, 403, "forbidden")
    response = await site.client.post(f"{case.path}/moves", json={"move": "receive"}, headers=tag)
    assert response.status == 200


async def test_strangers_find_no_case_to_move(site: SellerSite) -> None:
    """Another tenant, an ungranted warehouse, a key of another tenant, nobody at all."""
    case = await walk(site)
    await case.decide("refund")
    tag = {"If-Match": "*", **OURS}
    body = {"move": "refund", "amount": "1.00"}
    response = await site.client.post(f"{case.path}/moves", json=body, headers=tag)
    assert response.status == 401
    stranger = await bearer(site, tenant=site.seller.shoes)
    response = await site.client.post(f"{case.path}/moves", json=body, headers={**stranger, **tag})
    await expect(response, 404, "not_found")
    for role in Role:
        for organisation in ({"tenant": site.seller.shoes}, {"warehouse": site.seller.dock}):
            await sign_in(site, role, **organisation)
            response = await site.client.post(f"{case.path}/moves", json=body, headers=tag)
            await expect(response, 404, "not_found")


async def test_a_link_to_read_the_outcome_by_asks_for_no_inspection(site: SellerSite) -> None:
    """Nobody is reminded to show what is decided."""
    case = await walk(site)
    await case.decide("refund")
    response = await site.client.post(f"{case.path}/link", headers=case.headers)
    assert response.status == 200, await response.text()
    response = await site.client.get(f"{case.path}/deadlines", headers=case.headers)
    rows = (await response.json())["deadlines"]
    assert [row["kind"] for row in rows if row["ended_at"] is None] == []
