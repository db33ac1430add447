"""PURE. Tickets for the media workers' echo: who holds one may ask whether packets get through.

A ticket is an ICE user name with its expiry inside, and the password that belongs to it
(an HMAC): `web` gives them out, a media worker checks them, and neither keeps any.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

LIFETIME_S: Final = 60
_UFRAG: Final = re.compile(r"([0-9a-f]{8})[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class EchoTicket:
    """What a browser needs to be answered: ICE's ``ufrag`` and ``pwd``."""

    ufrag: str
    pwd: str


def issue_ticket(secret: str, epoch: str, nonce: bytes, now_s: float) -> EchoTicket:
    """A ticket for the worker that lives as ``epoch``; ``nonce`` is 8 random bytes."""
    ufrag = f"{int(now_s) + LIFETIME_S:08x}{nonce[:8].hex()}"
    return EchoTicket(ufrag, _password(secret, epoch, ufrag))


def password_of(secret: str, epoch: str, ufrag: str, now_s: float) -> str | None:
    """The password of a user name, None if it is no ticket or its time is over."""
    found = _UFRAG.fullmatch(ufrag)
    if found is None or not 0 <= int(found[1], 16) - now_s <= LIFETIME_S:
        return None
    return _password(secret, epoch, ufrag)


def _password(secret: str, epoch: str, ufrag: str) -> str:
    named = f"proofcall echo {epoch} {ufrag}"
    return hmac.new(secret.encode(), named.encode(), sha256).hexdigest()[:32]
