"""A process that is killed while a messenger is asked: the notice is never lost."""

from __future__ import annotations

import asyncio
import base64
import os
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from cases.actor import KeyActor
from cases.channel_rules import HookIn, LineIn, WhatsAppIn
from cases.channels import set_channel, set_contact
from cases.database import Database
from cases.notice_kinds import ChannelKind
from cases.states import Scope
from cases.tables import Mail, Notice
from cases.unit import Unit
from runtime.clock import SystemClock
from tests.integration.test_refund_port import start_jobs
from tests.support.messenger_site import Messenger, messenger
from tests.support.seller import Seller, make_seller
from tests.support.seller_site import NoOutbox

SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()
ADDRESS: Mapping[ChannelKind, str] = {
    ChannelKind.WHATSAPP: "34600000001",
    ChannelKind.LINE: "U" + "0123456789abcdef" * 2,
    ChannelKind.WEBHOOK: "buyer-17",
}


def account(kind: ChannelKind, url: str) -> WhatsAppIn | LineIn | HookIn:
    """An account at the server."""
    match kind:
        case ChannelKind.WHATSAPP:
            given = {
                "phone_number_id": "1000200030004",
                "template": "return_news",
                "access_token": "t" * 20,
            }
            given |= {"app_secret": "s" * 20, "verify_token": "v" * 20}
            return WhatsAppIn.model_validate({"kind": kind, "base_url": url, **given})
        case ChannelKind.LINE:
            given = {"access_token": "t" * 20, "channel_secret": "s" * 20}
            return LineIn.model_validate({"kind": kind, "base_url": url, **given})
        case _:
            return HookIn.model_validate({"kind": kind, "base_url": url, "secret": SECRET})


def key_of(kind: ChannelKind, asked: tuple[str, dict[str, str], dict[str, Any], bytes]) -> str:
    """By what the other side knows a repeat; WhatsApp only tells it back."""
    _, headers, body, _ = asked
    match kind:
        case ChannelKind.WHATSAPP:
            return str(body["biz_opaque_callback_data"])
        case ChannelKind.LINE:
            return headers["x-line-retry-key"]
        case _:
            return headers["webhook-id"]


async def reached_by(
    seller: Seller, actor: KeyActor, kind: ChannelKind, url: str, database: Database
) -> str:
    """A case whose buyer is reached there, and whose first notice waits."""
    case_id = (await seller.open_case(actor)).case_id
    async with database.begin() as tx:
        unit = Unit(tx, seller.keys, NoOutbox(), seller.now)
        await set_channel(unit, actor, account(kind, url))
        await set_contact(unit, actor, case_id, kind, ADDRESS[kind])
    return case_id


@asynccontextmanager
async def jobs_of(folder: Path, url: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A jobs process that is gone after the block, whatever happens."""
    process = await start_jobs(folder, url)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()


async def notice_when_sent(database: Database, case_id: str, within_s: float = 60.0) -> Notice:
    """The case's only notice, once it has gone."""
    async with asyncio.timeout(within_s):
        while True:
            async with database.read() as tx:
                (row,) = await tx.scalars(select(Notice).where(Notice.case_id == case_id))
            if row.state == "sent":
                return row
            await asyncio.sleep(0.1)


@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    ("kind", "taken"),
    [
        (ChannelKind.WHATSAPP, True),
        (ChannelKind.WHATSAPP, False),
        (ChannelKind.LINE, True),
        (ChannelKind.WEBHOOK, True),
    ],
)
async def test_kill_9_while_a_messenger_is_asked_loses_no_notice(
    tmp_path: Path, kind: ChannelKind, taken: bool
) -> None:
    """The messenger hangs, with or without the message; the next worker asks with the same key.

    Where the protocol has such a key the buyer hears it once; WhatsApp has none, so what it
    had taken is sent twice. No other way is tried meanwhile.
    """
    url = f"sqlite+aiosqlite:///{tmp_path / 'proofcall.db'}"
    database = Database(url)
    try:
        async with messenger() as other:
            seller = await make_seller(database, SystemClock())  # type: ignore[arg-type]
            actor = await seller.machine(seller.lamp, *Scope)
            case_id = await reached_by(seller, actor, kind, other.url, database)
            other.hangs = [taken]
            async with jobs_of(tmp_path, url) as killed:
                await other.wait_for(1)
                os.kill(killed.pid, signal.SIGKILL)
                await killed.wait()
            async with jobs_of(tmp_path, url):
                row = await notice_when_sent(database, case_id)
            assert (row.channel, row.tried, row.mail_id) == (kind, [], None)
            assert len(other.asked) == 2
            assert len({key_of(kind, one) for one in other.asked}) == 1
            assert heard(other, kind) == (2 if kind is ChannelKind.WHATSAPP and taken else 1)
            async with database.read() as tx:
                assert (await tx.scalars(select(Mail.id))).all() == []
    finally:
        await database.close()


def heard(other: Messenger, kind: ChannelKind) -> int:
    """How often the buyer hears it: a system of the seller's drops an id that it knows."""
    return 1 if kind is ChannelKind.WEBHOOK and other.accepted else other.accepted
