"""What the described API promises of every list and of every POST, or a written reason why not."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import pytest

from cases.states import Role, Scope
from tests.support.seller import PASSWORD
from tests.support.seller_site import seller_site

_WHOLE: Final = {
    "/api/v1/webhook-kinds": "a fixed catalogue",
    "/api/v1/webhooks/{id}/deliveries/{delivery_id}/attempts": "a message has few tries",
    "/api/v1/ports": "one entry for each kind of port",
    "/api/v1/return-addresses": "the seller's own address and one for each warehouse",
    "/api/v1/notice-templates": "one entry for each kind of notice",
    "/api/v1/notice-channels": "one entry for each kind of channel",
    "/api/v1/cases/{id}/contacts": "one entry for each kind of channel",
    "/api/v1/scripts": "searched by word, scene and language",
    "/api/v1/cases/{id}/scripts": "searched by word, scene and language",
    "/api/v1/phrases": "a fixed catalogue",
    "/api/v1/filters": "one person's own and the fixed views",
    "/api/v1/tags": "for choosing from: shown together",
    "/api/v1/assignees": "for choosing from: shown together",
    "/api/v1/cases/{id}": "one case: its items are no list of the API",
    "/api/v1/cases/{id}/held": "what is held of one case for seconds",
    "/api/v1/reasons": "one entry for each category",
    "/api/v1/policy-starters": "a fixed catalogue",
    "/api/v1/cases/{id}/evidence-packages": "the packages of one case",
    "/api/v1/cases/{id}/person-exports": "the exports of one case, the newest twenty",
    "/api/v1/people/{staff_id}/person-exports": "one's own orders about one person, the newest",
    "/api/v1/cases/{id}/derived-copies": "the copies of one case",
    "/api/v1/cases/{id}/shares": "the shares of one case, the newest hundred",
    "/api/v1/cases/{id}/evidence-places": "one entry for each place",
    "/api/v1/cases/{id}/attachments": "the attachments of one case, which are limited",
}
"""Lists of ``items`` without pages, each with the reason."""

_LAST_WINS: Final = {
    "/api/v1/me/locale": "one's own",
    "/api/v1/me/consent": "one's own, and the version is said",
    "/api/v1/people/{staff_id}/roles": "not yet: nothing answers one person",
    "/api/v1/second-factor-rule": "one switch",
    "/api/v1/filters/{id}": "one's own, or a shared one that admins change",
    "/api/v1/cases/{id}/tags/{tag}": "there or not",
    "/api/v1/cases/{id}/snooze": "one date",
    "/api/v1/cases/{id}/dispute": "one date",
    "/api/v1/cases/{id}/assignee": "refused when somebody else has the case",
    "/api/v1/rosters/{staff_id}": "not yet: nothing answers one roster",
    "/api/v1/return-addresses/{place}": "one address",
    "/api/v1/notice-channels": "holds secrets that are never answered",
    "/api/v1/cases/{id}/contacts/{kind}": "one address",
}
"""PUTs without ``If-Match``, each with the reason."""


@pytest.fixture
async def document(tmp_path: Path) -> Any:
    """The description that the running application serves."""
    async with seller_site(tmp_path) as site:
        return await (await site.client.get("/api/v1/openapi.json")).json()


def _lists(document: Any) -> dict[str, tuple[dict[str, Any], set[str]]]:
    """The properties of each answer that has ``items``, and the query's names, by path."""
    schemas = document["components"]["schemas"]
    found = {}
    for path, methods in document["paths"].items():
        content = methods.get("get", {}).get("responses", {}).get("200", {}).get("content", {})
        reference = content.get("application/json", {}).get("schema", {}).get("$ref", "")
        properties = schemas.get(reference.rpartition("/")[2], {}).get("properties", {})
        if properties.get("items", {}).get("type") == "array":
            asked = methods["get"]["parameters"]
            found[path] = properties, {one["name"] for one in asked if one["in"] == "query"}
    return found


def test_every_list_has_pages_or_a_reason(document: Any) -> None:
    """Pages take ``limit`` and ``cursor`` and tell ``next_cursor``, which is not always null."""
    lists = _lists(document)
    assert "/api/v1/cases" in lists
    without = {
        path
        for path, (properties, asked) in lists.items()
        if not asked >= {"limit", "cursor"} or "anyOf" not in properties.get("next_cursor", {})
    }
    assert without == set(_WHOLE)


def _posts(document: Any) -> dict[str, Any]:
    return {
        path: methods["post"] for path, methods in document["paths"].items() if "post" in methods
    }


def _headers(told: Any) -> set[str]:
    return {one["name"] for one in told["parameters"] if one["in"] == "header"}


def test_every_post_is_carried_out_once_or_says_what_a_repeat_does(document: Any) -> None:
    """By a key, by the message's own id, by the version that was read, or harmless in words."""
    schemas = document["components"]["schemas"]
    posts = _posts(document)
    without = set()
    for path, told in posts.items():
        content = told.get("requestBody", {}).get("content", {})
        reference = content.get("application/json", {}).get("schema", {}).get("$ref", "")
        body = schemas.get(reference.rpartition("/")[2], {}).get("properties", {})
        once = _headers(told) & {"Idempotency-Key", "If-Match"} or "client_id" in body
        words = str(told.get("description", ""))
        if bool(once) == words.startswith("Sent twice: "):
            without.add(path)
    assert without == set()
    assert sum("Idempotency-Key" in _headers(told) for told in posts.values()) >= 21


async def test_every_post_that_names_the_key_looks_at_it(tmp_path: Path) -> None:
    """One that is no key is refused before anything is looked for, and stored nowhere."""
    bad = {"Idempotency-Key": "k" * 256}
    async with seller_site(tmp_path, api_rate_per_minute=1_000_000) as site:
        secret = await site.seller.api_key(site.seller.lamp, *Scope)
        actor = await site.seller.staff(*Role, tenant=site.seller.lamp)
        ours = {"X-Proofcall": "1"}
        login = {"email": f"{actor.staff_id}@example.com", "password": PASSWORD}
        assert (await site.client.post("/api/login", json=login, headers=ours)).status == 200
        document = await (await site.client.get("/api/v1/openapi.json")).json()
        for path, told in _posts(document).items():
            if "Idempotency-Key" not in _headers(told):
                continue
            body = told.get("requestBody", {}).get("content", {}).get("application/json", {})
            codes = []
            for who in ({"Authorization": f"Bearer {secret}"}, ours):
                async with site.client.post(
                    re.sub(r"\{[^}]+\}", "nothing_here", path),
                    headers={**who, **bad},
                    json=body.get("example"),
                ) as response:
                    codes.append((await response.json()).get("code"))
            assert "bad_key_header" in codes, (path, codes)


def test_every_put_takes_if_match_or_has_a_reason(document: Any) -> None:
    """What takes it is read at the same path."""
    puts = {path: one["put"] for path, one in document["paths"].items() if "put" in one}
    without = {path for path, told in puts.items() if "If-Match" not in _headers(told)}
    assert without == set(_LAST_WINS)
    for path in set(puts) - without:
        assert "412" in puts[path]["responses"], path
        assert "get" in document["paths"][path], path
