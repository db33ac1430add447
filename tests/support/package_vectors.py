"""Packages with the answers that every verifier must give; ``python -m`` writes them anew.

``tests/vectors/answers.json`` lists them; Python, Node and Chromium run the same files.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import rfc8785

from recorder.proof.bytes import MemoryBytes
from recorder.proof.formats import log_path, manifest_path, still_path
from recorder.proof.manifest_timestamps import GivenTimestamps
from recorder.proof.shapes import ALL
from recorder.proof.verification import verify_package
from recorder.proof.zip_form import read_entries
from recorder.tree import tree_root
from tests.support.packages import GAP, SESSION_ID, Device, Json, Story, digest, signing_key
from tests.support.part_vectors import part_vectors
from tests.support.stamp_vectors import stamped_tales

FOLDER = Path(__file__).resolve().parent.parent / "vectors"


@dataclass(frozen=True)
class Vector:
    """A package, and what is given with it."""

    name: str
    package: bytes
    receipt: bytes | None = None
    key: bytes | None = None
    tsa_ca: bytes | None = None

    def answer(self) -> Json:
        """What the Python verifier says."""
        return verify_package(
            MemoryBytes(self.package),
            receipt=self.receipt,
            key=self.key,
            timestamps=GivenTimestamps(authorities=self.tsa_ca),
        ).as_json()


def vectors() -> Iterator[Vector]:
    """All of them; each is the same at every run."""
    story = Story()
    whole, key = story.package(), story.published_keys()
    yield Vector("unconfirmed", whole)
    yield Vector("by_key", whole, key=key)
    yield Vector("by_name_of_key", whole, key=story.key.key_id.encode())
    yield Vector("by_first_receipt", whole, receipt=story.receipts[0].encode())
    yield Vector("by_last_receipt", whole, receipt=story.receipts[1].encode() + b"\n")
    yield Vector("devices_named", Story(names_devices=True).package(), key=key)
    gaps = Story(gaps=[GAP])
    yield Vector("with_gaps", gaps.package(), key=key)
    yield Vector("receipt_of_other_evidence", gaps.package(), receipt=story.receipts[1].encode())
    swapped = Story(key=signing_key(2))
    yield Vector("key_swapped", swapped.package())
    yield Vector("key_swapped_with_receipt", swapped.package(), receipt=story.receipts[1].encode())
    yield Vector("key_swapped_with_key", swapped.package(), key=key)
    yield Vector("garbage_given", whole, receipt=b"not a receipt", key=b'{"keys": [')
    for name, at in _flips(whole):
        flipped = bytearray(whole)
        flipped[at] ^= 1
        yield Vector(f"flip_{name}", bytes(flipped), key=key)
    for name, tale in _tales():
        yield Vector(name, tale.package(), key=key)
    for name, tale, tsa_ca in stamped_tales():
        yield Vector(name, tale.package(), key=key, tsa_ca=tsa_ca)
    yield Vector("cut_short", whole[: len(whole) // 2])
    yield Vector("trailing_byte", whole + b"\0")
    yield Vector("empty", b"")
    for one in part_vectors():
        yield Vector(*one)


def _flips(whole: bytes) -> Iterator[tuple[str, int]]:
    """A place inside every kind of file, and one in a header."""
    yield "header", 9
    seen = set()
    for entry in read_entries(MemoryBytes(whole).read, len(whole)):
        kind = entry.name.rsplit("/", 1)[-1].replace(".", "_").replace("-", "_")
        if kind not in seen:
            seen.add(kind)
            yield kind, entry.start + entry.size // 2


def _tales() -> Iterator[tuple[str, Story]]:
    """Packages that are signed by the right key and still say what cannot be."""

    def files(name: str, change: Callable[[dict[str, bytes]], None]) -> tuple[str, Story]:
        return name, Story(change_files=change)

    def manifest(name: str, change: Callable[[Json], None]) -> tuple[str, Story]:
        return name, Story(change_manifest=change)

    yield files("still_dropped", lambda found: _drop(found, still_path(SESSION_ID, "stl_1")))
    yield files("manifest_dropped", lambda found: _drop(found, manifest_path(SESSION_ID, 1)))
    yield files("log_dropped", lambda found: _drop(found, log_path(SESSION_ID)))
    yield files("manifests_swapped", _swap_manifests)
    yield files("recordings_swapped", _swap_recordings)
    yield files("log_spelt_otherwise", _respell_log)
    yield "events_reordered", Story(change_log=lambda log: log.insert(2, log.pop(3)))
    yield "event_dropped", Story(change_log=lambda log: _drop_at(log, 3))
    yield "event_reworded", Story(change_log=_reword)
    yield "event_withheld", Story(change_log=_withhold)
    yield "checkpoint_dropped", Story(change_checkpoints=lambda found: _drop_at(found, 0))
    yield "checkpoints_reordered", Story(change_checkpoints=lambda found: found.reverse())
    yield "last_checkpoint_dropped", Story(change_checkpoints=lambda found: _drop_at(found, 1))
    yield "unknown_device", Story(change_checkpoints=_unknown_device)
    yield "other_checkpoint_countersigned", Story(change_checkpoints=_mix_countersignatures)
    yield manifest("forgotten_fragment", _shorten)
    yield manifest("other_case", lambda said: said.update(case_id="cas_2"))
    yield manifest("unknown_member", lambda said: said.update(more=1))
    yield manifest("other_table", lambda said: said["recordings"][0].update(table_sha256="0" * 64))
    yield manifest("fragment_unstated", _forget_the_last)
    yield manifest("still_never_cut", lambda said: said["stills"][0].update(state="failed"))
    yield manifest("never_completed", lambda said: said.update(complete=False))
    yield "recording_unlisted", Story(change_package=lambda said: _drop_at(said["files"], -1))
    yield "old_format", Story(change_package=lambda said: said.update(format="proofcall-package-0"))
    yield (
        "session_twice",
        Story(change_package=lambda said: said["sessions"].append(said["sessions"][0])),
    )


def _drop(found: dict[str, bytes], path: str) -> None:
    del found[path]


def _drop_at(found: list[Json], at: int) -> None:
    del found[at]


def _swap_manifests(found: dict[str, bytes]) -> None:
    first, second = (manifest_path(SESSION_ID, number) for number in (0, 1))
    found[first], found[second] = found[second], found[first]


def _swap_recordings(found: dict[str, bytes]) -> None:
    first, second = (path for path in found if path.endswith((".mp4", ".webm")))
    found[first], found[second] = found[second], found[first]


def _respell_log(found: dict[str, bytes]) -> None:
    path = log_path(SESSION_ID)
    found[path] = json.dumps(json.loads(found[path])).encode()


def _reword(log: list[Json]) -> None:
    log[3]["payload"] = {"text": "There is no crack.", "size": 1.5}


def _withhold(log: list[Json]) -> None:
    log[3]["payload"] = log[3]["salt"] = None


def _unknown_device(found: list[Json]) -> None:
    body = b"{}"
    found[0]["countersignatures"].append(Device("par_buyer", 9).countersign(body))


def _mix_countersignatures(found: list[Json]) -> None:
    first, second = (one["countersignatures"] for one in found)
    first[0], second[0] = second[0], first[0]


def _shorten(manifest: Json) -> None:
    manifest["recordings"][0]["fragments"] -= 1


def _forget_the_last(manifest: Json) -> None:
    """State of one recording, consistently, less than the package holds."""
    one, story = manifest["recordings"][0], Story()
    table = story.recorded[0].table()
    table["fragments"] = table["fragments"][:4]
    one.update(
        fragments=4,
        root=story.recorded[0].root(4),
        table_sha256=digest(rfc8785.dumps(table)),
    )
    roots = [bytes.fromhex(each["root"]) for each in manifest["recordings"]]
    manifest["root"] = tree_root(roots).hex()


def write() -> None:
    """Write the files and their answers."""
    for old in FOLDER.glob("*.zip"):
        old.unlink()
    listed, written = [], {}
    for vector in vectors():
        name = written.setdefault(digest(vector.package), vector.name)
        (FOLDER / f"{name}.zip").write_bytes(vector.package)
        listed.append(
            {
                "name": vector.name,
                "package": f"{name}.zip",
                "receipt": vector.receipt and vector.receipt.decode(),
                "key": vector.key and vector.key.decode(),
                "tsa_ca": vector.tsa_ca and vector.tsa_ca.decode(),
                "report": vector.answer(),
            }
        )
    (FOLDER / "answers.json").write_bytes(rfc8785.dumps(listed))
    (FOLDER / "shapes.json").write_bytes(rfc8785.dumps(ALL))


if __name__ == "__main__":
    write()
