"""PURE. Time-stamps that were got for a package's manifests and are given beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from recorder.proof.report import TimestampFound
from recorder.proof.source import Source
from recorder.proof.timestamp import BadTimestamp, check_chain, read_timestamp

GIVEN_TIMESTAMP: Final = "timestamp"
GIVEN_AUTHORITY: Final = "tsa-ca"
"""What problems of the given files name as their path; ``at`` counts the time-stamps from 0."""

# A verifier's own clock may be wrong by this much.
_CLOCK_ERROR: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class GivenTimestamps:
    """TimeStampResp files, the PEM file of the authorities that are trusted, and the time."""

    responses: Sequence[bytes]
    authorities: bytes | None
    now: datetime


def read_timestamps(
    source: Source, manifests: Mapping[tuple[str, int], tuple[str, str]], given: GivenTimestamps
) -> list[TimestampFound]:
    """What each says of which manifest; one that does not hold is a problem of the package."""
    trusted: Sequence[x509.Certificate] = ()
    if given.authorities is not None:
        try:
            trusted = x509.load_pem_x509_certificates(given.authorities)
        except (ValueError, x509.InvalidVersion, UnsupportedAlgorithm):
            source.blame("bad_tsa_ca", GIVEN_AUTHORITY)
    found = []
    for place, response in enumerate(given.responses):
        try:
            found.append(_check(response, manifests, trusted, given.now))
        except BadTimestamp as error:
            source.blame(error.code, GIVEN_TIMESTAMP, place)
    return found


def _check(
    response: bytes,
    manifests: Mapping[tuple[str, int], tuple[str, str]],
    trusted: Sequence[x509.Certificate],
    now: datetime,
) -> TimestampFound:
    stamp = read_timestamp(response)
    stamped = {digest: place for place, (digest, _) in manifests.items()}.get(stamp.imprint)
    if stamped is None:
        raise BadTimestamp("tsa_imprint")
    if stamp.at > now + _CLOCK_ERROR:
        raise BadTimestamp("tsa_future")
    if trusted:
        check_chain(stamp, trusted)
    session_id, number = stamped
    return TimestampFound(session_id, number, stamp.at.isoformat(), confirmed=bool(trusted))
