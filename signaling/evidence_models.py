"""The timeline as the API describes it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel

from cases.case_views import CaseView


class PersonOut(BaseModel):
    """Who is seen and heard in a recording."""

    id: str
    role: str
    name: str


class RecordingOut(BaseModel):
    """One playable file; ``clock`` maps its time to the server's wall clock, both in ms."""

    recording_id: str
    participant: PersonOut
    part: int
    container: Literal["mp4", "webm"]
    url: str
    start_ms: int
    duration_ms: int
    width: int | None
    height: int | None
    fragments: int
    root: str | None
    clock: list[tuple[int, int]]


class GapOut(BaseModel):
    """A span in which evidence is missing."""

    participant_id: str
    recording_id: str | None
    from_ms: int
    to_ms: int
    cause: str


class StillOut(BaseModel):
    """A photograph; ``image`` is None until it is cut."""

    still_id: str
    state: Literal["wanted", "cut", "failed"]
    at_ms: int
    participant_id: str
    image: str | None
    preview: str


class EventActorOut(BaseModel):
    """Who did it."""

    role: str
    name: str
    participant_id: str | None


class EventOut(BaseModel):
    """One event of the session log."""

    seq: int
    kind: str
    at: str
    actor: EventActorOut
    visibility: str
    client_id: str | None
    payload: dict[str, Any]


class TimelineOut(BaseModel):
    """Everything of one inspection on one clock."""

    session_id: str
    case: CaseView
    state: str
    complete: bool
    start_ms: int
    end_ms: int
    recordings: list[RecordingOut]
    gaps: list[GapOut]
    stills: list[StillOut]
    events: list[EventOut]
