"""Ordering derived copies over the API: what is refused, once, for whom, and ranges of the file."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from cases.tables import DerivedCopy
from recorder.derived.kept_order import sealed_statement
from recorder.sealed_parts import keep_file
from runtime.ids import new_id
from signaling.services import SERVICES
from tests.integration.test_part_order import inspected, secret_of
from tests.support.seller_site import SellerSite, seller_site

Json = dict[str, Any]
PART: Json = {"from_ms": 0, "to_ms": 2000}
MASK: Json = {
    "participant_id": "par_ses_1",
    "from_ms": 0,
    "to_ms": 10,
    "box": {"left": 0.1, "top": 0, "width": 0.5, "height": 1},
}


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[SellerSite]:
    """Every route, on SQLite."""
    async with seller_site(tmp_path) as running:
        yield running


async def order(
    site: SellerSite, case_id: str, body: Json, secret: str, **more: str
) -> tuple[int, Json]:
    """Status and answer."""
    response = await site.client.post(
        f"/api/v1/cases/{case_id}/derived-copies",
        json=body,
        headers={"Authorization": f"Bearer {secret}", **more},
    )
    return response.status, await response.json()


async def test_an_order_is_taken_once_and_strangers_see_nothing_of_it(site: SellerSite) -> None:
    """The same key gives the same copy; another tenant is told that there is none."""
    case_id = await inspected(site, "ses_1")
    secret = await secret_of(site, site.seller.lamp)
    once = {"Idempotency-Key": new_id("key")}
    body = {"part": PART, "masks": [MASK], "reason": " a face "}
    seen = [await order(site, case_id, body, secret, **once) for _ in range(2)]
    assert [status for status, _ in seen] == [202, 202]
    made = seen[0][1]
    assert seen[1][1]["id"] == made["id"]
    assert (made["kind"], made["reason"], made["masks"][0]["lost_ms"]) == (
        "redacted",
        "a face",
        None,
    )
    rival = await secret_of(site, site.seller.shoes)
    assert (await order(site, case_id, body, rival))[0] == 404
    path = f"/api/v1/derived-copies/{made['id']}"
    for of in (path, f"{path}/file", f"{path}/statement"):
        for key, status in ((rival, 404), (secret, 200 if of == path else 409)):
            response = await site.client.get(of, headers={"Authorization": f"Bearer {key}"})
            assert response.status == status, of
        assert (await site.client.get(of)).status == 401


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"reason": None}, "invalid"),
        ({"masks": []}, "invalid"),
        ({"recording_id": "rec_1"}, "invalid"),
        ({"part": None}, "invalid"),
        ({"part": None, "recording_id": "rec_1"}, "invalid"),
        (
            {"part": None, "masks": [], "reason": None, "recording_id": "rec_1"},
            "not_found",
        ),
        ({"reason": "  "}, "invalid"),
        ({"mutes": [{"from_ms": 2, "to_ms": 1}]}, "invalid"),
        ({"masks": [{**MASK, "box": {**MASK["box"], "width": 0}}]}, "invalid"),
        ({"masks": [{**MASK, "box": {**MASK["box"], "left": float("nan")}}]}, "invalid"),
        ({"masks": [MASK] * 21}, "invalid"),
        ({"part": {"from_ms": 3000, "to_ms": 2000}}, "bad_part"),
        ({"masks": [{**MASK, "participant_id": "par_x"}]}, "bad_part"),
    ],
)
async def test_what_cannot_be_is_refused(site: SellerSite, change: Json, code: str) -> None:
    """No reason, nothing to redact, backwards, no box, too many, a stranger's picture."""
    case_id = await inspected(site, "ses_1")
    good = {
        "part": {**PART, "participants": ["par_ses_1"]},
        "masks": [MASK],
        "reason": "a face",
    }
    status, answer = await order(
        site, case_id, {**good, **change}, await secret_of(site, site.seller.lamp)
    )
    assert (status >= 400, answer["code"]) == (True, code)


async def test_a_file_is_served_by_ranges(site: SellerSite) -> None:
    """Whole, in part, and beyond its end; over the parts in the store."""
    case_id = await inspected(site, "ses_1")
    secret = await secret_of(site, site.seller.lamp)
    _, made = await order(site, case_id, {"part": PART}, secret)
    assert site.client.app is not None
    services = site.client.app[SERVICES]
    content = bytes(range(256)) * 40_000
    async with services.database.read() as tx:
        key = await services.keys.session_key(tx, "ses_1")
    kept = await keep_file(services.store, key, "derived/x", io.BytesIO(content))
    assert kept.parts == 2
    async with services.database.begin() as tx:
        row = await tx.get_one(DerivedCopy, made["id"])
        row.state, row.object_prefix, row.parts = "ready", "derived/x", kept.parts
        row.size, row.sha256 = kept.size, kept.sha256
        row.sealed_statement = sealed_statement(key, row.id, "a.b.c")
    path = f"/api/v1/derived-copies/{made['id']}/file"
    for wanted, status, expected in (
        (None, 200, content),
        ("bytes=8388600-8388700", 206, content[8388600:8388701]),
        ("bytes=-5", 206, content[-5:]),
        (f"bytes={len(content)}-", 416, None),
    ):
        more = {} if wanted is None else {"Range": wanted}
        response = await site.client.get(
            path, headers={"Authorization": f"Bearer {secret}", **more}
        )
        assert response.status == status
        if expected is not None:
            assert await response.read() == expected
