"""Where a page of a list ends and the next begins: a moment and an id, opaque to the asker."""

from __future__ import annotations

import base64
import binascii
import json
from datetime import datetime

from runtime.errors import CaseError


def write_cursor(at: datetime, row_id: str, order: str = "") -> str:
    """The cursor after this row; ``order`` names it where a list has several."""
    text = json.dumps([at.isoformat(), row_id, *([order] if order else [])])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(cursor: str, order: str = "") -> tuple[datetime, str]:
    """The row after which a page begins, in the order that the cursor was written in.

    Raises:
        CaseError: ``bad_cursor`` (422).
    """
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        at, row_id, *named = json.loads(text)
        moment = datetime.fromisoformat(at)
        if named != ([order] if order else []):
            raise ValueError("of another order")
        if moment.tzinfo is None or not isinstance(row_id, str) or "\0" in row_id:
            raise ValueError("not ours")
    except (ValueError, TypeError, binascii.Error) as error:
        raise CaseError("bad_cursor", "This cursor is not one of ours.", status=422) from error
    return moment, row_id
