"""What each messenger is sent, by its own public protocol, and how its answer is read.

WhatsApp: Cloud API ``/{phone-number-id}/messages``. LINE: Messaging API ``/v2/bot/message/push``
with ``X-Line-Retry-Key``. A seller's own system: a POST signed as Standard Webhooks says.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import NAMESPACE_URL, uuid5

from cases.channel_rules import Came, Result
from cases.notice_kinds import ChannelKind
from cases.notice_tries import Post
from cases.webhook_rules import SECRET_PREFIX, signatures
from runtime.outgoing import Outcome

_WHATSAPP_LOCALES: Final[Mapping[str, str]] = {"zh-Hans": "zh_CN"}
_MAX_TEXT: Final = 4000
_MAX_PARAMETER: Final = 1000
_BUSY_CODES: Final = frozenset({4, 80007, 130429, 131048, 131056})
_WHATSAPP_WORDS: Final[Mapping[int, str]] = {
    131026: "This number is not on WhatsApp, or does not take messages.",
    131047: "The buyer has not written for a day; only the approved template gets through.",
    132000: "The template has another number of parameters than one.",
    132001: "There is no such template in this language.",
    190: "The access token is not valid any more.",
    100: "WhatsApp does not understand the request.",
}
_FAILURES: Final[Mapping[str, str]] = {
    "timeout": "It did not answer in time.",
    "unreachable": "It could not be reached.",
    "tls": "Its certificate is not valid.",
    "forbidden_address": "Its address is not on the public internet.",
}
_CODE: Final = re.compile(rb'"code"\s*:\s*(\d{1,7})')
_MESSAGE: Final = re.compile(rb'"message"\s*:\s*"([^"]{1,200})"')


@dataclass(frozen=True, slots=True)
class Sending:
    """One POST."""

    url: str
    headers: Mapping[str, str]
    body: bytes


def sending_of(post: Post, timestamp_s: int) -> Sending:
    """The request that hands this message over."""
    match post.account.kind:
        case ChannelKind.WHATSAPP:
            return _whatsapp(post)
        case ChannelKind.LINE:
            return _line(post)
        case ChannelKind.WEBHOOK:
            return _hook(post, timestamp_s)
        case ChannelKind.EMAIL:
            raise AssertionError("mail goes by the mail server")


def result_of(kind: ChannelKind, outcome: Outcome) -> Result:
    """How the answer is read: busy and away are tried again, a refusal is final."""
    if outcome.status is None:
        never = outcome.failure == "forbidden_address"
        words = _FAILURES[outcome.failure or "unreachable"]
        return Result(Came.NEVER if never else Came.LATER, words)
    # LINE: 409 says that this retry key was taken before, so the message is on its way.
    if 200 <= outcome.status < 300 or (kind is ChannelKind.LINE and outcome.status == 409):
        return Result(Came.SENT)
    code = _code(outcome.answer) if kind is ChannelKind.WHATSAPP else None
    words = f"{outcome.status}: {_WHATSAPP_WORDS.get(code or 0) or _said(outcome.answer)}"
    is_busy = outcome.status in (408, 425, 429) or outcome.status >= 500 or code in _BUSY_CODES
    return Result(Came.LATER if is_busy else Came.NEVER, words, outcome.retry_after_s)


def _whatsapp(post: Post) -> Sending:
    options = post.account.options
    body: dict[str, object] = {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": post.address,
        "biz_opaque_callback_data": post.notice_id,
    }
    if post.is_open:
        body |= {"type": "text", "text": {"preview_url": False, "body": post.text[:_MAX_TEXT]}}
    else:
        # A parameter is one line, without runs of spaces.
        line = " ".join(post.text.split())[:_MAX_PARAMETER]
        language = _WHATSAPP_LOCALES.get(post.locale, post.locale)
        body |= {
            "type": "template",
            "template": {
                "name": options["template"],
                "language": {"code": language},
                "components": [{"type": "body", "parameters": [{"type": "text", "text": line}]}],
            },
        }
    return Sending(
        f"{options['base_url'].rstrip('/')}/{options['phone_number_id']}/messages",
        _bearer(post),
        json.dumps(body, ensure_ascii=False).encode(),
    )


def _line(post: Post) -> Sending:
    body = {"to": post.address, "messages": [{"type": "text", "text": post.text[:_MAX_TEXT]}]}
    # The same notice has the same key at every try: LINE takes it once.
    retry_key = str(uuid5(NAMESPACE_URL, f"proofcall:{post.notice_id}"))
    return Sending(
        f"{post.account.options['base_url'].rstrip('/')}/v2/bot/message/push",
        {**_bearer(post), "X-Line-Retry-Key": retry_key},
        json.dumps(body, ensure_ascii=False).encode(),
    )


def _hook(post: Post, timestamp_s: int) -> Sending:
    told = {
        "type": "notice",
        "timestamp": post.at.isoformat().replace("+00:00", "Z"),
        "data": {
            "notice_id": post.notice_id,
            "case_id": post.case_id,
            "kind": post.kind,
            "to": post.address,
            "locale": post.locale,
            "subject": post.subject,
            "text": post.text,
            "url": post.url,
        },
    }
    body = json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
    secret = hook_secret(post.account.secrets["secret"])
    return Sending(
        post.account.options["base_url"],
        {
            "Content-Type": "application/json",
            "webhook-id": post.notice_id,
            "webhook-timestamp": str(timestamp_s),
            "webhook-signature": signatures([secret], post.notice_id, timestamp_s, body),
        },
        body,
    )


def hook_secret(text: str) -> bytes:
    """The bytes of a ``whsec_…`` secret.

    Raises:
        ValueError: it is not base64.
    """
    return b64decode(text.removeprefix(SECRET_PREFIX), validate=True)


def _bearer(post: Post) -> dict[str, str]:
    return {
        "Content-Type": "application/json",
        "Authorization": f"Bearer {post.account.secrets['access_token']}",
    }


def _code(answer: bytes) -> int | None:
    found = _CODE.search(answer)
    return int(found[1]) if found else None


def _said(answer: bytes) -> str:
    found = _MESSAGE.search(answer)
    return found[1].decode("utf-8", "replace") if found else "It was refused."
