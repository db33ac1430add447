"""PURE. Checkpoints in a part: of its time, that they are of the sealed recordings, and by whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from recorder.proof import formats, shapes
from recorder.proof.checkpoint_chain import CheckpointChain, Cited, DeviceKeys
from recorder.proof.jws import check_public_jwk, thumbprint
from recorder.proof.part_scope import Scope
from recorder.proof.report import SessionReport
from recorder.proof.source import Source
from recorder.tree import verify_consistency


class PartCheckpoints:
    """Checks them and notes what is wrong in the source.

    ``log`` are the hashes of the part's events by number, from the one before the first.
    """

    def __init__(
        self, source: Source, scope: Scope, report: SessionReport, log: Mapping[int, str | None]
    ) -> None:
        self._source = source
        self._scope = scope
        self._report = report
        self._log = log
        self._chain = CheckpointChain(source, report)

    @property
    def path(self) -> str:
        """Where they lie."""
        return self._chain.path

    def run(self, manifest: Any) -> None:
        """Check everything; ``manifest`` is the newest."""
        listing = self._chain.listing(shapes.CHECKPOINTS_PART, formats.CHECKPOINTS_PART_FORMAT)
        if listing is None:
            return
        read = self._chain.read(listing["checkpoints"], from_the_first=False)
        if read is None:
            return
        if manifest["checkpoint"] != (read[-1].digest if read else None):
            # Without the links up to the sealed one, any could have been made later.
            self._source.blame("previous", self.path)
        if read and read[0].number > 1 and not self._scope.is_before(read[0].said):
            # What was before it may be of the part, too.
            self._source.blame("moments", self.path, read[0].number)
        keys = self._device_keys(listing["devices"], read)
        shown = self._scope.checkpoints([one.said for one in read])
        sealed = {recording["recording_id"]: recording for recording in manifest["recordings"]}
        for place, one in enumerate(read):
            self._check_growth(one, sealed, is_shown=place in shown)
            self._check_head(one.said["log"], one.number)
            self._chain.check_countersignatures(one, keys)
        self._report.checkpoints = len(shown)

    def _device_keys(self, devices: Sequence[Any], read: Sequence[Cited]) -> DeviceKeys:
        """Those that the checkpoints name: a key made up later stands in none of them."""
        named = {
            (device["participant_id"], device["kid"])
            for one in read
            for device in one.said.get("devices", ())
        }
        keys: DeviceKeys = {}
        for device in devices:
            try:
                jwk = check_public_jwk(device["jwk"])
            except ValueError:
                self._source.blame("device_key", self.path)
                continue
            name = device["participant_id"], thumbprint(jwk)
            if name in named:
                keys[name] = jwk
            else:
                self._source.blame("device_key", self.path)
        return keys

    def _check_growth(self, one: Cited, sealed: Mapping[str, Any], *, is_shown: bool) -> None:
        """Whether every recording that was sealed grew from what the checkpoint states."""
        stated, proofs = one.said["recordings"], one.listed["proofs"]
        if not is_shown and (proofs or one.listed["countersignatures"]):
            self._source.blame("moments", self.path, one.number)
            return
        named = [proof["recording_id"] for proof in proofs]
        if is_shown and named != [each["recording_id"] for each in stated]:
            self._source.blame("order", self.path, one.number)
            return
        for at, before in enumerate(stated):
            after = sealed.get(before["recording_id"])
            if after is None or before["fragments"] > after["fragments"]:
                self._source.blame("shrunk", self.path, one.number)
            elif is_shown and not _grew(before, after, proofs[at]["path"]):
                self._source.blame("root", self.path, one.number)

    def _check_head(self, head: Any, at: int) -> None:
        """Compare with the links of the log that are here; of earlier ones nothing is known."""
        first, last_seq = next(iter(self._log), None), head["last_seq"]
        if first is None or last_seq < first:
            return
        if last_seq not in self._log or head["hash"] != self._log[last_seq]:
            self._source.blame("log_head", self.path, at)


def _grew(before: Any, after: Any, path: Sequence[str]) -> bool:
    # The initialisation is an entry, too.
    old, new = [(one["fragments"] + 1, bytes.fromhex(one["root"])) for one in (before, after)]
    return verify_consistency(old, new, [bytes.fromhex(node) for node in path])
