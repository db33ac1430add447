"""PURE. An event of the session log in one line of words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from recorder.pdf_report.story import Happening, Inspection

_PLACE: Final = re.compile(r"\{(\w+)\}")
_CAUSES: Final = frozenset(
    {"media_lost", "peer_lost", "packet_loss", "tap_overflow", "recorder_lost", "stopped"}
)
# The server wrote it, of somebody.
_OF_ANOTHER: Final = frozenset(
    {"presence", "peer_connected", "peer_lost", "recording_opened", "device_key"}
)
_OF_THE_NEXT_HOST: Final = frozenset({"handover_accepted", "host_changed"})


def fill(template: str, **values: object) -> str:
    """A phrase of ours with values in it; a value is never looked at for places again."""
    return _PLACE.sub(lambda place: str(values.get(place[1], "")), template)


def cause_words(words: Mapping[str, str], cause: str) -> str:
    """Why evidence is missing."""
    return words[f"cause.{cause if cause in _CAUSES else 'other'}"]


def told(words: Mapping[str, str], inspection: Inspection, event: Happening) -> str | None:
    """What happened; None for what a reader gains nothing from."""
    payload = event.payload
    named = str(payload.get("name") or "")
    of = inspection.name_of(payload.get("participant_id")) or named or event.name
    match event.kind:
        case "message":
            return f"{event.name}: {payload.get('text', '')}"
        case "marker":
            label = str(payload.get("label") or "")
            return f"{words['event.marker']}: {label}" if label else words["event.marker"]
        case "finding_answer":
            said = f"event.finding_{payload.get('answer')}"
            if said not in words:
                return None
            plain = fill(words[said], name=event.name)
            return f"{plain}: {payload['words']}" if payload.get("words") else plain
        case "gap":
            return _gap(words, of, payload)
        case "media_state":
            switches = (("camera", "on", "off"), ("microphone", "on", "off"))
            return ", ".join(
                fill(words[f"event.{what}_{on if payload.get(what) else off}"], name=event.name)
                for what, on, off in switches
            )
    word = words.get(f"event.{_variant(event.kind, payload)}")
    if word is None:
        return None
    if event.kind == "observer_removed":
        name, of = event.name, named
    elif event.kind in _OF_THE_NEXT_HOST:
        name = str(payload.get("to") or "")
    else:
        name = named or (of if event.kind in _OF_ANOTHER else event.name)
    return fill(
        word,
        name=name,
        of=of,
        to=payload.get("to"),
        words=payload.get("words"),
        codec=payload.get("codec") or "–",
        direction=words.get(f"direction.{payload.get('direction')}", ""),
        **{"from": payload.get("from")},
    )


def _variant(kind: str, payload: Mapping[str, object]) -> str:
    """Which of the phrases of a kind it is."""
    match kind:
        case "presence":
            return f"presence_{payload.get('presence')}"
        case "voice":
            return "voice_speaks" if payload.get("voice") == "speaks" else "voice_silent"
        case "handover_asked":
            return kind if payload.get("to") else "handover_asked_anyone"
        case "sound_answered":
            return "sound_heard" if payload.get("heard") else "sound_not_heard"
        case "device_answered":
            return "device_yes" if payload.get("answer") == "yes" else "device_no"
    return kind


def _gap(words: Mapping[str, str], of: str, payload: Mapping[str, object]) -> str:
    start, end = payload.get("from_ms"), payload.get("to_ms")
    length = (end - start) / 1000 if isinstance(start, int) and isinstance(end, int) else 0.0
    cause = cause_words(words, str(payload.get("cause")))
    return fill(words["gap"], name=of, length=f"{length:.1f}", cause=cause)
