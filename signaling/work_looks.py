"""Who looks for durable work: each kind sleeps until its own tables have some."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from cases import delivering, due, erasing, errands, held_acts, keeping, notices, tables
from cases.waking import PAUSE_S, look_forever
from recorder import file_tries, reconciling, still_wanted, store_terms
from recorder.checkpointing import look_for_checkpoints
from recorder.erasing import erase_due
from recorder.person_export import expiring
from recorder.reconciling import reconcile_due
from recorder.time_stamping import look_for_time_stamps
from signaling.due_sweep import sweep_due
from signaling.held_sweep import carry_out_due
from signaling.keep_sweep import sweep_kept
from signaling.notice_work import order_due_notices
from signaling.port_work import order_due_errands
from signaling.services import Services
from signaling.webhook_work import order_due_webhooks

_FORGET_EVERY_S: Final = 600.0

_Look = Callable[[Services], Awaitable[datetime | None]]


def _when_due(
    next_due: Callable[[AsyncSession], Awaitable[datetime | None]],
    do: Callable[[Services], Awaitable[int]],
) -> _Look:
    """A look that does what is due, and says when the next was due as it began."""

    async def look(services: Services) -> datetime | None:
        async with services.database.read() as tx:
            due_at = await next_due(tx)
        if due_at is not None and due_at <= services.clock.now():
            await do(services)
        return due_at

    return look


async def _order_again(services: Services) -> None:
    """Every slow look: what is found then has waited for hours."""
    await still_wanted.order_again(services)


@dataclass(frozen=True, slots=True)
class _Kind:
    name: str
    look: _Look
    tables: tuple[type[Any], ...]
    pause_s: float = PAUSE_S


_KINDS: Final = (
    _Kind(
        "webhooks",
        _when_due(delivering.next_due, order_due_webhooks),
        (tables.WebhookDelivery,),
    ),
    _Kind("ports", _when_due(errands.next_due, order_due_errands), (tables.Errand,)),
    _Kind("notices", _when_due(notices.next_due, order_due_notices), (tables.Notice,)),
    _Kind("what is held", _when_due(held_acts.next_due, carry_out_due), (tables.HeldAct,)),
    _Kind(
        "what is due",
        _when_due(due.next_due, sweep_due),
        (tables.Deadline, tables.Appointment, tables.Parcel),
    ),
    _Kind("evidence", _when_due(reconciling.next_due, reconcile_due), (tables.EvidenceCheck,)),
    _Kind("retention", _when_due(keeping.next_due, sweep_kept), (tables.Keeping,)),
    _Kind(
        "terms of the store",
        _when_due(store_terms.next_due, store_terms.tell_store_due),
        (tables.Keeping,),
    ),
    _Kind("erasures", _when_due(erasing.next_due, erase_due), (tables.Erasure,)),
    _Kind("exports", _when_due(expiring.next_due, expiring.expire_due), (tables.PersonExport,)),
    _Kind(
        "unfinished files",
        _when_due(file_tries.next_due, file_tries.clear_due),
        (tables.FileTry,),
    ),
    _Kind("files still wanted", _order_again, ()),
    _Kind("time-stamps", look_for_time_stamps, (tables.TimeStamp,)),
    _Kind("checkpoints", look_for_checkpoints, (tables.Session,), pause_s=1.0),
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
