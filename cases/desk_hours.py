"""A tenant's hours and how long what may take: kept per tenant, with defaults that do."""

from __future__ import annotations

from typing import Annotated, Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field, StrictBool, model_validator
from sqlalchemy.ext.asyncio import AsyncSession

from cases.actor import KeyActor, StaffActor
from cases.case_access import forbidden
from cases.commands import Day
from cases.states import Role
from cases.tables import DeskHours
from cases.unit import Unit
from cases.working_hours import Span, WorkingHours, around_the_clock

_MAX_SPANS: Final = 6
_MAX_DATES: Final = 400

Minute = Annotated[int, Field(ge=0, le=1440)]
Spans = Annotated[list[tuple[Minute, Minute]], Field(max_length=_MAX_SPANS)]


def _spans(day: Spans) -> tuple[Span, ...]:
    return tuple((start, end) for start, end in day)


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class HoursIn(_Settings):
    """A week of split shifts, Monday first; times are minutes of the local day."""

    zone: Annotated[str, Field(max_length=64, examples=["Europe/Berlin"])] = "UTC"
    week: Annotated[list[Spans], Field(min_length=7, max_length=7)]
    holidays: Annotated[list[Day], Field(max_length=_MAX_DATES)] = []
    exceptions: Annotated[dict[Day, Spans], Field(max_length=_MAX_DATES)] = {}

    @model_validator(mode="after")
    def _possible(self) -> Self:
        try:
            self.hours()
        except (KeyError, OSError) as error:
            raise ValueError("there is no such time zone") from error
        return self

    def hours(self) -> WorkingHours:
        """As the calendar takes them."""
        return WorkingHours(
            self.zone,
            tuple(_spans(day) for day in self.week),
            frozenset(self.holidays),
            {day: _spans(spans) for day, spans in self.exceptions.items()},
        )


class LengthsIn(_Settings):
    """How long what may take, and how early a warning comes."""

    working_time: StrictBool = True
    first_answer_h: Annotated[int, Field(strict=True, ge=1, le=1000)] = 24
    decision_h: Annotated[int, Field(strict=True, ge=1, le=1000)] = 48
    inspection_h: Annotated[int, Field(strict=True, ge=1, le=5000)] = 336
    """How long a join link is open; who never opened it by then has the case closed."""
    warn_percent: Annotated[int, Field(strict=True, ge=1, le=99)] = 75
    warn_hours: Annotated[int | None, Field(strict=True, ge=1, le=1000)] = None
    reassign: StrictBool = True
    slot_minutes: Annotated[int, Field(strict=True, ge=5, le=240)] = 30
    book_days: Annotated[int, Field(strict=True, ge=1, le=60)] = 14
    close_after_days: Annotated[int, Field(strict=True, ge=1, le=60)] = 3


class DeskHoursIn(_Settings):
    """What the page of hours saves."""

    hours: HoursIn
    lengths: LengthsIn = LengthsIn()

    @model_validator(mode="after")
    def _opens(self) -> Self:
        if self.lengths.working_time and not any(self.hours.week):
            raise ValueError("a desk that counts working time opens on some day of the week")
        return self


WORKDAYS: Final = HoursIn(
    zone="UTC",
    week=[[(540, 1020)], [(540, 1020)], [(540, 1020)], [(540, 1020)], [(540, 1020)], [], []],
)


async def desk_hours_of(tx: AsyncSession, tenant_id: str) -> DeskHoursIn:
    """What the tenant has set, or plain time and the usual lengths."""
    row = await tx.get(DeskHours, tenant_id)
    if row is None:
        return DeskHoursIn(hours=WORKDAYS, lengths=LengthsIn(working_time=False))
    return DeskHoursIn(
        hours=HoursIn.model_validate(row.hours), lengths=LengthsIn.model_validate(row.lengths)
    )


async def set_desk_hours(unit: Unit, actor: StaffActor | KeyActor, wanted: DeskHoursIn) -> None:
    """Save the tenant's hours; deadlines that run already keep their time.

    Raises:
        CaseError: ``forbidden`` (403) for who is not the tenant's admin.
    """
    if (
        not isinstance(actor, StaffActor)
        or actor.tenant_id is None
        or Role.ADMIN not in actor.roles
    ):
        raise forbidden()
    row = await unit.tx.get(DeskHours, actor.tenant_id)
    hours: dict[str, Any] = wanted.hours.model_dump(mode="json")
    lengths: dict[str, Any] = wanted.lengths.model_dump(mode="json")
    if row is None:
        unit.tx.add(
            DeskHours(tenant_id=actor.tenant_id, hours=hours, lengths=lengths, updated_at=unit.now)
        )
    else:
        row.hours, row.lengths, row.updated_at = hours, lengths, unit.now


def counting_hours(settings: DeskHoursIn) -> WorkingHours:
    """The hours in which deadlines run: the desk's, or all of them."""
    if settings.lengths.working_time:
        return settings.hours.hours()
    return around_the_clock(settings.hours.zone)
