"""An order of a copy, and what was signed of it, in its row: sealed, since both say why."""

from __future__ import annotations

import json

from cases.keys import KeyDestroyed
from cases.sealing import open_text, seal, seal_text, unseal
from cases.tables import DerivedCopy
from recorder.derived.order import CopyOrder


def sealed_order(key: bytes, copy_id: str, order: CopyOrder) -> bytes:
    """For a copy's row, with its session's key."""
    return seal(key, _order_of(copy_id), json.dumps(order.as_json()).encode())


def opened_order(key: bytes, copy: DerivedCopy) -> CopyOrder:
    """What was asked for, with the session's key.

    Raises:
        KeyDestroyed: it was erased.
    """
    if copy.sealed_order is None:
        raise KeyDestroyed
    return CopyOrder.from_json(json.loads(unseal(key, _order_of(copy.id), copy.sealed_order)))


def sealed_statement(key: bytes, copy_id: str, statement: str) -> bytes | None:
    """What was signed of a copy, for its row: the reason stands in it, too."""
    return seal_text(key, _statement_of(copy_id), statement)


def opened_statement(key: bytes, copy: DerivedCopy) -> str:
    """What was signed of a copy, with the session's key; nothing while there is nothing."""
    return open_text(key, _statement_of(copy.id), copy.sealed_statement) or ""


def _order_of(copy_id: str) -> str:
    return f"derived_copy:{copy_id}"


def _statement_of(copy_id: str) -> str:
    return f"derived_copy.statement:{copy_id}"
