"""Packages changed with care, not only bit by bit: well-formed, checksums right, and still refused.

``PROOFCALL_MUTATIONS`` says how many; ``make soak`` tries twenty times as many as ``make test``.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any
from zlib import crc32

import pytest
import rfc8785
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from recorder.proof import formats
from recorder.proof.bytes import MemoryBytes
from recorder.proof.jws import read_jws
from recorder.proof.package_writer import PackageWriter
from recorder.proof.report import Answer
from recorder.proof.verification import verify_package
from recorder.proof.zip_form import Entry, directory, local_header, read_entries
from tests.support.packages import Json, Story, signing_key
from tests.support.part_packages import START_MS, PartStory

MANY = settings(
    max_examples=int(os.environ.get("PROOFCALL_MUTATIONS", "500")),
    deadline=None,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)
Files = dict[str, bytes]


def files_of(package: bytes) -> Files:
    """Every entry's bytes, in order."""
    entries = read_entries(MemoryBytes(package).read, len(package))
    return {one.name: package[one.start : one.end] for one in entries}


def zipped(files: Files) -> bytes:
    """A package in its one form, with every checksum right."""
    out, entries = BytesIO(), []
    for name, content in files.items():
        entries.append(Entry(name, len(content), crc32(content), out.tell()))
        out.write(local_header(name, len(content), crc32(content)) + content)
    return out.getvalue() + directory(entries)


@dataclass(frozen=True)
class Kind:
    """A package, and one of another inspection by the same operator."""

    files: Files = field(repr=False)
    another: Files = field(repr=False)


STORY = Story()
WHOLE = files_of(STORY.package())
KEYS = STORY.published_keys()
_WHOLE = Kind(
    WHOLE,
    files_of(
        Story(
            change_log=lambda log: log[3]["payload"].update(text="another text"),
            session_id="ses_2",
        ).package()
    ),
)
_PART = Kind(
    files_of(PartStory().part()),
    files_of(PartStory(session_id="ses_2", t0_ns=(START_MS + 40) * 1_000_000).part()),
)
KINDS = pytest.mark.parametrize("of", [_WHOLE, _PART], ids=["whole", "part"])
CHECKPOINTS = formats.checkpoints_path("ses_1")
SEALED = sorted(
    name for name in WHOLE if name.startswith("ses_1/") and not name.endswith("checkpoints.json")
)
"""What manifests cover; of a checkpoint a countersignature may be missing: it is not counted."""


def answer(files: Files) -> Answer:
    """The verifier's, with the operator's key given."""
    return verify_package(MemoryBytes(zipped(files)), key=KEYS).answer


def stated_anew(files: Files) -> Files:
    """The statement that lists the files, made for these and rightly signed by the operator."""
    writer = PackageWriter(BytesIO())
    recordings = {name for name in files if name.endswith((".mp4", ".webm"))}
    for name, content in files.items():
        if name in recordings:
            with writer.recording(name, len(content)) as part:
                part.write(content)
        elif name != formats.PACKAGE_PATH:
            writer.add(name, content)
    before = read_jws(files[formats.PACKAGE_PATH].decode())
    said = {**json.loads(before.payload), "files": writer.files}
    jws = STORY.key.sign(rfc8785.dumps(said), before.typ).encode()
    return {**files, formats.PACKAGE_PATH: jws}


@st.composite
def changed_value(draw: st.DrawFn, value: Any) -> Any:
    """A JSON value with one thing in it changed, dropped, doubled or put elsewhere."""
    if isinstance(value, dict) and value:
        # What holds much is worth more tries than a number.
        large = [name for name in sorted(value) if isinstance(value[name], dict | list)]
        name = draw(st.sampled_from([*sorted(value), *large * 3]))
        if draw(st.integers(0, 9)) == 0:
            return {key: kept for key, kept in value.items() if key != name}
        return {**value, name: draw(changed_value(value[name]))}
    if isinstance(value, list) and value:
        at = draw(st.integers(0, len(value) - 1))
        match draw(st.sampled_from(["in", "drop", "double", "swap", "cut"])):
            case "drop":
                return value[:at] + value[at + 1 :]
            case "double":
                return [*value[:at], value[at], *value[at:]]
            case "swap":
                to = draw(st.integers(0, len(value) - 1))
                swapped = [*value]
                swapped[at], swapped[to] = swapped[to], swapped[at]
                return swapped
            case "cut":
                return value[:at]
        return [*value[:at], draw(changed_value(value[at])), *value[at + 1 :]]
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + draw(st.sampled_from([-1, 1, 800, -value * 2]))
    if isinstance(value, str) and value:
        at = draw(st.integers(0, len(value) - 1))
        return value[:at] + draw(st.sampled_from("0f1aZ_")) + value[at + 1 :]
    return draw(st.sampled_from([None, 0, "", "x", [], {}]))


@st.composite
def changed_content(draw: st.DrawFn, name: str, of: Kind) -> bytes:
    """A file's bytes changed so that it still is what its name says."""
    content = of.files[name]
    if name.endswith(".json"):
        return rfc8785.dumps(draw(changed_value(json.loads(content))))
    if name.endswith((".jws", ".txt")):
        return draw(changed_statement(content))
    at = draw(st.integers(0, len(content) - 1))
    length = draw(st.integers(0, 30))
    return content[:at] + draw(st.binary(max_size=30)) + content[at + length :]


@st.composite
def changed_statement(draw: st.DrawFn, content: bytes) -> bytes:
    """A signed statement: other words under the old signature, or signed by a stranger."""
    import base64

    head, body, signature = content.decode().split(".")
    plain = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    payload = rfc8785.dumps(draw(changed_value(plain)))
    if draw(st.booleans()):
        typ = json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))["typ"]
        return signing_key(draw(st.integers(2, 5))).sign(payload, typ).encode()
    put = base64.urlsafe_b64encode(payload).rstrip(b"=").decode()
    return f"{head}.{put}.{signature}".encode()


@st.composite
def changed_files(draw: st.DrawFn, names: list[str], of: Kind) -> Files:
    """The package with one to three of these files changed, dropped, exchanged or added."""
    files = dict(of.files)
    for _ in range(draw(st.sampled_from([1, 1, 1, 1, 2, 3]))):
        left = [name for name in names if name in files]
        left += [name for name in left if name.endswith((".json", ".jws"))] * 3
        assume(left)
        name = draw(st.sampled_from(left))
        match draw(st.sampled_from(["change", "change", "change", "drop", "swap", "mix"])):
            case "change":
                files[name] = draw(changed_content(name, of))
            case "drop":
                del files[name]
            case "swap":
                other = draw(st.sampled_from(left))
                files[name], files[other] = files[other], files[name]
            case "mix":
                twin = name.replace("ses_1", "ses_2")
                assume(twin in of.another)
                files[name] = of.another[twin]
    assume(files != of.files)
    return files


@KINDS
def test_what_is_zipped_again_is_verified_as_it_was(of: Kind) -> None:
    """The tools of these tests change nothing by themselves."""
    assert answer(of.files) == Answer.VERIFIED
    assert answer(stated_anew(of.files)) == Answer.VERIFIED


@KINDS
@MANY
@given(data=st.data())
def test_no_change_of_a_file_passes(of: Kind, data: st.DataObject) -> None:
    """Any file, also the statement that lists them, the keys and the page."""
    assert answer(data.draw(changed_files(sorted(of.files), of))) == Answer.NOT_VERIFIED


@MANY
@given(data=st.data())
def test_what_is_sealed_holds_although_the_package_is_stated_anew(data: st.DataObject) -> None:
    """Whoever makes packages cannot change what was sealed at hang-up."""
    files = data.draw(changed_files(SEALED, _WHOLE))
    assume(not _only_withholds(files))
    assert answer(stated_anew(files)) == Answer.NOT_VERIFIED


@MANY
@given(data=st.data())
def test_checkpoints_of_a_part_hold_although_it_is_stated_anew(data: st.DataObject) -> None:
    """Whoever makes parts cannot change what was stated during the call, only keep a
    countersignature back."""
    files = data.draw(changed_files([CHECKPOINTS], _PART))
    assume(_stated_in_checkpoints(files) != _stated_in_checkpoints(_PART.files))
    assert answer(stated_anew(files)) == Answer.NOT_VERIFIED


def _stated_in_checkpoints(files: Files) -> Any:
    """Them without what devices signed; whatever else it is if it is none of them."""
    try:
        listing = json.loads(files[CHECKPOINTS])
        kept = [{**one, "countersignatures": 0} for one in listing["checkpoints"]]
    except (KeyError, TypeError):
        return files.get(CHECKPOINTS)
    return {**listing, "checkpoints": kept, "devices": 0}


@pytest.mark.parametrize("name", sorted(WHOLE))
def test_a_file_more_is_not_overlooked(name: str) -> None:
    """A second copy beside it, whatever it is."""
    assert answer({**WHOLE, f"copy/{name}": WHOLE[name]}) == Answer.NOT_VERIFIED


def _only_withholds(files: Files) -> bool:
    """Whether all that was done is to keep back what an event says, which anybody may."""
    log = formats.log_path(STORY.session_id)
    if files.keys() != WHOLE.keys() or any(
        files[name] != WHOLE[name] for name in files if name not in (log, formats.PACKAGE_PATH)
    ):
        return False
    try:
        events = json.loads(files[log])["events"]
    except (ValueError, KeyError, TypeError):
        return False
    kept: Callable[[Json], Json] = lambda one: {**one, "salt": None, "payload": None}  # noqa: E731
    told = json.loads(WHOLE[log])["events"]
    try:
        return [kept(one) for one in events] == [kept(one) for one in told]
    except TypeError:
        return False
