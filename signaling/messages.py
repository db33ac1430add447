"""PURE. What a browser may say on its socket, parsed once into values that can be trusted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

ClientId = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Locale = Annotated[str, StringConstraints(min_length=2, max_length=35)]
MAX_MESSAGE_BYTES: Final = 64 * 1024


class Said(BaseModel):
    """The base of every message: unknown fields and other types are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class MessageSend(Said):
    """Somebody writes."""

    client_id: ClientId
    text: Annotated[str, StringConstraints(min_length=1, max_length=4000)]
    locale: Locale


class MarkerSet(Said):
    """The host names a moment; ``at_ms`` is the shown frame's server time, or None for now."""

    client_id: ClientId
    label: Annotated[str, StringConstraints(max_length=200)]
    at_ms: Annotated[int, Field(ge=0, le=4_102_444_800_000)] | None


class MediaState(Said):
    """Somebody switched camera or microphone."""

    client_id: ClientId
    camera: bool
    microphone: bool


class SoundAsk(Said):
    """Somebody asks whether they are heard."""

    client_id: ClientId


class SoundAnswer(Said):
    """Somebody answers whether they hear the one who asked."""

    client_id: ClientId
    heard: bool


class Typing(Said):
    """Somebody is writing; neither logged nor repeated."""


class AskTime(Said):
    """A page compares its clock with ours; neither logged nor repeated."""


class PictureReport(Said):
    """How the other person's picture went since the last report; measured, not logged."""

    watched_ms: Annotated[int, Field(ge=0, le=60_000)]
    frozen_ms: Annotated[int, Field(ge=0, le=60_000)]
    freezes: Annotated[int, Field(ge=0, le=1_000)]
    first_frame_ms: Annotated[int, Field(ge=0, le=120_000)] | None = None


class KeyTell(Said):
    """The public half of the key that this device countersigns with."""

    jwk: Annotated[
        dict[str, Annotated[str, StringConstraints(max_length=200)]], Field(max_length=8)
    ]


class Countersign(Said):
    """This device was given a checkpoint, and signs that it was."""

    number: Annotated[int, Field(ge=1, lt=2**31)]
    jws: Annotated[str, StringConstraints(min_length=1, max_length=2000)]


class FindingState(Said):
    """The host states something about the goods."""

    client_id: ClientId
    words: Annotated[str, StringConstraints(min_length=1, max_length=2000)]


class FindingAnswer(Said):
    """The buyer answers a finding."""

    client_id: ClientId
    finding_id: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    answer: Literal["agree", "disagree", "note"]
    words: Annotated[str, StringConstraints(max_length=2000)]


@dataclass(frozen=True, slots=True)
class Malformed:
    """Something that is none of the above; ``reason`` is for the developer of a client."""

    reason: str


Valid = (
    MessageSend
    | MarkerSet
    | MediaState
    | SoundAsk
    | SoundAnswer
    | Typing
    | AskTime
    | PictureReport
    | KeyTell
    | Countersign
    | FindingState
    | FindingAnswer
)
Message = Valid | Malformed

_FORMS: Final[Mapping[str, type[Said]]] = {
    "message.send": MessageSend,
    "marker.set": MarkerSet,
    "media.state": MediaState,
    "sound.ask": SoundAsk,
    "sound.answer": SoundAnswer,
    "typing": Typing,
    "clock": AskTime,
    "report": PictureReport,
    "key": KeyTell,
    "countersign": Countersign,
    "finding.state": FindingState,
    "finding.answer": FindingAnswer,
}


def parse(event: str, arguments: tuple[object, ...]) -> Message:
    """The message that a Socket.IO event carries; never raises."""
    form = _FORMS.get(event)
    if form is None:
        return Malformed("unknown event")
    if len(arguments) > 1:
        return Malformed("expected one object")
    body = arguments[0] if arguments else {}
    if body is None and form in {Typing, AskTime}:
        body = {}
    if not isinstance(body, dict):
        return Malformed("expected an object")
    if _size(body) > MAX_MESSAGE_BYTES:
        return Malformed("too large")
    try:
        said = form.model_validate(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        return Malformed(f"{'.'.join(map(str, first['loc']))}: {first['msg']}")
    if not _is_text(said):
        return Malformed("not Unicode text")
    assert isinstance(said, Valid)
    return said


def _size(value: object) -> int:
    """Roughly the bytes of a JSON value; deep nesting counts as too large."""
    total, stack = 0, [(value, 0)]
    while stack:
        item, depth = stack.pop()
        if depth > 8:
            return MAX_MESSAGE_BYTES + 1
        if isinstance(item, str):
            total += len(item.encode("utf-8", "surrogatepass"))
        elif isinstance(item, (bytes, bytearray)):
            return MAX_MESSAGE_BYTES + 1
        elif isinstance(item, dict):
            stack.extend((part, depth + 1) for pair in item.items() for part in pair)
        elif isinstance(item, list):
            stack.extend((part, depth + 1) for part in item)
        total += 2
        if total > MAX_MESSAGE_BYTES:
            break
    return total


def _is_text(said: Said) -> bool:
    """Whether every text can be stored: no lone surrogates and no NUL, which PostgreSQL refuses."""
    for value in said.model_dump().values():
        if isinstance(value, str):
            if "\x00" in value:
                return False
            try:
                value.encode()
            except UnicodeEncodeError:
                return False
    return True
