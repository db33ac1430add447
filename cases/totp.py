"""PURE. Codes of an authenticator app (RFC 6238: SHA-1, six digits, thirty seconds)."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping
from hashlib import sha1
from typing import Final
from urllib.parse import quote, urlencode

STEP_S: Final = 30
SECRET_BYTES: Final = 20
_DIGITS: Final = 6
_STEPS_OFF: Final = 1  # a phone's clock may be half a minute wrong


def code_at(secret: bytes, step: int, digits: int = _DIGITS) -> str:
    """The code of one time step (RFC 4226, section 5.3)."""
    digest = hmac.new(secret, step.to_bytes(8, "big"), sha1).digest()
    offset = digest[-1] & 15
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFFFFFF
    return str(number % 10**digits).zfill(digits)


def step_of(secret: bytes, code: str, now_s: float, last_step: int) -> int | None:
    """The step a code belongs to, if it is of now and of no step up to ``last_step``."""
    given = "".join(code.split())
    if len(given) != _DIGITS or not (given.isascii() and given.isdigit()):
        return None
    current = int(now_s) // STEP_S
    found = None
    for step in range(current - _STEPS_OFF, current + _STEPS_OFF + 1):
        if hmac.compare_digest(code_at(secret, step), given) and step > last_step:
            found = step
    return found


def readable(secret: bytes) -> str:
    """The secret as a person types it: base 32 in groups of four."""
    text = base64.b32encode(secret).decode().rstrip("=")
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))


def otpauth_url(secret: bytes, *, issuer: str, account: str) -> str:
    """What an authenticator app scans."""
    name = quote(f"{issuer}:{account}", safe="")
    query: Mapping[str, str] = {
        "secret": base64.b32encode(secret).decode().rstrip("="),
        "issuer": issuer,
    }
    return f"otpauth://totp/{name}?{urlencode(query, quote_via=quote)}"
