"""What a seller's admins ask for its systems: the bodies of requests, checked once."""

from __future__ import annotations

from typing import Annotated

from pydantic import AwareDatetime, ConfigDict, Field, StringConstraints, model_validator

from cases.commands import Command, Word
from cases.states import Scope

Url = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=8, max_length=2000),
    Field(examples=["https://shop.example/proofcall"]),
]
Kinds = Annotated[
    list[Annotated[str, StringConstraints(max_length=80)]],
    Field(max_length=50, description="Public kinds of events; an empty list means all."),
]


class NewKey(Command):
    """An API key to be made."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "Shop", "scopes": ["cases:read", "cases:write"]}]}
    )
    name: Word
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=len(Scope))]


class EndpointIn(Command):
    """A webhook endpoint as it shall be."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "Order system",
                    "url": "https://shop.example/proofcall",
                    "kinds": ["case.verdict", "case.moved"],
                }
            ]
        }
    )
    name: Word
    url: Url
    kinds: Kinds = Field(default_factory=list)
    enabled: Annotated[bool, Field(strict=True)] = True


class ReplaySpan(Command):
    """Which messages are to be sent again: those of events from ``since`` to before ``until``."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "since": "2026-11-24T00:00:00Z",
                    "until": "2026-11-25T00:00:00Z",
                    "only_missed": True,
                }
            ]
        }
    )
    since: AwareDatetime
    until: AwareDatetime
    only_missed: Annotated[
        bool, Field(strict=True, description="Leave out what was delivered.")
    ] = True

    @model_validator(mode="after")
    def _forwards(self) -> ReplaySpan:
        if self.since >= self.until:
            raise ValueError("since must be before until")
        return self
