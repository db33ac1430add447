"""PURE. The checkpoints of one inspection, each citing the one before, and what devices signed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from recorder.proof import formats, shapes
from recorder.proof.jws import is_signed_by
from recorder.proof.report import SessionReport
from recorder.proof.shapes import Shape
from recorder.proof.source import Source

DeviceKeys = dict[tuple[str, str], dict[str, str]]
"""By participant and the key's name."""

_NAMING_DEVICES: Final = {formats.CHECKPOINT_FORMAT: True, formats.OLD_CHECKPOINT_FORMAT: False}


@dataclass(frozen=True, slots=True)
class Cited:
    """A checkpoint: what it says, the SHA-256 of its body, and how the package lists it."""

    said: Any
    digest: str
    listed: Any

    @property
    def number(self) -> int:
        """Its number, from 1."""
        number: int = self.said["number"]
        return number


class CheckpointChain:
    """Reads the checkpoints of an inspection and notes what is wrong in the source."""

    def __init__(self, source: Source, report: SessionReport) -> None:
        self._source = source
        self._report = report
        self.path = formats.checkpoints_path(report.session_id)

    def listing(self, shape: Shape, wanted: str) -> Any:
        """The file that lists them, of a shape and format; None, and a problem, without it."""
        listed = self._source.json(self.path, shape)
        if listed is None:
            return None
        if listed["format"] != wanted or listed["session_id"] != self._report.session_id:
            self._source.blame("place", self.path)
            return None
        return listed

    def read(self, listed: Sequence[Any], *, from_the_first: bool) -> list[Cited] | None:
        """What they state, in order; None if one is bad."""
        found: list[Cited] = []
        number = 1
        for one in listed:
            statement = self._source.statement(
                one["jws"].encode(), formats.CHECKPOINT_TYPE, shapes.CHECKPOINT, self.path, number
            )
            if statement is None:
                return None
            said, digest = statement
            previous = found[-1].digest if found else None
            if not found and not from_the_first:
                number = max(said["number"], 1)
                previous = said["previous"]
            if said["session_id"] != self._report.session_id or (
                _NAMING_DEVICES.get(said["format"]) is not ("devices" in said)
            ):
                self._source.blame("place", self.path, number)
            if said["number"] != number:
                self._source.blame("order", self.path, number)
            if said["previous"] != previous or (previous is None) is not (number == 1):
                self._source.blame("previous", self.path, number)
            found.append(Cited(said, digest, one))
            number += 1
        return found

    def check_countersignatures(self, one: Cited, keys: DeviceKeys) -> None:
        """Compare what devices signed with the checkpoint, and count it."""
        for signature in one.listed["countersignatures"]:
            self._check_countersignature(signature, one, keys)

    def _check_countersignature(self, listed: Any, one: Cited, keys: DeviceKeys) -> None:
        person, at = listed["participant_id"], one.number
        jws = self._source.jws(listed["jws"].encode(), self.path, at)
        if jws is None:
            return
        key = keys.get((person, jws.kid))
        if key is None:
            self._source.blame("device_key", self.path, at)
            return
        if jws.typ != formats.COUNTERSIGNATURE_TYPE or not is_signed_by(jws, key):
            self._source.blame("signature", self.path, at)
            return
        said = self._source.value(jws.payload, shapes.COUNTERSIGNATURE, self.path, at)
        if said is None:
            return
        if said != {"checkpoint_sha256": one.digest, "participant_id": person}:
            self._source.blame("place", self.path, at)
            return
        counted = self._report.countersigned
        counted[person] = counted.get(person, 0) + 1
