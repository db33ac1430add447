"""What figures are made of: sums over a seller's cases, read in two passes and added up here.

A cell is the cases of one day, one currency, with or without an inspection by video; totals,
days, steps and worth are sums of cells, so that the rows are read once for all of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import ColumnElement, Date, Label, cast, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from cases.states import Outcome
from cases.tables import CaseFigure

F = CaseFigure
ANSWER_TARGET_S: Final = 24 * 3600
DECISION_TARGET_S: Final = 48 * 3600
IS_RESOLVED: Final = F.decided_at.is_not(None) & (F.outcome == Outcome.RESOLVED_WITHOUT_RETURN)

Tally = Counter[str]
"""Counts and sums by name: those of ``_SUMS``."""

_SUMS: Final[Mapping[str, ColumnElement[Any]]] = {
    "cases": func.count(),
    "decided": func.count(F.decided_at),
    "resolved": func.count().filter(IS_RESOLVED),
    "by_video": func.count(F.live_at),
    "answered": func.count(F.answered_at),
    "answer_s": func.sum(F.answer_s),
    "answered_in_time": func.count().filter(F.answer_s <= ANSWER_TARGET_S),
    "decision_s": func.sum(F.decision_s),
    "decided_in_time": func.count().filter(F.decision_s <= DECISION_TARGET_S),
    "refunded": func.count(F.refunded_at),
    "refund_s": func.sum(F.refund_s),
}
_ONLY_IN_CELLS: Final[Mapping[str, ColumnElement[Any]]] = {
    "offered": func.count(F.offered_at),
    "inspected": func.count(F.inspected_at),
    "closed": func.count(F.closed_at),
    "resolved_minor": func.sum(F.value_minor).filter(IS_RESOLVED),
}


@dataclass(frozen=True, slots=True)
class Cell:
    """The cases of one day and currency, with or without an inspection by video."""

    day: date
    currency: str
    is_video: bool
    tally: Tally


async def read_cells(tx: AsyncSession, where: Sequence[ColumnElement[bool]]) -> list[Cell]:
    """Every cell of the cases that ``where`` leaves."""
    is_sqlite = tx.get_bind().dialect.name == "sqlite"
    day: ColumnElement[Any] = (
        func.substr(F.opened_at, 1, 10)
        if is_sqlite
        else cast(func.timezone("UTC", F.opened_at), Date)
    )
    keys = (day.label("day"), F.currency, F.live_at.is_not(None).label("is_video"))
    found = await tx.execute(
        select(*keys, *_labelled({**_SUMS, **_ONLY_IN_CELLS})).where(*where).group_by(*keys)
    )
    return [
        Cell(
            date.fromisoformat(str(row["day"])),
            row["currency"],
            bool(row["is_video"]),
            _tally(row, {**_SUMS, **_ONLY_IN_CELLS}),
        )
        for row in found.mappings()
    ]


async def read_groups(
    tx: AsyncSession, where: Sequence[ColumnElement[bool]], by: InstrumentedAttribute[Any]
) -> list[tuple[str | None, Tally]]:
    """The same cases told apart by one column, the most frequent first."""
    found = await tx.execute(
        select(by.label("value"), *_labelled(_SUMS))
        .where(*where)
        .group_by(by)
        .order_by(func.count().desc(), by)
    )
    return [
        (str(row["value"]) if row["value"] is not None else None, _tally(row, _SUMS))
        for row in found.mappings()
    ]


def sum_up(cells: Iterable[Cell]) -> Tally:
    """All of them together."""
    total = Tally()
    for cell in cells:
        total.update(cell.tally)
    return total


def _labelled(sums: Mapping[str, ColumnElement[Any]]) -> list[Label[Any]]:
    return [one.label(name) for name, one in sums.items()]


def _tally(row: Mapping[Any, Any], sums: Iterable[str]) -> Tally:
    return Tally({name: int(row[name] or 0) for name in sums})
