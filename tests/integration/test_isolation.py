"""Every operation of the API, asked by every role of strangers, finds and changes nothing.

What is asked comes from the API's own description, its examples as bodies: an operation that is
added is tried from then on.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import select

from cases.states import Role, Scope
from cases.tables import Case, ItemLine, Mail, Notice, Staff
from cases.tables.base import Base
from tests.integration.test_case_api import OURS, bearer, opened, sign_in
from tests.support.seller_site import SellerSite, seller_site

Json = dict[str, Any]

_PLACE: Final = re.compile(r"\{(\w+)\}")
_ID: Final = re.compile(r"^(id|\w+_id|sha256)$")
_TOLD: Final = ("Lamp words nobody else may read", "hooks.lamp.example", "lamp-filter-name")
"""Words that stand in the lamp seller's things."""
_ANYBODY: Final = frozenset(
    {"/api/v1/scan-push/{id}", "/api/v1/pictures/{sha256}", "/api/v1/me/logins/{login_id}"}
)
"""Asked without being a role: by a signature, by a digest that nobody guesses, or of oneself."""


@dataclass
class Things:
    """What the lamp seller has, by the first words of a path."""

    ids: Mapping[str, Mapping[str, str]]
    marks: tuple[str, ...]

    def path(self, template: str) -> str:
        """A path of the API with the lamp seller's own ids in it."""
        known = next(
            (ids for prefix, ids in self.ids.items() if template.startswith(f"/api/v1/{prefix}/")),
            {},
        )
        natural = {"locale": "en", "kind": "tracking", "category": "damaged", "place": "default"}
        return _PLACE.sub(
            lambda found: known.get(found[1]) or natural.get(found[1], f"none_{found[1]}"),
            template,
        )


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[SellerSite]:
    """The seller's routes on a real port."""
    async with seller_site(tmp_path, api_rate_per_minute=1_000_000) as running:
        yield running


async def furnish(site: SellerSite) -> Things:
    """Give the lamp seller one of everything that can be had by asking."""
    key = await bearer(site, *Scope)

    async def ask(method: str, path: str, body: Json) -> Json:
        response = await site.client.request(method, f"/api/v1/{path}", json=body, headers=key)
        assert response.status < 300, f"{method} {path}: {await response.text()}"
        return {} if response.status == 204 else await response.json()

    document = await (await site.client.get("/api/v1/openapi.json")).json()
    bodies = {(method, path): body for method, path, body, _ in operations(document)}
    policy = await ask("POST", "policies", bodies["POST", "/api/v1/policies"])
    case_id = (await opened(site, key))["case"]["id"]
    said = {"client_id": "i1", "text": _TOLD[0], "locale": "en"}
    message = await ask("POST", f"cases/{case_id}/thread", said)
    hook = await ask(
        "POST", "webhooks", {"name": "Orders", "url": f"https://{_TOLD[1]}/in", "kinds": []}
    )
    staff_id = await sign_in(site, Role.ADMIN)
    filters = await site.client.post(
        "/api/v1/filters", json={"name": _TOLD[2], "shared": True, "wanted": {}}, headers=OURS
    )
    keys = await (await site.client.get("/api/v1/keys")).json()
    invited = await site.client.post(
        "/api/v1/people/invitations",
        json={"email": "new@lamp.example", "roles": ["agent"], "locale": "en"},
        headers=OURS,
    )
    assert invited.status < 300, await invited.text()
    site.client.session.cookie_jar.clear()
    async with site.seller.database.read() as tx:
        notice = await tx.scalar(select(Notice.id).where(Notice.case_id == case_id))
        mail = await tx.scalar(select(Mail.id).where(Mail.organisation_id == site.seller.lamp))
        line = await tx.scalar(select(ItemLine.id).where(ItemLine.case_id == case_id))
        case = await tx.get_one(Case, case_id)
        address = (await tx.get_one(Staff, staff_id)).email
    return Things(
        ids={
            "cases": {
                "id": case_id,
                "message_id": message["id"],
                "tag": "x",
                "line_id": f"{line}",
            },
            "webhooks": {"id": hook["endpoint"]["id"]},
            "filters": {"id": (await filters.json())["id"]},
            "keys": {"id": keys["items"][0]["id"]},
            "people": {
                "staff_id": staff_id,
                "invitation_id": (await invited.json())["invitation_id"],
            },
            "rosters": {"staff_id": staff_id},
            "policies": {"id": policy["id"]},
            "notices": {"id": f"{notice}"},
            "mails": {"mail_id": f"{mail}"},
        },
        marks=(
            case_id,
            site.seller.lamp,
            staff_id,
            address,
            hook["endpoint"]["id"],
            case.order_number,
            *_TOLD,
        ),
    )


async def owned(site: SellerSite, marks: tuple[str, ...]) -> dict[str, str]:
    """A digest of each table's rows in which one of the lamp seller's ids or words stands."""
    found = {}
    async with site.seller.database.read() as tx:
        for table in Base.metadata.sorted_tables:
            rows = sorted(
                repr(tuple(row))
                for row in await tx.execute(select(table))
                if any(mark in repr(tuple(row)) for mark in marks)
            )
            found[table.name] = sha256("\n".join(rows).encode()).hexdigest()
    return found


def operations(document: Json) -> Iterator[tuple[str, str, Any, dict[str, str]]]:
    """Method, path, a body that would be taken, and the version that is asked for."""
    for path, by_method in sorted(document["paths"].items()):
        for method, operation in sorted(by_method.items()):
            body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            matched = any(one["name"] == "If-Match" for one in operation["parameters"])
            yield method.upper(), path, body.get("example"), {"If-Match": '"1"'} if matched else {}


async def strangers(site: SellerSite) -> AsyncIterator[tuple[str, dict[str, str]]]:
    """Each in turn, signed in or with a key: name and headers."""
    seller = site.seller
    for where in ({"tenant": seller.shoes}, {"warehouse": seller.dock}):
        for role in Role:
            if "warehouse" in where and role is Role.AGENT:
                continue
            await sign_in(site, role, **where)
            yield f"{role} of {next(iter(where))}", dict(OURS)
            site.client.session.cookie_jar.clear()
    yield "a machine", await bearer(site, *Scope, tenant=seller.shoes)
    yield "nobody", dict(OURS)


async def test_strangers_find_and_change_nothing_whatever_they_ask(site: SellerSite) -> None:
    """By its id it is not there, lists and figures do not show it, and it stays as it was."""
    things = await furnish(site)
    document = await (await site.client.get("/api/v1/openapi.json")).json()
    before = await owned(site, things.marks)
    wrong: list[str] = []
    asked = 0
    async for who, headers in strangers(site):
        for method, template, body, version in operations(document):
            path = things.path(template)
            response = await site.client.request(method, path, json=body, headers=headers | version)
            text = await response.text()
            asked += 1
            if any(mark in text.replace(path, "") for mark in things.marks):
                wrong.append(f"{who}: {method} {path} tells {text[:200]}")
            by_id = any(_ID.match(one) for one in _PLACE.findall(template))
            if by_id and template not in _ANYBODY and response.status not in (401, 403, 404):
                wrong.append(f"{who}: {method} {path} is {response.status} {text[:200]}")
    assert not wrong, "\n".join(wrong)
    assert asked > 1000
    after = await owned(site, things.marks)
    assert {name for name in before if before[name] != after[name]} == set()


async def test_these_tests_would_see_it(site: SellerSite) -> None:
    """The lamp seller's own admin finds what strangers do not, by the same paths."""
    things = await furnish(site)
    document = await (await site.client.get("/api/v1/openapi.json")).json()
    await sign_in(site, Role.ADMIN)
    found = 0
    for method, template, _, _ in operations(document):
        if method == "GET" and any(_ID.match(one) for one in _PLACE.findall(template)):
            response = await site.client.get(things.path(template))
            found += response.status == 200
    assert found >= 12
