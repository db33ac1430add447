"""PURE. One browser's dialogue with us: (state, message) → (state, effects); IO happens elsewhere.

The rules that need nothing but the connection's own state live here: who may say what
in which state of the session, and how much nonsense is borne before the line is cut.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from cases.states import ParticipantRole, SessionState
from signaling.messages import (
    AskTime,
    Countersign,
    FindingAnswer,
    FindingState,
    KeyTell,
    Malformed,
    MarkerSet,
    MediaState,
    Message,
    MessageSend,
    PictureReport,
    SoundAnswer,
    SoundAsk,
    Typing,
    Valid,
)

INVALID_LIMIT: Final = 10
INVALID_WINDOW_S: Final = 10.0
# Nobody types this fast; a page that does is broken or hostile.
SAID_LIMIT: Final = 60
SAID_WINDOW_S: Final = 10.0
# Pages report every ten seconds; more would only bend the figures.
REPORT_PAUSE_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Line:
    """What is known of one connection; times are seconds on a clock that never steps."""

    role: ParticipantRole
    session_state: SessionState
    invalid_at_s: tuple[float, ...] = ()
    said_at_s: tuple[float, ...] = ()
    reported_at_s: float | None = None


@dataclass(frozen=True, slots=True)
class Note:
    """Append to the session's log; a repeat of ``client_id`` is answered like the first."""

    kind: str
    payload: dict[str, object]
    client_id: str


@dataclass(frozen=True, slots=True)
class SetMedia:
    """Remember and log whether camera and microphone are on."""

    camera: bool
    microphone: bool
    client_id: str


@dataclass(frozen=True, slots=True)
class StateFinding:
    """Make a finding and log it."""

    words: str
    client_id: str


@dataclass(frozen=True, slots=True)
class AnswerFinding:
    """Keep the buyer's answer to a finding and log it."""

    finding_id: str
    answer: str
    words: str
    client_id: str


@dataclass(frozen=True, slots=True)
class KeepKey:
    """Keep and log the key that a device countersigns with."""

    jwk: dict[str, str]


@dataclass(frozen=True, slots=True)
class KeepCountersignature:
    """Keep what a device says of a checkpoint, if it is signed by its key."""

    number: int
    jws: str


@dataclass(frozen=True, slots=True)
class TellTyping:
    """Let the others know that somebody is writing."""


@dataclass(frozen=True, slots=True)
class TellTime:
    """Answer with our wall clock, read as late as possible."""


@dataclass(frozen=True, slots=True)
class CountReport:
    """Add what a page saw to the figures."""

    watched_s: float
    frozen_s: float
    freezes: int
    first_frame_s: float | None


@dataclass(frozen=True, slots=True)
class Refuse:
    """Answer ``{"ok": false, …}``."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Disconnect:
    """Cut the line."""

    cause: str


Effect = (
    Note
    | SetMedia
    | StateFinding
    | AnswerFinding
    | KeepKey
    | KeepCountersignature
    | TellTyping
    | TellTime
    | CountReport
    | Refuse
    | Disconnect
)

_ENDED: Final = Refuse("already_ended", "This inspection has ended.")
_NOT_YOURS: Final = Refuse("not_allowed", "You cannot do this.")
_NOT_LIVE: Final = Refuse("wrong_state", "This is possible once the call has begun.")
_TOO_FAST: Final = Refuse("too_fast", "Too many messages; wait a moment.")


def step(line: Line, message: Message, now_s: float) -> tuple[Line, list[Effect]]:
    """What a message does to the connection and what is to be done about it.

    Ten invalid messages within ten seconds end the connection.
    """
    if isinstance(message, Malformed):
        recent = tuple(at for at in line.invalid_at_s if now_s - at < INVALID_WINDOW_S)
        after = replace(line, invalid_at_s=(*recent, now_s)[-INVALID_LIMIT:])
        effects: list[Effect] = [Refuse("invalid", message.reason)]
        if len(after.invalid_at_s) >= INVALID_LIMIT:
            effects.append(Disconnect("invalid"))
        return after, effects
    said = tuple(at for at in line.said_at_s if now_s - at < SAID_WINDOW_S)
    if len(said) >= SAID_LIMIT:
        return replace(line, said_at_s=said), [_TOO_FAST]
    after = replace(line, said_at_s=(*said, now_s))
    if line.session_state is SessionState.ENDED:
        return after, [_ENDED]
    if isinstance(message, PictureReport):
        if line.reported_at_s is not None and now_s - line.reported_at_s < REPORT_PAUSE_S:
            return after, [_TOO_FAST]
        after = replace(after, reported_at_s=now_s)
    return after, [_effect(line, message)]


def _effect(line: Line, message: Valid) -> Effect:
    is_host = line.role is ParticipantRole.HOST
    is_live = line.session_state is SessionState.LIVE
    match message:
        case MessageSend():
            return Note(
                "message", {"text": message.text, "locale": message.locale}, message.client_id
            )
        case Typing():
            return TellTyping()
        case AskTime():
            return TellTime()
        case PictureReport():
            return CountReport(
                message.watched_ms / 1000,
                min(message.frozen_ms, message.watched_ms) / 1000,
                message.freezes,
                None if message.first_frame_ms is None else message.first_frame_ms / 1000,
            )
        case MediaState():
            return SetMedia(message.camera, message.microphone, message.client_id)
        case SoundAsk():
            return Note("sound_asked", {}, message.client_id)
        case SoundAnswer():
            return Note("sound_answered", {"heard": message.heard}, message.client_id)
        case KeyTell():
            return KeepKey(message.jwk) if _is_party(line) else _NOT_YOURS
        case Countersign():
            if not _is_party(line):
                return _NOT_YOURS
            return KeepCountersignature(message.number, message.jws)
        case MarkerSet():
            if not is_host:
                return _NOT_YOURS
            if not is_live:
                return _NOT_LIVE
            return Note(
                "marker", {"label": message.label, "at_ms": message.at_ms}, message.client_id
            )
        case FindingState():
            if not is_host:
                return _NOT_YOURS
            return StateFinding(message.words, message.client_id) if is_live else _NOT_LIVE
        case FindingAnswer():
            if line.role is not ParticipantRole.BUYER:
                return _NOT_YOURS
            if not is_live:
                return _NOT_LIVE
            return AnswerFinding(
                message.finding_id, message.answer, message.words, message.client_id
            )


def _is_party(line: Line) -> bool:
    return line.role in (ParticipantRole.BUYER, ParticipantRole.HOST)
