"""PURE. One inspection of a package: log, recordings, manifests, checkpoints, photographs."""

from __future__ import annotations

from hashlib import sha256
from typing import Any, Final
from zlib import crc32

import rfc8785

from recorder.proof import formats, shapes
from recorder.proof.jws import check_public_jwk, is_signed_by, thumbprint
from recorder.proof.log_events import GENESIS, event_hash, is_open
from recorder.proof.manifest_chain import ManifestChain, ManifestDigests
from recorder.proof.report import GapFound, SessionReport
from recorder.proof.source import Source
from recorder.tree import Frontier

STILL_CUT: Final = "cut"
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
        self._device_keys: dict[tuple[str, str], dict[str, str]] = {}
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
        self._check_stills(stated[-1])
        self._admit_gaps(stated[-1])

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
        path = formats.checkpoints_path(self._session_id)
        listed = self._source.json(path, shapes.CHECKPOINTS)
        if listed is None:
            return
        if (
            listed["format"] != formats.CHECKPOINTS_FORMAT
            or listed["session_id"] != self._session_id
        ):
            self._source.blame("place", path)
            return
        previous, digests = None, []
        for number, one in enumerate(listed["checkpoints"], start=1):
            found = self._source.statement(
                one["jws"].encode(),
                formats.CHECKPOINT_TYPE,
                shapes.CHECKPOINT,
                path,
                number,
            )
            if found is None:
                return
            checkpoint, digest = found
            if (
                checkpoint["format"] != formats.CHECKPOINT_FORMAT
                or checkpoint["session_id"] != self._session_id
            ):
                self._source.blame("place", path, number)
            if checkpoint["number"] != number:
                self._source.blame("order", path, number)
            if checkpoint["previous"] != previous:
                self._source.blame("previous", path, number)
            for recording in checkpoint["recordings"]:
                self._check_root(recording, path, number)
            self._check_head(checkpoint["log"], path, number)
            for signature in one["countersignatures"]:
                self._check_countersignature(signature, digest, path, number)
            previous = digest
            digests.append(digest)
        self.report.checkpoints = len(digests)
        for manifest in stated:
            if manifest["checkpoint"] is not None and manifest["checkpoint"] not in digests:
                self._source.blame("previous", path)
        if stated[-1]["checkpoint"] != previous:
            self._source.blame("previous", path)

    def _check_countersignature(self, one: Any, digest: str, path: str, at: int) -> None:
        person = one["participant_id"]
        jws = self._source.jws(one["jws"].encode(), path, at)
        if jws is None:
            return
        key = self._device_keys.get((person, jws.kid))
        if key is None:
            self._source.blame("device_key", path, at)
            return
        if jws.typ != formats.COUNTERSIGNATURE_TYPE or not is_signed_by(jws, key):
            self._source.blame("signature", path, at)
            return
        said = self._source.value(jws.payload, shapes.COUNTERSIGNATURE, path, at)
        if said is None:
            return
        if said != {"checkpoint_sha256": digest, "participant_id": person}:
            self._source.blame("place", path, at)
            return
        self.report.countersigned[person] = self.report.countersigned.get(person, 0) + 1

    def _check_stills(self, manifest: Any) -> None:
        for still in manifest["stills"]:
            if still["state"] != STILL_CUT:
                continue
            path = formats.still_path(self._session_id, still["still_id"])
            entry = self._source.entries.get(path)
            if entry is None:
                self._source.blame("missing", path)
                continue
            if self._source.digest(entry) != still["sha256"]:
                self._source.blame("still", path)
            self.report.stills += 1

    def _admit_gaps(self, manifest: Any) -> None:
        def admit(person: str, from_ns: str, to_ns: str, cause: str) -> None:
            self.gaps.append(GapFound(self._session_id, person, from_ns, to_ns, cause))

        for gap in manifest["gaps"]:
            admit(gap["participant_id"], gap["from_ns"], gap["to_ns"], gap["cause"])
        for still in manifest["stills"]:
            if still["state"] != STILL_CUT:
                at_ns = still["at_ns"]
                admit(still["participant_id"], at_ns, at_ns, f"still_{still['state']}")
        if not manifest["complete"]:
            admit("", "", "", "incomplete")
