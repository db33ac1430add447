"""What buyers answer: mail posted by a mail server, messages posted by messengers, each proven."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import json
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any, Final

import structlog
from aiohttp import web

from cases import channels, inbound, reply_address
from cases.inbound import Heard
from cases.keys import KeyDestroyed
from cases.notice_kinds import ChannelKind
from cases.tables import NoticeChannel
from cases.unit import Unit
from cases.webhook_rules import signatures
from runtime.errors import CaseError
from signaling.inbound_mail import MAX_MAIL_BYTES, Answer, read_apart
from signaling.mailed_files import bring
from signaling.messengers import hook_secret
from signaling.services import SERVICES, Services

log = structlog.get_logger()

_TOLERANCE_S: Final = 300
_MOST_AT_ONCE: Final = 100
_READ_LIMIT_S: Final = 120.0
_MAILS_AT_ONCE: Final = 2
_MAILS: Final[web.AppKey[asyncio.Semaphore]] = web.AppKey("mails")
"""Each mail is held in memory with its files, and has a child that takes it apart."""


def add_routes(app: web.Application) -> None:
    """Serve what mail servers and messengers call."""
    app[_MAILS] = asyncio.Semaphore(_MAILS_AT_ONCE)
    app.router.add_post("/hooks/mail", _take_mail)
    app.router.add_get("/hooks/{channel_id}", _verify)
    app.router.add_post("/hooks/{channel_id}", _take)


async def _take_mail(request: web.Request) -> web.Response:
    """``POST /hooks/mail?to=reply+…@…`` with the raw mail as its body.

    What is no answer of the case's buyer is taken and dropped, so that no bounce tells a
    stranger which addresses are good. A mail to a good one that cannot be read is refused:
    a buyer whose words nobody can read should hear of it.

    Raises:
        CaseError: ``not_found`` (404) where no reply domain is set, ``bad_key`` (401),
            ``unreadable_mail`` (422).
    """
    services = request.app[SERVICES]
    settings = services.settings
    if settings.inbound_secret is None or settings.reply_domain is None:
        raise web.HTTPNotFound
    wanted = f"Bearer {settings.inbound_secret.get_secret_value()}"
    if not hmac.compare_digest(request.headers.get("Authorization", "").encode(), wanted.encode()):
        raise CaseError("bad_key", "This token is not valid.", status=401)
    case_id = reply_address.read(services.keys, request.query.get("to", ""), settings.reply_domain)
    async with request.app[_MAILS]:
        raw = await _whole_mail(request)
        answer = await read_apart(raw) if case_id is not None else None
        del raw
        if case_id is None or answer is None:
            log.info("mail dropped", known=case_id is not None)
        else:
            await _take_answer(services, case_id, answer)
    return web.Response(status=204)


async def _whole_mail(request: web.Request) -> bytes:
    """The body, whoever it is for: a mail server takes an early answer for a failure.

    Raises:
        CaseError: ``too_slow`` (408).
        HTTPRequestEntityTooLarge: it is larger than ``MAX_MAIL_BYTES``.
    """
    told = request.content_length
    if told is not None and told > MAX_MAIL_BYTES:
        raise web.HTTPRequestEntityTooLarge(MAX_MAIL_BYTES, told)
    try:
        async with asyncio.timeout(_READ_LIMIT_S):
            return await request.clone(client_max_size=MAX_MAIL_BYTES).read()
    except TimeoutError as error:
        raise CaseError("too_slow", "The mail did not come in time.", status=408) from error


async def _take_answer(services: Services, case_id: str, answer: Answer) -> None:
    heard = Heard(ChannelKind.EMAIL, answer.message_id, answer.sender, answer.text)
    expected = await services.run(lambda unit: inbound.expect_mail(unit, case_id, heard))
    taken = None
    if expected is not None:
        brought = await bring(services, expected, answer.files)
        taken = await services.run(lambda unit: inbound.hear_mail(unit, case_id, heard, brought))
    log.info("mail taken", case_id=case_id, taken=taken is not None, files=len(answer.files))


async def _verify(request: web.Request) -> web.Response:
    """WhatsApp asks for its challenge back when the address is set up.

    Raises:
        CaseError: ``not_found`` (404), ``bad_signature`` (401).
    """
    services = request.app[SERVICES]
    row, secrets = await _channel(services, request.match_info["channel_id"])
    if row.kind != ChannelKind.WHATSAPP:
        raise web.HTTPNotFound
    given = request.query.get("hub.verify_token", "")
    if request.query.get("hub.mode") != "subscribe" or not hmac.compare_digest(
        given.encode(), secrets["verify_token"].encode()
    ):
        raise _forged()
    return web.Response(text=request.query.get("hub.challenge", "")[:200])


async def _take(request: web.Request) -> web.Response:
    """Messages of buyers, if the signature over the very bytes is the channel's.

    Raises:
        CaseError: ``not_found`` (404), ``bad_signature`` (401), ``bad_json`` (400).
    """
    services = request.app[SERVICES]
    row, secrets = await _channel(services, request.match_info["channel_id"])
    body = await request.read()
    now_s = int(services.clock.now().timestamp())
    if not _is_signed(ChannelKind(row.kind), request.headers, body, secrets, now_s):
        raise _forged()
    try:
        told = json.loads(body)
    except ValueError as error:
        raise CaseError("bad_json", "The body is not JSON.", status=400) from error
    messages = list(_messages(ChannelKind(row.kind), row.options, told))[:_MOST_AT_ONCE]
    for heard in messages:

        async def act(unit: Unit, heard: Heard = heard) -> str | None:
            return await inbound.hear(unit, row.tenant_id, heard)

        await services.run(act)
    return web.Response(text="")


async def _channel(services: Services, channel_id: str) -> tuple[NoticeChannel, Mapping[str, str]]:
    async with services.database.read() as tx:
        row = await tx.get(NoticeChannel, channel_id)
        if row is None or not row.enabled:
            raise CaseError("not_found", "There is nothing here.", status=404)
        try:
            return row, await channels.open_secrets(tx, services.keys, row)
        except KeyDestroyed as error:
            raise CaseError("not_found", "There is nothing here.", status=404) from error


def _is_signed(
    kind: ChannelKind,
    headers: Mapping[str, str],
    body: bytes,
    secrets: Mapping[str, str],
    now_s: int,
) -> bool:
    if kind is ChannelKind.WHATSAPP:
        made = hmac.digest(secrets["app_secret"].encode(), body, sha256).hex()
        return _same(headers.get("X-Hub-Signature-256", ""), f"sha256={made}")
    if kind is ChannelKind.LINE:
        digest = hmac.digest(secrets["channel_secret"].encode(), body, sha256)
        return _same(headers.get("X-Line-Signature", ""), base64.b64encode(digest).decode())
    at = headers.get("webhook-timestamp", "")
    if not (at.isascii() and at.isdigit() and len(at) < 12) or abs(int(at) - now_s) > _TOLERANCE_S:
        return False
    try:
        secret = hook_secret(secrets["secret"])
    except (ValueError, binascii.Error):
        return False
    wanted = signatures([secret], headers.get("webhook-id", ""), int(at), body)
    return any(_same(one, wanted) for one in headers.get("webhook-signature", "").split(" "))


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(), wanted.encode())


def _messages(kind: ChannelKind, options: Mapping[str, Any], told: Any) -> Iterator[Heard]:
    """The text messages of a delivery; whatever else it tells is passed over."""
    if not isinstance(told, dict):
        return
    if kind is ChannelKind.WHATSAPP:
        yield from _whatsapp(options, told)
    elif kind is ChannelKind.LINE:
        for event in _dicts(told.get("events")):
            message, source = _dict(event.get("message")), _dict(event.get("source"))
            # In a group the words are not meant for us alone.
            if event.get("type") == "message" and source.get("type") == "user":
                yield from _heard(
                    kind, message.get("id"), source.get("userId"), message.get("text")
                )
    else:
        data = _dict(told.get("data"))
        yield from _heard(kind, data.get("id"), data.get("from"), data.get("text"))


def _whatsapp(options: Mapping[str, Any], told: Mapping[str, Any]) -> Iterator[Heard]:
    for entry in _dicts(told.get("entry")):
        for change in _dicts(entry.get("changes")):
            value = _dict(change.get("value"))
            ours = _dict(value.get("metadata")).get("phone_number_id")
            # One app secret signs for every number of the app: only ours is this seller's.
            if ours != options["phone_number_id"]:
                continue
            for message in _dicts(value.get("messages")):
                text = _dict(message.get("text")).get("body")
                yield from _heard(
                    ChannelKind.WHATSAPP, message.get("id"), message.get("from"), text
                )


def _heard(kind: ChannelKind, id_: object, address: object, text: object) -> Iterator[Heard]:
    if isinstance(id_, str) and isinstance(address, str) and isinstance(text, str) and id_:
        yield Heard(kind, id_[:500], address[:300], text)


def _dict(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _dicts(value: object) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _forged() -> CaseError:
    return CaseError("bad_signature", "This was not signed with this channel's secret.", status=401)
