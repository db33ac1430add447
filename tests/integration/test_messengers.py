"""Messengers spoken to by their own protocols: local servers that answer as the real ones do."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook

from cases.actor import KeyActor
from cases.channel_rules import HookIn, LineIn, WhatsAppIn
from cases.channels import open_secrets, set_channel, set_contact
from cases.notice_kinds import ChannelKind
from cases.states import Scope
from cases.tables import Notice, NoticeChannel
from cases.unit import Unit
from runtime.errors import CaseError
from signaling.notice_work import send_notice
from tests.support.messenger_site import Messenger, messenger
from tests.support.notice_world import NoticeWorld, notice_world

NUMBER, USER = "34600000001", "U" + "0123456789abcdef" * 2
SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()


@dataclass(slots=True)
class Talk:
    """A seller with all three accounts at one server."""

    world: NoticeWorld
    other: Messenger
    actor: KeyActor
    ids: dict[ChannelKind, str]

    async def case(self, kind: ChannelKind, address: str, **changes: Any) -> str:
        """A case whose buyer is reached there, with nothing waiting."""
        case_id = await self.world.open_case(market="ES", **changes)

        async def act(unit: Unit) -> None:
            await set_contact(unit, self.actor, case_id, kind, address)

        await self.world.services.run(act)
        self.world.advance(timedelta(seconds=1))
        return case_id

    async def hook(self, kind: ChannelKind, body: bytes, **headers: str) -> int:
        """What the messenger posts to us."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        response = await self.world.site.client.post(
            f"/hooks/{self.ids[kind]}", data=body, headers=named
        )
        return response.status

    async def heard(self, case_id: str) -> list[str]:
        """What the buyer said, as the thread shows it."""
        view = await self.world.ask("GET", f"/api/v1/cases/{case_id}/thread", 200)
        return [one["text"] for one in view["messages"] if one["author"]["role"] == "buyer"]


@pytest.fixture
async def talk(tmp_path: Path) -> AsyncIterator[Talk]:
    """The accounts, set up."""
    async with messenger() as other, notice_world(tmp_path) as world:
        actor = await world.site.seller.machine(world.site.seller.lamp, *Scope)
        ids: dict[ChannelKind, str] = {}
        for command in (
            WhatsAppIn.model_validate(
                {
                    "kind": "whatsapp",
                    "base_url": other.url,
                    "phone_number_id": "1000200030004",
                    "template": "return_news",
                    "access_token": "token-of-whatsapp",
                    "app_secret": "secret-of-the-app",
                    "verify_token": "verify-this-address",
                }
            ),
            LineIn.model_validate(
                {
                    "kind": "line",
                    "base_url": other.url,
                    "access_token": "token-of-line",
                    "channel_secret": "secret-of-the-channel",
                }
            ),
            HookIn.model_validate(
                {"kind": "webhook", "base_url": f"{other.url}/own", "secret": SECRET}
            ),
        ):

            async def act(unit: Unit, command: Any = command) -> str:
                return (await set_channel(unit, actor, command)).id

            ids[command.kind] = await world.services.run(act)
        yield Talk(world, other, actor, ids)


async def test_secrets_are_sealed(talk: Talk) -> None:
    """They stand in no column as they are, and open with the seller's key."""
    seller = talk.world.site.seller
    async with seller.database.read() as tx:
        row = await tx.get_one(NoticeChannel, talk.ids[ChannelKind.WHATSAPP])
        assert b"token-of-whatsapp" not in row.secrets
        assert "token-of-whatsapp" not in json.dumps(row.options)
        assert (await open_secrets(tx, seller.keys, row))["access_token"] == "token-of-whatsapp"


async def test_whatsapp_gets_the_template_until_the_buyer_writes(talk: Talk) -> None:
    """Then free text for a day, and no mail beside it."""
    case_id = await talk.case(ChannelKind.WHATSAPP, "+34 600 000 001")
    await talk.world.work()
    path, headers, body, _ = talk.other.asked[0]
    assert path == "/1000200030004/messages"
    assert headers["authorization"] == "Bearer token-of-whatsapp"
    assert (body["to"], body["type"]) == (NUMBER, "template")
    assert body["template"]["name"] == "return_news"
    assert body["template"]["language"] == {"code": "es"}
    (parameter,) = body["template"]["components"][0]["parameters"]
    assert "\n" not in parameter["text"]
    assert "/j/" in parameter["text"]
    assert await talk.hook(ChannelKind.WHATSAPP, *whatsapp("wamid.A", "Hola")[0:1]) == 401
    raw, signed = whatsapp("wamid.A", "Hola")
    assert await talk.hook(ChannelKind.WHATSAPP, raw, X_Hub_Signature_256=signed) == 200
    assert await talk.heard(case_id) == ["Hola"]
    await talk.world.ask("POST", f"/api/v1/cases/{case_id}/link", 200)
    await talk.world.work()
    assert talk.other.asked[-1][2]["type"] == "text"
    talk.world.advance(timedelta(hours=25))
    await talk.world.ask("POST", f"/api/v1/cases/{case_id}/link", 200)
    await talk.world.work()
    assert talk.other.asked[-1][2]["type"] == "template"
    assert talk.world.inbox.came == []


async def test_busy_is_tried_again_when_it_says(talk: Talk) -> None:
    """429 with Retry-After and 5xx wait; the messenger is not asked before."""
    case_id = await talk.case(ChannelKind.WHATSAPP, NUMBER)
    talk.other.answers = [
        (429, {"error": {"message": "Rate limit", "code": 130429}}, {"Retry-After": "120"}),
        (503, {}, {}),
    ]
    await talk.world.work()
    talk.world.advance(timedelta(seconds=60))
    await talk.world.work()
    assert len(talk.other.asked) == 1
    for _ in range(2):
        talk.world.advance(timedelta(seconds=121))
        await talk.world.work()
    assert len(talk.other.asked) == 3
    assert await talk.world.states(case_id) == [("filed", "sent", None)]


async def test_a_refusal_is_final_and_the_mail_goes_instead(talk: Talk) -> None:
    """With words that an admin understands."""
    case_id = await talk.case(ChannelKind.WHATSAPP, NUMBER)
    talk.other.answers = [(400, {"error": {"message": "(#131026)", "code": 131026}}, {})]
    await talk.world.work()
    (row,) = await talk.world.rows(case_id)
    assert (row.tried, row.channel, row.state) == (["whatsapp"], "email", "sent")
    assert len(talk.world.inbox.came) == 1
    alone = await talk.case(ChannelKind.LINE, USER, buyer={"name": "Ana", "locale": "es"})
    talk.other.answers = [(400, {"message": "The user has blocked you"}, {})]
    await talk.world.work()
    (row,) = await talk.world.rows(alone)
    assert (row.state, row.reason) == ("failed", "refused")
    told = await talk.world.ask("GET", f"/api/v1/cases/{alone}/notices", 200)
    assert told["items"][0]["words"] == "400: The user has blocked you"


async def test_line_takes_a_notice_once_although_the_answer_was_lost(talk: Talk) -> None:
    """The retry key is the same at every try, so a repeat is 409: it is on its way."""
    case_id = await talk.case(ChannelKind.LINE, USER)
    await talk.world.work()
    path, headers, body, _ = talk.other.asked[0]
    assert path == "/v2/bot/message/push"
    assert headers["authorization"] == "Bearer token-of-line"
    assert body["to"] == USER
    async with talk.world.site.seller.database.begin() as tx:
        row = await tx.get_one(Notice, (await talk.world.rows(case_id))[0].id)
        # As it stands when the process was killed between answer and commit.
        row.state, row.sent_at, row.tries = "ordered", None, 0
    await send_notice(talk.world.services, f"{row.id}:1")
    assert talk.other.asked[1][1]["x-line-retry-key"] == headers["x-line-retry-key"]
    assert await talk.world.states(case_id) == [("filed", "sent", None)]


async def test_the_sellers_own_system_is_signed_for(talk: Talk) -> None:
    """As Standard Webhooks says, under the notice's id."""
    # The library looks at the machine's clock.
    talk.world.advance(timedelta(seconds=time.time() - talk.world.site.seller.now.timestamp()))
    case_id = await talk.case(ChannelKind.WEBHOOK, "buyer-17")
    await talk.world.work()
    _, headers, _, raw = talk.other.asked[0]
    told = Webhook(SECRET).verify(raw, headers)
    assert told["data"]["to"] == "buyer-17"
    assert told["data"]["case_id"] == case_id
    assert "/j/" in told["data"]["url"]


# What comes in


def whatsapp(id_: str, text: str, number: str = NUMBER, ours: str = "1000200030004") -> Any:
    """A delivery of the Cloud API and its signature."""
    message = {"id": id_, "from": number, "type": "text", "text": {"body": text}}
    value = {"metadata": {"phone_number_id": ours}, "messages": [message]}
    raw = json.dumps({"entry": [{"changes": [{"value": value}]}]}).encode()
    return raw, "sha256=" + hmac.digest(b"secret-of-the-app", raw, sha256).hex()


def line(id_: str, text: str, user: str = USER, source: str = "user") -> Any:
    """A delivery of LINE and its signature."""
    message = {"id": id_, "type": "text", "text": text}
    event = {"type": "message", "source": {"type": source, "userId": user}, "message": message}
    raw = json.dumps({"events": [event]}).encode()
    digest = hmac.digest(b"secret-of-the-channel", raw, sha256)
    return raw, base64.b64encode(digest).decode()


async def test_an_answer_is_heard_once_and_only_when_signed(talk: Talk) -> None:
    """Forged, changed, replayed, of another number, from a group, by a stranger."""
    case_id = await talk.case(ChannelKind.LINE, USER)
    raw, signed = line("m1", "Hola")
    changed = raw.replace(b"Hola", b"Evil")
    assert await talk.hook(ChannelKind.LINE, changed, X_Line_Signature=signed) == 401
    assert await talk.hook(ChannelKind.LINE, raw, X_Line_Signature="") == 401
    assert await talk.hook(ChannelKind.WHATSAPP, raw, X_Line_Signature=signed) == 401
    for _ in range(3):
        assert await talk.hook(ChannelKind.LINE, raw, X_Line_Signature=signed) == 200
    for other in (line("m2", "Group", source="group"), line("m3", "Who?", user="U" + "9" * 32)):
        assert await talk.hook(ChannelKind.LINE, other[0], X_Line_Signature=other[1]) == 200
    assert await talk.heard(case_id) == ["Hola"]
    newer = await talk.case(ChannelKind.LINE, USER)
    assert await talk.hook(ChannelKind.LINE, raw, X_Line_Signature=signed) == 200
    assert await talk.heard(newer) == []


async def test_another_number_of_the_same_app_is_another_sellers(talk: Talk) -> None:
    """One app secret signs for all of an app's numbers."""
    case_id = await talk.case(ChannelKind.WHATSAPP, NUMBER)
    raw, signed = whatsapp("wamid.B", "Hola", ours="999")
    assert await talk.hook(ChannelKind.WHATSAPP, raw, X_Hub_Signature_256=signed) == 200
    assert await talk.heard(case_id) == []


async def test_two_deliveries_at_once_are_one_message(talk: Talk) -> None:
    """Whichever process takes the second."""
    case_id = await talk.case(ChannelKind.WHATSAPP, NUMBER)
    raw, signed = whatsapp("wamid.C", "Hola")
    both = (talk.hook(ChannelKind.WHATSAPP, raw, X_Hub_Signature_256=signed) for _ in range(4))
    assert await asyncio.gather(*both) == [200] * 4
    assert await talk.heard(case_id) == ["Hola"]


async def test_whatsapp_verifies_its_address(talk: Talk) -> None:
    """The challenge goes back to whoever knows the token."""
    query = {"hub.mode": "subscribe", "hub.challenge": "42", "hub.verify_token": "no"}
    path = f"/hooks/{talk.ids[ChannelKind.WHATSAPP]}"
    assert (await talk.world.site.client.get(path, params=query)).status == 401
    query["hub.verify_token"] = "verify-this-address"
    response = await talk.world.site.client.get(path, params=query)
    assert (response.status, await response.text()) == (200, "42")


async def test_an_old_delivery_of_the_own_system_is_refused(talk: Talk) -> None:
    """Its signature holds, its time does not."""
    case_id = await talk.case(ChannelKind.WEBHOOK, "buyer-17")
    raw = json.dumps({"data": {"id": "1", "from": "buyer-17", "text": "Hola"}}).encode()
    now = talk.world.site.seller.now
    for at, status in ((now - timedelta(minutes=6), 401), (now, 200)):
        signed = Webhook(SECRET).sign("msg_1", at, raw.decode())
        headers = {
            "webhook_id": "msg_1",
            "webhook_timestamp": str(int(at.timestamp())),
            "webhook_signature": signed,
        }
        assert await talk.hook(ChannelKind.WEBHOOK, raw, **headers) == status
    assert await talk.heard(case_id) == ["Hola"]


async def test_strange_deliveries_are_taken_and_passed_over(talk: Talk) -> None:
    """Signed, but not what the protocol says: no error, nothing heard."""
    for body in ("[]", '{"events": 1}', '{"events": [1, {"message": []}]}', "null"):
        raw = body.encode()
        signed = base64.b64encode(hmac.digest(b"secret-of-the-channel", raw, sha256)).decode()
        assert await talk.hook(ChannelKind.LINE, raw, X_Line_Signature=signed) == 200


@pytest.mark.parametrize(
    ("kind", "address"),
    [
        (ChannelKind.WHATSAPP, "12"),
        (ChannelKind.WHATSAPP, "+34 600/1"),
        (ChannelKind.LINE, "ana"),
        (ChannelKind.WEBHOOK, "a b"),
        (ChannelKind.EMAIL, "ana@example.com"),
    ],
)
async def test_what_is_no_address_is_refused(talk: Talk, kind: ChannelKind, address: str) -> None:
    """When it is set, with words that help."""
    with pytest.raises(CaseError) as refused:
        await talk.case(kind, address)
    assert refused.value.code == "bad_address"
