"""Pictures and files in an answer by mail, on both databases: taken, refused by name, attacked."""

from __future__ import annotations

import asyncio
import io
import zipfile
from collections.abc import AsyncIterator
from email import policy
from email.message import EmailMessage
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from cases import log
from cases.attachments import MAX_MAILED
from cases.inbound import Brought, Heard, hear_mail
from cases.log import LogKind
from cases.notice_kinds import ChannelKind
from cases.states import AttachmentState, Scope
from cases.tables import Attachment, AttachmentPart
from cases.unit import Unit
from signaling.inbound_mail import MAX_MAIL_BYTES
from tests.integration.test_case_api import OURS, bearer, expect
from tests.integration.test_filing import photograph
from tests.support.notice_world import NoticeWorld, database_url, notice_world
from tests.support.seller_site import NoOutbox
from tests.unit.cases.test_sniffing import MP4, png

SECRET = "s" * 32
PHOTO = photograph(60)


@pytest.fixture(params=["sqlite", "postgresql"])
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[NoticeWorld]:
    """The world on each database."""
    async with notice_world(
        tmp_path, database_url(request), reply_domain="mail.shop.example", inbound_secret=SECRET
    ) as running:
        yield running


def mail(text: str | None = "Hola", **headers: str) -> EmailMessage:
    """A mail of the buyer's."""
    message = EmailMessage(policy=policy.SMTP)
    given = {"From": "Ana <ana@example.com>", "Message-ID": "<1@phone.example>", **headers}
    for name, value in given.items():
        message[name] = value
    if text is not None:
        message.set_content(text)
    return message


def attach(message: EmailMessage, content: bytes, name: str) -> None:
    """Attach a file, whatever it is, as a photograph."""
    message.add_attachment(content, "image", "jpeg", filename=name)


async def opened(world: NoticeWorld, **changes: Any) -> tuple[str, str]:
    """A new case and where its notices are answered to."""
    case_id = await world.open_case(**changes)
    await world.work()
    addresses = {one.reply_to for one in world.inbox.came if one.reply_to}
    return case_id, next(one for one in addresses if case_id[4:] in one)


async def take(world: NoticeWorld, to: str, message: EmailMessage | bytes) -> int:
    """What the mail server posts."""
    raw = message if isinstance(message, bytes) else message.as_bytes()
    response = await world.site.client.post(
        "/hooks/mail", params={"to": to}, data=raw, headers={"Authorization": f"Bearer {SECRET}"}
    )
    return response.status


async def messages(world: NoticeWorld, case_id: str) -> list[dict[str, Any]]:
    """What stands in the thread."""
    view = await world.ask("GET", f"/api/v1/cases/{case_id}/thread", 200)
    found: list[dict[str, Any]] = view["messages"]
    return found


async def attached(world: NoticeWorld, case_id: str) -> list[dict[str, Any]]:
    """The case's attachments."""
    view = await world.ask("GET", f"/api/v1/cases/{case_id}/attachments", 200)
    found: list[dict[str, Any]] = view["items"]
    return found


async def rows(world: NoticeWorld) -> tuple[int, int]:
    """How many attachments and parts there are at all."""
    async with world.site.seller.database.read() as tx:
        found = await tx.scalar(select(func.count()).select_from(Attachment))
        parts = await tx.scalar(select(func.count()).select_from(AttachmentPart))
    return found or 0, parts or 0


def stored(world: NoticeWorld) -> list[bytes]:
    """Everything in the store."""
    return [one.read_bytes() for one in world.site.store._root.rglob("*") if one.is_file()]


async def test_a_photograph_and_a_clip_become_attachments_of_the_message(
    world: NoticeWorld,
) -> None:
    """Byte for byte with their hashes, sealed, named in the thread that agent and buyer read."""
    case_id, to = await opened(world)
    large = photograph(1200)
    message = mail("Está roto.")
    attach(message, large, "../../etc/roto\u202egpj.jpg")
    message.add_attachment(MP4, "application", "octet-stream", filename="clip.exe")
    assert len(large) > 1024 * 1024
    assert await take(world, to, message) == 204
    (said,) = await messages(world, case_id)
    assert (said["text"], said["author"]["role"], said["refused"]) == ("Está roto.", "buyer", [])
    first, second = await attached(world, case_id)
    assert said["attachments"] == [first["id"], second["id"]]
    assert (first["name"], first["media_type"]) == ("rotogpj.jpg", "image/jpeg")
    assert (second["name"], second["media_type"]) == ("clip.exe", "video/mp4")
    assert first["sha256"] == sha256(large).hexdigest()
    path = f"/api/v1/cases/{case_id}/attachments/{first['id']}"
    response = await world.site.client.get(path, headers=world.headers)
    assert await response.read() == large
    assert response.headers["Content-Disposition"].startswith("attachment")
    small = await world.site.client.get(f"{path}/preview", headers=world.headers)
    assert (small.status, b"GPS" in await small.read()) == (200, False)
    assert all(large[1000:1064] not in one for one in stored(world))

    async with world.site.seller.database.read() as tx:
        key = await world.site.seller.keys.case_key(tx, case_id)
        await log.verify(tx, log=LogKind.CASE, subject_id=case_id, key=key)
    # The agent names it in an answer, and the buyer sees it on their page.
    answer = {"client_id": "a", "text": "This one?", "locale": "en", "attachments": [first["id"]]}
    await world.ask("POST", f"/api/v1/cases/{case_id}/thread", 200, answer)
    token = next(
        one.text.split("/j/")[1].split()[0] for one in world.inbox.came if "/j/" in one.text
    )
    response = await world.site.client.post(f"/api/join/{token}/thread", headers=OURS)
    theirs = (await response.json())["messages"]
    assert [one["attachments"] for one in theirs] == [said["attachments"], [first["id"]]]


async def test_a_mail_without_words_is_its_pictures(world: NoticeWorld) -> None:
    """And one with neither says nothing."""
    case_id, to = await opened(world)
    message = mail(None)
    message.make_mixed()
    attach(message, PHOTO, "a.jpg")
    assert await take(world, to, message) == 204
    assert await take(world, to, mail("", **{"Message-ID": "<2@x>"})) == 204
    (said,) = await messages(world, case_id)
    assert (said["text"], len(said["attachments"])) == ("", 1)


async def test_a_logo_in_the_text_is_no_attachment(world: NoticeWorld) -> None:
    """Nor is it named as refused."""
    case_id, to = await opened(world)
    message = mail("Hola")
    message.add_alternative('<p>Hola <img src="cid:a"></p>', subtype="html")
    html = message.get_body(("html",))
    assert isinstance(html, EmailMessage)
    html.add_related(png(9, 9), "image", "png", cid="<a>", disposition="inline", filename="l.png")
    assert await take(world, to, message) == 204
    (said,) = await messages(world, case_id)
    assert (said["text"], said["attachments"], said["refused"]) == ("Hola", [], [])


async def test_ten_are_taken_and_the_rest_is_named(world: NoticeWorld) -> None:
    """Those that were refused for themselves take no place."""
    case_id, to = await opened(world)
    message = mail("Hola")
    attach(message, b"GIF89a", "first.gif")
    for number in range(12):
        attach(message, MP4, f"{number}.mp4")
    assert await take(world, to, message) == 204
    (said,) = await messages(world, case_id)
    assert [one["name"] for one in await attached(world, case_id)] == [
        f"{number}.mp4" for number in range(10)
    ]
    assert len(said["attachments"]) == 10
    assert said["refused"] == [
        {"name": "first.gif", "reason": "type"},
        {"name": "10.mp4", "reason": "too_many"},
        {"name": "11.mp4", "reason": "too_many"},
    ]


def archive_behind(content: bytes) -> bytes:
    """A picture that opens as an archive as well."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("evil.html", "<script>")
    both = content + packed.getvalue()
    assert zipfile.is_zipfile(io.BytesIO(both))
    return both


async def test_what_is_refused_is_named_with_its_reason_and_the_words_stay(
    world: NoticeWorld,
) -> None:
    """Foreign types whatever they are called, broken ones, bombs, two files in one."""
    case_id, to = await opened(world)
    cut = PHOTO[:2] + b"\xff\xc0\0\x11\x08\0\x20\0\x20\x03" + b"\0" * 50 + b"\xff\xd9"
    sent = {
        "bill.pdf": (b"%PDF-1.7\n", "two_in_one"),
        "page.jpg": (b"<script>alert(1)</script>", "type"),
        "vector.jpg": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "type"),
        "empty.jpg": (b"", "type"),
        "phone.heic": (b"\0\0\0\x18ftypheic" + b"\0" * 40, "type"),
        "bomb.png": (png(11_000, 11_000), "too_large"),
        "cut.jpg": (cut, "broken"),
        "jar.jpg": (archive_behind(PHOTO), "two_in_one"),
        "jar.mp4": (archive_behind(MP4), "two_in_one"),
    }
    message = mail("Mire esto")
    for name, (content, _) in sent.items():
        attach(message, content, name)
    assert await take(world, to, message) == 204
    (said,) = await messages(world, case_id)
    assert (said["text"], said["attachments"]) == ("Mire esto", [])
    told = {one["name"]: one["reason"] for one in said["refused"]}
    assert told == {name: reason for name, (_, reason) in sent.items()}
    assert await rows(world) == (0, 0)


async def test_hostile_names_are_plain_names(world: NoticeWorld) -> None:
    """Paths, quotes, control characters, nothing, far too long; also of what is refused."""
    case_id, to = await opened(world)
    hostile = ["..\\..\\a.jpg", 'x"; a=.jpg', "<img onerror=alert(1)>.jpg", "", "n" * 500 + ".jpg"]
    message = mail("Hola")
    for name in hostile:
        attach(message, MP4, name)
    attach(message, b"no", "/etc/\u202e<b>passwd")
    raw = message.as_bytes().replace(b"a.jpg", b"\x00\x1b\xff.jpg", 1)
    assert await take(world, to, raw) == 204
    (said,) = await messages(world, case_id)
    names = [one["name"] for one in [*await attached(world, case_id), *said["refused"]]]
    assert len(names) == 6
    for name in names:
        assert 1 <= len(name) <= 120
        assert name.isprintable()
        assert not set(name) & set('/\\"<>|:*?')


async def test_a_repeated_delivery_makes_nothing_twice(world: NoticeWorld) -> None:
    """One after the other stores nothing more; four at once leave one message."""
    case_id, to = await opened(world)
    message = mail("Hola")
    attach(message, PHOTO, "a.jpg")
    statuses = await asyncio.gather(*(take(world, to, message) for _ in range(4)))
    assert statuses == [204] * 4
    assert len(await messages(world, case_id)) == 1
    assert await rows(world) == (1, 1)
    before = len(stored(world))
    assert await take(world, to, message) == 204
    assert await rows(world) == (1, 1)
    assert len(stored(world)) == before


async def test_a_mail_may_be_as_large_as_pictures_are_and_no_larger(world: NoticeWorld) -> None:
    """Announced or not; what is too large is refused before it is read to its end."""
    case_id, to = await opened(world)
    filler = b"\0" * (17 * 1024 * 1024)
    message = mail("Hola")
    attach(message, PHOTO[:-2] + filler + b"\xff\xd9", "large.jpg")
    raw = message.as_bytes()
    assert 23 * 1024 * 1024 < len(raw) < MAX_MAIL_BYTES
    assert await take(world, to, raw) == 204
    assert [one["size"] for one in await attached(world, case_id)] == [len(PHOTO) + len(filler)]

    too_large = mail("Hola", **{"Message-ID": "<2@x>"}).as_bytes() + b"x" * MAX_MAIL_BYTES
    assert await take(world, to, too_large) == 413
    given = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal given
        while given < 20 * MAX_MAIL_BYTES:
            given += 65536
            yield b"x" * 65536

    headers = {"Authorization": f"Bearer {SECRET}"}
    answer = await world.site.client.post(
        "/hooks/mail", params={"to": to}, data=endless(), headers=headers
    )
    assert answer.status == 413
    assert given < 2 * MAX_MAIL_BYTES
    assert len(await messages(world, case_id)) == 1


async def test_a_case_takes_so_many_files_by_mail(world: NoticeWorld) -> None:
    """Then they are refused by name, and nothing more is stored; words come as before."""
    case_id, to = await opened(world)
    seller = world.site.seller
    async with seller.database.begin() as tx:
        for number in range(MAX_MAILED - 1):
            tx.add(
                Attachment(
                    id=f"att_{number:026}",
                    case_id=case_id,
                    sealed_name=b"",
                    size=1,
                    received=1,
                    state=AttachmentState.KEPT,
                    created_at=seller.now,
                )
            )
    message = mail("Hola")
    for name in ("fits.jpg", "not.jpg"):
        attach(message, PHOTO, name)
    assert await take(world, to, message) == 204
    before = len(stored(world))
    again = mail("Y otra", **{"Message-ID": "<2@x>"})
    attach(again, PHOTO, "again.jpg")
    assert await take(world, to, again) == 204
    first, second = await messages(world, case_id)
    assert len(first["attachments"]) == 1
    assert first["refused"] == [{"name": "not.jpg", "reason": "too_many"}]
    assert (second["text"], second["attachments"]) == ("Y otra", [])
    assert len(stored(world)) == before


async def test_strangers_leave_nothing_anywhere(world: NoticeWorld) -> None:
    """A forged sender, a forged address, a robot, a wrong token: no row and no byte is kept."""
    case_id, to = await opened(world)
    other, _ = await opened(world)

    def loaded(**headers: str) -> EmailMessage:
        message = mail("Hola", **headers)
        attach(message, PHOTO, "a.jpg")
        return message

    assert await take(world, to, loaded(From="Eve <eve@example.com>")) == 204
    assert await take(world, to, loaded(**{"Auto-Submitted": "auto-replied"})) == 204
    assert await take(world, to.replace(case_id[4:], other[4:]), loaded()) == 204
    response = await world.site.client.post(
        "/hooks/mail",
        params={"to": to},
        data=loaded().as_bytes(),
        headers={"Authorization": f"Bearer {'t' * 32}"},
    )
    await expect(response, 401, "bad_key")
    assert await rows(world) == (0, 0)
    assert stored(world) == []
    assert await messages(world, case_id) == await messages(world, other) == []


async def test_another_tenants_case_keeps_its_own(world: NoticeWorld) -> None:
    """The same buyer at two sellers: a mail is its address's case's, nobody else sees its files."""
    case_id, to = await opened(world)
    seller = world.site.seller
    theirs = await seller.machine(seller.shoes, Scope.CASES_WRITE)
    foreign = (await seller.open_case(theirs, warehouse_id=None)).case_id
    message = mail("Hola", Subject=f"Re: {foreign}", To=to.replace(case_id[4:], foreign[4:]))
    attach(message, PHOTO, "a.jpg")
    assert await take(world, to, message) == 204
    (mine,) = await attached(world, case_id)
    stranger = await bearer(world.site, Scope.CASES_READ, tenant=seller.shoes)
    client = world.site.client
    for path in (f"{case_id}/attachments", f"{case_id}/attachments/{mine['id']}"):
        response = await client.get(f"/api/v1/cases/{path}", headers=stranger)
        await expect(response, 404, "not_found")
    for path in (f"{mine['id']}", f"{mine['id']}/preview"):
        response = await client.get(f"/api/v1/cases/{foreign}/attachments/{path}", headers=stranger)
        await expect(response, 404, "not_found")
    response = await client.get(f"/api/v1/cases/{foreign}/attachments", headers=stranger)
    assert (await response.json())["items"] == []
    named = {"client_id": "m", "text": "x", "locale": "en", "attachments": [mine["id"]]}
    writer = await bearer(world.site, Scope.CASES_WRITE, tenant=seller.shoes)
    response = await client.post(f"/api/v1/cases/{foreign}/thread", json=named, headers=writer)
    await expect(response, 422, "attachment_unknown")


async def test_a_buyer_who_writes_too_much_has_nothing_stored(world: NoticeWorld) -> None:
    """After thirty messages in a minute the mail server is told to come back."""
    case_id, to = await opened(world)
    seller = world.site.seller
    async with seller.database.begin() as tx:
        unit = Unit(tx, seller.keys, NoOutbox(), seller.now)
        for number in range(30):
            heard = Heard(ChannelKind.EMAIL, str(number), "ana@example.com", "Hola")
            await hear_mail(unit, case_id, heard, Brought())
    message = mail("Hola", **{"Message-ID": "<one more@x>"})
    attach(message, PHOTO, "a.jpg")
    assert await take(world, to, message) == 429
    assert (await rows(world), stored(world)) == ((0, 0), [])
    seller.clock.advance(61)
    assert await take(world, to, message) == 204
    assert len(await attached(world, case_id)) == 1
