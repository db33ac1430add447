"""What every list of the described API has: pages, or a written reason why it is whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest

from tests.support.seller_site import seller_site

_WHOLE: Final = {
    "/api/v1/webhook-kinds": "a fixed catalogue",
    "/api/v1/webhooks/{id}/deliveries/{delivery_id}/attempts": "a message has few tries",
    "/api/v1/ports": "one entry for each kind of port",
    "/api/v1/return-addresses": "the seller's own address and one for each warehouse",
    "/api/v1/notice-templates": "one entry for each kind of notice",
    "/api/v1/notice-channels": "one entry for each kind of channel",
    "/api/v1/cases/{id}/contacts": "one entry for each kind of channel",
    "/api/v1/unreached-buyers": "the newest two hundred: not paged yet, no catalogue",
    "/api/v1/cases/{id}/notices": "the newest two hundred of one case, with what is planned",
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
    "/api/v1/cases/{id}/attachments": "the attachments of one case, which are limited",
}
"""Lists of ``items`` without pages, each with the reason."""


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
