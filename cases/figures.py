"""A seller's figures, counted from one narrow row per case; each number leads to its cases."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from cases.actor import Actor
from cases.cursors import read_cursor, write_cursor
from cases.developers import tenant_of
from cases.figure_cells import IS_RESOLVED, Cell, Tally, read_cells, read_groups, sum_up
from cases.inspection_worth import Assumptions, Side, inspection_worth
from cases.states import CaseState, Outcome, Role, Scope
from cases.tables import Case, CaseFigure
from cases.view import View
from runtime.ids import TenantId

F = CaseFigure
MOST_GROUPS: Final = 50


class Dimension(StrEnum):
    """By what cases are told apart."""

    REASON = "reason"
    PRODUCT = "product"
    CATEGORY = "category"
    MARKET = "market"
    LANGUAGE = "language"
    CARRIER = "carrier"
    POLICY_VERSION = "policy_version"
    OUTCOME = "outcome"
    LIABILITY = "liability"
    STATE = "state"


class Step(StrEnum):
    """How far cases came."""

    OPENED = "opened"
    OFFERED = "offered"
    ANSWERED = "answered"
    LIVE = "live"
    INSPECTED = "inspected"
    DECIDED = "decided"
    RESOLVED = "resolved"  # without a return
    REFUNDED = "refunded"
    CLOSED = "closed"


_DIMENSIONS: Final[Mapping[Dimension, InstrumentedAttribute[Any]]] = {
    one: getattr(F, one.value) for one in Dimension
}
_STEPS: Final[Mapping[Step, ColumnElement[bool]]] = {
    Step.OPENED: F.opened_at.is_not(None),
    Step.OFFERED: F.offered_at.is_not(None),
    Step.ANSWERED: F.answered_at.is_not(None),
    Step.LIVE: F.live_at.is_not(None),
    Step.INSPECTED: F.inspected_at.is_not(None),
    Step.DECIDED: F.decided_at.is_not(None),
    Step.RESOLVED: IS_RESOLVED,
    Step.REFUNDED: F.refunded_at.is_not(None),
    Step.CLOSED: F.closed_at.is_not(None),
}

_COUNTED: Final[Mapping[Step, str]] = {
    step: {Step.OPENED: "cases", Step.LIVE: "by_video"}.get(step, step.value) for step in Step
}
"""Under what name a step's cases are counted."""


@dataclass(frozen=True, slots=True)
class Span:
    """Which cases: those opened from ``since`` to before ``until``."""

    since: datetime
    until: datetime


class Row(View):
    """Counts of some cases; times are averages in seconds, None when there is none."""

    value: str | None
    cases: int
    decided: int
    resolved: int
    by_video: int
    answer_s: float | None
    answered_in_time: int
    answered: int
    decision_s: float | None
    decided_in_time: int
    refund_s: float | None


class Day(View):
    """Cases opened on one day."""

    day: date
    cases: int
    by_video: int
    resolved: int


class WorthView(View):
    """What inspecting by video was worth, in one currency's minor unit."""

    currency: str
    by_video_decided: int
    by_video_resolved: int
    without_decided: int
    without_resolved: int
    avoided: float | None
    postage_minor: int | None
    handling_minor: int | None
    goods_minor: int | None
    total_minor: int | None


class Figures(View):
    """A seller's figures of a span."""

    since: datetime
    until: datetime
    by: Dimension
    total: Row
    by_video: Row
    without_video: Row
    steps: dict[Step, int]
    days: list[Day]
    rows: list[Row]
    rows_left: int
    worth: list[WorthView]


class CaseOfFigure(View):
    """A case behind a number."""

    id: str
    order_number: str
    state: CaseState
    outcome: Outcome | None
    currency: str
    value_minor: int
    opened_at: datetime


def figures_tenant(actor: Actor) -> TenantId:
    """The seller whose figures the actor may read.

    Raises:
        CaseError: ``forbidden`` (403).
    """
    return tenant_of(actor, Role.ADMIN, Role.AGENT, Role.REVIEWER, scope=Scope.FIGURES_READ)


async def read_figures(
    tx: AsyncSession, actor: Actor, span: Span, by: Dimension, assumed: Assumptions
) -> Figures:
    """Everything of the figures page, in two passes over the seller's rows of the span.

    Raises:
        CaseError: ``forbidden`` (403).
    """
    where = _of(figures_tenant(actor), span)
    cells = await read_cells(tx, where)
    rows = await read_groups(tx, where, _DIMENSIONS[by])
    days: dict[date, list[Cell]] = {}
    for cell in cells:
        days.setdefault(cell.day, []).append(cell)
    total = sum_up(cells)
    return Figures(
        since=span.since,
        until=span.until,
        by=by,
        total=_row(None, total),
        by_video=_row(None, sum_up(cell for cell in cells if cell.is_video)),
        without_video=_row(None, sum_up(cell for cell in cells if not cell.is_video)),
        steps={step: total[_COUNTED[step]] for step in Step},
        days=[_day(day, sum_up(days[day])) for day in sorted(days)],
        rows=[_row(value, tally) for value, tally in rows[:MOST_GROUPS]],
        rows_left=max(0, len(rows) - MOST_GROUPS),
        worth=_worth(cells, assumed),
    )


async def cases_of(
    tx: AsyncSession,
    actor: Actor,
    span: Span,
    *,
    by: Dimension | None,
    value: str | None,
    step: Step,
    video: bool | None,
    limit: int,
    cursor: str | None,
) -> tuple[list[CaseOfFigure], str | None]:
    """The cases behind a number, the newest first; ``value`` None means those that have none.

    Raises:
        CaseError: ``forbidden`` (403), ``bad_cursor`` (422).
    """
    query = (
        select(F, Case.order_number)
        .join(Case, Case.id == F.case_id)
        .where(*_of(figures_tenant(actor), span), _STEPS[step])
        .order_by(F.opened_at.desc(), F.case_id.desc())
        .limit(limit + 1)
    )
    if by is not None:
        column = _DIMENSIONS[by]
        query = query.where(column.is_(None) if value is None else column == value)
    if video is not None:
        query = query.where(F.live_at.is_not(None) if video else F.live_at.is_(None))
    if cursor is not None:
        at, case_id = read_cursor(cursor)
        query = query.where((F.opened_at < at) | ((F.opened_at == at) & (F.case_id < case_id)))
    found = (await tx.execute(query)).all()
    page = found[:limit]
    items = [
        CaseOfFigure(
            id=figure.case_id,
            order_number=order_number,
            state=CaseState(figure.state),
            outcome=Outcome(figure.outcome) if figure.outcome else None,
            currency=figure.currency,
            value_minor=figure.value_minor,
            opened_at=figure.opened_at,
        )
        for figure, order_number in page
    ]
    last = page[-1][0] if len(found) > limit else None
    return items, write_cursor(last.opened_at, last.case_id) if last is not None else None


def _of(tenant_id: str, span: Span) -> Sequence[ColumnElement[bool]]:
    return (F.tenant_id == tenant_id, F.opened_at >= span.since, F.opened_at < span.until)


def _row(value: str | None, tally: Tally) -> Row:
    return Row(
        value=value,
        cases=tally["cases"],
        decided=tally["decided"],
        resolved=tally["resolved"],
        by_video=tally["by_video"],
        answer_s=_mean(tally["answer_s"], tally["answered"]),
        answered_in_time=tally["answered_in_time"],
        answered=tally["answered"],
        decision_s=_mean(tally["decision_s"], tally["decided"]),
        decided_in_time=tally["decided_in_time"],
        refund_s=_mean(tally["refund_s"], tally["refunded"]),
    )


def _mean(seconds: int, count: int) -> float | None:
    return round(seconds / count, 1) if count else None


def _day(day: date, tally: Tally) -> Day:
    return Day(
        day=day, cases=tally["cases"], by_video=tally["by_video"], resolved=tally["resolved"]
    )


def _side(cells: Iterable[Cell]) -> Side:
    tally = sum_up(cells)
    return Side(tally["decided"], tally["resolved"], tally["resolved_minor"])


def _worth(cells: Sequence[Cell], assumed: Assumptions) -> list[WorthView]:
    views = []
    for currency in sorted({one.currency for one in cells if one.tally["decided"]}):
        mine = [one for one in cells if one.currency == currency]
        video = _side(one for one in mine if one.is_video)
        without = _side(one for one in mine if not one.is_video)
        worth = inspection_worth(video, without, assumed)
        views.append(
            WorthView(
                currency=currency,
                by_video_decided=video.decided,
                by_video_resolved=video.resolved,
                without_decided=without.decided,
                without_resolved=without.resolved,
                avoided=round(worth.avoided, 1) if worth else None,
                postage_minor=worth.postage_minor if worth else None,
                handling_minor=worth.handling_minor if worth else None,
                goods_minor=worth.goods_minor if worth else None,
                total_minor=worth.total_minor if worth else None,
            )
        )
    return views
