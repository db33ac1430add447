"""PURE. The manifests of one inspection, each citing the one before, and their receipts."""

from __future__ import annotations

from typing import Any

from recorder.proof import formats, shapes
from recorder.proof.source import Source
from recorder.tree import tree_root

ManifestDigests = dict[tuple[str, int], tuple[str, str]]
"""By session and number: the body's digest and the signer."""


class ManifestChain:
    """Reads the manifests of an inspection and notes what is wrong in the source."""

    def __init__(self, source: Source, session_id: str, case_id: str) -> None:
        self._source = source
        self._session_id = session_id
        self._case_id = case_id
        self.digests: ManifestDigests = {}

    def read(self, count: int) -> list[Any]:
        """What they state, in order; ``count`` is how many there must be. Empty if one is bad."""
        stated: list[Any] = []
        previous = None
        if count == 0:
            self._source.blame("missing", formats.manifest_path(self._session_id, 0))
        for number in range(min(count, len(self._source.entries))):
            path = formats.manifest_path(self._session_id, number)
            content = self._source.text(path)
            found = content and self._source.statement(
                content, formats.MANIFEST_TYPE, shapes.MANIFEST, path
            )
            if not found:
                return []
            manifest, digest = found
            if manifest["format"] != formats.MANIFEST_FORMAT:
                self._source.blame("format", path)
                return []
            if (manifest["session_id"], manifest["case_id"]) != (self._session_id, self._case_id):
                self._source.blame("place", path)
                return []
            if manifest["number"] != number:
                self._source.blame("order", path)
            if manifest["previous"] != previous:
                self._source.blame("previous", path)
            jws = self._source.jws(content or b"", path)
            self.digests[self._session_id, number] = (digest, jws.kid if jws else "")
            self._check_receipt(number, digest)
            previous = digest
            stated.append(manifest)
        return stated

    def check_root(self, manifest: Any) -> None:
        """Compare the manifest's root with those of its recordings."""
        roots = [bytes.fromhex(recording["root"]) for recording in manifest["recordings"]]
        if tree_root(roots).hex() != manifest["root"]:
            path = formats.manifest_path(self._session_id, manifest["number"])
            self._source.blame("root", path)

    def _check_receipt(self, number: int, digest: str) -> None:
        path = formats.receipt_path(self._session_id, number)
        content = self._source.text(path)
        found = content and self._source.statement(
            content, formats.RECEIPT_TYPE, shapes.RECEIPT, path
        )
        if not found:
            return
        said, _ = found
        if (said["session_id"], said["number"], said["manifest_sha256"]) != (
            self._session_id,
            number,
            digest,
        ):
            self._source.blame("receipt", path)
