"""Packages made by hand for tests of verifiers: small, complete, and as wrong as a test wants."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from io import BytesIO
from typing import Any

import rfc8785
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from cases.chain import GENESIS, canonical, commit, link_after, rfc3339
from recorder.proof import formats
from recorder.proof.jws import base64url, jws_head, thumbprint
from recorder.proof.package_writer import PackageWriter
from recorder.signing import SigningKey
from recorder.tree import tree_root

Json = dict[str, Any]
START = datetime(2026, 11, 28, 9, 0, tzinfo=UTC)
CASE_ID = "cas_1"
SESSION_ID = "ses_1"


def signing_key(seed: int = 1) -> SigningKey:
    """An operator's key that is the same at every run."""
    return SigningKey(Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32))


def digest(content: bytes) -> str:
    """SHA-256, hex."""
    return sha256(content).hexdigest()


class Device:
    """A device that countersigns, with ECDSA P-256 as the older browsers do."""

    def __init__(self, participant_id: str, seed: int) -> None:
        self.participant_id = participant_id
        self._key = ec.derive_private_key(seed + 1, ec.SECP256R1())
        numbers = self._key.public_key().public_numbers()
        self.jwk = {
            "crv": "P-256",
            "kty": "EC",
            "x": base64url(numbers.x.to_bytes(32)),
            "y": base64url(numbers.y.to_bytes(32)),
        }

    def countersign(self, body: bytes) -> Json:
        """What stands beside a checkpoint."""
        said = {"checkpoint_sha256": digest(body), "participant_id": self.participant_id}
        head = jws_head("ES256", thumbprint(self.jwk), formats.COUNTERSIGNATURE_TYPE)
        signed = f"{head}.{base64url(rfc8785.dumps(said))}"
        der = self._key.sign(signed.encode(), ec.ECDSA(SHA256(), deterministic_signing=True))
        r, s = decode_dss_signature(der)
        signature = base64url(r.to_bytes(32) + s.to_bytes(32))
        return {"participant_id": self.participant_id, "jws": f"{signed}.{signature}"}


@dataclass
class Recorded:
    """One recording's bytes, cut as the recorder does."""

    recording_id: str
    participant_id: str
    container: str
    init: bytes
    fragments: list[bytes]

    def table(self) -> Json:
        """The list of fragments."""
        return {
            "format": formats.TABLE_FORMAT,
            "recording_id": self.recording_id,
            "init_bytes": len(self.init),
            "fragments": [
                {
                    "no": number,
                    "bytes": len(content),
                    "sha256": digest(content),
                    "start_ms": 800 * (number - 1),
                    "duration_ms": 800,
                    "wall_ns": str(1_790_000_000_000_000_000 + 800_000_000 * number),
                    "keyframe": number == 1,
                }
                for number, content in enumerate(self.fragments, start=1)
            ],
        }

    def root(self, fragments: int) -> str:
        """The Merkle root after so many fragments."""
        parts = [self.init, *self.fragments[:fragments]]
        return tree_root([sha256(part).digest() for part in parts]).hex()


@dataclass
class Story:
    """All that a package of one session says, open to be changed before it is written."""

    key: SigningKey = field(default_factory=signing_key)
    gaps: list[Json] = field(default_factory=list)
    page: bytes = b"<!doctype html>the page\n"
    report: bytes = b"%PDF-1.7 the report\n"
    still_at_ms: int = 1000
    change_manifest: Callable[[Json], None] = lambda _: None
    change_log: Callable[[list[Json]], None] = lambda _: None
    change_checkpoint: Callable[[Json], None] = lambda _: None
    """Before it is signed: what the operator itself states during the call."""
    change_checkpoints: Callable[[list[Json]], None] = lambda _: None
    change_files: Callable[[dict[str, bytes]], None] = lambda _: None
    change_package: Callable[[Json], None] = lambda _: None
    session_id: str = SESSION_ID
    t0_ns: int = 1_790_000_000_000_000_000
    stated: tuple[int, int] = (4, 5)
    """How many fragments the two manifests state."""
    checkpoints_at_ms: Sequence[int] = (10_000, 20_000)
    names_devices: bool = False
    """As checkpoints do since they are in parts, too."""
    manifests: list[str] = field(default_factory=list)
    receipts: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.devices = [Device("par_buyer", 1), Device("par_host", 2)]
        self.still = b"\xff\xd8\xff a photograph"
        self.recorded = [
            Recorded(
                f"rec_{number}",
                device.participant_id,
                container,
                f"init {number}".encode(),
                [f"fragment {number} {part} ".encode() for part in range(5)],
            )
            for number, (device, container) in enumerate(
                zip(self.devices, ("mp4", "webm"), strict=True)
            )
        ]

    def package(self) -> bytes:
        """The package's bytes; the same story gives the same ones."""
        log = self._log()
        self.change_log(log)
        checkpoints = self._checkpoints(log)
        self.change_checkpoints(checkpoints)
        files = self._session_files(log, checkpoints)
        media = {
            formats.recording_path(self.session_id, one.recording_id, one.container): one
            for one in self.recorded
        }
        self.change_files(files)
        out = BytesIO()
        writer = PackageWriter(out)
        for path, content in files.items():
            if path in media:
                with writer.recording(path, len(content)) as part:
                    part.write(content)
            else:
                writer.add(path, content)
        statement = {
            "format": formats.PACKAGE_FORMAT,
            "case_id": CASE_ID,
            "as_of": rfc3339(START),
            "sessions": [{"session_id": self.session_id, "manifests": len(self.manifests)}],
            "files": writer.files,
        }
        self.change_package(statement)
        jws = self.key.sign(rfc8785.dumps(statement), formats.PACKAGE_TYPE)
        writer.close(formats.PACKAGE_PATH, jws.encode())
        return out.getvalue()

    def published_keys(self) -> bytes:
        """The list of keys."""
        entry = {
            **self.key.jwk,
            "kid": self.key.key_id,
            "since": rfc3339(START),
            "until": None,
        }
        return rfc8785.dumps({"format": formats.KEYS_FORMAT, "keys": [entry]})

    def _log(self) -> list[Json]:
        said: list[tuple[str, str, Json | None]] = [
            ("session_opened", "parties", {"direction": "buyer_shows"}),
            *(
                (
                    "device_key",
                    "parties",
                    {"participant_id": device.participant_id, "jwk": device.jwk},
                )
                for device in self.devices
            ),
            ("message", "parties", {"text": "Here is the crack — 裂缝.", "size": 1.5}),
            ("verdict", "seller", {"outcome": "refund"}),
            ("ended", "parties", {"cause": "verdict"}),
        ]
        events, previous = [], GENESIS
        for seq, (kind, visibility, payload) in enumerate(said, start=1):
            salt = bytes([seq]) * 16
            at = START + timedelta(seconds=seq)
            link = link_after(
                previous,
                seq=seq,
                kind=kind,
                visibility=visibility,
                at=at,
                actor="system",
                commitment=commit(salt, canonical(payload or {})),
            )
            shown = visibility == "parties"
            events.append(
                {
                    "seq": seq,
                    "kind": kind,
                    "visibility": visibility,
                    "at": rfc3339(at),
                    "actor": "system",
                    "commitment": link.commitment,
                    "prev": previous,
                    "hash": link.hash,
                    "salt": salt.hex() if shown else None,
                    "payload": payload if shown else None,
                }
            )
            previous = link.hash
        return events

    def _checkpoints(self, log: list[Json]) -> list[Json]:
        made: list[Json] = []
        previous = None
        named = [
            {"participant_id": one.participant_id, "kid": thumbprint(one.jwk)}
            for one in self.devices
        ]
        form: Json = {"format": formats.OLD_CHECKPOINT_FORMAT}
        if self.names_devices:
            form = {"format": formats.CHECKPOINT_FORMAT, "devices": named}
        for number, at_ms in enumerate(self.checkpoints_at_ms, start=1):
            said = {
                **form,
                "session_id": self.session_id,
                "number": number,
                "at": rfc3339(START + timedelta(milliseconds=at_ms)),
                "recordings": [
                    {
                        "recording_id": one.recording_id,
                        "fragments": 2 * number,
                        "root": one.root(2 * number),
                    }
                    for one in self.recorded
                ],
                "log": {
                    "last_seq": (seq := min(2 + number, len(log))),
                    "hash": log[seq - 1]["hash"],
                },
                "previous": previous,
            }
            self.change_checkpoint(said)
            body = rfc8785.dumps(said)
            previous = digest(body)
            made.append(
                {
                    "jws": self.key.sign(body, formats.CHECKPOINT_TYPE),
                    "countersignatures": [one.countersign(body) for one in self.devices],
                }
            )
        self._last_checkpoint = previous
        return made

    def _session_files(self, log: list[Json], checkpoints: list[Json]) -> dict[str, bytes]:
        session_id = self.session_id
        files = {
            formats.PAGE_PATH: self.page,
            formats.KEYS_PATH: self.published_keys(),
            formats.REPORT_PATH: self.report,
            formats.log_path(session_id): rfc8785.dumps(
                {"format": formats.LOG_FORMAT, "session_id": session_id, "events": log}
            ),
            formats.checkpoints_path(session_id): rfc8785.dumps(
                {
                    "format": formats.CHECKPOINTS_FORMAT,
                    "session_id": session_id,
                    "checkpoints": checkpoints,
                }
            ),
        }
        previous = None
        self.manifests, self.receipts = [], []
        for number, (fragments, complete) in enumerate(
            zip(self.stated, (False, True), strict=True)
        ):
            manifest = self._manifest(number, previous, fragments, complete, log)
            self.change_manifest(manifest)
            body = rfc8785.dumps(manifest)
            previous = digest(body)
            receipt = {
                "session_id": session_id,
                "number": number,
                "at": rfc3339(START),
                "root": manifest["root"],
                "manifest_sha256": previous,
            }
            self.manifests.append(self.key.sign(body, formats.MANIFEST_TYPE))
            self.receipts.append(self.key.sign(rfc8785.dumps(receipt), formats.RECEIPT_TYPE))
            files[formats.manifest_path(session_id, number)] = self.manifests[-1].encode()
            files[formats.receipt_path(session_id, number)] = self.receipts[-1].encode()
        for one in self.recorded:
            path = formats.recording_path(session_id, one.recording_id, one.container)
            files[path] = b"".join([one.init, *one.fragments])
            files[formats.table_path(session_id, one.recording_id)] = rfc8785.dumps(one.table())
        files[formats.still_path(session_id, "stl_1")] = self.still
        return files

    def _manifest(
        self, number: int, previous: str | None, fragments: int, complete: bool, log: list[Json]
    ) -> Json:
        recordings = []
        for one in self.recorded:
            table = one.table()
            table["fragments"] = table["fragments"][:fragments]
            recordings.append(
                {
                    "recording_id": one.recording_id,
                    "participant_id": one.participant_id,
                    "part": 1,
                    "container": one.container,
                    "t0_ns": str(self.t0_ns),
                    "duration_ms": 800 * fragments,
                    "init_sha256": digest(one.init),
                    "fragments": fragments,
                    "table_sha256": digest(rfc8785.dumps(table)),
                    "root": one.root(fragments),
                }
            )
        return {
            "format": formats.MANIFEST_FORMAT,
            "number": number,
            "previous": previous,
            "complete": complete,
            "session_id": self.session_id,
            "case_id": CASE_ID,
            "tenant_id": "ten_1",
            "direction": "buyer_shows",
            "created_at": rfc3339(START),
            "live_at": rfc3339(START),
            "ended_at": rfc3339(START + timedelta(seconds=30)),
            "end_cause": "verdict",
            "sealed_at": rfc3339(START + timedelta(seconds=31 + number)),
            "key_id": "key_1",
            "participants": [
                {"participant_id": one.participant_id, "role": role}
                for one, role in zip(self.devices, ("buyer", "host"), strict=True)
            ],
            "recordings": recordings,
            "gaps": self.gaps,
            "stills": [
                {
                    "still_id": "stl_1",
                    "participant_id": "par_buyer",
                    "state": "cut",
                    "track_id": "trk_1",
                    "rtp_timestamp": 90_000,
                    "at_ns": str(self.t0_ns + self.still_at_ms * 1_000_000),
                    "recording_id": "rec_0",
                    "recording_ms": 1000,
                    "sha256": digest(self.still),
                    "width": 640,
                    "height": 480,
                    "failure": None,
                }
            ],
            "checkpoint": self._last_checkpoint,
            "log": {"last_seq": len(log), "hash": log[-1]["hash"]},
            "root": tree_root([bytes.fromhex(one["root"]) for one in recordings]).hex(),
        }


GAP: Json = {
    "participant_id": "par_buyer",
    "recording_id": "rec_0",
    "from_ns": "1790000002000000000",
    "to_ns": "1790000003000000000",
    "cause": "peer_lost",
    "packets": None,
}
