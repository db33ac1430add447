"""PURE. Moments and spans as the index tells them: UTC, RFC 3339."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime.fromtimestamp(0, UTC)
_NS_PER_MS = 1_000_000


def told_at(moment: datetime | None) -> str | None:
    """A moment, if there is one."""
    return None if moment is None else moment.astimezone(UTC).isoformat()


def told_ns(moment_ns: int) -> str:
    """A moment of the recorder's clock."""
    return (_EPOCH + timedelta(microseconds=moment_ns // 1000)).isoformat()


def told_span(from_ns: int, to_ns: int) -> dict[str, str]:
    """From when to when."""
    return {"began_at": told_ns(from_ns), "ended_at": told_ns(to_ns)}


def told_spans(spans: object) -> list[dict[str, str]]:
    """The parts of a recording that somebody replayed, as the access log has them."""
    if not isinstance(spans, list):
        return []
    return [told_span(begin * _NS_PER_MS, end * _NS_PER_MS) for begin, end in spans]
