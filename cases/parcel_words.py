"""What parcels and their scans say of a person: sealed under the case's key, found by digests."""

from __future__ import annotations

import hmac

from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.keys import KeyRing
from cases.sealing import open_words, seal_words
from cases.tables import Case, Parcel
from cases.tables import Scan as ScanRow
from cases.tracking import Scan, ScanStatus
from cases.unit import Unit


class ParcelWords(BaseModel):
    """The number, where the label lies, and where the parcel goes."""

    tracking_number: str | None = None
    label_url: str | None = None
    address: str | None = None


class ScanWords(BaseModel):
    """Where it was scanned, and the carrier's own words."""

    place: str
    words: str


def read_parcel(key: bytes, parcel: Parcel) -> ParcelWords:
    """The words of a parcel.

    Raises:
        InvalidTag: another case's key.
    """
    if parcel.sealed_words is None:
        return ParcelWords()
    return open_words(ParcelWords, key, f"parcels:{parcel.id}", parcel.sealed_words)


async def write_parcel(unit: Unit, case: Case, parcel: Parcel, words: ParcelWords) -> None:
    """Put these in place of the words of a parcel.

    Raises:
        KeyDestroyed: the case was erased.
    """
    if words == ParcelWords():
        parcel.sealed_words = parcel.number_digest = None
        return
    parcel.sealed_words = seal_parcel(await unit.case_key(case), parcel.id, words)
    parcel.number_digest = (
        await number_digest(unit.tx, unit.keys, case.tenant_id, words.tracking_number)
        if words.tracking_number
        else None
    )


def seal_parcel(key: bytes, parcel_id: str, words: ParcelWords) -> bytes:
    """The words of a parcel as they are kept."""
    return seal_words(key, f"parcels:{parcel_id}", words)


async def number_digest(tx: AsyncSession, keys: KeyRing, tenant_id: str, number: str) -> bytes:
    """How the seller's parcel with a number is found: the same seller's alone.

    Raises:
        KeyDestroyed: the seller was erased.
    """
    return digest_number(await keys.tenant_key(tx, tenant_id), number)


def digest_number(tenant_key: bytes, number: str) -> bytes:
    """The same, with the seller's key at hand."""
    return hmac.digest(tenant_key, b"tracking number:" + number.encode(), "sha256")


async def tracking_numbers(tx: AsyncSession, key: bytes, case_id: str) -> list[str]:
    """The numbers of a case's parcels; ``key`` is the case's."""
    found = await tx.scalars(
        select(Parcel).where(Parcel.case_id == case_id, Parcel.number_digest.is_not(None))
    )
    words = [read_parcel(key, one) for one in found]
    return [one.tracking_number for one in words if one.tracking_number]


def place_digest(key: bytes, place: str) -> bytes:
    """What tells two places of a parcel's scans apart; ``key`` is the case's."""
    return hmac.digest(key, b"place:" + place.encode(), "sha256")


def seal_scan(key: bytes, scan_id: str, scan: Scan) -> bytes:
    """The words of a scan as they are kept."""
    words = ScanWords(place=scan.place, words=scan.words)
    return seal_words(key, f"scans:{scan_id}", words)


def read_scan(key: bytes, row: ScanRow) -> Scan:
    """A scan with its words.

    Raises:
        InvalidTag: another case's key.
    """
    words = open_words(ScanWords, key, f"scans:{row.id}", row.sealed_words)
    return Scan(ScanStatus(row.status), row.at, words.place, words.words)
