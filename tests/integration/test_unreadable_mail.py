"""A mail that no bound lets be read: its sender hears of it, and the case keeps nothing of it."""

from __future__ import annotations

from pathlib import Path

from tests.integration.test_case_api import expect
from tests.integration.test_mailed_files import SECRET, mail, messages, opened, take
from tests.support.notice_world import notice_world


async def test_the_route_refuses_it_so_that_its_sender_hears(tmp_path: Path) -> None:
    """422 ``unreadable_mail``; the next mail is taken."""
    nested = b"".join(
        b'Content-Type: multipart/mixed; boundary="%d"\r\n\r\n--%d\r\n' % (n, n)
        for n in range(20_000)
    )
    async with notice_world(
        tmp_path, reply_domain="mail.shop.example", inbound_secret=SECRET
    ) as world:
        case_id, to = await opened(world)
        response = await world.site.client.post(
            "/hooks/mail",
            params={"to": to},
            data=b"From: Ana <ana@example.com>\r\nMessage-ID: <1@phone.example>\r\n" + nested,
            headers={"Authorization": f"Bearer {SECRET}"},
        )
        await expect(response, 422, "unreadable_mail")
        assert await messages(world, case_id) == []
        assert await take(world, to, mail("Hola")) == 204
        assert [one["text"] for one in await messages(world, case_id)] == ["Hola"]
