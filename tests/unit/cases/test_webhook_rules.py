"""How webhook messages are signed, retried and named."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from cases.webhook_rules import (
    PUBLIC_KINDS,
    ROUND_LASTS,
    checked_kinds,
    is_wanted,
    message_id,
    pause_after,
    secret_text,
    signatures,
)
from runtime.errors import CaseError

SECRET, OTHER = b"s" * 32, b"o" * 32


def headers(secrets: list[bytes], body: bytes, message: str = "msg_1") -> dict[str, str]:
    """The headers of a message sent now."""
    now_s = int(time.time())
    return {
        "webhook-id": message,
        "webhook-timestamp": str(now_s),
        "webhook-signature": signatures(secrets, message, now_s, body),
    }


def test_a_signature_is_the_one_of_the_specification() -> None:
    """The reference library's own way of signing gives the same text."""
    at = datetime(2026, 11, 25, 19, 0, tzinfo=UTC)
    theirs = Webhook(secret_text(SECRET)).sign("msg_1", at, '{"a":1}')
    assert signatures([SECRET], "msg_1", int(at.timestamp()), b'{"a":1}') == theirs


@given(st.dictionaries(st.text(max_size=20), st.text(max_size=50), max_size=5))
def test_the_reference_library_accepts_what_is_signed(told: dict[str, str]) -> None:
    """Whatever the body says, in every script."""
    body = json.dumps(told, ensure_ascii=False).encode("utf-8", "replace")
    assert Webhook(secret_text(SECRET)).verify(body, headers([SECRET], body)) == json.loads(body)


def test_after_a_rotation_both_secrets_are_accepted_and_no_third() -> None:
    """The receiver may change when it likes."""
    body = b"{}"
    sent = headers([SECRET, OTHER], body)
    Webhook(secret_text(SECRET)).verify(body, sent)
    Webhook(secret_text(OTHER)).verify(body, sent)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret_text(b"x" * 32)).verify(body, sent)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret_text(SECRET)).verify(b"{ }", sent)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret_text(SECRET)).verify(body, {**sent, "webhook-id": "msg_2"})


def test_a_message_is_retried_for_most_of_a_day_with_growing_pauses() -> None:
    """The pauses grow, and a dozen or so fit into the round."""
    pauses = [pause_after(attempts) for attempts in range(1, 40)]
    assert pauses == sorted(pauses)
    assert pauses[0] == timedelta(seconds=5)
    spent, tries = timedelta(0), 0
    while spent + pauses[tries] <= ROUND_LASTS:
        spent += pauses[tries]
        tries += 1
    assert tries >= 10
    assert spent > ROUND_LASTS * 0.7


@given(st.integers(1, 100), st.integers(0, 10**9))
def test_a_receiver_may_ask_for_an_hour_at_most(attempts: int, asked_s: int) -> None:
    """``Retry-After`` makes a pause longer, never shorter and never absurd."""
    pause = pause_after(attempts, asked_s)
    assert pause >= pause_after(attempts)
    assert pause <= max(pause_after(attempts), timedelta(hours=1))


def test_kinds_are_checked_by_their_shape_so_that_newer_ones_may_be_asked_for() -> None:
    """Known and unknown kinds of the case log, each once; nothing else."""
    assert checked_kinds(["case.verdict", "case.label_given", "case.verdict"]) == [
        "case.label_given",
        "case.verdict",
    ]
    assert checked_kinds(sorted(PUBLIC_KINDS)) == sorted(PUBLIC_KINDS)
    for bad in ("*", "verdict", "case.", "session.joined", "case.A", "case.a\n", "x" * 80):
        with pytest.raises(CaseError) as caught:
            checked_kinds([bad])
        assert caught.value.code == "unknown_kind"
    assert is_wanted("case.moved", [])
    assert is_wanted("case.moved", ["case.moved"])
    assert not is_wanted("case.moved", ["case.verdict"])


def test_a_messages_id_is_its_events_own_and_holds_no_dot() -> None:
    """The dot separates what is signed."""
    assert message_id("cas_01abc", 7) == "msg_01abc_7"
    assert "." not in message_id("cas_01abc", 7)
