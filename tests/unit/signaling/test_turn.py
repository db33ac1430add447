"""TURN credentials: what the server checks, what they give away, whom they are given to."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

from runtime.settings import Settings
from signaling.turn import TurnAccess, turn_access

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
ACCESS = TurnAccess(("turn:turn.example.com:3478",), "a-secret-of-the-turn-server", 600)


def test_the_password_is_what_coturn_computes_from_the_name() -> None:
    """Base64 of HMAC-SHA1 of a user name that begins with its own expiry."""
    [server] = ACCESS.ice_for("case:one", NOW)["servers"]
    expiry, _, opaque = server["username"].partition(":")
    assert int(expiry) == int((NOW + timedelta(seconds=600)).timestamp())
    digest = hmac.new(ACCESS.secret.encode(), server["username"].encode(), hashlib.sha1).digest()
    assert server["credential"] == base64.b64encode(digest).decode()
    assert opaque.isalnum()


def test_the_name_says_nothing_of_the_person_and_changes_every_day() -> None:
    """The same person is counted together for a day; nobody finds them without the secret."""

    def name(subject: str, now: datetime, access: TurnAccess = ACCESS) -> str:
        username: str = access.ice_for(subject, now)["servers"][0]["username"]
        return username.partition(":")[2]

    assert name("case:one", NOW) == name("case:one", NOW + timedelta(hours=1))
    others = {
        name("case:one", NOW),
        name("case:two", NOW),
        name("case:one", NOW + timedelta(days=1)),
        name("case:one", NOW, TurnAccess(ACCESS.urls, "another-secret-of-it", 600)),
    }
    assert len(others) == 4
    assert not any("one" in other for other in others)


def test_without_a_turn_server_there_is_nothing_to_give() -> None:
    """An empty list is what RTCPeerConnection takes."""
    assert turn_access(Settings()).ice_for("case:one", NOW) == {"servers": [], "expires_at": None}


def test_the_settings_name_several_ways_to_the_server() -> None:
    """All of them go to the browser with one name and password."""
    urls = "turn:t.example.com:3478, turns:t.example.com:443?transport=tcp"
    settings = Settings(turn_urls=urls, turn_secret="sixteen-and-more-chars", turn_ttl_s=60)  # type: ignore[arg-type]
    ice = turn_access(settings).ice_for("staff:one", NOW)
    assert ice["servers"][0]["urls"] == urls.split(", ")
    assert ice["expires_at"] == "2026-11-25T12:01:00+00:00"
