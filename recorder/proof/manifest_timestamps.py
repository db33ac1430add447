"""PURE. Time-stamps of a package's manifests: those in it, and those given beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from recorder.proof import formats
from recorder.proof.report import TimestampFound
from recorder.proof.source import Source
from recorder.proof.timestamp import BadTimestamp, Timestamp, check_chain, read_timestamp

GIVEN_TIMESTAMP: Final = "timestamp"
GIVEN_AUTHORITY: Final = "tsa-ca"
"""What problems of the given files name as their path; ``at`` counts the time-stamps from 0."""
MAX_TIMESTAMP_BYTES: Final = 64 * 1024

# A verifier's own clock may be wrong by this much.
_CLOCK_ERROR: Final = timedelta(minutes=5)

Manifests = Mapping[tuple[str, int], tuple[str, str]]
"""By session and number: the body's digest and the signer."""


@dataclass(frozen=True, slots=True)
class GivenTimestamps:
    """TimeStampResp files, the PEM file of the authorities that are trusted, and the time.

    Without the time nothing is from the future.
    """

    responses: Sequence[bytes] = ()
    authorities: bytes | None = None
    now: datetime | None = None


NOTHING_GIVEN: Final = GivenTimestamps()


def renewed_imprint(manifest_sha256: str, older: bytes) -> str:
    """What a renewal stamps: the manifest's digest and that of the time-stamp before, hashed."""
    return sha256(bytes.fromhex(manifest_sha256) + sha256(older).digest()).hexdigest()


def load_authorities(pem: bytes) -> Sequence[x509.Certificate]:
    """The certificates of a PEM file.

    Raises:
        BadTimestamp: ``bad_tsa_ca``.
    """
    try:
        return x509.load_pem_x509_certificates(pem)
    except (ValueError, x509.InvalidVersion, UnsupportedAlgorithm) as error:
        raise BadTimestamp("bad_tsa_ca") from error


def check_stamp(
    stamp: Timestamp, imprint: str, before: Timestamp | None, now: datetime | None
) -> None:
    """Insist that a time-stamp is of this imprint, of the past, and renews the one before.

    Raises:
        BadTimestamp: ``tsa_imprint``, ``tsa_future``, ``tsa_renewal``.
    """
    if stamp.imprint != imprint:
        raise BadTimestamp("tsa_imprint")
    if now is not None and stamp.at > now + _CLOCK_ERROR:
        raise BadTimestamp("tsa_future")
    if before is not None and not before.at <= stamp.at <= before.until:
        raise BadTimestamp("tsa_renewal")


def read_timestamps(
    source: Source, manifests: Manifests, given: GivenTimestamps
) -> list[TimestampFound]:
    """What each says of which manifest; one that does not hold is a problem of the package."""
    confirming: Sequence[x509.Certificate] = ()
    if given.authorities is not None:
        try:
            confirming = load_authorities(given.authorities)
        except BadTimestamp as error:
            source.blame(error.code, GIVEN_AUTHORITY)
    found = _in_package(source, manifests, confirming, given.now)
    for place, response in enumerate(given.responses):
        try:
            found.append(_given(response, manifests, confirming, given.now))
        except BadTimestamp as error:
            source.blame(error.code, GIVEN_TIMESTAMP, place)
    return found


def _in_package(
    source: Source,
    manifests: Manifests,
    confirming: Sequence[x509.Certificate],
    now: datetime | None,
) -> list[TimestampFound]:
    chains = {place: stamp_paths(source, *place) for place in manifests}
    known = {path for paths in chains.values() for path in paths}
    for path in source.entries:
        if path.endswith(formats.TIMESTAMP_SUFFIX) and path not in known:
            source.blame("unlisted", path)
    if not known:
        return []
    trusted = confirming or _shipped_authorities(source)
    found = []
    for (session_id, number), paths in chains.items():
        digest = manifests[session_id, number][0]
        stamps = _chain(source, digest, paths, trusted, now)
        if stamps:
            found.append(_found((session_id, number), stamps, confirmed=bool(confirming)))
    return found


def stamp_paths(source: Source, session_id: str, number: int) -> list[str]:
    """Where a manifest's time-stamps are in the package, renewals after the first."""
    paths: list[str] = []
    while (path := formats.timestamp_path(session_id, number, len(paths))) in source.entries:
        paths.append(path)
    return paths


def _shipped_authorities(source: Source) -> Sequence[x509.Certificate]:
    """Those that the operator asked under: they make it consistent, and confirm nothing."""
    pem = source.text(formats.AUTHORITIES_PATH)
    try:
        return () if pem is None else load_authorities(pem)
    except BadTimestamp as error:
        source.blame(error.code, formats.AUTHORITIES_PATH)
        return ()


def _chain(
    source: Source,
    digest: str,
    paths: Sequence[str],
    trusted: Sequence[x509.Certificate],
    now: datetime | None,
) -> list[Timestamp]:
    """A manifest's time-stamps, each renewing the one before; none if one does not hold."""
    stamps: list[Timestamp] = []
    imprint = digest
    for path in paths:
        if source.entries[path].size > MAX_TIMESTAMP_BYTES:
            source.blame("too_large", path)
            return []
        content = source.text(path) or b""
        try:
            stamp = read_timestamp(content)
            check_stamp(stamp, imprint, stamps[-1] if stamps else None, now)
            check_chain(stamp, trusted)
        except BadTimestamp as error:
            source.blame(error.code, path)
            return []
        stamps.append(stamp)
        imprint = renewed_imprint(digest, content)
    return stamps


def _given(
    response: bytes,
    manifests: Manifests,
    confirming: Sequence[x509.Certificate],
    now: datetime | None,
) -> TimestampFound:
    stamp = read_timestamp(response)
    place = {digest: place for place, (digest, _) in manifests.items()}.get(stamp.imprint)
    if place is None:
        raise BadTimestamp("tsa_imprint")
    check_stamp(stamp, stamp.imprint, None, now)
    if confirming:
        check_chain(stamp, confirming)
    return _found(place, [stamp], confirmed=bool(confirming))


def _found(
    place: tuple[str, int], stamps: Sequence[Timestamp], *, confirmed: bool
) -> TimestampFound:
    session_id, number = place
    return TimestampFound(
        session_id=session_id,
        number=number,
        at=stamps[0].at.isoformat(),
        until=stamps[-1].until.isoformat(),
        renewals=len(stamps) - 1,
        confirmed=confirmed,
    )
