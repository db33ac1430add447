"""Messenger accounts of a seller, and where the buyer of a case is reached."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit

from aiohttp import web
from pydantic import RootModel, StringConstraints

from cases import channels
from cases.case_access import not_found
from cases.channel_rules import Came, ChannelIn, HookIn, checked_address
from cases.channels import ChannelView, ContactView
from cases.commands import Command, email_address
from cases.mail import Envelope, MailFailed, MailRefused
from cases.mail_texts import Template
from cases.mail_texts import letter as letter_of
from cases.notice_kinds import MESSENGERS, ChannelKind
from cases.notice_tries import Account, Post
from cases.unit import Unit
from cases.view import View
from runtime.errors import CaseError
from runtime.ids import new_id
from runtime.outgoing import ForbiddenTarget, checked_url
from signaling import openapi
from signaling.auth import require_key_or_staff
from signaling.bodies import parse_body
from signaling.limits import Counted
from signaling.messengers import hook_secret
from signaling.notice_work import hand_over
from signaling.openapi import route
from signaling.services import SERVICES, Services
from signaling.smtp import smtp_server


class ChannelBody(RootModel[ChannelIn]):
    """One account, by its kind."""


class EmailView(View):
    """How mail goes here; the operator's settings say so."""

    ready: bool
    sender: str | None
    takes_answers: bool
    """What buyers answer by mail comes into the thread."""


class ChannelList(View):
    """The seller's accounts, and the mail that comes after them."""

    items: list[ChannelView]
    email: EmailView
    next_cursor: None = None


class ContactList(View):
    """Where a buyer is reached besides by mail."""

    items: list[ContactView]
    next_cursor: None = None


class AddressIn(Command):
    """A number, a user id, or whatever the seller's own system knows a buyer by."""

    address: Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Tested(View):
    """What came of a test message."""

    came: Literal["sent", "later", "never"]
    words: str


_TEST_WORDS = "This is a test from Proofcall."


def add_routes(app: web.Application) -> None:
    """Serve the channel routes."""
    openapi.register(
        app,
        [
            get_channels,
            set_channel,
            drop_channel,
            test_channel,
            get_contacts,
            set_contact,
            drop_contact,
        ],
    )


@route("GET", "/api/v1/notice-channels", "List the messenger accounts", answers={200: ChannelList})
async def get_channels(request: web.Request) -> web.Response:
    """Without their secrets."""
    services = request.app[SERVICES]
    actor = await require_key_or_staff(request)
    async with services.database.read() as tx:
        items = await channels.list_channels(tx, actor)
    settings = services.settings
    email = EmailView(
        ready=settings.smtp_url is not None,
        sender=settings.mail_from,
        takes_answers=settings.reply_domain is not None,
    )
    return _json(ChannelList(items=items, email=email))


@route(
    "PUT",
    "/api/v1/notice-channels",
    "Set a messenger account up",
    body=ChannelBody,
    answers={200: ChannelView},
    errors={422: "invalid, url_refused, bad_secret, secret_required"},
)
async def set_channel(request: web.Request) -> web.Response:
    """There is one of each kind; a secret that is left out is the one that is kept."""
    services = request.app[SERVICES]
    actor = await require_key_or_staff(request)
    command = (await parse_body(request, ChannelBody)).root
    channels.notice_tenant(actor)
    try:
        checked_url(command.base_url, private=services.settings.webhooks_to_private)
    except ForbiddenTarget as error:
        raise CaseError("url_refused", str(error), status=422) from error
    if isinstance(command, HookIn) and command.secret is not None:
        _check_secret(command.secret.get_secret_value())

    async def act(unit: Unit) -> ChannelView:
        return await channels.set_channel(unit, actor, command)

    return _json(await services.run(act))


@route(
    "DELETE",
    "/api/v1/notice-channels/{kind}",
    "Take a messenger account away",
    answers={204: None},
)
async def drop_channel(request: web.Request) -> web.Response:
    """What waits for it goes over the next way."""
    actor = await require_key_or_staff(request)
    kind = request.match_info["kind"]

    async def act(unit: Unit) -> None:
        await channels.drop_channel(unit, actor, kind)

    await request.app[SERVICES].run(act)
    return web.Response(status=204)


@route(
    "POST",
    "/api/v1/notice-channels/{kind}/test",
    "Send a test message",
    body=AddressIn,
    answers={200: Tested},
    errors={422: "invalid, bad_address", 429: "too_many_attempts"},
    repeat="a second test message.",
)
async def test_channel(request: web.Request) -> web.Response:
    """Sent at once, to an address of one's own; the answer says what came of it."""
    services = request.app[SERVICES]
    actor = await require_key_or_staff(request)
    command = await parse_body(request, AddressIn)
    # A test message is no way to write to many strangers.
    now_s = services.clock.now().timestamp()
    await services.limits.check(Counted.NOTICE_TRY, channels.notice_tenant(actor), now_s)
    if request.match_info["kind"] == ChannelKind.EMAIL:
        return _json(await _try_mail(services, command.address))
    async with services.database.read() as tx:
        row = await channels.load_channel(tx, actor, request.match_info["kind"])
        secrets = await channels.open_secrets(tx, services.keys, row)
    kind = ChannelKind(row.kind)
    message = Post(
        account=Account(kind, dict(row.options), secrets),
        notice_id=new_id("ntc"),
        kind="test",
        case_id="",
        address=checked_address(kind, command.address),
        locale="en",
        subject=_TEST_WORDS,
        text=_TEST_WORDS,
        url="",
        is_open=False,
        at=services.clock.now(),
    )
    result = await hand_over(services, message)
    return _json(Tested(came=Came(result.came).value, words=result.words))


@route(
    "GET",
    "/api/v1/cases/{id}/contacts",
    "List where the buyer of a case is reached",
    answers={200: ContactList},
)
async def get_contacts(request: web.Request) -> web.Response:
    """All but the end of each address is hidden."""
    services = request.app[SERVICES]
    actor = await require_key_or_staff(request)
    async with services.database.read() as tx:
        items = await channels.list_contacts(tx, services.keys, actor, request.match_info["id"])
    return _json(ContactList(items=items))


@route(
    "PUT",
    "/api/v1/cases/{id}/contacts/{kind}",
    "Say where the buyer of a case is reached",
    body=AddressIn,
    answers={204: None},
    errors={422: "invalid, bad_address"},
)
async def set_contact(request: web.Request) -> web.Response:
    """Notices go there first, and what the buyer writes there lands in the thread."""
    actor = await require_key_or_staff(request)
    command = await parse_body(request, AddressIn)
    kind = _messenger(request)

    async def act(unit: Unit) -> None:
        await channels.set_contact(unit, actor, request.match_info["id"], kind, command.address)

    await request.app[SERVICES].run(act)
    return web.Response(status=204)


@route(
    "DELETE",
    "/api/v1/cases/{id}/contacts/{kind}",
    "Forget where the buyer of a case is reached",
    answers={204: None},
)
async def drop_contact(request: web.Request) -> web.Response:
    """Notices go by mail then."""
    actor = await require_key_or_staff(request)
    kind = _messenger(request)

    async def act(unit: Unit) -> None:
        await channels.drop_contact(unit, actor, request.match_info["id"], kind)

    await request.app[SERVICES].run(act)
    return web.Response(status=204)


async def _try_mail(services: Services, address: str) -> Tested:
    server = smtp_server(services.settings, services.clock)
    if server is None:
        return Tested(came=Came.NEVER.value, words="No mail server is set.")
    try:
        to = email_address(address.strip())
    except ValueError as error:
        raise CaseError("bad_address", str(error), status=422) from error
    host = urlsplit(services.settings.public_url).hostname or "localhost"
    letter = letter_of(Template(_TEST_WORDS, (_TEST_WORDS,), None, ""), "en", {})
    message_id = f"<{new_id('mai')}@{host}>"
    try:
        await server.send(Envelope(message_id, to, letter.subject, letter.text, letter.html))
    except MailFailed as error:
        return Tested(came=Came.LATER.value, words=str(error))
    except MailRefused as error:
        return Tested(came=Came.NEVER.value, words=str(error))
    return Tested(came=Came.SENT.value, words="")


def _messenger(request: web.Request) -> ChannelKind:
    for kind in MESSENGERS:
        if kind == request.match_info["kind"]:
            return kind
    raise not_found()


def _check_secret(text: str) -> None:
    try:
        is_long = len(hook_secret(text)) >= 24
    except ValueError:
        is_long = False
    if not is_long:
        raise CaseError(
            "bad_secret", "The secret is whsec_ and base64 of at least 24 bytes.", status=422
        )


def _json(view: View) -> web.Response:
    return web.json_response(text=view.model_dump_json())
