"""PURE. Moments as the index tells them: UTC, RFC 3339."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime.fromtimestamp(0, UTC)


def told_at(moment: datetime | None) -> str | None:
    """A moment, if there is one."""
    return None if moment is None else moment.astimezone(UTC).isoformat()


def told_ns(moment_ns: int) -> str:
    """A moment of the recorder's clock."""
    return (_EPOCH + timedelta(microseconds=moment_ns // 1000)).isoformat()
