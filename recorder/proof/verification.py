"""PURE. The verifier: everything that can be checked of a package without asking anybody.

It needs neither network nor server nor database. ``web/src/verify/`` is the same in
TypeScript; ``tests/vectors`` holds both to the same answers, so the order of checks counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from recorder.proof import formats, shapes
from recorder.proof.formats import KEYS_PATH, PACKAGE_PATH
from recorder.proof.jws import check_public_jwk, thumbprint
from recorder.proof.manifest_timestamps import NOTHING_GIVEN, GivenTimestamps, read_timestamps
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
    package = _package(source)
    sessions: list[SessionReport] = []
    gaps: list[GapFound] = []
    manifests: dict[tuple[str, int], tuple[str, str]] = {}
    if package is not None:
        recordings: set[str] = set()
        for named in package["sessions"]:
            check = SessionCheck(source, named["session_id"], package["case_id"])
            check.run(named["manifests"])
            sessions.append(check.report)
            gaps += check.gaps
            manifests |= check.manifest_digests
            recordings |= check.recording_paths
        _check_files(source, package, recordings)
    vouch = Vouch(source, manifests)
    if receipt is not None:
        read_receipt(vouch, receipt)
    if key is not None:
        read_key(vouch, key)
    stamped = read_timestamps(source, manifests, timestamps)
    return Report(
        answer=conclude(list(source.noted), gaps, bool(vouch.confirmed_by)),
        problems=list(source.noted),
        gaps=gaps,
        sessions=sessions,
        signed_by=sorted(source.signers),
        confirmed_by=vouch.confirmed_by,
        timestamps=stamped,
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


def _package(source: Source) -> Any:
    content = source.text(PACKAGE_PATH)
    if content is None:
        return None
    found = source.statement(content, formats.PACKAGE_TYPE, shapes.PACKAGE, PACKAGE_PATH)
    if found is None:
        return None
    package, _ = found
    sessions = [named["session_id"] for named in package["sessions"]]
    paths = [file["path"] for file in package["files"]]
    if (
        package["format"] != formats.PACKAGE_FORMAT
        or len(set(sessions)) != len(sessions)
        or len(sessions) > len(source.entries)
        or paths != sorted(set(paths))
    ):
        source.blame("format", PACKAGE_PATH)
        return None
    return package


def _check_files(source: Source, package: Mapping[str, Any], recordings: set[str]) -> None:
    listed = set()
    for file in package["files"]:
        path = file["path"]
        listed.add(path)
        entry = source.entries.get(path)
        if entry is None:
            source.blame("missing", path)
            continue
        if entry.size != file["bytes"]:
            source.blame("size", path)
        if "sha256" in file:
            if source.digest(entry) != file["sha256"]:
                source.blame("digest", path)
        elif path not in recordings:
            # Only a recording, whose fragments the manifest covers, needs no digest here.
            source.blame("unlisted", path)
    for path, entry in source.entries.items():
        if path == PACKAGE_PATH:
            source.digest(entry)
        elif path not in listed:
            source.blame("unlisted", path)
