"""The kinds of file that durable work makes of a case, and how far one is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from cases.tables import DerivedCopy, EvidencePackage, PersonExport

MadeFile = EvidencePackage | PersonExport | DerivedCopy
Kind = type[EvidencePackage] | type[PersonExport] | type[DerivedCopy]


@dataclass(frozen=True, slots=True)
class Naming:
    """The folder of the store that has a kind's files, and the work that makes one."""

    folder: str
    work: str


NAMING: Final[dict[Kind, Naming]] = {
    EvidencePackage: Naming("packages", "make_package"),
    PersonExport: Naming("exports", "make_person_export"),
    DerivedCopy: Naming("derived", "make_copy"),
}


class MadeState(StrEnum):
    """How far a file is."""

    WAITING = "waiting"  # for the seal of the inspection that it is made from
    WANTED = "wanted"
    READY = "ready"
    FAILED = "failed"

    @property
    def is_under_way(self) -> bool:
        """Whether it will be made without anybody's doing."""
        return self in (MadeState.WAITING, MadeState.WANTED)


def under_way(made: MadeFile) -> bool:
    """Whether a file that was ordered is still to come."""
    return MadeState(made.state).is_under_way
