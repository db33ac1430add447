"""Optimistic versions over HTTP: what ``If-Match`` names, and the ``ETag`` of what is answered."""

from __future__ import annotations

import re
from typing import Final

from aiohttp import web

from runtime.errors import CaseError

_ETAG: Final = re.compile(r'(?:W/)?"([0-9]{1,9})"')


def wanted_version(request: web.Request, what: str, *, required: bool = True) -> int | None:
    """The version that ``If-Match`` names; None for ``*``, or where it may be left out.

    ``what`` is said in the errors.

    Raises:
        CaseError: ``if_match_required`` (428) or, for what was never our ETag,
            ``version_conflict`` (412).
    """
    given = request.headers.get("If-Match")
    if given is None and not required:
        return None
    if given is None:
        raise CaseError("if_match_required", f"Send the {what}'s ETag as If-Match.", status=428)
    if given.strip() == "*":
        return None
    found = _ETAG.fullmatch(given.strip())
    if found is None:
        raise CaseError("version_conflict", f"This is not the {what}'s ETag.", status=412)
    return int(found[1])


def etag_of(version: int) -> str:
    """The ``ETag`` of a version."""
    return f'"{version}"'
