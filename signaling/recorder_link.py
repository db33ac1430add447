"""Commands to the recorder, and what it last said of itself."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog

from runtime.control import ControlClient, ControlError
from runtime.errors import CaseError
from runtime.settings import Settings

log = structlog.get_logger()

_OPEN_TIMEOUT_S = 2.0
_CLOSE_TIMEOUT_S = 20.0
_STATUS_TIMEOUT_S = 1.0


@dataclass(frozen=True, slots=True)
class RecorderStatus:
    """What ``GET /status`` of the recorder says; all of it only informs."""

    epoch: str
    sessions: int
    spool_bytes: int
    free_bytes: int
    lag_ms: float
    dropped: int
    empty: Mapping[str, float] = field(default_factory=dict)
    """Open sessions of which nothing was ever recorded, and for how many seconds."""
    fields: Mapping[str, Any] = field(default_factory=dict)
    """Everything it said, for those who only pass it on."""


class RecorderLink:
    """The recorder of this host; ``close()`` may be called twice."""

    def __init__(self, settings: Settings, secret: str) -> None:
        self._client = ControlClient(f"unix://{settings.run_dir / 'recorder.sock'}", secret)
        self.status: RecorderStatus | None = None

    async def open_session(
        self, session_id: str, key_id: str, key: bytes, object_prefix: str
    ) -> None:
        """Have the session recorded; repeating it changes nothing.

        Raises:
            CaseError: ``recording_unavailable`` (503): nothing of the session may begin.
        """
        try:
            await self._client.command(
                "/sessions",
                {
                    "session_id": session_id,
                    "key_id": key_id,
                    "key": b64encode(key).decode(),
                    "object_prefix": object_prefix,
                },
                timeout_s=_OPEN_TIMEOUT_S,
            )
        except ControlError as error:
            log.warning("recording refused", session_id=session_id, code=error.code)
            raise CaseError(
                "recording_unavailable",
                "The inspection cannot be recorded right now, so it was not begun.",
                status=503,
            ) from error

    async def close_session(self, session_id: str, cause: str) -> None:
        """End the session's recordings; its last facts follow.

        Raises:
            ControlError: no answer, or unknown; sending it again is safe.
        """
        await self._client.command(
            f"/sessions/{session_id}/close", {"cause": cause}, timeout_s=_CLOSE_TIMEOUT_S
        )

    async def stop_participant(self, session_id: str, participant_id: str, cause: str) -> None:
        """No longer record one person.

        Raises:
            ControlError: as for ``close_session``.
        """
        await self._client.command(
            "/recordings/stop",
            {"session_id": session_id, "participant_id": participant_id, "cause": cause},
        )

    async def poll(self) -> RecorderStatus | None:
        """Ask for the status; ``None`` while the recorder is not there."""
        try:
            answer = await self._client.query("/status", timeout_s=_STATUS_TIMEOUT_S)
            self.status = RecorderStatus(
                epoch=str(answer["epoch"]),
                sessions=_count(answer["sessions"]),
                spool_bytes=int(answer["spool_bytes"]),
                free_bytes=int(answer["free_bytes"]),
                lag_ms=float(answer["lag_ms"] or 0),
                dropped=int(answer["dropped"] or 0),
                empty={str(one): float(s) for one, s in answer.get("empty", {}).items()},
                fields=answer,
            )
        except (ControlError, AttributeError, KeyError, TypeError, ValueError) as error:
            if self.status is not None:
                log.warning("recorder not reachable", error=str(error))
            self.status = None
        return self.status

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()


def _count(value: object) -> int:
    return len(value) if isinstance(value, (list, dict)) else int(str(value))
