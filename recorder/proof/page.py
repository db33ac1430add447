"""The verifier page that every package carries: one file, built with the front end."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from runtime.errors import SetupError

_PAGE: Final = Path(__file__).resolve().parents[2] / "web" / "dist" / "verify.html"


def shipped_page() -> bytes:
    """The page of this version; blocks.

    Raises:
        SetupError: the front end was not built.
    """
    try:
        return _PAGE.read_bytes()
    except FileNotFoundError as error:
        raise SetupError("The verifier page is not built: run `make build`.") from error
