"""PURE. The verifier: everything that can be checked of a package without asking anybody.

It needs neither network nor server nor database. ``web/src/verify/`` is the same in
TypeScript; ``tests/vectors`` holds both to the same answers, so the order of checks counts.
"""

from __future__ import annotations

from recorder.proof import formats, shapes
from recorder.proof.formats import KEYS_PATH, PACKAGE_PATH
from recorder.proof.jws import check_public_jwk, read_jws, thumbprint
from recorder.proof.manifest_chain import ManifestDigests
from recorder.proof.manifest_timestamps import NOTHING_GIVEN, GivenTimestamps, read_timestamps
from recorder.proof.package_files import Checked, check_files, lists_each_once
from recorder.proof.part_check import check_part
from recorder.proof.report import GapFound, Problem, Report, SessionReport, conclude
from recorder.proof.session_check import SessionCheck
from recorder.proof.source import Bytes, Source
from recorder.proof.vouching import Vouch, read_key, read_receipt
from recorder.proof.zip_form import BadZip, read_entries


def verify_package(
    content: Bytes,
    *,
    receipt: bytes | None = None,
    key: bytes | None = None,
    timestamps: GivenTimestamps = NOTHING_GIVEN,
) -> Report:
    """Check a package; ``receipt``, ``key`` and ``timestamps`` are files that came another way.

    Never raises for anything that one of them holds.
    """
    try:
        entries = {entry.name: entry for entry in read_entries(content.read, content.size)}
    except BadZip as error:
        return _refused(Problem("zip", "", error.at))
    source = Source(content, entries)
    source.keys = _keys(source)
    statement = source.text(PACKAGE_PATH)
    checked = Checked()
    if statement is not None:
        is_part = _typ(statement) == formats.PART_TYPE
        checked = (check_part if is_part else _check_whole)(source, statement)
    vouch = Vouch(source, checked.manifests)
    if receipt is not None:
        read_receipt(vouch, receipt)
    if key is not None:
        read_key(vouch, key)
    stamped = read_timestamps(source, checked.manifests, timestamps)
    return Report(
        answer=conclude(list(source.noted), checked.gaps, bool(vouch.confirmed_by)),
        problems=list(source.noted),
        gaps=checked.gaps,
        sessions=checked.sessions,
        signed_by=sorted(source.signers),
        confirmed_by=vouch.confirmed_by,
        timestamps=stamped,
        part=checked.part,
    )


def _refused(problem: Problem) -> Report:
    return Report(conclude([problem], [], False), [problem], [], [], [], [])


def _keys(source: Source) -> dict[str, dict[str, str]]:
    listed = source.json(KEYS_PATH, shapes.KEYS)
    if listed is None:
        return {}
    if listed["format"] != formats.KEYS_FORMAT:
        source.blame("format", KEYS_PATH)
        return {}
    keys = {}
    for number, one in enumerate(listed["keys"]):
        try:
            jwk = check_public_jwk(one)
        except ValueError:
            source.blame("key", KEYS_PATH, number)
            continue
        if jwk["kty"] != "OKP" or one["kid"] != thumbprint(jwk) or one["kid"] in keys:
            source.blame("key", KEYS_PATH, number)
            continue
        keys[one["kid"]] = jwk
    return keys


def _typ(statement: bytes) -> str | None:
    try:
        return read_jws(statement.decode("ascii")).typ
    except ValueError:
        return None


def _check_whole(source: Source, content: bytes) -> Checked:
    found = source.statement(content, formats.PACKAGE_TYPE, shapes.PACKAGE, PACKAGE_PATH)
    if found is None:
        return Checked()
    package, _ = found
    named = [one["session_id"] for one in package["sessions"]]
    if (
        package["format"] != formats.PACKAGE_FORMAT
        or len(set(named)) != len(named)
        or len(named) > len(source.entries)
        or not lists_each_once(package)
    ):
        source.blame("format", PACKAGE_PATH)
        return Checked()
    sessions: list[SessionReport] = []
    gaps: list[GapFound] = []
    manifests: ManifestDigests = {}
    recordings: set[str] = set()
    for one in package["sessions"]:
        check = SessionCheck(source, one["session_id"], package["case_id"])
        check.run(one["manifests"])
        sessions.append(check.report)
        gaps += check.gaps
        manifests |= check.manifest_digests
        recordings |= check.recording_paths
    check_files(source, package, recordings)
    return Checked(sessions, gaps, manifests)
