"""PURE. When a buyer is left alone: by the clocks of where they may be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

DEFAULT_FROM: Final = 21 * 60
DEFAULT_UNTIL: Final = 8 * 60
"""Minutes of the local day: from nine in the evening until eight in the morning."""
_HOPS: Final = 8

_ZONES: Final[Mapping[str, tuple[str, ...]]] = {
    "AE": ("Asia/Dubai",),
    "AR": ("America/Argentina/Buenos_Aires",),
    "AT": ("Europe/Vienna",),
    "AU": ("Australia/Sydney", "Australia/Perth"),
    "BE": ("Europe/Brussels",),
    "BR": ("America/Sao_Paulo", "America/Manaus"),
    "CA": ("America/Toronto", "America/Vancouver"),
    "CH": ("Europe/Zurich",),
    "CL": ("America/Santiago",),
    "CN": ("Asia/Shanghai",),
    "CO": ("America/Bogota",),
    "CZ": ("Europe/Prague",),
    "DE": ("Europe/Berlin",),
    "DK": ("Europe/Copenhagen",),
    "EG": ("Africa/Cairo",),
    "ES": ("Europe/Madrid",),
    "FI": ("Europe/Helsinki",),
    "FR": ("Europe/Paris",),
    "GB": ("Europe/London",),
    "GR": ("Europe/Athens",),
    "HK": ("Asia/Hong_Kong",),
    "HU": ("Europe/Budapest",),
    "ID": ("Asia/Jakarta", "Asia/Jayapura"),
    "IE": ("Europe/Dublin",),
    "IL": ("Asia/Jerusalem",),
    "IN": ("Asia/Kolkata",),
    "IT": ("Europe/Rome",),
    "JP": ("Asia/Tokyo",),
    "KR": ("Asia/Seoul",),
    "KW": ("Asia/Kuwait",),
    "MA": ("Africa/Casablanca",),
    "MX": ("America/Mexico_City", "America/Tijuana"),
    "MY": ("Asia/Kuala_Lumpur",),
    "NL": ("Europe/Amsterdam",),
    "NO": ("Europe/Oslo",),
    "NZ": ("Pacific/Auckland",),
    "PE": ("America/Lima",),
    "PH": ("Asia/Manila",),
    "PL": ("Europe/Warsaw",),
    "PT": ("Europe/Lisbon",),
    "RO": ("Europe/Bucharest",),
    "SA": ("Asia/Riyadh",),
    "SE": ("Europe/Stockholm",),
    "SG": ("Asia/Singapore",),
    "TH": ("Asia/Bangkok",),
    "TR": ("Europe/Istanbul",),
    "TW": ("Asia/Taipei",),
    "UA": ("Europe/Kyiv",),
    "US": ("America/New_York", "America/Los_Angeles"),
    "VN": ("Asia/Ho_Chi_Minh",),
    "ZA": ("Africa/Johannesburg",),
}
"""A market's zone, or its easternmost and westernmost: then it is quiet if it is in either."""


def zones_of(market: str | None, locale: str, own: str) -> Sequence[str]:
    """The zones a buyer may be in: by the country of sale, else by their language's region."""
    region = locale.rpartition("-")[2].upper() if "-" in locale else ""
    return _ZONES.get((market or "").upper()) or _ZONES.get(region) or (own,)


def is_quiet(at: datetime, zone: str, quiet_from: int, quiet_until: int) -> bool:
    """Whether the clock there shows a quiet time; equal bounds mean that none is."""
    local = at.astimezone(ZoneInfo(zone))
    minute = local.hour * 60 + local.minute
    if quiet_from <= quiet_until:
        return quiet_from <= minute < quiet_until
    return minute >= quiet_from or minute < quiet_until


def next_loud(at: datetime, zones: Sequence[str], quiet_from: int, quiet_until: int) -> datetime:
    """The first moment from ``at`` on at which it is quiet in none of the zones.

    Where the zones leave no such moment, the end of the quiet hours of one of them.
    """
    found = at
    for _ in range(_HOPS):
        quiet = next((one for one in zones if is_quiet(found, one, quiet_from, quiet_until)), None)
        if quiet is None:
            break
        found = _end_of_quiet(found, quiet, quiet_until)
    return found


def _end_of_quiet(at: datetime, zone: str, quiet_until: int) -> datetime:
    local = at.astimezone(ZoneInfo(zone))
    hour, minute = divmod(quiet_until, 60)
    day = local.date()
    # 24:00 is the next day's beginning.
    end = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone))
    end = end.replace(hour=hour, minute=minute) if hour < 24 else end + timedelta(days=1)
    if end <= local:
        later = day + timedelta(days=1)
        end = datetime(later.year, later.month, later.day, hour % 24, minute, tzinfo=ZoneInfo(zone))
    return end.astimezone(UTC)
