"""Hash chains: what was written is followed, whatever was changed is found."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases import chain
from cases.chain import ChainBroken, ChainLink

moments = st.datetimes(
    min_value=datetime(2000, 1, 1),  # noqa: DTZ001 - Hypothesis wants them naive
    max_value=datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
words = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
entries = st.tuples(words, st.sampled_from(["parties", "seller"]), moments, words, st.binary())


def chained(contents: list[tuple[str, str, datetime, str, bytes]]) -> list[ChainLink]:
    """A chain over these entries."""
    links: list[ChainLink] = []
    for seq, (kind, visibility, at, actor, payload) in enumerate(contents, start=1):
        links.append(
            chain.link_after(
                links[-1].hash if links else chain.GENESIS,
                seq=seq,
                kind=kind,
                visibility=visibility,
                at=at,
                actor=actor,
                commitment=chain.commit(b"salt", payload),
            )
        )
    return links


@given(st.lists(entries, max_size=8))
def test_what_was_chained_is_followed(
    contents: list[tuple[str, str, datetime, str, bytes]],
) -> None:
    """A whole chain checks out and ends in its last hash."""
    links = chained(contents)
    assert chain.check_chain(links) == (links[-1].hash if links else chain.GENESIS)


@given(st.lists(entries, min_size=1, max_size=6), st.data())
def test_any_change_breaks_the_chain_where_it_was_made(
    contents: list[tuple[str, str, datetime, str, bytes]], data: st.DataObject
) -> None:
    """Changing any field, leaving one out, or swapping two is found."""
    links = chained(contents)
    at = data.draw(st.integers(0, len(links) - 1))
    field = data.draw(
        st.sampled_from(["kind", "visibility", "actor", "commitment", "previous", "hash", "at"])
    )
    value = getattr(links[at], field)
    changed = value + timedelta(microseconds=1) if field == "at" else value + "x"
    forged = [*links[:at], dataclasses.replace(links[at], **{field: changed}), *links[at + 1 :]]
    with pytest.raises(ChainBroken) as caught:
        chain.check_chain(forged)
    assert caught.value.seq == at + 1
    if at < len(links) - 1:
        with pytest.raises(ChainBroken):
            chain.check_chain([*links[:at], *links[at + 1 :]])
        with pytest.raises(ChainBroken):
            chain.check_chain([*links[:at], links[at + 1], links[at], *links[at + 2 :]])


@given(st.dictionaries(words, words, max_size=4), st.binary(min_size=16, max_size=16))
def test_a_commitment_depends_on_salt_and_payload(payload: dict[str, str], salt: bytes) -> None:
    """The same words under another salt are another commitment."""
    plain = chain.canonical(payload)
    assert json.loads(plain) == payload
    assert chain.commit(salt, plain) == sha256(salt + plain).hexdigest()
    assert chain.commit(bytes(b ^ 1 for b in salt), plain) != chain.commit(salt, plain)


def test_the_hash_is_the_documented_one() -> None:
    """Somebody else's verifier, written from the documentation, gets the same digest."""
    link = chain.link_after(
        chain.GENESIS,
        seq=1,
        kind="message",
        visibility="parties",
        at=datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC),
        actor="system",
        commitment="ab",
    )
    text = (
        '{"actor":"system","at":"2026-01-02T03:04:05.000006Z","commitment":"ab","kind":"message",'
        f'"prev":"{"0" * 64}","seq":1,"visibility":"parties"}}'
    )
    assert link.hash == sha256(text.encode()).hexdigest()


def test_a_time_is_hashed_in_utc() -> None:
    """The same moment in another zone is the same text; a naive one is refused."""
    east = datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=8)))
    assert chain.rfc3339(east) == "2026-01-01T04:00:00.000000Z"
    with pytest.raises(ValueError, match="naive"):
        chain.rfc3339(datetime(2026, 1, 1))  # noqa: DTZ001


@pytest.mark.parametrize(
    "payload", [{"x": 2**60}, {"x": float("nan")}, {"x": "\ud800"}, {"x": {1}}]
)
def test_what_is_not_json_is_refused(payload: dict[str, object]) -> None:
    """RFC 8785 has one form for each value, and none for these."""
    with pytest.raises(ValueError):
        chain.canonical(payload)
