"""What a page found out about its network before the call, as it comes with a join."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from cases.joining import Joined
from cases.log import Visibility
from cases.unit import Unit

_MAX_BPS: Final = 10_000_000_000
_Bps = Annotated[int, Field(ge=0, le=_MAX_BPS)]


class PrecheckIn(BaseModel):
    """The check's findings; None is what could not be found out.

    ``udp`` says whether packets reach the media server directly, ``relay`` by which way
    they pass through a TURN server.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    websocket: bool | None = None
    udp: bool | None = None
    relay: Literal["udp", "tcp", "tls", "none"] | None = None
    rtt_ms: Annotated[int, Field(ge=0, le=60_000)] | None = None
    uplink_bps: _Bps | None = None
    downlink_bps: _Bps | None = None
    took_ms: Annotated[int, Field(ge=0, le=60_000)] = 0


async def record_precheck(unit: Unit, joined: Joined, found: PrecheckIn | None) -> None:
    """Keep the findings in the session log, for those who look after the service only."""
    if found is None:
        return
    await unit.record(
        joined.session_id,
        "precheck",
        {"participant_id": joined.participant_id, **found.model_dump()},
        joined.actor,
        visibility=Visibility.INTERNAL,
    )
