"""A seller's figures, counted from one narrow row per case; each number leads to its cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Date,
    Float,
    case,
    cast,
    extract,
    func,
    select,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from cases.actor import Actor
from cases.cursors import read_cursor, write_cursor
from cases.developers import tenant_of
from cases.inspection_worth import Assumptions, Side, inspection_worth
from cases.states import CaseState, Outcome, Role, Scope
from cases.tables import Case, CaseFigure
from cases.view import View
from runtime.ids import TenantId

F = CaseFigure
MOST_GROUPS: Final = 50
ANSWER_TARGET_S: Final = 24 * 3600
DECISION_TARGET_S: Final = 48 * 3600


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
_IS_RESOLVED: Final = (F.decided_at.is_not(None)) & (F.outcome == Outcome.RESOLVED_WITHOUT_RETURN)
_STEPS: Final[Mapping[Step, ColumnElement[bool]]] = {
    Step.OPENED: F.opened_at.is_not(None),
    Step.OFFERED: F.offered_at.is_not(None),
    Step.ANSWERED: F.answered_at.is_not(None),
    Step.LIVE: F.live_at.is_not(None),
    Step.INSPECTED: F.inspected_at.is_not(None),
    Step.DECIDED: F.decided_at.is_not(None),
    Step.RESOLVED: _IS_RESOLVED,
    Step.REFUNDED: F.refunded_at.is_not(None),
    Step.CLOSED: F.closed_at.is_not(None),
}


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
    """Everything of the figures page, in four passes over the seller's rows of the span.

    Raises:
        CaseError: ``forbidden`` (403).
    """
    where = _of(figures_tenant(actor), span)
    sqlite = tx.get_bind().dialect.name == "sqlite"
    counts = _counts(sqlite)
    is_video = F.live_at.is_not(None)
    sides: dict[bool, Row] = {}
    found = await tx.execute(select(is_video.label("v"), *counts).where(*where).group_by("v"))
    for row in found.mappings():
        sides[bool(row["v"])] = _row(None, row)
    total = (await tx.execute(select(*counts).where(*where))).mappings().one()
    steps = (
        await tx.execute(
            select(*(_count_if(one).label(step.value) for step, one in _STEPS.items())).where(
                *where
            )
        )
    ).one()
    dimension = _DIMENSIONS[by]
    grouped = await tx.execute(
        select(dimension.label("value"), *counts)
        .where(*where)
        .group_by(dimension)
        .order_by(func.count().desc(), dimension)
    )
    rows = [_row(row["value"], row) for row in grouped.mappings()]
    return Figures(
        since=span.since,
        until=span.until,
        by=by,
        total=_row(None, total),
        by_video=sides.get(True) or _no_cases(),
        without_video=sides.get(False) or _no_cases(),
        steps={step: int(count or 0) for step, count in zip(_STEPS, steps, strict=True)},
        days=await _days(tx, where, sqlite=sqlite),
        rows=rows[:MOST_GROUPS],
        rows_left=max(0, len(rows) - MOST_GROUPS),
        worth=await _worth(tx, where, assumed),
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


def _count_if(condition: ColumnElement[bool]) -> ColumnElement[Any]:
    return func.sum(case((condition, 1), else_=0))


def _counts(sqlite: bool) -> Sequence[ColumnElement[Any]]:
    answer = _seconds(F.opened_at, F.answered_at, sqlite=sqlite)
    decision = _seconds(F.opened_at, F.decided_at, sqlite=sqlite)
    return (
        func.count().label("cases"),
        _count_if(F.decided_at.is_not(None)).label("decided"),
        _count_if(_IS_RESOLVED).label("resolved"),
        _count_if(F.live_at.is_not(None)).label("by_video"),
        func.avg(answer).label("answer_s"),
        _count_if(F.answered_at.is_not(None)).label("answered"),
        _count_if(answer <= ANSWER_TARGET_S).label("answered_in_time"),
        func.avg(decision).label("decision_s"),
        _count_if(decision <= DECISION_TARGET_S).label("decided_in_time"),
        func.avg(_seconds(F.opened_at, F.refunded_at, sqlite=sqlite)).label("refund_s"),
    )


def _seconds(
    start: InstrumentedAttribute[Any], end: InstrumentedAttribute[Any], *, sqlite: bool
) -> ColumnElement[Any]:
    if sqlite:
        return (func.julianday(end) - func.julianday(start)) * 86_400.0
    return cast(extract("epoch", end - start), Float)


def _row(value: object, row: Mapping[Any, Any]) -> Row:
    times = {name: row[name] for name in ("answer_s", "decision_s", "refund_s")}
    counts = (
        "cases", "decided", "resolved", "by_video", "answered", "answered_in_time",
        "decided_in_time",
    )  # fmt: skip
    return Row.model_validate(
        {
            "value": str(value) if value is not None else None,
            **{name: int(row[name] or 0) for name in counts},
            **{
                name: round(float(seconds), 1) if seconds is not None else None
                for name, seconds in times.items()
            },
        }
    )


def _no_cases() -> Row:
    return Row(
        value=None,
        cases=0,
        decided=0,
        resolved=0,
        by_video=0,
        answer_s=None,
        answered_in_time=0,
        answered=0,
        decision_s=None,
        decided_in_time=0,
        refund_s=None,
    )


async def _days(
    tx: AsyncSession, where: Sequence[ColumnElement[bool]], *, sqlite: bool
) -> list[Day]:
    day: ColumnElement[Any] = (
        func.substr(F.opened_at, 1, 10) if sqlite else cast(func.timezone("UTC", F.opened_at), Date)
    )
    found = await tx.execute(
        select(
            day.label("day"),
            func.count().label("cases"),
            _count_if(F.live_at.is_not(None)).label("by_video"),
            _count_if(_IS_RESOLVED).label("resolved"),
        )
        .where(*where)
        .group_by(day)
        .order_by(day)
    )
    return [
        Day(
            day=date.fromisoformat(str(row.day)),
            cases=row.cases,
            by_video=int(row.by_video),
            resolved=int(row.resolved),
        )
        for row in found
    ]


async def _worth(
    tx: AsyncSession, where: Sequence[ColumnElement[bool]], assumed: Assumptions
) -> list[WorthView]:
    is_video = F.live_at.is_not(None)
    found = await tx.execute(
        select(
            F.currency,
            is_video.label("v"),
            func.count().label("decided"),
            _count_if(_IS_RESOLVED).label("resolved"),
            func.sum(case((_IS_RESOLVED, F.value_minor), else_=0)).label("value"),
        )
        .where(*where, F.decided_at.is_not(None))
        .group_by(F.currency, "v")
        .order_by(F.currency)
    )
    sides: dict[str, dict[bool, Side]] = {}
    for row in found:
        side = Side(int(row.decided), int(row.resolved), int(row.value or 0))
        sides.setdefault(row.currency, {})[bool(row.v)] = side
    views = []
    for currency, both in sides.items():
        video, without = both.get(True, Side(0, 0, 0)), both.get(False, Side(0, 0, 0))
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
