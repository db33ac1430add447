"""Where else somebody who works here is named: every row of every table that says who did it.

Found by the columns' names, so that a table that comes later is in it without a word here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import Column, Table, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.tables.base import Base

Shown = dict[str, Any]

_TOLD_IN_FULL: Final = frozenset(
    {
        "logins",
        "participants",
        "person_exports",
        "rosters",
        "saved_filters",
        "shifts",
        "staff_consents",
    }
)


async def references_to(tx: AsyncSession, staff_id: str) -> list[Shown]:
    """Table, column and the keys of the rows; what they hold is not the person's."""
    found = []
    for table, column in naming_columns():
        keys = list(table.primary_key.columns)
        rows = await tx.execute(
            select(*keys)
            .where(or_(column == staff_id, column == f"staff:{staff_id}"))
            .order_by(*keys)
        )
        ids = ["/".join(str(value) for value in row) for row in rows if _is_plain(row)]
        if ids:
            found.append({"what": table.name, "column": column.name, "ids": ids})
    return found


def naming_columns() -> Iterator[tuple[Table, Column[Any]]]:
    """Every column that names a member of staff, by id or as an actor."""
    for table in Base.metadata.sorted_tables:
        if table.name in _TOLD_IN_FULL:
            continue
        for column in table.columns:
            if column.name.endswith(("staff_id", "_by")):
                yield table, column


def _is_plain(row: Any) -> bool:
    """A key that is a secret's digest says nothing to anybody."""
    return not any(isinstance(value, bytes) for value in row)
