"""Notices from the case log to the buyer, on both databases: once, in time, or told why not."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from cases import links, log, opt_outs
from cases.erasure_keys import ErasureKeys
from cases.keys import KeyRing
from cases.log import LogKind, Visibility
from cases.notice_kinds import NoticeGroup
from cases.tables import Case, ThreadRead
from tests.support.notice_world import NoticeWorld, database_url, notice_world


@pytest.fixture(params=["sqlite", "postgresql"])
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[NoticeWorld]:
    """The world on each database."""
    async with notice_world(
        tmp_path, database_url(request), reply_domain="mail.shop.example", inbound_secret="s" * 32
    ) as running:
        yield running


async def say(world: NoticeWorld, case_id: str, text: str, client_id: str) -> None:
    """The seller writes to the buyer."""
    said = {"client_id": client_id, "text": text, "locale": "en"}
    await world.ask("POST", f"/api/v1/cases/{case_id}/thread", 200, said)


async def test_a_new_case_is_one_mail_with_its_link(world: NoticeWorld) -> None:
    """In the buyer's language, with the link that was issued, and never twice."""
    case_id = await world.open_case()
    await world.work()
    await world.work()
    (mail,) = world.inbox.came
    assert mail.to == "ana@example.com"
    assert "LL-20871" in mail.subject
    assert "Brass desk lamp" in mail.text
    assert await world.states(case_id) == [("filed", "sent", None)]
    token = re.search(r"/j/([\w-]+)", mail.text)
    assert token is not None
    async with world.site.seller.database.read() as tx:
        link = await links.find_link(tx, token[1], world.site.seller.now)
    assert link.case_id == case_id
    assert mail.reply_to is not None
    assert mail.reply_to.endswith("@mail.shop.example")


async def test_an_erased_case_tells_nobody(world: NoticeWorld) -> None:
    """Neither its words nor its link can be read any more."""
    case_id = await world.open_case()
    async with world.site.seller.database.begin() as tx:
        (await tx.get_one(Case, case_id)).wrapped_key = None
    await world.work()
    assert world.inbox.came == []
    assert await world.states(case_id) == [("filed", "suppressed", "erased")]


async def test_a_decision_at_night_waits_for_the_morning(world: NoticeWorld) -> None:
    """Of the buyer's clock; an invitation does not."""
    case_id = await world.open_case(market="ES")
    await world.work()
    world.advance(timedelta(hours=11))  # eleven in the evening in Madrid
    await world.happened(case_id, "verdict", outcome="refund", note="With {buyer_name} <b>")
    await world.happened(case_id, "link_issued")
    await world.work()
    assert [mail.subject for mail in world.inbox.came[1:]] == [
        "Enséñenos su devolución LL-20871 por vídeo"
    ]
    world.advance(timedelta(hours=9, minutes=1))
    await world.work()
    decided = world.inbox.came[-1]
    assert decided.subject == "Su devolución LL-20871 está decidida"
    assert "un reembolso" in decided.text
    assert "{buyer_name} <b>" in decided.text
    assert "<b>" not in decided.html
    # It is about the buyer's money: there is no way to stop it.
    assert decided.unsubscribe_url is None


async def test_unread_messages_are_told_once_and_read_ones_not(world: NoticeWorld) -> None:
    """Three minutes after the first, with its words."""
    case_id = await world.open_case(market="ES")
    await world.work()
    await say(world, case_id, "Is the box open?", "a")
    await say(world, case_id, "And the plug?", "b")
    await world.work()
    assert len(world.inbox.came) == 1
    world.advance(timedelta(minutes=4))
    await world.work()
    assert "Is the box open?" in world.inbox.came[1].text
    assert len(world.inbox.came) == 2
    await say(world, case_id, "Thanks", "c")
    async with world.site.seller.database.begin() as tx:
        tx.add(ThreadRead(case_id=case_id, reader="buyer", read_to=world.site.seller.now))
    world.advance(timedelta(minutes=4))
    await world.work()
    assert len(world.inbox.came) == 2
    assert (await world.states(case_id))[-1] == ("message", "suppressed", "read")


async def test_a_repeated_scan_is_one_notice_and_one_question_two_days_later(
    world: NoticeWorld,
) -> None:
    """However often the carrier tells it."""
    case_id = await world.open_case(market="ES")
    for _ in range(3):
        await world.happened(
            case_id, "parcel_scanned", parcel_id="pcl_1", way="out", status="delivered"
        )
    await world.work()
    subjects = [mail.subject for mail in world.inbox.came]
    assert subjects.count("Su paquete ha sido entregado") == 1
    world.advance(timedelta(days=2, minutes=1))
    await world.work()
    assert world.inbox.came[-1].subject == "¿Está todo bien con su paquete?"


async def test_without_an_address_it_says_so(world: NoticeWorld) -> None:
    """And nothing is kept waiting."""
    case_id = await world.open_case(buyer={"name": "Ana", "locale": "es"})
    await world.work()
    assert await world.states(case_id) == [("filed", "suppressed", "no_address")]


# Opting out


async def post_out(world: NoticeWorld, path: str, **form: str) -> tuple[int, str]:
    """What a mail program or the page's form sends; no cookie, no header of ours."""
    response = await world.site.client.post(path, data=form)
    return response.status, await response.text()


def stop_path(url: str | None) -> str:
    """The path of a mail's way out."""
    assert url is not None
    return re.sub(r"^https?://[^/]+", "", url)


async def test_one_click_ends_a_group_and_another_brings_it_back(world: NoticeWorld) -> None:
    """RFC 8058; looking at the page ends nothing, and decisions go all the same."""
    case_id = await world.open_case(market="ES")
    await world.work()
    world.advance(timedelta(seconds=1))
    path = stop_path(world.inbox.came[0].unsubscribe_url)
    page = await world.site.client.get(path)
    assert page.status == 200
    assert 'lang="es"' in await page.text()
    await world.happened(case_id, "link_issued")
    await world.work()
    assert len(world.inbox.came) == 2
    status, text = await post_out(world, path, **{"List-Unsubscribe": "One-Click"})
    assert (status, "Hecho" in text) == (200, True)
    await world.happened(case_id, "link_issued")
    await world.happened(case_id, "verdict", outcome="refund")
    await world.work()
    assert len(world.inbox.came) == 3
    assert ("invited", "suppressed", "opted_out") in await world.states(case_id)
    assert (await post_out(world, path, group="progress", wanted="again"))[0] == 200
    await world.happened(case_id, "link_issued")
    await world.work()
    assert len(world.inbox.came) == 4


async def test_nobody_opts_out_for_others(world: NoticeWorld) -> None:
    """A forged link is unknown, essentials are no group of the form, sellers are apart."""
    await world.open_case()
    await world.work()
    path = stop_path(world.inbox.came[0].unsubscribe_url)
    for forged in (path[:-1], f"{path}A", path.replace("/out/", "/out/A"), "/out/.", "/out/é.é"):
        assert (await post_out(world, forged, **{"List-Unsubscribe": "One-Click"}))[0] == 404
    foreign = opt_outs.write_token(
        KeyRing(b"x" * 32, ErasureKeys(Path("unused"))),
        world.site.seller.lamp,
        b"a" * 32,
        NoticeGroup.PROGRESS,
        "en",
    )
    assert (await world.site.client.get(f"/out/{foreign}")).status == 404
    assert (await post_out(world, path, group="essential", wanted="no_more"))[0] == 422
    assert (await post_out(world, path, x="1"))[0] == 422
    link = opt_outs.read_token(world.site.seller.keys, path.removeprefix("/out/"))
    async with world.site.seller.database.read() as tx:
        assert await opt_outs.opted_out(tx, link) == frozenset()


# Answers by mail


def mail_of(text: str, **headers: str) -> bytes:
    """A mail as the buyer's program writes it."""
    lines = {"From": "Ana <ana@example.com>", "Message-ID": "<1@phone.example>", **headers}
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in lines.items())
    return f"{head}Content-Type: text/plain; charset=utf-8\r\n\r\n{text}".encode()


async def take(world: NoticeWorld, to: str, raw: bytes, token: str = "s" * 32) -> int:
    """What the mail server posts."""
    response = await world.site.client.post(
        "/hooks/mail", params={"to": to}, data=raw, headers={"Authorization": f"Bearer {token}"}
    )
    return response.status


async def said_by_buyer(world: NoticeWorld, case_id: str) -> list[str]:
    """What stands in the thread as the buyer's."""
    view = await world.ask("GET", f"/api/v1/cases/{case_id}/thread", 200)
    return [one["text"] for one in view["messages"] if one["author"]["role"] == "buyer"]


async def test_an_answer_by_mail_lands_in_the_thread_once(world: NoticeWorld) -> None:
    """Without the quote, however often the server delivers it."""
    case_id = await world.open_case()
    await world.work()
    to = world.inbox.came[0].reply_to or ""
    raw = mail_of("Está roto.\r\n\r\nEl lun, Lumen <r@shop.example> escribió:\r\n> Hola\r\n")
    assert [await take(world, to.upper(), raw) for _ in range(3)] == [204] * 3
    assert await said_by_buyer(world, case_id) == ["Está roto."]


async def test_who_is_not_the_buyer_writes_nothing(world: NoticeWorld) -> None:
    """A stranger, a robot, a forged address, another case, a wrong token."""
    case_id, other = await world.open_case(), await world.open_case()
    await world.work()
    to = next(m.reply_to for m in world.inbox.came if m.reply_to and case_id[4:] in m.reply_to)
    forged = to.replace(case_id[4:], other[4:])
    assert await take(world, to, mail_of("Hi", From="Eve <eve@example.com>")) == 204
    assert await take(world, to, mail_of("Away", Auto_Submitted="auto-replied")) == 204
    assert await take(world, to, mail_of("List", Precedence="bulk")) == 204
    assert await take(world, to, b"\xff\xfe\x00 nothing") == 204
    assert await take(world, forged, mail_of("Hi")) == 204
    assert await take(world, "reply+x@mail.shop.example", mail_of("Hi")) == 204
    assert await take(world, to, mail_of("Hi"), token="t" * 32) == 401
    assert await said_by_buyer(world, case_id) == []
    assert await said_by_buyer(world, other) == []


async def test_markup_in_an_answer_becomes_words(world: NoticeWorld) -> None:
    """Scripts and quotes of an HTML mail are left out."""
    case_id = await world.open_case()
    await world.work()
    html = "<p>It is <b>broken</b></p><script>x()</script><blockquote>Hello</blockquote>"
    raw = mail_of(html).replace(b"text/plain", b"text/html")
    assert await take(world, world.inbox.came[0].reply_to or "", raw) == 204
    assert await said_by_buyer(world, case_id) == ["It is broken"]


async def test_the_log_stays_whole(world: NoticeWorld) -> None:
    """What buyers answer is chained like everything else."""
    case_id = await world.open_case()
    await world.work()
    await take(world, world.inbox.came[0].reply_to or "", mail_of("Hola"))
    seller = world.site.seller
    async with seller.database.read() as tx:
        key = await seller.keys.case_key(tx, case_id)
        await log.verify(tx, log=LogKind.CASE, subject_id=case_id, key=key)
        events = await log.read_events(
            tx,
            log=LogKind.CASE,
            subject_id=case_id,
            key=key,
            visibilities=frozenset({Visibility.PARTIES}),
        )
    assert [event.actor for event in events if event.kind == "message"] == ["buyer:email"]
