"""The kinds of file that durable work makes of a case, and how far one is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from cases.tables import Case, DerivedCopy, EvidencePackage, PersonExport, Staff

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
    EXPIRED = "expired"  # it was there, and was deleted when its time had come

    @property
    def is_under_way(self) -> bool:
        """Whether it will be made without anybody's doing."""
        return self in (MadeState.WAITING, MadeState.WANTED)


def under_way(made: MadeFile) -> bool:
    """Whether a file that was ordered is still to come."""
    return MadeState(made.state).is_under_way


async def tenant_of(tx: AsyncSession, made: MadeFile) -> str | None:
    """The seller whose it is; None for what is about a warehouse's people."""
    if isinstance(made, PersonExport) and made.staff_id is not None:
        return (await tx.get_one(Staff, made.staff_id)).tenant_id
    return (await tx.get_one(Case, made.case_id)).tenant_id
