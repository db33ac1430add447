"""PURE. One inspection of a package: log, recordings, manifests, checkpoints, photographs."""

from __future__ import annotations

from hashlib import sha256
from typing import Any, Final
from zlib import crc32

import rfc8785

from recorder.proof import formats, shapes
from recorder.proof.checkpoint_chain import CheckpointChain, DeviceKeys
from recorder.proof.jws import check_public_jwk, thumbprint
from recorder.proof.log_events import GENESIS, event_hash, is_open
from recorder.proof.manifest_chain import ManifestChain, ManifestDigests
from recorder.proof.report import GapFound, SessionReport
from recorder.proof.source import Source
from recorder.proof.stated_evidence import admitted, check_stills, not_complete
from recorder.tree import Frontier

# About a second of what a browser sends; more would only be asked for to exhaust us.
MAX_FRAGMENT_BYTES: Final = 64 * 1024 * 1024


class SessionCheck:
    """Checks one inspection and notes what is wrong in the source."""

    def __init__(self, source: Source, session_id: str, case_id: str) -> None:
        self._source = source
        self._session_id = session_id
        self._manifests = ManifestChain(source, session_id, case_id)
        self.report = SessionReport(session_id)
        self.gaps: list[GapFound] = []
        self.recording_paths: set[str] = set()
        self._log_hashes: list[str] = []
        self._device_keys: DeviceKeys = {}
        self._roots: dict[str, list[str]] = {}
        """By recording: the Merkle root after each fragment, the first being the initialisation."""
        self._tables: dict[str, Any] = {}

    def run(self, manifests: int) -> None:
        """Check everything; ``manifests`` is how many there must be."""
        self._check_log()
        stated = self._manifests.read(manifests)
        self.report.manifests = len(stated)
        if not stated:
            return
        for recording in stated[-1]["recordings"]:
            self._check_recording(recording)
        for manifest in stated:
            self._check_manifest(manifest)
        self._check_checkpoints(stated)
        last = stated[-1]
        check_stills(self._source, last["stills"], self.report)
        self.gaps += admitted(self._session_id, last["gaps"], last["stills"])
        self.gaps += not_complete(self._session_id, last)

    @property
    def manifest_digests(self) -> ManifestDigests:
        """Of the manifests read so far."""
        return self._manifests.digests

    def _check_log(self) -> None:
        path = formats.log_path(self._session_id)
        log = self._source.json(path, shapes.LOG)
        if log is None:
            return
        if log["format"] != formats.LOG_FORMAT or log["session_id"] != self._session_id:
            self._source.blame("place", path)
            return
        previous = GENESIS
        for number, event in enumerate(log["events"], start=1):
            digest = event_hash(event)
            if event["seq"] != number or event["prev"] != previous or digest != event["hash"]:
                self._source.blame("chain", path, number)
            previous = event["hash"]
            self._log_hashes.append(previous)
            self._open_event(event, path)
        self.report.events = len(log["events"])

    def _open_event(self, event: Any, path: str) -> None:
        if not is_open(event, self._source, path, self.report):
            return
        payload = event["payload"]
        if event["kind"] == "device_key" and shapes.fits(payload, shapes.DEVICE_KEY):
            try:
                jwk = check_public_jwk(payload["jwk"])
            except ValueError:
                self._source.blame("payload", path, event["seq"])
                return
            self._device_keys[payload["participant_id"], thumbprint(jwk)] = jwk

    def _check_recording(self, recording: Any) -> None:
        recording_id = recording["recording_id"]
        path = formats.recording_path(self._session_id, recording_id, recording["container"])
        table_path = formats.table_path(self._session_id, recording_id)
        self.recording_paths.add(path)
        table = self._source.json(table_path, shapes.TABLE)
        entry = self._source.entries.get(path)
        if entry is None:
            self._source.blame("missing", path)
        if table is None or entry is None:
            return
        if table["format"] != formats.TABLE_FORMAT or table["recording_id"] != recording_id:
            self._source.blame("place", table_path)
            return
        self._tables[recording_id] = table
        if len(table["fragments"]) != recording["fragments"]:
            # What no manifest states has no place in a package.
            self._source.blame("table", table_path)
        sizes = [table["init_bytes"], *(one["bytes"] for one in table["fragments"])]
        expected = [recording["init_sha256"], *(one["sha256"] for one in table["fragments"])]
        frontier, roots, crc, at = Frontier(), [], 0, entry.start
        for number, (size, digest) in enumerate(zip(sizes, expected, strict=True)):
            end = at + size
            if end > entry.end or size > MAX_FRAGMENT_BYTES:
                self._source.blame("fragment", path, number)
                return
            content = self._source.content.read(at, end)
            crc = crc32(content, crc)
            found = sha256(content).digest()
            if found.hex() != digest:
                self._source.blame("fragment", path, number)
            if number and table["fragments"][number - 1]["no"] != number:
                self._source.blame("order", table_path, number)
            frontier.append(found)
            roots.append(frontier.root().hex())
            at = end
        if at != entry.end:
            self._source.blame("fragment", path, len(sizes))
        if at == entry.end and crc != entry.crc:
            self._source.blame("checksum", path)
        self._roots[recording_id] = roots
        self.report.recordings += 1
        self.report.fragments += len(table["fragments"])

    def _check_manifest(self, manifest: Any) -> None:
        path = formats.manifest_path(self._session_id, manifest["number"])
        for recording in manifest["recordings"]:
            self._check_root(recording, path)
            table = self._tables.get(recording["recording_id"])
            if table is not None:
                shown = {**table, "fragments": table["fragments"][: recording["fragments"]]}
                if sha256(rfc8785.dumps(shown)).hexdigest() != recording["table_sha256"]:
                    self._source.blame(
                        "table", formats.table_path(self._session_id, recording["recording_id"])
                    )
        self._manifests.check_root(manifest)
        self._check_head(manifest["log"], path)

    def _check_root(self, recording: Any, path: str, at: int | None = None) -> None:
        roots = self._roots.get(recording["recording_id"])
        if roots is None:
            if recording["recording_id"] not in self._tables:
                self._source.blame("shrunk", path, at)
            return
        if recording["fragments"] >= len(roots):
            self._source.blame("shrunk", path, at)
        elif roots[recording["fragments"]] != recording["root"]:
            self._source.blame("root", path, at)

    def _check_head(self, head: Any, path: str, at: int | None = None) -> None:
        last = head["last_seq"]
        known = [None, *self._log_hashes]
        if last >= len(known) or head["hash"] != known[last]:
            self._source.blame("log_head", path, at)

    def _check_checkpoints(self, stated: list[Any]) -> None:
        chain = CheckpointChain(self._source, self.report)
        listing = chain.listing(shapes.CHECKPOINTS, formats.CHECKPOINTS_FORMAT)
        if listing is None:
            return
        read = chain.read(listing["checkpoints"], from_the_first=True)
        if read is None:
            return
        for one in read:
            for recording in one.said["recordings"]:
                self._check_root(recording, chain.path, one.number)
            self._check_head(one.said["log"], chain.path, one.number)
            chain.check_countersignatures(one, self._device_keys)
        self.report.checkpoints = len(read)
        digests = [None, *(one.digest for one in read)]
        if any(manifest["checkpoint"] not in digests for manifest in stated) or (
            stated[-1]["checkpoint"] != digests[-1]
        ):
            self._source.blame("previous", chain.path)
