"""Who looks for durable work: each kind sleeps until its own tables have some."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final

from cases import delivering, errands
from cases.tables import (
    Appointment,
    Deadline,
    Errand,
    HeldAct,
    Notice,
    Parcel,
    Session,
    WebhookDelivery,
)
from cases.waking import PAUSE_S, look_forever
from recorder.checkpointing import look_for_checkpoints
from signaling.due_sweep import look_for_due
from signaling.held_sweep import look_for_held
from signaling.notice_work import look_for_notices
from signaling.port_work import look_for_errands
from signaling.services import Services
from signaling.webhook_work import look_for_webhooks

_FORGET_EVERY_S: Final = 600.0


@dataclass(frozen=True, slots=True)
class _Kind:
    name: str
    look: Callable[[Services], Awaitable[datetime | None]]
    tables: tuple[type[Any], ...]
    pause_s: float = PAUSE_S


_KINDS: Final = (
    _Kind("webhooks", look_for_webhooks, (WebhookDelivery,)),
    _Kind("ports", look_for_errands, (Errand,)),
    _Kind("notices", look_for_notices, (Notice,)),
    _Kind("what is held", look_for_held, (HeldAct,)),
    _Kind("what is due", look_for_due, (Deadline, Appointment, Parcel)),
    _Kind("checkpoints", look_for_checkpoints, (Session,), pause_s=1.0),
)


def look_for_work(services: Services) -> None:
    """Begin to look, in the background; of the process that does durable work."""
    for kind in _KINDS:
        look = partial(kind.look, services)
        services.tasks.forever(
            kind.name,
            partial(
                look_forever,
                services.database.bell,
                services.clock,
                kind.tables,
                look,
                kind.pause_s,
            ),
        )
    services.tasks.forever("old work", partial(_forget_forever, services))


async def _forget_forever(services: Services) -> None:
    """Now and then drop what ended long ago."""
    while True:
        await asyncio.sleep(_FORGET_EVERY_S)
        await services.run(lambda unit: delivering.forget_old(unit.tx, unit.now))
        await services.run(lambda unit: errands.forget_old(unit.tx, unit.now))
