"""``If-Match`` on what two may change: what is stale is refused and changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse

from cases.states import Role
from tests.integration.test_developers import ENDPOINT, OURS, sign_in
from tests.support.notice_world import NoticeWorld, database_url, notice_world

TEMPLATE = {"subject": "Yours", "body": "Dear {buyer_name}", "button": "Open"}
TRACKING = {"url": "https://carrier.example/t/{tracking_number}", "secret": "Bearer one"}
QUIET = {"quiet_from": 21, "quiet_until": 8, "zone": "Europe/Berlin"}
HOURS = {"zone": "Europe/Berlin", "week": [[[540, 1020]]] * 5 + [[], []]}
THINGS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("/api/v1/hours", {"hours": HOURS}, {"hours": {**HOURS, "zone": "UTC"}}),
    ("/api/v1/notice-settings", QUIET, {**QUIET, "quiet_from": 22}),
    ("/api/v1/notice-templates/decided/en", TEMPLATE, {**TEMPLATE, "subject": "Decided"}),
    (
        "/api/v1/scripts/ask_crack/en",
        {"scene": "return", "title": "Crack", "words": "Where is it?"},
        {"scene": "return", "title": "Crack", "words": "Show it, please."},
    ),
    (
        "/api/v1/reasons/lamps",
        {"reasons": [{"reason": "damaged"}]},
        {"reasons": [{"reason": "other"}]},
    ),
    ("/api/v1/filing", {"origins": ["https://a.example"]}, {"origins": ["https://b.example"]}),
    ("/api/v1/ports/tracking", TRACKING, {**TRACKING, "every_h": 3}),
    ("/api/v1/webhooks/{id}", ENDPOINT, {**ENDPOINT, "name": "Another"}),
]


@pytest.fixture(params=["sqlite", "postgresql"])
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[NoticeWorld]:
    """A seller's admin on each database."""
    async with notice_world(tmp_path, database_url(request)) as running:
        await sign_in(running.site, Role.ADMIN)
        yield running


async def put(world: NoticeWorld, path: str, body: Any, if_match: str | None) -> ClientResponse:
    """Change a thing."""
    headers = {**OURS, **({} if if_match is None else {"If-Match": if_match})}
    return await world.site.client.put(path, json=body, headers=headers)


async def read(world: NoticeWorld, path: str) -> tuple[Any, str]:
    """A thing and its ETag."""
    response = await world.site.client.get(path)
    assert response.status == 200, await response.text()
    return await response.json(), response.headers["ETag"]


async def refused(response: ClientResponse) -> None:
    """That it is the conflict, in words."""
    body = await response.json()
    assert (response.status, body["code"]) == (412, "version_conflict"), body
    assert body["detail"].startswith("Somebody else has changed this")


@pytest.mark.parametrize(("path", "first", "second"), THINGS, ids=lambda one: str(one)[:40])
async def test_a_stale_change_is_refused_and_changes_nothing(
    world: NoticeWorld, path: str, first: dict[str, Any], second: dict[str, Any]
) -> None:
    """What was read may be changed once; without If-Match, and with ``*``, always."""
    if "{id}" in path:
        opened = await world.site.client.post("/api/v1/webhooks", json=first, headers=OURS)
        path = path.format(id=(await opened.json())["endpoint"]["id"])
    made = await put(world, path, first, None)
    assert made.status in (200, 204), await made.text()
    _, etag = await read(world, path)
    assert made.headers["ETag"] == etag
    assert etag.startswith('"')
    changed = await put(world, path, second, etag)
    assert changed.status == made.status, await changed.text()
    now = await read(world, path)
    assert now[1] == changed.headers["ETag"] != etag
    for stale in (etag, f"W/{now[1]}", "rubbish", '""', now[1].strip('"')):
        await refused(await put(world, path, first, stale))
        assert await read(world, path) == now
    assert (await put(world, path, second, f"{etag}, {now[1]}")).status == made.status
    assert (await put(world, path, first, "*")).status == made.status
    assert (await put(world, path, second, None)).status == made.status
    assert (await read(world, path))[0] != {}


async def test_of_two_who_read_the_same_one_is_refused(world: NoticeWorld) -> None:
    """However close they come."""
    path, first, _ = THINGS[0]
    for zone in ("UTC", "Europe/Madrid", "Asia/Tokyo"):
        await put(world, path, first, None)
        _, etag = await read(world, path)
        wanted = {"hours": {**HOURS, "zone": zone}}
        answers = await asyncio.gather(*(put(world, path, wanted, etag) for _ in range(4)))
        assert sorted(one.status for one in answers) == [200, 412, 412, 412]


async def test_what_is_not_there_matches_nothing(world: NoticeWorld) -> None:
    """Neither a tag nor ``*``: nobody brings back what a colleague dropped without knowing."""
    path, first, _ = THINGS[4]
    for wanted in ("*", '"0123"'):
        await refused(await put(world, path, first, wanted))
    assert (await world.site.client.get(path)).status == 404
    assert (await put(world, path, first, None)).status == 204
    _, etag = await read(world, path)
    assert (await world.site.client.delete(path, headers=OURS)).status == 204
    await refused(await put(world, path, first, etag))
