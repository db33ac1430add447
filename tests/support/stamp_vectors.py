"""Time-stamped packages among the vectors; ``python -m`` has their tokens made anew by openssl.

The tokens are kept, since no authority makes the same one twice; they are of the manifests that
``Story`` has.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from recorder.proof.formats import AUTHORITIES_PATH, timestamp_path
from recorder.proof.jws import read_jws
from tests.support.packages import SESSION_ID, Story
from tests.support.part_packages import PartStory
from tests.support.time_stamping import Authority, make_authority

STAMPS: Final = Path(__file__).resolve().parent.parent / "vectors" / "stamps"
_DAY = timedelta(days=1)

Files = dict[str, bytes]


def stamped_tales() -> Iterator[tuple[str, Story, bytes | None]]:
    """Name, package and what is trusted: those that hold first, then those that do not."""
    ours, rsa_ca = _kept("ours.pem"), _kept("rsa.pem")
    first, second, renewal = _kept("ours-0.tsr"), _kept("ours-1.tsr"), _kept("ours-0.1.tsr")

    def tale(
        name: str, stamps: Files, ca: bytes | None = None, shipped: bytes = ours
    ) -> tuple[str, Story, bytes | None]:
        return name, Story(change_files=_adding(stamps, shipped)), ca

    def at(number: int, renewal: int = 0) -> str:
        return timestamp_path(SESSION_ID, number, renewal)

    both = {at(0): first, at(1): second}
    yield tale("stamped", both)
    yield tale("stamped_and_confirmed", both, ours)
    yield tale("stamped_by_rsa", {at(0): _kept("rsa-0.tsr")}, rsa_ca, rsa_ca)
    yield tale("stamped_by_p384", {at(1): _kept("p384-1.tsr")}, _kept("p384.pem") + ours)
    yield tale("stamp_renewed", {at(0): first, at(0, 1): renewal, at(1): second}, ours)
    part = {at(1): _kept("part-1.tsr")}
    yield "stamped_part", PartStory(change_files=_adding(part, _kept("part.pem"))), None
    yield "stamped_part_of_another", PartStory(change_files=_adding({at(1): second}, ours)), ours
    yield tale("stamped_by_another", both, rsa_ca)
    yield tale("stamped_under_another", both, None, rsa_ca)
    yield tale("stamps_swapped", {at(0): second, at(1): first}, ours)
    yield tale("stamp_of_something_else", {at(0): _kept("other.tsr")}, ours)
    yield tale("stamp_refused", {at(0): bytes.fromhex("30053003020102")}, ours)
    yield tale("stamp_cut_short", {at(0): first[:-1]}, ours)
    yield tale("stamp_too_long", {at(0): first + bytes(64 * 1024)}, ours)
    yield tale("stamp_with_other_words", {at(0): _reworded(first, second)}, ours)
    yield tale("stamp_signature_flipped", {at(0): _flipped(first)}, ours)
    yield tale("stamp_by_a_web_server", {at(0): _kept("forged.tsr")}, ours + _kept("forger.pem"))
    yield tale("stamp_by_an_expired", {at(0): _kept("expired.tsr")}, _kept("expired.pem"))
    yield tale("stamp_renewal_of_another", {at(1): second, at(1, 1): renewal}, ours)
    yield tale("stamp_renewal_without_the_first", {at(0, 1): renewal}, ours)
    late = {at(0): _kept("short-0.tsr"), at(0, 1): _kept("late-0.1.tsr")}
    yield tale("stamp_renewed_too_late", late, ours + _kept("short.pem"))
    yield tale("stamp_of_no_manifest", {**both, at(2): second}, ours)
    yield tale("authorities_missing", both, None, b"")
    yield tale("authorities_unreadable", both, None, b"no certificate")
    yield tale("authority_given_unreadable", both, b"no certificate")


def _adding(stamps: Files, authorities: bytes) -> Callable[[Files], None]:
    def change(files: Files) -> None:
        if authorities:
            files[AUTHORITIES_PATH] = authorities
        files.update(stamps)

    return change


def _reworded(answer: bytes, other: bytes) -> bytes:
    """Another manifest's imprint under the same signature."""
    mine, theirs = (sha256(body).digest() for body in _bodies())
    assert mine in answer
    assert theirs in other
    return answer.replace(mine, theirs)


def _flipped(answer: bytes) -> bytes:
    """The last byte of the answer is the last of its signature."""
    return answer[:-1] + bytes([answer[-1] ^ 1])


def _bodies(story: Story | None = None) -> list[bytes]:
    story = story or Story()
    story.package()
    return [read_jws(one).payload for one in story.manifests]


def renewed(body: bytes, older: bytes) -> bytes:
    """What a renewal's authority is asked to hash."""
    return sha256(body).digest() + sha256(older).digest()


def _kept(name: str) -> bytes:
    return (STAMPS / name).read_bytes()


def _make(folder: Path) -> None:
    """Have every token made."""
    first, second = _bodies()
    made: Files = {}

    def stamp(name: str, authority: Authority, body: bytes) -> bytes:
        made[f"{name}.tsr"] = authority.stamp(body)
        return made[f"{name}.tsr"]

    short = make_authority(folder / "short", valid=(-_DAY, timedelta(seconds=3)))
    older = stamp("short-0", short, first)
    ours = make_authority(folder / "ours")
    stamp("ours-0", ours, first)
    stamp("ours-1", ours, second)
    stamp("ours-0.1", ours, renewed(first, made["ours-0.tsr"]))
    stamp("other", ours, first + b" ")
    big = make_authority(
        folder / "rsa",
        key=rsa.generate_private_key(65537, 2048),
        between=rsa.generate_private_key(65537, 2048),
        root_key=rsa.generate_private_key(65537, 3072),
        ess="sha1",
    )
    stamp("rsa-0", big, first)
    curve = ec.SECP384R1()
    longer = make_authority(
        folder / "p384",
        key=ec.generate_private_key(curve),
        root_key=ec.generate_private_key(curve),
        digest="sha384",
    )
    stamp("p384-1", longer, second)
    forger = make_authority(folder / "forger", purposes=(ExtendedKeyUsageOID.SERVER_AUTH,))
    made["forged.tsr"] = forger.sign_info(ours.info_of(made["ours-0.tsr"]))
    expired = make_authority(folder / "expired", valid=(-9 * _DAY, -_DAY))
    stamp("expired", expired, first)
    part = make_authority(folder / "part")
    stamp("part-1", part, _bodies(PartStory())[1])
    time.sleep(4)
    stamp("late-0.1", ours, renewed(first, older))
    for one in (short, ours, big, longer, forger, expired, part):
        made[f"{one.folder.name}.pem"] = one.pem
    STAMPS.mkdir(exist_ok=True)
    for name, content in made.items():
        (STAMPS / name).write_bytes(content)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        _make(Path(temporary))
