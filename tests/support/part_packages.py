"""Packages of a part made by hand for tests of verifiers: real fragments, and any lie wanted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO

import rfc8785

from cases.chain import rfc3339
from recorder import fmp4, webm
from recorder.fragments import AUDIO, VIDEO, Fragment, Sample
from recorder.proof import formats
from recorder.proof.package_writer import PackageWriter
from recorder.tree import consistency_proofs, inclusion_proof
from tests.support.packages import CASE_ID, START, Json, Recorded, Story

START_MS = int(START.timestamp()) * 1000
STEP_MS = 800
"""From one fragment to the next; its samples begin 0, 200, 400 and 600 ms after it does."""
FRAGMENTS = 8
PEOPLE = ("par_buyer", "par_host")


def fragment_of(number: int, t0_ns: int) -> Fragment:
    """Fragment ``number`` (from 1) of a recording."""
    start_ms = STEP_MS * (number - 1)

    def sample(track: int, at_ms: int, rate: int) -> Sample:
        time = (start_ms + at_ms) * rate // 1000
        said = f"{track} {number} {at_ms}".encode()
        return Sample(track, time, 200 * rate // 1000, time & 0xFFFFFFFF, at_ms == 0, said)

    return Fragment(
        video=[sample(VIDEO, at_ms, 90_000) for at_ms in (0, 200, 400, 600)],
        audio=[sample(AUDIO, at_ms, 48_000) for at_ms in (0, 200, 400, 600)],
        clocks=(),
        t0_ns=t0_ns,
        last_wall_ns=t0_ns + (start_ms + STEP_MS) * 1_000_000,
    )


@dataclass
class PartStory(Story):
    """From 2.5 to 4.1 seconds after the start: fragments 4 to 6, events 3 and 4, checkpoint 2."""

    asked: tuple[int, int] = (2500, 4100)
    cut: tuple[int, int] = (4, 6)
    participants: Sequence[str] = PEOPLE
    first_event: int = 2
    stated: tuple[int, int] = (6, FRAGMENTS)
    t0_ns: int = START_MS * 1_000_000
    still_at_ms: int = 3000
    change_proofs: Callable[[Json], None] = lambda _: None
    change_part: Callable[[Json], None] = lambda _: None
    change_listing: Callable[[Json], None] = lambda _: None
    """Of the file that lists the checkpoints."""
    checkpoints_at_ms: Sequence[int] = (2000, 3000, 4500, 6000)
    """One before the part, one of it, one that follows, and one that is a link only."""
    names_devices: bool = True
    is_old: bool = False
    """As parts were before they held checkpoints and a report."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for one in self.recorded:
            form = fmp4 if one.container == "mp4" else webm
            one.fragments = [
                form.fragment_bytes(number, fragment_of(number, self.t0_ns))
                for number in range(1, FRAGMENTS + 1)
            ]

    def proofs(self, one: Recorded) -> Json:
        """The list of a recording's proofs."""
        parts = [one.init, *one.fragments]
        digests = [sha256(part).digest() for part in parts]
        return {
            "format": formats.PROOFS_FORMAT,
            "recording_id": one.recording_id,
            "leaves": [
                {
                    "no": number,
                    "bytes": len(parts[number]),
                    "path": [node.hex() for node in inclusion_proof(digests, number)],
                }
                for number in (0, *range(self.cut[0], self.cut[1] + 1))
            ],
        }

    def listing(self, checkpoints: Sequence[Json]) -> Json:
        """From the last checkpoint before the part to the sealed one, with proofs of those shown.

        A copy: what is changed in it is not changed in the chain that was sealed.
        """
        times = self.checkpoints_at_ms
        first = sum(at < self.asked[0] for at in times)
        shown = range(first, min(sum(at <= self.asked[1] for at in times) + 1, len(times)))
        begin = max(first - 1, 0)
        grown = {
            one.recording_id: [
                sha256(entry).digest() for entry in [one.init, *one.fragments[: self.stated[1]]]
            ]
            for one in self.recorded
        }

        def proofs(number: int) -> list[Json]:
            return [
                {
                    "recording_id": name,
                    "path": [
                        node.hex() for node in consistency_proofs(entries, [2 * number + 1])[0]
                    ],
                }
                for name, entries in grown.items()
            ]

        return {
            "format": formats.CHECKPOINTS_PART_FORMAT,
            "session_id": self.session_id,
            "devices": [
                {"participant_id": one.participant_id, "jwk": one.jwk} for one in self.devices
            ],
            "checkpoints": [
                {
                    "jws": one["jws"],
                    "countersignatures": list(one["countersignatures"]) if at in shown else [],
                    "proofs": proofs(at + 1) if at in shown else [],
                }
                for at, one in enumerate(checkpoints)
                if at >= begin
            ],
        }

    def part(self) -> bytes:
        """The part's bytes; the same story gives the same ones."""
        log = self._log()
        checkpoints = self._checkpoints(log)
        self.change_checkpoints(checkpoints)
        files = self._session_files(log, checkpoints)
        if self.is_old:
            del files[formats.checkpoints_path(self.session_id)], files[formats.REPORT_PATH]
        else:
            listing = self.listing(checkpoints)
            self.change_listing(listing)
            files[formats.checkpoints_path(self.session_id)] = rfc8785.dumps(listing)
        for event in log:
            if not self.asked[0] <= event["seq"] * 1000 <= self.asked[1]:
                event["salt"] = event["payload"] = None
        shown = log[self.first_event - 1 :]
        self.change_log(shown)
        files[formats.log_path(self.session_id)] = rfc8785.dumps(
            {"format": formats.LOG_PART_FORMAT, "session_id": self.session_id, "events": shown}
        )
        media = self._cut_recordings(files)
        if not self.asked[0] <= self.still_at_ms <= self.asked[1]:
            del files[formats.still_path(self.session_id, "stl_1")]
        self.change_files(files)
        out = BytesIO()
        writer = PackageWriter(out)
        for path, content in files.items():
            if path in media:
                with writer.recording(path, len(content)) as part:
                    part.write(content)
            else:
                writer.add(path, content)
        first, last = self.cut
        statement: Json = {
            "format": formats.OLD_PART_FORMAT if self.is_old else formats.PART_FORMAT,
            "case_id": CASE_ID,
            "as_of": rfc3339(START),
            "session_id": self.session_id,
            "manifests": len(self.manifests),
            "participants": list(self.participants),
            "asked": {
                "from_ms": START_MS + self.asked[0],
                "to_ms": START_MS + self.asked[1],
            },
            "given": [
                {
                    "recording_id": one.recording_id,
                    "from_ms": START_MS + STEP_MS * (first - 1),
                    "to_ms": START_MS + STEP_MS * (last - 1) + 600,
                }
                for one in self.recorded
                if one.participant_id in self.participants
            ],
            "files": writer.files,
        }
        self.change_part(statement)
        jws = self.key.sign(rfc8785.dumps(statement), formats.PART_TYPE)
        writer.close(formats.PACKAGE_PATH, jws.encode())
        return out.getvalue()

    def _cut_recordings(self, files: dict[str, bytes]) -> set[str]:
        """Put parts of recordings in the place of whole ones; gives their paths."""
        media = set()
        for one in self.recorded:
            path = formats.recording_path(self.session_id, one.recording_id, one.container)
            table = formats.table_path(self.session_id, one.recording_id)
            if one.participant_id not in self.participants:
                del files[path], files[table]
                continue
            media.add(path)
            proofs = self.proofs(one)
            self.change_proofs(proofs)
            inside = one.fragments[self.cut[0] - 1 : self.cut[1]]
            files[path] = b"".join([one.init, *inside])
            files[table] = rfc8785.dumps(proofs)
        return media
