"""One browser's dialogue: who may say what, and how much nonsense is borne."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.states import ParticipantRole, SessionState
from signaling.dialogue import (
    AnswerFinding,
    CountReport,
    Disconnect,
    KeepCountersignature,
    KeepKey,
    Line,
    Note,
    Refuse,
    SetMedia,
    StateFinding,
    TellTime,
    TellTyping,
    step,
)
from signaling.messages import MAX_MESSAGE_BYTES, Malformed, parse

BODIES: dict[str, dict[str, Any]] = {
    "message.send": {"client_id": "1", "text": "Hello", "locale": "en"},
    "marker.set": {"client_id": "2", "label": "Crack", "at_ms": None},
    "media.state": {"client_id": "3", "camera": True, "microphone": False},
    "sound.ask": {"client_id": "6"},
    "sound.answer": {"client_id": "7", "heard": False},
    "typing": {},
    "report": {"watched_ms": 10_000, "frozen_ms": 700, "freezes": 1, "first_frame_ms": None},
    "clock": {},
    "key": {"jwk": {"kty": "OKP", "crv": "Ed25519", "x": "AA"}},
    "countersign": {"number": 1, "jws": "a.b.c"},
    "finding.state": {"client_id": "4", "words": "The lid is cracked."},
    "finding.answer": {"client_id": "5", "finding_id": "fnd_1", "answer": "agree", "words": ""},
}
BUYER, HOST, OBSERVER = ParticipantRole.BUYER, ParticipantRole.HOST, ParticipantRole.OBSERVER
WAITING, LIVE, ENDED = SessionState.WAITING, SessionState.LIVE, SessionState.ENDED


def said(role: ParticipantRole, state: SessionState, event: str) -> object:
    """The one effect of a valid message."""
    _, effects = step(Line(role, state), parse(event, (BODIES[event],)), 0.0)
    (effect,) = effects
    return effect.code if isinstance(effect, Refuse) else type(effect)


@pytest.mark.parametrize(
    ("role", "state", "event", "effect"),
    [
        (BUYER, WAITING, "message.send", Note),
        (BUYER, LIVE, "typing", TellTyping),
        (BUYER, WAITING, "clock", TellTime),
        (OBSERVER, LIVE, "clock", TellTime),
        (OBSERVER, LIVE, "message.send", Note),
        (BUYER, WAITING, "key", KeepKey),
        (HOST, LIVE, "key", KeepKey),
        (OBSERVER, LIVE, "key", "not_allowed"),
        (BUYER, LIVE, "countersign", KeepCountersignature),
        (OBSERVER, LIVE, "countersign", "not_allowed"),
        (HOST, ENDED, "countersign", "already_ended"),
        (BUYER, WAITING, "media.state", SetMedia),
        (BUYER, LIVE, "sound.ask", Note),
        (HOST, LIVE, "sound.answer", Note),
        (HOST, LIVE, "marker.set", Note),
        (HOST, SessionState.HELD, "marker.set", "wrong_state"),
        (BUYER, LIVE, "marker.set", "not_allowed"),
        (OBSERVER, LIVE, "marker.set", "not_allowed"),
        (HOST, LIVE, "finding.state", StateFinding),
        (BUYER, LIVE, "finding.state", "not_allowed"),
        (BUYER, LIVE, "finding.answer", AnswerFinding),
        (HOST, LIVE, "finding.answer", "not_allowed"),
        (BUYER, LIVE, "report", CountReport),
        (OBSERVER, LIVE, "report", CountReport),
        (BUYER, WAITING, "finding.answer", "wrong_state"),
        *[(HOST, ENDED, event, "already_ended") for event in BODIES],
    ],
)
def test_what_may_be_said_depends_on_role_and_state(
    role: ParticipantRole, state: SessionState, event: str, effect: object
) -> None:
    """Each row is one rule."""
    assert said(role, state, event) == effect


@pytest.mark.parametrize(
    ("event", "arguments"),
    [
        ("unheard.of", ({},)),
        ("message.send", ()),
        ("message.send", ("text",)),
        ("message.send", (BODIES["message.send"], {})),
        ("message.send", ({**BODIES["message.send"], "more": 1},)),
        ("message.send", ({**BODIES["message.send"], "text": ""},)),
        ("message.send", ({**BODIES["message.send"], "text": "x" * 4001},)),
        ("message.send", ({**BODIES["message.send"], "text": "\ud800"},)),
        ("message.send", ({**BODIES["message.send"], "text": "a\x00b"},)),
        ("message.send", ({**BODIES["message.send"], "client_id": "x" * 65},)),
        ("message.send", ({**BODIES["message.send"], "text": b"bytes"},)),
        ("message.send", ({"x": "y" * (MAX_MESSAGE_BYTES + 1)},)),
        ("clock", ({"now_ms": 1},)),
        ("report", ({**BODIES["report"], "frozen_ms": 60_001},)),
        ("report", ({**BODIES["report"], "freezes": -1},)),
        ("report", ({**BODIES["report"], "first_frame_ms": 0.5},)),
        ("marker.set", ({**BODIES["marker.set"], "at_ms": "1"},)),
        ("marker.set", ({**BODIES["marker.set"], "at_ms": -1},)),
        ("media.state", ({**BODIES["media.state"], "camera": 1},)),
        ("sound.answer", ({**BODIES["sound.answer"], "heard": "yes"},)),
        ("finding.answer", ({**BODIES["finding.answer"], "answer": "perhaps"},)),
    ],
)
def test_what_does_not_fit_is_malformed(event: str, arguments: tuple[object, ...]) -> None:
    """Wrong names, types, sizes and characters are all the same answer."""
    assert isinstance(parse(event, arguments), Malformed)


def test_deep_nesting_is_refused_and_not_followed() -> None:
    """A body nested a thousand deep neither raises nor passes."""
    body: dict[str, Any] = {}
    for _ in range(1000):
        body = {"x": body}
    assert isinstance(parse("message.send", (body,)), Malformed)


def test_ten_invalid_messages_in_ten_seconds_end_the_connection() -> None:
    """The tenth is answered like the others, and then the line is cut."""
    line = Line(BUYER, LIVE)
    for number in range(9):
        line, effects = step(line, Malformed("no"), number * 1.0)
        assert effects == [Refuse("invalid", "no")]
    _, effects = step(line, Malformed("no"), 9.5)
    assert effects[-1] == Disconnect("invalid")


def test_invalid_messages_spread_over_time_are_borne() -> None:
    """A page with a bug that shows once a minute stays connected."""
    line = Line(BUYER, LIVE)
    for number in range(100):
        line, effects = step(line, Malformed("no"), number * 1.2)
        assert Disconnect("invalid") not in effects


def test_a_flood_of_valid_messages_is_slowed_down() -> None:
    """The sixty-first message within ten seconds is refused; later ones pass."""
    line = Line(BUYER, LIVE)
    message = parse("typing", ({},))
    for _ in range(60):
        line, effects = step(line, message, 0.0)
        assert effects == [TellTyping()]
    line, effects = step(line, message, 1.0)
    assert isinstance(effects[0], Refuse)
    assert effects[0].code == "too_fast"
    _, effects = step(line, message, 10.1)
    assert effects == [TellTyping()]


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(st.sampled_from([*BODIES, "x"]) | st.text(), st.lists(ANYTHING, max_size=2))
def test_no_message_whatever_raises(event: str, arguments: list[Any]) -> None:
    """Each gets at least one effect, and memory of the line stays bounded."""
    line = Line(HOST, LIVE)
    for number in range(3):
        line, effects = step(line, parse(event, tuple(arguments)), float(number))
        assert effects
    assert len(line.invalid_at_s) <= 10


def test_a_page_may_report_once_in_five_seconds_and_not_more_than_it_watched() -> None:
    """A page that wants to bend the figures adds what any other page could."""
    line = Line(BUYER, LIVE)
    message = parse("report", ({**BODIES["report"], "watched_ms": 500, "frozen_ms": 60_000},))
    line, effects = step(line, message, 100.0)
    assert effects == [CountReport(0.5, 0.5, 1, None)]
    for now_s in (100.0, 104.9):
        line, effects = step(line, message, now_s)
        assert isinstance(effects[0], Refuse)
    line, effects = step(line, message, 105.0)
    assert effects == [CountReport(0.5, 0.5, 1, None)]
