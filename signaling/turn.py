"""PURE. TURN credentials that expire, as coturn's ``use-auth-secret`` checks them.

The username is ``<expiry>:<opaque id>``, the password the base64 of its HMAC-SHA1 (the
scheme of draft-uberti-behave-turn-rest): the TURN server needs the secret and no database.
"""

from __future__ import annotations

import hmac
from base64 import b32encode, b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final

from runtime.settings import Settings, split_list

_DAY_S: Final = 86_400


@dataclass(frozen=True, slots=True)
class TurnAccess:
    """The TURN servers of the settings; without any, browsers reach media directly or not."""

    urls: tuple[str, ...] = ()
    secret: str = ""
    ttl_s: int = 1800

    def ice_for(self, subject: str, now: datetime) -> dict[str, Any]:
        """``ice`` of docs/protocol.md, for somebody who may join.

        ``subject`` is whose allocations the TURN server counts together. It sees a
        pseudonym that holds for a day and names nobody without the secret.
        """
        if not self.urls:
            return {"servers": [], "expires_at": None}
        expires_s = int(now.timestamp()) + self.ttl_s
        username = f"{expires_s}:{self._pseudonym(subject, int(now.timestamp()))}"
        server = {
            "urls": list(self.urls),
            "username": username,
            "credential": turn_password(self.secret, username),
        }
        expires_at = datetime.fromtimestamp(expires_s, UTC).isoformat()
        return {"servers": [server], "expires_at": expires_at}

    def _pseudonym(self, subject: str, now_s: int) -> str:
        named = f"proofcall turn {now_s // _DAY_S} {subject}"
        digest = hmac.new(self.secret.encode(), named.encode(), sha256).digest()
        return b32encode(digest[:10]).decode().lower()


def turn_access(settings: Settings) -> TurnAccess:
    """What the settings say of TURN."""
    if settings.turn_secret is None:
        return TurnAccess()
    return TurnAccess(
        urls=tuple(split_list(settings.turn_urls)),
        secret=settings.turn_secret.get_secret_value(),
        ttl_s=settings.turn_ttl_s,
    )


def turn_password(secret: str, username: str) -> str:
    """The credential that belongs to a username."""
    # SHA-1 is what the TURN server computes.
    return b64encode(hmac.new(secret.encode(), username.encode(), "sha1").digest()).decode()
