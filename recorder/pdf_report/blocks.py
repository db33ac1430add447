"""PURE. What a report is made of, from top to bottom: words and pictures without a place yet."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter


class _Block(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Heading(_Block):
    """Level 1 begins the report, 2 an inspection or chapter, 3 a part of one."""

    kind: Literal["heading"] = "heading"
    level: Literal[1, 2, 3]
    text: str


class Paragraph(_Block):
    """Words that are broken into lines; ``warn`` stands in a box of its own."""

    kind: Literal["paragraph"] = "paragraph"
    text: str
    tone: Literal["plain", "quiet", "warn", "literal"] = "plain"


class Fact(_Block):
    """A name and what is so named; ``literal`` runs from left to right in every language."""

    label: str
    value: str
    literal: bool = False


class Facts(_Block):
    """Facts below each other."""

    kind: Literal["facts"] = "facts"
    rows: tuple[Fact, ...]


class Entry(_Block):
    """A moment, and what happened then."""

    at: str
    text: str
    warn: bool = False


class Entries(_Block):
    """What happened, in order."""

    kind: Literal["entries"] = "entries"
    rows: tuple[Entry, ...]


class Picture(_Block):
    """A photograph by its number among those given, or words in its place; lines below it."""

    number: int | None
    instead: str
    literal: str
    lines: tuple[str, ...]


class Pictures(_Block):
    """Photographs, two beside each other."""

    kind: Literal["pictures"] = "pictures"
    shown: tuple[Picture, ...]


class Code(_Block):
    """A QR code, and words beside it."""

    kind: Literal["code"] = "code"
    content: str
    text: str


Block = Annotated[
    Heading | Paragraph | Facts | Entries | Pictures | Code, Field(discriminator="kind")
]


class Document(_Block):
    """A whole report; ``made_at`` is that of its evidence, never that of its printing."""

    language: str
    title: str
    reference: str
    page: str
    """What stands below each page, with ``{number}`` and ``{count}``."""
    made_at: str
    blocks: tuple[Block, ...]


DOCUMENT: Final = TypeAdapter(Document)
