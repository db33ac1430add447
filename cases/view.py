"""The base of every answer."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class View(BaseModel):
    """What is answered does not change any more."""

    model_config = ConfigDict(frozen=True)
