"""The thread of a case and its reply scripts over HTTP, and who reads nothing of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from cases.states import Role, Scope
from tests.integration.test_case_api import OURS, bearer, opened, sign_in
from tests.support.seller_site import SellerSite, seller_site


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[SellerSite]:
    """The seller's routes on a real port."""
    async with seller_site(tmp_path) as running:
        yield running


class Talk:
    """One case with its seller's machine and its buyer's browser."""

    def __init__(self, site: SellerSite, headers: dict[str, str], answer: dict[str, Any]) -> None:
        self.site = site
        self.headers = headers
        self.case_id: str = answer["case"]["id"]
        self.path = f"/api/v1/cases/{self.case_id}"
        self.token: str = answer["join_url"].rsplit("/", 1)[1]
        self.mine = f"/api/join/{self.token}/thread"
        self.cookie: dict[str, str] = {}

    async def say(self, text: str, **more: Any) -> Any:
        """The seller writes."""
        body = {"client_id": f"c{abs(hash(text))}", "text": text, "locale": "en", **more}
        return await self.site.client.post(f"{self.path}/thread", json=body, headers=self.headers)

    async def answer(self, text: str, **more: Any) -> Any:
        """The buyer writes, from their own browser."""
        body = {"client_id": f"b{abs(hash(text))}", "text": text, "locale": "es", **more}
        return await self.buyer("POST", "/messages", json=body)

    async def buyer(self, method: str, path: str = "", **more: Any) -> Any:
        """A request of the buyer's browser, which keeps its cookie."""
        self.site.client.session.cookie_jar.clear()
        response = await self.site.client.request(
            method, f"{self.mine}{path}", headers={**OURS, **self.cookie}, **more
        )
        if "pc_device" in response.cookies:
            self.cookie = {"Cookie": f"pc_device={response.cookies['pc_device'].value}"}
        self.site.client.session.cookie_jar.clear()
        return response

    async def read(self, **query: str) -> dict[str, Any]:
        """The thread as the seller reads it."""
        response = await self.site.client.get(
            f"{self.path}/thread", headers=self.headers, params=query
        )
        assert response.status == 200, await response.text()
        view: dict[str, Any] = await response.json()
        return view


async def talk(site: SellerSite, **changes: Any) -> Talk:
    """A new case."""
    headers = await bearer(site, Scope.CASES_READ, Scope.CASES_WRITE)
    return Talk(site, headers, await opened(site, headers, **changes))


def texts(view: dict[str, Any]) -> list[str]:
    """What was said, in order."""
    return [one["text"] for one in view["messages"]]


async def test_seller_and_buyer_write_to_each_other_before_any_call(site: SellerSite) -> None:
    """On the buyer's link, in one order, and each knows what is theirs."""
    case = await talk(site)
    assert (await case.say("Hello")).status == 200
    response = await case.buyer("POST")
    assert response.status == 200, await response.text()
    assert texts(await response.json()) == ["Hello"]
    assert (await case.answer("Hola")).status == 200
    view = await case.read()
    assert texts(view) == ["Hello", "Hola"]
    assert [one["author"]["mine"] for one in view["messages"]] == [True, False]
    assert view["messages"][1]["author"]["role"] == "buyer"
    assert view["unread"] == 1
    told = site.hub.told[-1].threads
    assert list(told) == [case.case_id]


async def test_the_buyer_never_reads_an_internal_note(site: SellerSite) -> None:
    """Not in the thread, not by paging, not in its translations, not in what is told."""
    case = await talk(site)
    await case.say("For the buyer")
    note = await (await case.say("Suspicious", internal=True)).json()
    response = await site.client.post(
        f"{case.path}/thread/{note['id']}/translation",
        json={"locale": "de", "text": "Sie lügen"},
        headers=case.headers,
    )
    assert response.status == 204
    await case.say("More")
    seen = await (await case.buyer("POST")).text()
    seen += await (await case.buyer("GET")).text()
    seen += await (await case.buyer("GET", f"?before={note['id']}")).text()
    assert "Suspicious" not in seen
    assert "lügen" not in seen
    view = await case.read()
    assert texts(view) == ["For the buyer", "Suspicious", "More"]
    assert view["messages"][1]["translations"] == [{"locale": "de", "text": "Sie lügen"}]
    refused = await case.answer("Sneaky", internal=True)
    assert refused.status == 422


async def test_a_repeated_send_is_one_message(site: SellerSite) -> None:
    """The same client id is told the first id again."""
    case = await talk(site)
    first = await (await case.say("Once", client_id="same")).json()
    assert await (await case.say("Once", client_id="same")).json() == first
    await case.answer("Una vez", client_id="same")
    await case.answer("Una vez", client_id="same")
    assert texts(await case.read()) == ["Once", "Una vez"]


async def test_original_and_translation_are_both_kept(site: SellerSite) -> None:
    """Sent along or added later; the newest of a language is shown."""
    case = await talk(site)
    said = await case.answer("Está roto", translation={"locale": "en", "text": "It is broken"})
    id_ = (await said.json())["id"]
    for text in ("Es ist kaputt gegangen", "Es ist kaputt"):
        response = await site.client.post(
            f"{case.path}/thread/{id_}/translation",
            json={"locale": "de", "text": text},
            headers=case.headers,
        )
        assert response.status == 204
    (message,) = (await case.read())["messages"]
    assert (message["text"], message["locale"]) == ("Está roto", "es")
    assert message["translations"] == [
        {"locale": "en", "text": "It is broken"},
        {"locale": "de", "text": "Es ist kaputt"},
    ]
    other = await talk(site)
    response = await site.client.post(
        f"{other.path}/thread/{id_}/translation",
        json={"locale": "de", "text": "Nein"},
        headers=other.headers,
    )
    assert response.status == 404


async def test_read_marks_go_forward_only(site: SellerSite) -> None:
    """Each side sees how far the other is; nobody reads the future."""
    case = await talk(site)
    await case.say("Hello")
    view = await (await case.buyer("POST")).json()
    assert view["unread"] == 1
    at = view["messages"][0]["at"]
    for read_to in (at, "2001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00"):
        assert (await case.buyer("POST", "/read", json={"read_to": read_to})).status == 204
    assert (await (await case.buyer("GET")).json())["unread"] == 0
    (mark,) = (await case.read())["reads"]
    assert mark["role"] == "buyer"
    await case.buyer("POST", "/read", json={"read_to": "2999-01-01T00:00:00Z"})
    (mark,) = (await case.read())["reads"]
    assert mark["read_to"] < "2998"


async def test_a_long_thread_comes_in_pages(site: SellerSite) -> None:
    """Nothing is lost or doubled between two pages, even within one instant."""
    case = await talk(site)
    for number in range(105):
        assert (await case.say(f"Message {number}", client_id=f"n{number}")).status == 200
    newest = await case.read()
    older = await case.read(before=newest["earlier"])
    assert older["earlier"] is None
    assert texts(older) + texts(newest) == [f"Message {number}" for number in range(105)]
    assert (await case.read(before="cas_other:1"))["messages"] == []


async def test_strangers_find_no_thread(site: SellerSite) -> None:
    """Another tenant, an ungranted warehouse, another browser, nobody: nothing is there."""
    case = await talk(site)
    await case.say("Secret")
    assert (await case.buyer("POST")).status == 200
    said = {"client_id": "x", "text": "Hi", "locale": "en"}
    site.client.session.cookie_jar.clear()
    wanted = [
        ("GET", f"{case.path}/thread", None),
        ("POST", f"{case.path}/thread", said),
        ("POST", f"{case.path}/thread/typing", {}),
        ("POST", f"{case.path}/thread/read", {"read_to": "2026-01-01T00:00:00Z"}),
        ("POST", f"{case.path}/thread/{case.case_id}:2/translation", {"locale": "de", "text": "x"}),
        ("GET", f"{case.path}/scripts", None),
    ]
    stranger = await bearer(site, tenant=site.seller.shoes)
    for method, path, body in wanted:
        for headers, status in ((stranger, 404), (OURS, 401), ({**OURS, **case.cookie}, 401)):
            response = await site.client.request(method, path, json=body, headers=headers)
            assert response.status == status, (method, path, await response.text())
            assert "Secret" not in await response.text()
    for method, path, body in [
        ("POST", "", None),
        ("GET", "", None),
        ("POST", "/messages", said),
        ("POST", "/read", {"read_to": "2026-01-01T00:00:00Z"}),
        ("POST", "/typing", None),
    ]:
        site.client.session.cookie_jar.clear()
        response = await site.client.request(method, f"{case.mine}{path}", json=body, headers=OURS)
        assert response.status in (404, 409), (method, path, await response.text())
        assert "Secret" not in await response.text()
    assert (await site.client.get("/api/join/unknown/thread")).status == 404


async def test_a_reviewer_reads_and_does_not_write(site: SellerSite) -> None:
    """Nor does a key that may only read."""
    case = await talk(site)
    await case.say("Hello")
    reading = await bearer(site, Scope.CASES_READ)
    assert (await site.client.get(f"{case.path}/thread", headers=reading)).status == 200
    case.headers = reading
    assert (await case.say("No")).status == 403
    await sign_in(site, Role.REVIEWER)
    case.headers = OURS
    assert (await site.client.get(f"{case.path}/thread", headers=OURS)).status == 200
    assert (await case.say("No")).status == 403


async def test_a_buyer_who_floods_is_asked_to_wait(site: SellerSite) -> None:
    """Thirty in a minute are enough."""
    case = await talk(site)
    answers = [(await case.answer("Hola", client_id=f"n{i}")).status for i in range(32)]
    assert answers == [200] * 30 + [429] * 2


async def test_scripts_are_filled_from_the_case_and_warn_of_what_it_lacks(
    site: SellerSite,
) -> None:
    """In the buyer's language, each placeholder once, and nothing goes out half filled."""
    case = await talk(site)
    response = await site.client.get(
        f"{case.path}/scripts", params={"scene": "complaint"}, headers=case.headers
    )
    items = (await response.json())["items"]
    assert len(items) == 2
    view = await (await site.client.get(case.path, headers=case.headers)).json()
    assert {one["locale"] for one in items} == {view["buyer"]["locale"]}
    assert view["buyer"]["name"] in items[0]["words"]
    assert items[0]["empty"] == ["deadline"]
    refused = await case.say(items[0]["words"])
    assert refused.status == 422
    assert (await refused.json())["code"] == "placeholder_left"
    assert (await case.say(items[0]["words"], anyway=True)).status == 200
    response = await site.client.get(
        f"{case.path}/scripts", params={"q": view["order_number"]}, headers=case.headers
    )
    assert (await response.json())["items"]


async def test_a_tenant_puts_its_own_words_in_place_and_takes_them_back(site: SellerSite) -> None:
    """Found by search, unseen by other tenants, and never a program."""
    headers = await bearer(site, Scope.CASES_READ, Scope.CASES_WRITE)
    own = {"scene": "return", "title": "Ours", "words": "Hey {buyer_name}"}
    path = "/api/v1/scripts/return_send/en"
    assert (await site.client.put(path, json=own, headers=headers)).status == 204

    async def found(by: dict[str, str], q: str = "hey") -> list[dict[str, Any]]:
        response = await site.client.get(
            "/api/v1/scripts", params={"q": q, "locale": "en"}, headers=by
        )
        items: list[dict[str, Any]] = (await response.json())["items"]
        return items

    assert [(one["name"], one["own"]) for one in await found(headers)] == [("return_send", True)]
    assert await found(await bearer(site, tenant=site.seller.shoes)) == []
    bad = await site.client.put(
        path, json={**own, "words": "{buyer_name.__class__}"}, headers=headers
    )
    assert (await bad.json())["code"] == "unknown_placeholder"
    reader = await bearer(site, Scope.CASES_READ)
    assert (await site.client.put(path, json=own, headers=reader)).status == 403
    assert (await site.client.delete(path, headers=reader)).status == 403
    assert (await site.client.delete(path, headers=headers)).status == 204
    assert await found(headers) == []
    response = await site.client.get("/api/v1/phrases", headers=headers)
    assert len((await response.json())["items"]) >= 8


async def running(case: Talk) -> dict[str, bool]:
    """The case's open deadlines, and whether each stands still."""
    response = await case.site.client.get(f"{case.path}/deadlines", headers=case.headers)
    assert response.status == 200, await response.text()
    rows = (await response.json())["deadlines"]
    return {row["kind"]: row["due_at"] is None for row in rows if row["ended_at"] is None}


async def test_the_first_message_is_the_first_answer_and_a_note_is_none(site: SellerSite) -> None:
    """The deadline of 24 hours ends when the buyer is written to."""
    case = await talk(site)
    await case.say("Suspicious", internal=True)
    assert "first_answer" in await running(case)
    await case.say("Hello")
    assert "first_answer" not in await running(case)


async def test_deadlines_stand_still_while_the_buyer_is_asked(site: SellerSite) -> None:
    """Until they answer; what is said without asking stops nothing."""
    case = await talk(site)
    agent = await sign_in(site, Role.AGENT)
    site.client.session.cookie_jar.clear()
    response = await site.client.put(
        f"{case.path}/assignee", json={"staff_id": agent}, headers=case.headers
    )
    assert response.status == 200, await response.text()
    await case.say("Hello")
    assert (await running(case))["decision"] is False
    await case.say("Is the box open?", asks=True)
    assert (await running(case))["decision"] is True
    assert (await case.buyer("POST")).status == 200
    assert (await case.answer("Sí")).status == 200
    assert (await running(case))["decision"] is False
    site.seller.clock.advance(1)
    assert (await case.say("Is the box open?", asks=True)).status == 200
    assert (await running(case))["decision"] is False
