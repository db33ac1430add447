"""Time-stamps of RFC 3161 given beside a package, made by openssl, and their forgeries."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given, settings
from hypothesis import strategies as st

from recorder.proof.bytes import MemoryBytes
from recorder.proof.der import BadDer, Items
from recorder.proof.formats import AUTHORITIES_PATH, timestamp_path
from recorder.proof.jws import read_jws
from recorder.proof.manifest_timestamps import GivenTimestamps
from recorder.proof.report import PROBLEM_WORDS
from recorder.proof.timestamp import BadTimestamp, read_timestamp
from recorder.proof.verification import verify_package
from tests.support.packages import SESSION_ID, Json, Story
from tests.support.time_stamping import Authority, make_authority

STORY = Story()
WHOLE = STORY.package()
KEYS = STORY.published_keys()
BODIES = [read_jws(one).payload for one in STORY.manifests]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """One that everything is right with."""
    return make_authority(tmp_path_factory.mktemp("tsa") / "it")


@pytest.fixture(scope="module")
def answer(authority: Authority) -> bytes:
    """Its answer for manifest 0."""
    return authority.stamp(BODIES[0])


def verified(*responses: bytes, ca: bytes | None = None, now: datetime | None = None) -> Json:
    """The report on the package with these time-stamps."""
    given_stamps = GivenTimestamps(responses, ca, now or datetime.now(UTC))
    return verify_package(MemoryBytes(WHOLE), key=KEYS, timestamps=given_stamps).as_json()


def problem(code: str, at: int | None = 0, path: str = "timestamp") -> Json:
    """The one problem of a report."""
    return {"code": code, "path": path, "at": at}


def test_each_manifest_is_stamped_by_the_authority_given(
    authority: Authority, answer: bytes
) -> None:
    """The time is that of the token, and the place that of the manifest."""
    before = datetime.now(UTC) - timedelta(minutes=2)
    report = verified(answer, authority.stamp(BODIES[1]), ca=authority.pem)
    assert (report["answer"], report["problems"]) == ("verified", [])
    assert [one["number"] for one in report["timestamps"]] == [0, 1]
    for one in report["timestamps"]:
        assert (one["session_id"], one["confirmed"]) == (SESSION_ID, True)
        assert before < datetime.fromisoformat(one["at"]) <= datetime.now(UTC)


def test_without_a_trusted_authority_that_is_said(answer: bytes) -> None:
    """The token holds; whose it is, nobody says."""
    report = verified(answer)
    assert report["problems"] == []
    assert [one["confirmed"] for one in report["timestamps"]] == [False]


def test_rsa_keys_and_the_older_way_to_name_the_signer_are_read(tmp_path: Path) -> None:
    """RFC 2634's attribute names the certificate by its SHA-1."""
    key = rsa.generate_private_key(65537, 2048)
    older = make_authority(tmp_path / "rsa", key=key, ess="sha1")
    report = verified(older.stamp(BODIES[0]), ca=older.pem)
    assert (report["problems"], len(report["timestamps"])) == ([], 1)


def test_a_stamp_of_something_else_is_named_by_its_place(
    authority: Authority, answer: bytes
) -> None:
    """The second of two, well signed, of another manifest; and one of a SHA-512."""
    other = authority.stamp(BODIES[0] + b" ")
    report = verified(answer, other, ca=authority.pem)
    assert report["problems"] == [problem("tsa_imprint", 1)]
    assert report["answer"] == "not_verified"
    assert len(report["timestamps"]) == 1
    longer = authority.stamp(BODIES[0], "-sha512")
    assert verified(longer)["problems"] == [problem("tsa_imprint")]


def test_an_authority_of_another_root_is_not_the_given_one(
    authority: Authority, answer: bytes, tmp_path: Path
) -> None:
    """Its name is the same, its key is not."""
    other = make_authority(tmp_path / "other")
    assert verified(answer, ca=other.pem)["problems"] == [problem("tsa_chain")]
    assert verified(answer, ca=other.pem + authority.pem)["problems"] == []


@pytest.mark.parametrize(
    "purposes",
    [
        (),
        (ExtendedKeyUsageOID.SERVER_AUTH,),
        (ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.SERVER_AUTH),
    ],
)
def test_a_certificate_for_something_else_stamps_nothing(
    authority: Authority, answer: bytes, tmp_path: Path, purposes: tuple[object, ...]
) -> None:
    """Not even under the trusted root: time-stamping must be its only purpose."""
    forger = make_authority(tmp_path / "forger", purposes=purposes)  # type: ignore[arg-type]
    forged = forger.sign_info(authority.info_of(answer))
    assert verified(forged, ca=forger.pem)["problems"] == [problem("tsa_purpose")]


def test_the_forger_of_these_tests_is_believed_with_the_right_certificate(
    authority: Authority, answer: bytes
) -> None:
    """So that the tests above can fail."""
    again = authority.sign_info(authority.info_of(answer))
    assert verified(again, ca=authority.pem)["problems"] == []


def test_expired_and_future_ones_are_named(
    authority: Authority, answer: bytes, tmp_path: Path
) -> None:
    """The certificate must be valid at the stamped time, and that time be past."""
    day = timedelta(days=1)
    for name, valid in (("old", (-9 * day, -day)), ("early", (day, 9 * day))):
        other = make_authority(tmp_path / name, valid=valid)
        report = verified(other.stamp(BODIES[0]), ca=other.pem)
        assert report["problems"] == [problem("tsa_validity")]
    report = verified(answer, ca=authority.pem, now=datetime.now(UTC) - timedelta(hours=1))
    assert report["problems"] == [problem("tsa_future")]


def test_other_words_under_the_same_signature_do_not_hold(
    authority: Authority, answer: bytes
) -> None:
    """The imprint is exchanged for the other manifest's."""
    imprint, other = (bytes.fromhex(one) for one in _imprints(authority, answer))
    changed = answer.replace(imprint, other)
    assert changed != answer
    assert verified(changed, ca=authority.pem)["problems"] == [problem("tsa_signature")]


def _imprints(authority: Authority, answer: bytes) -> tuple[str, str]:
    other = authority.stamp(BODIES[1])
    return read_timestamp(answer).imprint, read_timestamp(other).imprint


def test_refusals_garbage_and_unreadable_authorities_are_named(answer: bytes) -> None:
    """A rejection is an answer, too."""
    refused = bytes.fromhex("30053003020102")
    garbage = (b"", b"<html>", b"\x30\x80\x00\x00", answer[:-1], answer + b"\x00")
    report = verified(refused, *garbage)
    assert report["problems"][0] == problem("tsa_refused")
    assert {one["code"] for one in report["problems"][1:]} == {"tsa_unreadable"}
    assert len(report["problems"]) == 1 + len(garbage)
    for ca in (b"", b"no certificate"):
        problems = verified(answer, ca=ca)["problems"]
        assert problems == [problem("bad_tsa_ca", None, "tsa-ca")]


@settings(max_examples=500, deadline=None)
@given(data=st.data())
def test_a_changed_token_is_refused_with_a_known_code(answer: bytes, data: st.DataObject) -> None:
    """Bytes changed, cut out, doubled or added: what is still taken says the same as before."""
    start = data.draw(st.integers(0, len(answer)))
    end = data.draw(st.integers(start, min(len(answer), start + 6)))
    changed = answer[:start] + data.draw(st.binary(max_size=6)) + answer[end:]
    assert _said(changed) in {_said(answer), *PROBLEM_WORDS}


def _said(response: bytes) -> str:
    try:
        found = read_timestamp(response)
    except BadTimestamp as error:
        return error.code
    return f"{found.imprint} {found.at} {found.signer.serial_number}"


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_der_or_a_clear_error(content: bytes) -> None:
    """What is taken, put together again, is what was given."""
    items, taken = Items(content), b""
    try:
        while not items.is_empty:
            taken += items.take_any().whole
    except BadDer:
        assert content.startswith(taken)
    else:
        assert taken == content


def test_the_command_line_reads_time_stamps(
    authority: Authority, answer: bytes, tmp_path: Path
) -> None:
    """``--timestamp`` with and without ``--tsa-ca``, for people and machines."""
    for name, content in {
        "package": WHOLE, "keys": KEYS, "one.tsr": answer, "ca.pem": authority.pem
    }.items():  # fmt: skip
        (tmp_path / name).write_bytes(content)
    words = ["package", "--key", "keys", "--timestamp", "one.tsr"]
    status, said = _verify(tmp_path, *words)
    assert (status, "by an authority that was not confirmed" in said) == (0, True)
    status, said = _verify(tmp_path, *words, "--tsa-ca", "ca.pem", "--json")
    assert (status, json.loads(said)["timestamps"][0]["confirmed"]) == (0, True)
    status, said = _verify(tmp_path, *words, "--timestamp", "keys")
    assert (status, f"timestamp, 1: {PROBLEM_WORDS['tsa_unreadable']}" in said) == (4, True)
    status, said = _verify(tmp_path, "package", "--key", "keys", "--tsa-ca", "ca.pem")
    assert (status, "time-stamped" in said) == (0, False)


def test_one_in_the_package_from_the_future_is_named(authority: Authority, answer: bytes) -> None:
    """By the verifier's clock; without one nothing is."""

    def add(files: dict[str, bytes]) -> None:
        files[AUTHORITIES_PATH] = authority.pem
        files[timestamp_path(SESSION_ID, 0, 0)] = answer

    content = MemoryBytes(Story(change_files=add).package())
    for now, expected in (
        (datetime.now(UTC) - timedelta(hours=1), ["tsa_future"]),
        (datetime.now(UTC), []),
        (None, []),
    ):
        report = verify_package(content, timestamps=GivenTimestamps(now=now))
        assert [one.code for one in report.problems] == expected


def _verify(folder: Path, *words: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "proofcall", "verify", *words],
        cwd=folder, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout
