"""Packages of a part: any change is seen, nothing is claimed that the bytes do not say."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recorder import fmp4, webm
from recorder.fragments import AUDIO, VIDEO, Fragment, Sample
from recorder.proof.bytes import MemoryBytes
from recorder.proof.jws import read_jws
from recorder.proof.moments import NoMoment, sample_moments
from recorder.proof.part_scope import MAX_MS, log_time
from recorder.proof.report import Answer
from recorder.proof.shapes import CHECKPOINT, fits
from recorder.proof.verification import verify_package
from recorder.proof.zip_form import read_entries
from recorder.sample_index import RATES
from recorder.tree import inclusion_proof, inclusion_proofs, leaf_hash, tree_root, verify_inclusion
from tests.support.packages import Json
from tests.support.part_packages import START_MS, PartStory, fragment_of

STORY = PartStory()
PART = STORY.part()
KEYS = STORY.published_keys()
ENTRIES = read_entries(MemoryBytes(PART).read, len(PART))


def verified(package: bytes) -> Json:
    """The report with the operator's key given."""
    return verify_package(MemoryBytes(package), key=KEYS).as_json()


def test_a_part_says_what_it_covers_and_shows_nothing_else() -> None:
    """The moments as the bytes have them; no other fragment, still, word or digest of one."""
    report = verified(PART)
    assert report["answer"] == Answer.VERIFIED
    assert [(one["from_ms"], one["to_ms"]) for one in report["part"]["covered"]] == [
        (START_MS + 2400, START_MS + 4600)
    ] * 2
    assert b"session_opened" not in PART
    for one in STORY.recorded:
        for number, content in enumerate(one.fragments, start=1):
            assert (content in PART) == (4 <= number <= 6)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(PART) * 8 - 1))
def test_any_changed_bit_is_seen_and_its_place_is_named(bit: int) -> None:
    """Whatever the bit belongs to, a file's bytes or the container's."""
    changed = bytearray(PART)
    changed[bit // 8] ^= 1 << (bit % 8)
    report = verified(bytes(changed))
    assert report["answer"] == Answer.NOT_VERIFIED
    inside = [one.name for one in ENTRIES if one.start <= bit // 8 < one.end]
    assert (inside or [""])[0] in {problem["path"] for problem in report["problems"]}


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(["ses_1/checkpoints.json", "report.pdf"]), st.data())
def test_any_changed_bit_of_checkpoints_and_report_is_seen(name: str, data: st.DataObject) -> None:
    """Each of them is small beside the recordings: here they get all the tries."""
    (entry,) = [one for one in ENTRIES if one.name == name]
    bit = data.draw(st.integers(entry.start * 8, entry.end * 8 - 1))
    changed = bytearray(PART)
    changed[bit // 8] ^= 1 << (bit % 8)
    report = verified(bytes(changed))
    assert report["answer"] == Answer.NOT_VERIFIED
    assert name in {problem["path"] for problem in report["problems"]}


def test_checkpoints_say_numbers_and_digests_and_nothing_else() -> None:
    """What stands in those of other moments, which are links: no word, no name, no address."""
    (entry,) = [one for one in ENTRIES if one.name == "ses_1/checkpoints.json"]
    listed = json.loads(PART[entry.start : entry.end])["checkpoints"]
    for one in listed:
        said = json.loads(read_jws(one["jws"]).payload)
        assert sorted(said) == sorted(
            ["at", "devices", "format", "log", "number", "previous", "recordings", "session_id"]
        )
        assert fits(said, CHECKPOINT)
    assert [len(one["countersignatures"]) for one in listed] == [0, 2, 2, 0]


@settings(max_examples=100, deadline=None)
@given(st.integers(-3000, 9000), st.integers(0, 6000))
def test_moments_that_are_not_covered_are_never_claimed(from_ms: int, length_ms: int) -> None:
    """The operator itself cannot say of fragments 4 to 6 that they are of another time."""
    to_ms = from_ms + length_ms

    def claim(said: Json) -> None:
        said["asked"] = {"from_ms": START_MS + from_ms, "to_ms": START_MS + to_ms}

    report = verified(PartStory(change_part=claim).part())
    covers = from_ms >= 2400 and to_ms <= 4600
    same_events = 2000 < from_ms <= 3000 and 4000 <= to_ms < 5000
    same_still = from_ms <= 3000 <= to_ms
    same_checkpoints = 2000 < from_ms <= 3000 and 3000 <= to_ms < 4500
    is_honest = covers and same_events and same_still and same_checkpoints
    assert (report["answer"] == Answer.VERIFIED) == is_honest, report


@pytest.mark.parametrize("container", ["mp4", "webm"])
def test_a_fragment_cut_short_or_garbled_says_no_moment_or_one(container: str) -> None:
    """Whatever the bytes are, a moment or NoMoment: a verifier never falls over."""
    form = fmp4 if container == "mp4" else webm
    whole = form.fragment_bytes(2, fragment_of(2, 0))
    assert sample_moments(container, whole) == (800, 1400)
    for end in range(len(whole)):
        for content in (whole[:end], whole[:end] + b"\xff" + whole[end + 1 :]):
            try:
                first, last = sample_moments(container, content)
            except NoMoment:
                continue
            assert 0 <= first <= last


runs = st.lists(st.integers(0, 20_000), min_size=1, max_size=6, unique=True).map(sorted)


@given(video=runs, audio=runs, start_ms=st.integers(0, 10**9))
def test_moments_are_those_that_the_recorder_wrote(
    video: list[int], audio: list[int], start_ms: int
) -> None:
    """For both containers, from the very samples, to the millisecond."""

    def samples(track: int, times_ms: list[int]) -> list[Sample]:
        rate = RATES[track]
        ticks = [(start_ms + ms) * rate // 1000 for ms in times_ms]
        after = [*ticks[1:], ticks[-1] + rate // 50]
        return [
            Sample(track, at, then - at, 0, False, b"x")
            for at, then in zip(ticks, after, strict=True)
        ]

    fragment = Fragment(samples(VIDEO, video), samples(AUDIO, audio), (), 0, 0)
    expected = (start_ms + min(video + audio), start_ms + max(video + audio))
    for container, form in (("mp4", fmp4), ("webm", webm)):
        found = sample_moments(container, form.fragment_bytes(1, fragment))
        assert all(abs(a - b) <= 1 for a, b in zip(found, expected, strict=True))


@given(size=st.integers(1, 70), data=st.data())
def test_proofs_of_several_are_those_of_each(size: int, data: st.DataObject) -> None:
    """Hashing the tree once gives what RFC 9162 gives for every entry."""
    entries = [bytes([number]) * 32 for number in range(size)]
    wanted = data.draw(st.lists(st.integers(0, size - 1), max_size=8))
    root = tree_root(entries)
    for index, path in zip(wanted, inclusion_proofs(entries, wanted), strict=True):
        assert path == inclusion_proof(entries, index)
        assert verify_inclusion(entries[index], index, size, path, root)
        # A fragment's hash in the place of an inner node, or another place, proves nothing.
        assert not verify_inclusion(leaf_hash(entries[index]), index, size, path, root)
        if size > 1:
            assert not verify_inclusion(entries[index], (index + 1) % size, size, path, root)


def test_log_times_sort_as_moments_do() -> None:
    """From the first to the last moment that a log can write."""
    moments = [0, 1, 999, 1000, START_MS, START_MS + 1, MAX_MS]
    assert [log_time(one) for one in moments] == sorted(log_time(one) for one in moments)
    assert log_time(START_MS + 1) == "2026-11-28T09:00:00.001000Z"
