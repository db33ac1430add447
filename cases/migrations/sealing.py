"""For migrations that encrypt what stood in the clear: the keys, and rows in batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import sqlalchemy as sa
from alembic import op

from cases.keys import KeyRing, WrappedCaseKey, WrappedSessionKey
from runtime.errors import SetupError

_BATCH: Final = 500

_CASES: Final = sa.table("cases", *(sa.column(name) for name in ("id", "tenant_id", "wrapped_key")))
_SESSIONS: Final = sa.table(
    "sessions", *(sa.column(name) for name in ("id", "tenant_id", "key_id", "wrapped_key"))
)
_TENANTS: Final = sa.table("tenants", sa.column("id"), sa.column("wrapped_key"))


def ring() -> KeyRing:
    """The key ring of whoever runs the migrations.

    Raises:
        SetupError: there is none.
    """
    config = op.get_context().config
    given = config.attributes.get("keys") if config is not None else None
    if not isinstance(given, KeyRing):
        raise SetupError("Run `proofcall admin migrate`: this database has rows to encrypt.")
    return given


def batches(table: sa.TableClause, *columns: str) -> Iterator[Sequence[sa.Row[Any]]]:
    """All rows of a table in the order of its ``id``, these columns of them."""
    after = ""
    wanted = [table.c.id, *(table.c[one] for one in columns)]
    while True:
        rows = (
            op.get_bind()
            .execute(
                sa.select(*wanted).where(table.c.id > after).order_by(table.c.id).limit(_BATCH)
            )
            .all()
        )
        if not rows:
            return
        yield rows
        after = rows[-1].id


def case_keys(case_ids: Sequence[str]) -> dict[str, bytes]:
    """The keys of these cases, in so far as they are not destroyed."""
    rows = (
        op.get_bind()
        .execute(
            sa.select(
                _CASES.c.id,
                _CASES.c.tenant_id,
                _CASES.c.wrapped_key.label("own"),
                _TENANTS.c.wrapped_key.label("tenants"),
            )
            .join(_TENANTS, _TENANTS.c.id == _CASES.c.tenant_id)
            .where(_CASES.c.id.in_(sorted(set(case_ids))), _CASES.c.wrapped_key.is_not(None))
        )
        .all()
    )
    wrapped = [WrappedCaseKey(one.tenant_id, one.own, one.tenants) for one in rows]
    opened = ring().open_case_keys(wrapped) if wrapped else []
    return {row.id: key for row, key in zip(rows, opened, strict=True) if key is not None}


def tenant_keys(tenant_ids: Sequence[str]) -> dict[str, bytes]:
    """The keys of these tenants, in so far as they are not destroyed."""
    rows = op.get_bind().execute(
        sa.select(_TENANTS.c.id, _TENANTS.c.wrapped_key).where(
            _TENANTS.c.id.in_(sorted(set(tenant_ids))), _TENANTS.c.wrapped_key.is_not(None)
        )
    )
    return {row.id: ring().open_tenant_key(row.id, row.wrapped_key) for row in rows}


def session_keys(session_ids: Sequence[str]) -> dict[str, bytes]:
    """The keys of these sessions, in so far as they are not destroyed."""
    rows = (
        op.get_bind()
        .execute(
            sa.select(
                _SESSIONS.c.id,
                _SESSIONS.c.tenant_id,
                _SESSIONS.c.key_id,
                _SESSIONS.c.wrapped_key.label("own"),
                _TENANTS.c.wrapped_key.label("tenants"),
            )
            .join(_TENANTS, _TENANTS.c.id == _SESSIONS.c.tenant_id)
            .where(
                _SESSIONS.c.id.in_(sorted(set(session_ids))), _SESSIONS.c.wrapped_key.is_not(None)
            )
        )
        .all()
    )
    wrapped = [WrappedSessionKey(one.tenant_id, one.key_id, one.own, one.tenants) for one in rows]
    opened = ring().open_session_keys(wrapped) if wrapped else []
    return {row.id: key for row, key in zip(rows, opened, strict=True) if key is not None}
