"""PURE. The accounts that notices go over: what each is told to work with, and what it answers.

A secret that is not given is the one that is kept.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, SecretStr, StrictBool, StringConstraints

from cases.commands import Command, one_line
from cases.notice_kinds import ChannelKind
from runtime.errors import CaseError

_Token = Annotated[SecretStr, Field(min_length=8, max_length=1000)]
_Url = Annotated[str, StringConstraints(max_length=500), AfterValidator(one_line)]

WHATSAPP_URL: Final = "https://graph.facebook.com/v23.0"
LINE_URL: Final = "https://api.line.me"


class WhatsAppIn(Command):
    """An account of the WhatsApp Cloud API.

    ``template`` is an approved template whose body has one parameter, the notice's text: it is
    what WhatsApp lets through when the buyer has not written for a day.
    """

    kind: Literal[ChannelKind.WHATSAPP]
    enabled: StrictBool = True
    base_url: _Url = WHATSAPP_URL
    phone_number_id: Annotated[str, StringConstraints(pattern=r"^[0-9]{5,25}$")]
    template: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,512}$")]
    access_token: _Token | None = None
    app_secret: _Token | None = None
    verify_token: _Token | None = None


class LineIn(Command):
    """A channel of the LINE Messaging API."""

    kind: Literal[ChannelKind.LINE]
    enabled: StrictBool = True
    base_url: _Url = LINE_URL
    access_token: _Token | None = None
    channel_secret: _Token | None = None


class HookIn(Command):
    """A system of the seller's that sends for it; signed both ways as Standard Webhooks says."""

    kind: Literal[ChannelKind.WEBHOOK]
    enabled: StrictBool = True
    base_url: _Url
    secret: Annotated[SecretStr, Field(min_length=30, max_length=200)] | None = None


SECRETS_OF: Final = {
    ChannelKind.WHATSAPP: ("access_token", "app_secret", "verify_token"),
    ChannelKind.LINE: ("access_token", "channel_secret"),
    ChannelKind.WEBHOOK: ("secret",),
}
"""What of an account is never told."""

ChannelIn = Annotated[WhatsAppIn | LineIn | HookIn, Field(discriminator="kind")]

_ADDRESS: Final = {
    ChannelKind.WHATSAPP: re.compile(r"[1-9][0-9]{6,14}"),
    ChannelKind.LINE: re.compile(r"U[0-9a-f]{32}"),
    ChannelKind.WEBHOOK: re.compile(r"[\x21-\x7e]{1,200}"),
}


class Came(StrEnum):
    """What came of a try."""

    SENT = "sent"
    LATER = "later"  # busy or away: trying again can help
    NEVER = "never"  # refused for good


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a try, in words that an admin reads."""

    came: Came
    words: str = ""
    retry_after_s: int | None = None


def checked_address(kind: ChannelKind, address: str) -> str:
    """An address as the channel writes it.

    Raises:
        CaseError: ``bad_address`` (422).
    """
    plain = re.sub(r"[\s().-]", "", address) if kind is ChannelKind.WHATSAPP else address.strip()
    plain = plain.removeprefix("+") if kind is ChannelKind.WHATSAPP else plain
    form = _ADDRESS.get(kind)
    if form is None or not form.fullmatch(plain):
        raise CaseError(
            "bad_address",
            {
                ChannelKind.WHATSAPP: "Write the number with its country, like +34 600 000 000.",
                ChannelKind.LINE: "A LINE user id is U and 32 characters; LINE tells it.",
            }.get(kind, "This is no address for this channel."),
            status=422,
        )
    return plain
