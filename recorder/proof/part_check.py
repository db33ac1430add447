"""PURE. A package of a part: fragments with their proofs, and the links of log and checkpoints.

Moments are read from the sealed bytes themselves, never believed from the part's statement.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from itertools import pairwise
from typing import Any, Final
from zlib import crc32

from recorder.proof import formats, shapes
from recorder.proof.log_events import GENESIS, event_hash, is_open
from recorder.proof.manifest_chain import ManifestChain
from recorder.proof.manifest_timestamps import stamp_paths
from recorder.proof.moments import NoMoment, sample_moments
from recorder.proof.package_files import Checked, check_files, lists_each_once
from recorder.proof.part_checkpoints import PartCheckpoints
from recorder.proof.part_scope import Scope, has_readable_times, ns_to_ms
from recorder.proof.report import Covered, GapFound, PartFound, SessionReport
from recorder.proof.session_check import MAX_FRAGMENT_BYTES
from recorder.proof.source import Source
from recorder.proof.stated_evidence import admitted, check_stills, not_complete
from recorder.tree import verify_inclusion

NOT_RECORDED: Final = "not_recorded"
# The last picture of a recording is shown until after its moment: that is no gap.
_NO_GAP_MS: Final = 250


def check_part(source: Source, content: bytes) -> Checked:
    """Check a part, of which ``content`` is the statement."""
    path = formats.PACKAGE_PATH
    found = source.statement(content, formats.PART_TYPE, shapes.PART, path)
    if found is None:
        return Checked()
    part, _ = found
    known = (formats.PART_FORMAT, formats.OLD_PART_FORMAT)
    if part["format"] not in known or not lists_each_once(part):
        source.blame("format", path)
        return Checked()
    check = PartCheck(source, part)
    check.run()
    check_files(source, part, check.recording_paths)
    if check.found is not None:
        for file in part["files"]:
            if file["path"] not in check.expected:
                source.blame("unlisted", file["path"])
    return Checked([check.report], check.gaps, check.manifests.digests, check.found)


class PartCheck:
    """Checks the part and notes what is wrong in the source."""

    def __init__(self, source: Source, part: Any) -> None:
        self._source = source
        self._part = part
        self._session_id: str = part["session_id"]
        asked = part["asked"]
        self._scope = Scope(part["participants"], asked["from_ms"], asked["to_ms"])
        self.manifests = ManifestChain(source, self._session_id, part["case_id"])
        self.report = SessionReport(self._session_id)
        self.gaps: list[GapFound] = []
        self.recording_paths: set[str] = set()
        self.expected = {formats.PAGE_PATH, formats.KEYS_PATH, formats.log_path(self._session_id)}
        """Every file that belongs to the part."""
        self.found: PartFound | None = None
        self._log_hashes: dict[int, str | None] = {}

    def run(self) -> None:
        """Check everything."""
        stated = self.manifests.read(self._part["manifests"])
        self.report.manifests = len(stated)
        for number, manifest in enumerate(stated):
            self.manifests.check_root(manifest)
            self.expected.add(formats.manifest_path(self._session_id, number))
            self.expected.add(formats.receipt_path(self._session_id, number))
            stamps = stamp_paths(self._source, self._session_id, number)
            self.expected.update(stamps, [formats.AUTHORITIES_PATH] if stamps else [])
        if not stated:
            return
        last = stated[-1]
        if not has_readable_times(last):
            path = formats.manifest_path(self._session_id, last["number"])
            self._source.blame("format", path)
            return
        if not self._scope.fits(last):
            self._source.blame("moments", formats.PACKAGE_PATH)
            return
        covered = self._check_recordings(last)
        self._check_log(stated)
        if self._part["format"] != formats.OLD_PART_FORMAT:
            checkpoints = PartCheckpoints(self._source, self._scope, self.report, self._log_hashes)
            checkpoints.run(last)
            self.expected |= {formats.REPORT_PATH, checkpoints.path}
        self.expected |= check_stills(self._source, self._scope.stills(last), self.report)
        self._admit_gaps(last, covered)
        self.found = PartFound(self._session_id, self._scope.from_ms, self._scope.to_ms, covered)

    def _check_recordings(self, manifest: Any) -> list[Covered]:
        wanted = self._scope.recordings(manifest)
        found = [self._check_recording(recording) for recording in wanted]
        covered = [one for one in found if one is not None]
        claimed = [
            {"recording_id": one.recording_id, "from_ms": one.from_ms, "to_ms": one.to_ms}
            for one in covered
        ]
        if len(covered) == len(wanted) and claimed != self._part["given"]:
            self._source.blame("moments", formats.PACKAGE_PATH)
        return covered

    def _check_recording(self, recording: Any) -> Covered | None:
        recording_id = recording["recording_id"]
        path = formats.recording_path(self._session_id, recording_id, recording["container"])
        proofs_path = formats.table_path(self._session_id, recording_id)
        self.recording_paths.add(path)
        self.expected |= {path, proofs_path}
        proofs = self._source.json(proofs_path, shapes.PROOFS)
        entry = self._source.entries.get(path)
        if entry is None:
            self._source.blame("missing", path)
        if proofs is None or entry is None:
            return None
        if proofs["format"] != formats.PROOFS_FORMAT or proofs["recording_id"] != recording_id:
            self._source.blame("place", proofs_path)
            return None
        leaves = proofs["leaves"]
        if not _follow_each_other([leaf["no"] for leaf in leaves]):
            self._source.blame("order", proofs_path)
            return None
        root = bytes.fromhex(recording["root"])
        moments: list[int] = []
        crc, at = 0, entry.start
        for leaf in leaves:
            number, end = leaf["no"], at + leaf["bytes"]
            if end > entry.end or leaf["bytes"] > MAX_FRAGMENT_BYTES:
                self._source.blame("fragment", path, number)
                return None
            content = self._source.content.read(at, end)
            crc = crc32(content, crc)
            proof = [bytes.fromhex(sibling) for sibling in leaf["path"]]
            entries = recording["fragments"] + 1
            if not verify_inclusion(sha256(content).digest(), number, entries, proof, root):
                self._source.blame("fragment", path, number)
            elif number in (leaves[1]["no"], leaves[-1]["no"]):
                moments += self._moments(recording["container"], content, path, number)
            at = end
        if at != entry.end:
            self._source.blame("fragment", path, leaves[-1]["no"] + 1)
        elif crc != entry.crc:
            self._source.blame("checksum", path)
        self.report.recordings += 1
        self.report.fragments += len(leaves) - 1
        if not moments:
            return None
        return self._covered(recording, leaves, moments, path)

    def _moments(self, container: str, content: bytes, path: str, number: int) -> Sequence[int]:
        try:
            return sample_moments(container, content)
        except NoMoment:
            self._source.blame("unread_moment", path, number)
            return ()

    def _covered(
        self, recording: Any, leaves: Sequence[Any], moments: Sequence[int], path: str
    ) -> Covered:
        t0_ms = ns_to_ms(recording["t0_ns"])
        from_ms, to_ms = t0_ms + moments[0], t0_ms + moments[-1]
        starts_early = leaves[1]["no"] == 1 or from_ms <= self._scope.from_ms
        ends_late = leaves[-1]["no"] == recording["fragments"] or to_ms >= self._scope.to_ms
        if not (starts_early and ends_late):
            self._source.blame("moments", path)
        return Covered(recording["recording_id"], recording["participant_id"], from_ms, to_ms)

    def _check_log(self, stated: Sequence[Any]) -> None:
        path = formats.log_path(self._session_id)
        log = self._source.json(path, shapes.LOG)
        if log is None:
            return
        if log["format"] != formats.LOG_PART_FORMAT or log["session_id"] != self._session_id:
            self._source.blame("place", path)
            return
        events = log["events"]
        if not events or (events[0]["seq"] == 1 and events[0]["prev"] != GENESIS):
            self._source.blame("chain", path, 1)
            return
        first = events[0]["seq"]
        if first != 1 and not self._scope.is_before(events[0]):
            # What was before it may be of the part, too.
            self._source.blame("moments", path, first)
        hashes = self._log_hashes
        hashes[first - 1] = events[0]["prev"] if first > 1 else None
        for number, event in enumerate(events, start=first):
            follows = event["seq"] == number and event["prev"] == (hashes[number - 1] or GENESIS)
            if not follows or event_hash(event) != event["hash"]:
                self._source.blame("chain", path, number)
            hashes[number] = event["hash"]
            if self._scope.has(event):
                is_open(event, self._source, path, self.report)
                self.report.events += 1
            elif event["salt"] is not None or event["payload"] is not None:
                self._source.blame("payload", path, event["seq"])
        for manifest in stated:
            head = manifest["log"]
            known = hashes.get(head["last_seq"])
            is_newest = manifest is stated[-1]
            ends_here = head["last_seq"] == events[-1]["seq"]
            if known is None and not is_newest and head["last_seq"] < first:
                continue
            if known != head["hash"] or (is_newest and not ends_here):
                manifest_path = formats.manifest_path(self._session_id, manifest["number"])
                self._source.blame("log_head", manifest_path)

    def _admit_gaps(self, manifest: Any, covered: Sequence[Covered]) -> None:
        from_ms = min([self._scope.from_ms, *(one.from_ms for one in covered)])
        to_ms = max([self._scope.to_ms, *(one.to_ms for one in covered)])
        gaps = self._scope.gaps(manifest, from_ms, to_ms)
        self.gaps += admitted(self._session_id, gaps, self._scope.stills(manifest))
        self.gaps += [
            GapFound(self._session_id, person, f"{start}000000", f"{end}000000", NOT_RECORDED)
            for person in self._scope.participants
            for start, end in self._uncovered(person, covered)
        ]
        self.gaps += not_complete(self._session_id, manifest)

    def _uncovered(self, person: str, covered: Sequence[Covered]) -> list[tuple[int, int]]:
        """Times asked for at which there is no recording of a person."""
        reached = self._scope.from_ms
        found = []
        spans = sorted((one.from_ms, one.to_ms) for one in covered if one.participant_id == person)
        for start, end in [*spans, (self._scope.to_ms, self._scope.to_ms)]:
            if start - reached > _NO_GAP_MS:
                found.append((reached, start))
            reached = max(reached, end)
        return found


def _follow_each_other(numbers: Sequence[int]) -> bool:
    """The initialisation, then at least one fragment, and none left out between two."""
    return (
        len(numbers) > 1
        and numbers[0] == 0
        and numbers[1] > 0
        and all(after == before + 1 for before, after in pairwise(numbers[1:]))
    )
