"""PURE. What the checks of a whole package and of a part share: their result, and the files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from recorder.proof.formats import PACKAGE_PATH
from recorder.proof.manifest_chain import ManifestDigests
from recorder.proof.report import GapFound, PartFound, SessionReport
from recorder.proof.source import Source


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found of the sessions of a package; problems are in the source."""

    sessions: Sequence[SessionReport] = ()
    gaps: Sequence[GapFound] = ()
    manifests: ManifestDigests = field(default_factory=dict)
    part: PartFound | None = None


def lists_each_once(package: Mapping[str, Any]) -> bool:
    """Whether the statement's list of files is in order, without a repeat."""
    paths = [file["path"] for file in package["files"]]
    return paths == sorted(set(paths))


def check_files(source: Source, package: Mapping[str, Any], recordings: set[str]) -> None:
    """Compare the files with the statement's list; ``recordings`` were checked by fragments."""
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
