"""The shared vectors that are packages of a part; ``package_vectors`` writes them with the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import rfc8785

from recorder.proof.bytes import MemoryBytes
from recorder.proof.formats import (
    OLD_PART_FORMAT,
    REPORT_PATH,
    checkpoints_path,
    log_path,
    recording_path,
    still_path,
    table_path,
)
from recorder.proof.jws import read_jws
from recorder.proof.zip_form import read_entries
from tests.support.packages import SESSION_ID, Device, Json, signing_key
from tests.support.part_packages import START_MS, PartStory

HARMLESS = frozenset(
    {
        "part_by_key",
        "part_by_receipt",
        "part_of_one",
        "part_gap_elsewhere",
        "part_of_before",
        "part_without_devices",
        "part_without_checkpoints",
        "part_before_checkpoints",
        "part_after_checkpoints",
        "part_without_report",
    }
)
"""Those that are verified, as is ``part_event_withheld``, which admits what it withholds."""
ADMITTED = frozenset({"part_with_gap", "part_beyond_the_end"})
UNCONFIRMED = frozenset({"part_unconfirmed", "part_key_swapped"})


def honest() -> Iterator[tuple[str, PartStory, bytes | None]]:
    """A name, a story that says what is so, and a receipt given with it."""
    yield "part_by_receipt", (story := PartStory()), _receipt(story)
    yield "part_of_one", PartStory(participants=["par_host"], still_at_ms=1000), None
    yield "part_with_gap", PartStory(gaps=[_gap(3000, 3500)]), None
    yield "part_gap_elsewhere", PartStory(gaps=[_gap(5000, 5500)]), None
    yield "part_of_before", PartStory(is_old=True), None
    yield (
        "part_without_devices",
        PartStory(names_devices=False, change_listing=_forget_devices),
        None,
    )
    yield (
        "part_without_checkpoints",
        PartStory(checkpoints_at_ms=(), change_listing=_forget_devices),
        None,
    )
    yield "part_before_checkpoints", PartStory(checkpoints_at_ms=(5000, 6000)), None
    yield (
        "part_after_checkpoints",
        PartStory(checkpoints_at_ms=(1000, 2000), change_listing=_forget_devices),
        None,
    )
    yield "part_without_report", PartStory(change_files=_drop_report), None
    yield (
        "part_beyond_the_end",
        PartStory(asked=(5900, 9000), cut=(8, 8), first_event=5, still_at_ms=1000),
        None,
    )


def lies() -> Iterator[tuple[str, PartStory]]:
    """Parts that are signed by the right key and still say what cannot be."""
    mp4 = recording_path(SESSION_ID, "rec_0", "mp4")
    other = PartStory(session_id="ses_2", t0_ns=(START_MS + 40) * 1_000_000)

    def files(name: str, change: Callable[[dict[str, bytes]], None]) -> tuple[str, PartStory]:
        return name, PartStory(change_files=change)

    def part(name: str, change: Callable[[Json], None]) -> tuple[str, PartStory]:
        return name, PartStory(change_part=change)

    def proofs(name: str, change: Callable[[list[Json]], None]) -> tuple[str, PartStory]:
        return name, PartStory(change_proofs=lambda said: change(said["leaves"]))

    def asked(name: str, from_ms: int, to_ms: int) -> tuple[str, PartStory]:
        told = {"from_ms": START_MS + from_ms, "to_ms": START_MS + to_ms}
        return part(name, lambda said: said.update(asked=told))

    yield files("part_fragment_dropped", _drop_fragment)
    yield files("part_fragments_swapped", _swap_fragments)
    yield files("part_fragment_of_another", lambda found: _take(found, other, mp4))
    yield files("part_proofs_of_another", lambda found: _take(found, other, _proofs_path()))
    yield files("part_log_of_another", lambda found: _take(found, other, log_path(SESSION_ID)))
    yield files("part_recording_dropped", _drop_recording)
    yield files("part_still_dropped", lambda found: _drop(found, still_path(SESSION_ID, "stl_1")))
    yield files("part_recording_added", _add_recording)
    yield proofs("part_leaves_swapped", lambda leaves: leaves.insert(2, leaves.pop(3)))
    yield proofs("part_leaf_renumbered", _renumber)
    yield proofs("part_no_initialisation", lambda leaves: _forget(leaves, 0))
    yield proofs("part_nothing_in_it", lambda leaves: leaves.__delitem__(slice(1, None)))
    yield proofs("part_path_cut_short", lambda leaves: _forget(leaves[2]["path"], -1))
    yield "part_event_dropped", PartStory(change_log=lambda log: _forget(log, 2))
    yield "part_first_event_dropped", PartStory(change_log=lambda log: _forget(log, 0))
    yield "part_last_event_dropped", PartStory(change_log=lambda log: _forget(log, -1))
    yield "part_event_reworded", PartStory(change_log=_reword)
    yield "part_event_moved", PartStory(change_log=_move)
    yield "part_no_events", PartStory(change_log=lambda log: log.clear())
    yield from _lies_about_checkpoints(other)
    yield "part_begins_late", PartStory(cut=(5, 6))
    yield "part_ends_early", PartStory(cut=(4, 5))
    yield part("part_given_widened", lambda said: said["given"][0].update(to_ms=START_MS + 6000))
    yield part("part_given_forgotten", lambda said: _forget(said["given"], 1))
    yield asked("part_asked_widened", 2500, 5000)
    yield asked("part_asked_earlier", 1500, 4100)
    yield asked("part_asked_narrowed", 2500, 3500)
    yield asked("part_asked_backwards", 4100, 2500)
    yield part("part_of_a_stranger", lambda said: said.update(participants=["par_x"]))
    yield part("part_of_nobody", lambda said: said.update(participants=[]))
    yield part("part_of_fewer", lambda said: said.update(participants=["par_buyer"]))
    yield part("part_beyond_time", lambda said: said["asked"].update(to_ms=2**53 - 1))
    yield part("part_old_format", lambda said: said.update(format="proofcall-part-0"))
    yield part("part_of_another_case", lambda said: said.update(case_id="cas_2"))
    yield (
        "part_unreadable_time",
        PartStory(change_manifest=lambda said: said["stills"][0].update(at_ns="3e9")),
    )


def _lies_about_checkpoints(other: PartStory) -> Iterator[tuple[str, PartStory]]:
    def stated(name: str, change: Callable[[Json], None]) -> tuple[str, PartStory]:
        return name, PartStory(
            change_checkpoint=lambda said: change(said) if said["number"] == 2 else None
        )

    yield stated("part_checkpoint_names_no_devices", lambda said: said.pop("devices"))
    yield stated("part_checkpoint_of_another_log", lambda said: said["log"].update(hash="0" * 64))
    yield stated(
        "part_checkpoint_of_another_root",
        lambda said: said["recordings"][0].update(root="0" * 64),
    )
    yield stated("part_checkpoint_elsewhere", lambda said: said.update(session_id="ses_2"))
    yield stated("part_checkpoint_cites_nothing", lambda said: said.update(previous=None))

    def listed(name: str, change: Callable[[list[Json]], None]) -> tuple[str, PartStory]:
        return name, PartStory(change_listing=lambda said: change(said["checkpoints"]))

    path = checkpoints_path(SESSION_ID)
    yield (
        "part_checkpoints_dropped",
        PartStory(change_files=lambda found: _drop(found, path)),
    )
    yield (
        "part_checkpoints_of_another",
        PartStory(change_files=lambda found: _take(found, other, path)),
    )
    yield "part_old_with_checkpoints", PartStory(change_part=_as_before)
    yield listed("part_first_checkpoint_dropped", lambda found: _forget(found, 0))
    yield listed("part_checkpoint_dropped", lambda found: _forget(found, 1))
    yield listed("part_last_checkpoint_dropped", lambda found: _forget(found, -1))
    yield listed("part_checkpoints_swapped", lambda found: found.insert(1, found.pop(2)))
    yield listed("part_no_checkpoints", lambda found: found.clear())
    yield listed("part_growth_dropped", lambda found: _forget(found[1]["proofs"], 0))
    yield listed("part_growth_cut_short", lambda found: _forget(found[1]["proofs"][0]["path"], 0))
    yield listed("part_growth_of_another", _swap_growth)
    yield listed("part_link_with_proofs", lambda found: _lend(found, "proofs"))
    yield listed("part_link_countersigned", lambda found: _lend(found, "countersignatures"))
    yield listed("part_countersignatures_mixed", _mix)
    yield (
        "part_device_made_up",
        PartStory(change_listing=_make_up_a_device),
    )
    yield (
        "part_device_forgotten",
        PartStory(change_listing=lambda said: _forget(said["devices"], 0)),
    )
    yield (
        "part_device_that_nobody_named",
        PartStory(names_devices=False),
    )
    yield (
        "part_checkpoint_of_more_than_was_sealed",
        PartStory(checkpoints_at_ms=(2000, 3000, 4500, 6000, 7000)),
    )


def flips(whole: bytes) -> Iterator[tuple[str, bytes]]:
    """A changed bit in the middle of every file."""
    for entry in read_entries(MemoryBytes(whole).read, len(whole)):
        kind = entry.name.rsplit("/", 1)[-1].replace(".", "_").replace("-", "_")
        flipped = bytearray(whole)
        flipped[entry.start + entry.size // 2] ^= 1
        yield f"part_flip_{kind}", bytes(flipped)


def part_vectors() -> Iterator[tuple[str, bytes, bytes | None, bytes | None]]:
    """Name, package, receipt and key."""
    story = PartStory()
    whole, key = story.part(), story.published_keys()
    yield "part_unconfirmed", whole, None, None
    yield "part_by_key", whole, None, key
    for name, one, receipt in honest():
        yield name, one.part(), receipt, None if receipt else key
    yield "part_event_withheld", PartStory(change_log=_withhold).part(), None, key
    yield "part_key_swapped", PartStory(key=signing_key(2)).part(), None, None
    yield "part_receipt_of_other", whole, _receipt(PartStory(gaps=[_gap(0, 1)])), None
    for name, content in flips(whole):
        yield name, content, None, key
    for name, one in lies():
        yield name, one.part(), None, key


def _receipt(story: PartStory) -> bytes:
    story.part()
    return story.receipts[0].encode()


def _proofs_path() -> str:
    return table_path(SESSION_ID, "rec_0")


def _gap(from_ms: int, to_ms: int) -> Json:
    return {
        "participant_id": "par_buyer",
        "recording_id": "rec_0",
        "from_ns": str((START_MS + from_ms) * 1_000_000),
        "to_ns": str((START_MS + to_ms) * 1_000_000),
        "cause": "peer_lost",
        "packets": None,
    }


def _drop(found: dict[str, bytes], path: str) -> None:
    del found[path]


def _forget(listed: list[Any], at: int) -> None:
    del listed[at]


def _fragments() -> list[bytes]:
    return PartStory().recorded[0].fragments


def _forget_devices(said: Json) -> None:
    """As of a call whose checkpoints do not say whose keys there were."""
    said["devices"] = []
    for one in said["checkpoints"]:
        one["countersignatures"] = []


def _drop_report(found: dict[str, bytes]) -> None:
    """It could not be printed."""
    del found[REPORT_PATH]


def _as_before(said: Json) -> None:
    said["format"] = OLD_PART_FORMAT


def _swap_growth(found: list[Json]) -> None:
    first, second = found[1]["proofs"]
    first["path"], second["path"] = second["path"], first["path"]


def _lend(found: list[Json], what: str) -> None:
    """What stands with a checkpoint of the part, with the one before it as well."""
    found[0][what] = found[1][what]


def _mix(found: list[Json]) -> None:
    first, second = (one["countersignatures"] for one in found[1:3])
    first[0], second[0] = second[0], first[0]


def _make_up_a_device(said: Json) -> None:
    """Whoever makes the part has a key of their own sign as the buyer's."""
    device = Device("par_buyer", 9)
    said["devices"].append({"participant_id": "par_buyer", "jwk": device.jwk})
    body = read_jws(said["checkpoints"][1]["jws"]).payload
    said["checkpoints"][1]["countersignatures"][0] = device.countersign(body)


def _drop_fragment(found: dict[str, bytes]) -> None:
    """The middle one, from the file and from the list."""
    path = recording_path(SESSION_ID, "rec_0", "mp4")
    found[path] = found[path].replace(_fragments()[4], b"")
    story = PartStory()
    proofs = story.proofs(story.recorded[0])
    del proofs["leaves"][2]
    found[_proofs_path()] = rfc8785.dumps(proofs)


def _swap_fragments(found: dict[str, bytes]) -> None:
    path = recording_path(SESSION_ID, "rec_0", "mp4")
    first, second = _fragments()[3:5]
    assert len(first) == len(second)
    found[path] = found[path].replace(first + second, second + first)


def _take(found: dict[str, bytes], other: PartStory, path: str) -> None:
    """A file of another session, signed by the same key."""
    theirs: dict[str, bytes] = {}
    other.change_files = theirs.update
    other.part()
    found[path] = theirs[path.replace(SESSION_ID, other.session_id)]


def _drop_recording(found: dict[str, bytes]) -> None:
    del found[recording_path(SESSION_ID, "rec_0", "mp4")], found[_proofs_path()]


def _add_recording(found: dict[str, bytes]) -> None:
    found[recording_path(SESSION_ID, "rec_9", "mp4")] = b"another"


def _renumber(leaves: list[Json]) -> None:
    for leaf in leaves[1:]:
        leaf["no"] += 1


def _reword(log: list[Json]) -> None:
    log[2]["payload"] = {"text": "There is no crack.", "size": 1.5}


def _withhold(log: list[Json]) -> None:
    log[2]["payload"] = log[2]["salt"] = None


def _move(log: list[Json]) -> None:
    """An event is said to be of another time, outside the part."""
    log[2]["at"] = log[-1]["at"]
    log[2]["payload"] = log[2]["salt"] = None
