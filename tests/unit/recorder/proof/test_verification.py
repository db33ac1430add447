"""The verifier: its answers to the shared vectors, to hostile files, and to any changed bit."""

from __future__ import annotations

import io
import json
import warnings
import zipfile
from base64 import urlsafe_b64encode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recorder.proof.bytes import MemoryBytes
from recorder.proof.manifest_timestamps import GivenTimestamps
from recorder.proof.report import EXIT_STATUS, PROBLEM_WORDS, Answer
from recorder.proof.shapes import ALL
from recorder.proof.verification import verify_package
from recorder.proof.zip_form import read_entries
from tests.support.package_vectors import FOLDER, vectors
from tests.support.packages import Json, Story
from tests.support.part_vectors import ADMITTED, HARMLESS, UNCONFIRMED

STORY = Story()
WHOLE = STORY.package()
KEYS = STORY.published_keys()
STAMPED = {
    "stamped",
    "stamped_and_confirmed",
    "stamped_by_rsa",
    "stamped_part",
    "stamped_by_p384",
    "stamp_renewed",
}
ENTRIES = read_entries(MemoryBytes(WHOLE).read, len(WHOLE))
LISTED: list[Json] = json.loads((FOLDER / "answers.json").read_bytes())


def verified(package: bytes) -> Json:
    """The report with the operator's key given."""
    return verify_package(MemoryBytes(package), key=KEYS).as_json()


@pytest.mark.parametrize("listed", LISTED, ids=[one["name"] for one in LISTED])
def test_a_vector_gets_its_answer(listed: Json) -> None:
    """What is committed is what this verifier says."""
    given = {name: listed[name] and listed[name].encode() for name in ("receipt", "key", "tsa_ca")}
    content = MemoryBytes((FOLDER / listed["package"]).read_bytes())
    timestamps = GivenTimestamps(authorities=given.pop("tsa_ca"))
    assert verify_package(content, timestamps=timestamps, **given).as_json() == listed["report"]


def test_the_vectors_are_those_that_their_script_writes() -> None:
    """The same story gives the same bytes, so nobody edits a vector by hand."""
    assert [one["name"] for one in LISTED] == [vector.name for vector in vectors()]
    assert json.loads((FOLDER / "shapes.json").read_bytes()) == ALL
    for one, vector in zip(LISTED, vectors(), strict=True):
        assert (FOLDER / one["package"]).read_bytes() == vector.package, vector.name


def test_every_attack_among_the_vectors_is_seen() -> None:
    """Only those that change nothing that was promised may pass."""
    harmless = {"by_key", "by_name_of_key", "by_first_receipt", "by_last_receipt", "devices_named"}
    harmless |= STAMPED
    admitted = {"with_gaps", "still_never_cut", "never_completed"}
    for one in LISTED:
        answer = one["report"]["answer"]
        if one["name"] in harmless | HARMLESS | {"event_withheld", "part_event_withheld"}:
            assert answer == Answer.VERIFIED
        elif one["name"] in admitted | ADMITTED:
            assert answer == Answer.WITH_GAPS
        elif one["name"] in {"unconfirmed", "key_swapped"} | UNCONFIRMED:
            assert answer == Answer.ORIGIN_UNCONFIRMED
        else:
            assert answer == Answer.NOT_VERIFIED, one["name"]
            assert one["report"]["problems"]


@settings(max_examples=400, deadline=None)
@given(st.integers(0, len(WHOLE) * 8 - 1))
def test_any_changed_bit_is_seen_and_its_place_is_named(bit: int) -> None:
    """Whatever the bit belongs to, a file's bytes or the container's."""
    changed = bytearray(WHOLE)
    changed[bit // 8] ^= 1 << (bit % 8)
    report = verified(bytes(changed))
    assert report["answer"] == Answer.NOT_VERIFIED
    inside = [one.name for one in ENTRIES if one.start <= bit // 8 < one.end]
    assert (inside or [""])[0] in {problem["path"] for problem in report["problems"]}


@settings(max_examples=150, deadline=None)
@given(
    st.integers(0, len(WHOLE)),
    st.integers(0, 200),
    st.binary(max_size=200),
)
def test_any_replaced_stretch_is_seen(at: int, removed: int, put: bytes) -> None:
    """Bytes dropped, added or replaced anywhere."""
    changed = WHOLE[:at] + put + WHOLE[at + removed :]
    if changed != WHOLE:
        assert verified(changed)["answer"] == Answer.NOT_VERIFIED


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400))
def test_nothing_that_is_no_package_is_believed_or_raises(content: bytes) -> None:
    """Random bytes, also as receipt and key."""
    report = verify_package(MemoryBytes(content), receipt=content, key=content)
    assert report.answer == Answer.NOT_VERIFIED
    given = verify_package(MemoryBytes(WHOLE), receipt=content, key=content)
    assert given.answer == Answer.NOT_VERIFIED


@pytest.mark.parametrize(
    "names",
    [
        ["../../etc/passwd"],
        ["/etc/passwd"],
        ["a\\b"],
        ["a//b"],
        [".hidden"],
        ["a", "a"],
        ["naïve"],
        ["a\x00b"],
        ["C:a"],
    ],
)
def test_a_zip_with_hostile_names_is_refused(names: list[str]) -> None:
    """Traversal, doubles, other systems' paths: the container itself is refused."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as zipped, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in names:
            zipped.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), b"x")
    assert {one["code"] for one in verified(out.getvalue())["problems"]} == {"zip"}


def test_a_bomb_is_refused_before_anything_is_unpacked() -> None:
    """Compressed entries are not read at all."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as zipped:
        zipped.writestr("package.jws", bytes(50_000_000))
    assert {one["code"] for one in verified(out.getvalue())["problems"]} == {"zip"}


def test_deep_json_is_refused() -> None:
    """Nesting that exhausts a parser is a file that is not canonical."""
    deep = b"[" * 100_000 + b"]" * 100_000
    story = Story(change_files=lambda files: files.update({"keys.json": deep}))
    report = verified(story.package())
    assert report["problems"][0] == {"code": "not_canonical", "path": "keys.json", "at": None}


def test_a_signature_that_claims_no_algorithm_is_refused() -> None:
    """The key decides how it is checked, never the head."""
    head, payload, _ = STORY.manifests[0].split(".")
    del head
    none = (
        urlsafe_b64encode(
            b'{"alg":"none","kid":"%s","typ":"proofcall-manifest+json"}'
            % (STORY.key.key_id.encode())
        )
        .rstrip(b"=")
        .decode()
    )
    story = Story(
        change_files=lambda files: files.update(
            {"ses_1/manifest-0.jws": f"{none}.{payload}.".encode()}
        )
    )
    report = verified(story.package())
    assert {"code": "signature", "path": "ses_1/manifest-0.jws", "at": None} in report["problems"]


def test_parts_of_two_packages_do_not_mix() -> None:
    """A recording, a log or a manifest of another session, each well signed by the same key."""
    other: dict[str, bytes] = {}
    Story(session_id="ses_2", change_files=other.update).package()
    for name in ("log.json", "manifest-0.jws", "checkpoints.json", "receipt-1.txt"):

        def mix(files: dict[str, bytes], name: str = name) -> None:
            files[f"ses_1/{name}"] = other[f"ses_2/{name}"]

        report = verified(Story(change_files=mix).package())
        assert report["answer"] == Answer.NOT_VERIFIED
        assert f"ses_1/{name}" in {problem["path"] for problem in report["problems"]}


def test_every_answer_has_a_status_and_every_problem_words() -> None:
    """The promise of the command line, and no code without an explanation."""
    assert {str(answer): status for answer, status in EXIT_STATUS.items()} == {
        "verified": 0,
        "verified_with_gaps": 3,
        "not_verified": 4,
        "consistent_origin_unconfirmed": 5,
    }
    used = {problem["code"] for one in LISTED for problem in one["report"]["problems"]}
    assert used <= set(PROBLEM_WORDS)
