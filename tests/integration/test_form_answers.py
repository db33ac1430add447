"""The form's end over HTTP: the policy's answer, a yes or no to its offer, photographs only."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.test_case_api import OURS, bearer, expect
from tests.integration.test_filing import TUS, drafted, filed, photograph, send, tell, upload
from tests.integration.test_policy_api import published
from tests.support.policies import APPROVE, ASK, KEEP, REJECT, VIDEO, rule
from tests.support.seller_site import SellerSite, seller_site

Json = dict[str, Any]
DAMAGED = {"fact": "reason", "values": ["damaged"]}
SEEN = {"fact": "photographs", "given": True}


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[SellerSite]:
    """The seller's routes on a real port, with one order."""
    async with seller_site(tmp_path) as running:
        await tell(running)
        yield running


async def answers(site: SellerSite, *rules: Json) -> None:
    """A policy in force."""
    body = {"title": "Lamps", "rules": list(rules), "otherwise": ASK}
    await published(site, await bearer(site), body)


async def attach(site: SellerSite, draft: Json) -> None:
    """One photograph."""
    mine, content = {**TUS, "X-Filing": draft["secret"]}, photograph(40)
    path = await upload(site, mine, content)
    assert (await send(site, mine, path, 0, content)).status == 204


async def ask(site: SellerSite, draft: Json, what: str, body: Json) -> Any:
    """What the form asks once it is filed."""
    headers = {**OURS, "X-Filing": draft["secret"]}
    return await site.client.post(f"/api/filing/draft/{what}", json=body, headers=headers)


async def the_case(site: SellerSite) -> Json:
    """The newest case as its seller sees it."""
    headers = await bearer(site)
    page = await (await site.client.get("/api/v1/cases", headers=headers)).json()
    url = f"/api/v1/cases/{page['items'][0]['id']}"
    case: Json = await (await site.client.get(url, headers=headers)).json()
    return case


async def events(site: SellerSite) -> list[Json]:
    """The newest case's log."""
    headers, case = await bearer(site), await the_case(site)
    url = f"/api/v1/cases/{case['id']}/events"
    found: list[Json] = (await (await site.client.get(url, headers=headers)).json())["events"]
    return found


async def test_photographs_that_were_sent_decide(site: SellerSite) -> None:
    """The same claim with a photograph is approved and without one shown by video."""
    await answers(site, rule("Seen", APPROVE, DAMAGED, SEEN), rule("Unseen", VIDEO, DAMAGED))
    draft = await drafted(site)
    await attach(site, draft)
    answer = await filed(site, draft["secret"])
    assert (answer["state"], answer["outcome"]) == ("decided", "refund")
    assert (answer["answer"]["rule"], answer["photographs"]) == ("Seen", 1)
    assert answer["answer"]["sentences"]["ar"]
    assert not answer["may_show"]


async def test_a_photograph_that_is_not_whole_is_none(site: SellerSite) -> None:
    """Who files before the upload ends is answered without it."""
    await answers(site, rule("Seen", APPROVE, DAMAGED, SEEN), rule("Unseen", VIDEO, DAMAGED))
    draft = await drafted(site)
    await upload(site, {**TUS, "X-Filing": draft["secret"]}, photograph(40))
    answer = await filed(site, draft["secret"])
    assert (answer["state"], answer["answer"]["rule"]) == ("inspection_offered", "Unseen")
    assert (answer["photographs"], answer["may_show"]) == (0, True)


async def test_the_log_says_that_the_form_filed_it(site: SellerSite) -> None:
    """Neither the system nor a member of staff."""
    await filed(site, (await drafted(site))["secret"])
    actors = {one["kind"]: one["actor"]["role"] for one in await events(site)}
    assert actors["case_opened"] == actors["buyer_filed"] == actors["link_issued"] == "form"


@pytest.mark.parametrize("answer", [APPROVE, REJECT, KEEP])
async def test_an_order_that_nobody_told_is_settled_by_a_person(
    site: SellerSite, answer: Json
) -> None:
    """Whoever invents an order number gets no money for it by a rule."""
    await answers(site, rule("Damage", answer, DAMAGED))
    draft = await drafted(site, order_number="INVENTED-1", email="eve@example.com")
    told = await filed(site, draft["secret"], name="Eve", title="Gold lamp", lines=[])
    assert (told["state"], told["answer"]["answer"]["kind"]) == ("filed", "ask_a_person")
    assert (await the_case(site))["policy_answer"]["missing"] == ["value"]


async def test_an_order_that_was_filed_before_is_settled_by_a_person(site: SellerSite) -> None:
    """The same lamp is not refunded twice by filing it twice."""
    await answers(site, rule("Damage", APPROVE, DAMAGED))
    states = [(await filed(site, (await drafted(site))["secret"]))["state"] for _ in range(2)]
    assert states == ["decided", "filed"]
    assert (await the_case(site))["policy_answer"]["missing"] == ["returns"]


async def test_an_offer_is_accepted_where_it_was_filed(site: SellerSite) -> None:
    """A second tap is told the same; the case is resolved by the form's word."""
    await answers(site, rule("Keep it", KEEP, DAMAGED))
    draft = await drafted(site)
    answer = await filed(site, draft["secret"])
    assert (answer["state"], answer["answer"]["amount"]) == ("keep_offered", "29.60")
    for _ in range(2):
        response = await ask(site, draft, "offer", {"word": "accept"})
        assert response.status == 200, await response.text()
        told = await response.json()
        assert (told["state"], told["answer"]["buyer_word"]) == ("resolved", "accept")
    assert (await the_case(site))["verdict"]["outcome"] == "resolved_without_return"
    by = [one["actor"]["role"] for one in await events(site) if one["kind"] == "verdict"]
    assert by == ["form"]
    response = await ask(site, draft, "offer", {"word": "decline"})
    await expect(response, 409, "wrong_state")


async def test_who_declines_in_the_form_may_show_it_at_once(site: SellerSite) -> None:
    """The entrance opens."""
    await answers(site, rule("Keep it", KEEP, DAMAGED))
    draft = await drafted(site)
    await filed(site, draft["secret"])
    told = await (await ask(site, draft, "offer", {"word": "decline"})).json()
    assert (told["state"], told["may_show"]) == ("inspection_offered", True)
    response = await site.client.get(
        "/api/filing/draft", headers={**OURS, "X-Filing": draft["secret"]}
    )
    assert (await response.json())["filed"] == told


async def test_photographs_only_leaves_it_to_a_person(site: SellerSite) -> None:
    """A person's first answer is due; nobody waits for the buyer to show more."""
    await answers(site, rule("Damage", VIDEO, DAMAGED))
    draft = await drafted(site)
    await attach(site, draft)
    await filed(site, draft["secret"])
    for _ in range(2):
        told = await (await ask(site, draft, "photographs", {})).json()
        assert told["photographs_only"] is True
    case, headers = await the_case(site), await bearer(site)
    url = f"/api/v1/cases/{case['id']}/deadlines"
    rows = (await (await site.client.get(url, headers=headers)).json())["deadlines"]
    assert {row["kind"] for row in rows if row["ended_at"] is None} == {"first_answer"}
    kinds = [one["kind"] for one in await events(site)]
    assert kinds.count("photographs_only") == 1


async def test_photographs_only_needs_photographs_and_an_open_question(site: SellerSite) -> None:
    """Without any, before filing, or when it is decided: refused, and nothing changes."""
    draft = await drafted(site)
    await expect(await ask(site, draft, "photographs", {}), 409, "not_filed")
    await expect(await ask(site, draft, "offer", {"word": "accept"}), 409, "not_filed")
    await filed(site, draft["secret"])
    await expect(await ask(site, draft, "photographs", {}), 422, "no_photographs")
    await expect(await ask(site, draft, "offer", {"word": "accept"}), 409, "no_offer")
    await expect(await ask(site, draft, "offer", {"word": "perhaps"}), 422, "invalid")
    nobody = {"secret": "fil_x.y"}
    await expect(await ask(site, nobody, "photographs", {}), 404, "draft_unknown")
    await expect(await ask(site, nobody, "offer", {"word": "accept"}), 404, "draft_unknown")


async def test_a_draft_says_nothing_of_another_filing(site: SellerSite) -> None:
    """One browser's secret answers only its own case."""
    await answers(site, rule("Keep it", KEEP, DAMAGED))
    mine = await drafted(site)
    await filed(site, mine["secret"])
    other = await drafted(site, order_number="X-9", email="eve@example.com")
    half = {"secret": mine["secret"].split(".")[0] + "." + other["secret"].split(".")[1]}
    await expect(await ask(site, half, "offer", {"word": "accept"}), 404, "draft_unknown")
    assert (await the_case(site))["state"] == "keep_offered"
