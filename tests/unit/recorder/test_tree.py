"""The Merkle tree against RFC 9162's own definition."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recorder.tree import (
    Frontier,
    consistency_proofs,
    inclusion_proof,
    leaf_hash,
    node_hash,
    tree_root,
    verify_consistency,
    verify_inclusion,
)

entries_of_any_length = st.lists(st.binary(max_size=8), max_size=70)


def root_by_definition(entries: list[bytes]) -> bytes:
    """MTH of RFC 9162, 2.1.1, word for word."""
    if not entries:
        return sha256(b"").digest()
    if len(entries) == 1:
        return leaf_hash(entries[0])
    split = 1
    while split * 2 < len(entries):
        split *= 2
    return node_hash(root_by_definition(entries[:split]), root_by_definition(entries[split:]))


@given(entries_of_any_length)
def test_the_root_is_the_one_of_the_standard(entries: list[bytes]) -> None:
    """Growing by appending gives the recursive definition's root."""
    assert tree_root(entries) == root_by_definition(entries)


def test_the_published_vectors_agree() -> None:
    """The empty tree and the one-leaf tree of the Certificate Transparency test vectors."""
    assert tree_root([]).hex() == (
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    )
    assert tree_root([b""]).hex() == (
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    )
    eight = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657"]
    eight.append("606162636465666768696a6b6c6d6e6f")
    assert tree_root([bytes.fromhex(one) for one in eight]).hex() == (
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
    )


@given(st.lists(st.binary(max_size=8), min_size=1, max_size=40), st.data())
def test_every_entry_is_proven_and_no_other(entries: list[bytes], data: st.DataObject) -> None:
    """A proof holds for its entry, place and tree, and for nothing else."""
    index = data.draw(st.integers(0, len(entries) - 1))
    proof, root = inclusion_proof(entries, index), tree_root(entries)
    assert verify_inclusion(entries[index], index, len(entries), proof, root)
    assert not verify_inclusion(entries[index] + b"x", index, len(entries), proof, root)
    assert not verify_inclusion(entries[index], index, len(entries), [*proof, bytes(32)], root)
    assert not verify_inclusion(entries[index], len(entries), len(entries), proof, root)
    if proof:
        assert not verify_inclusion(entries[index], index, len(entries), proof[:-1], root)


@given(st.integers(1, 70), st.data())
def test_a_tree_is_proven_to_have_grown_and_from_no_other(size: int, data: st.DataObject) -> None:
    """Another size or root, older or newer, and a path that was changed, prove nothing."""
    entries = [bytes([number]) * 32 for number in range(size)]
    older = data.draw(st.integers(1, size))
    (proof,) = consistency_proofs(entries, [older])
    before, after = (older, tree_root(entries[:older])), (size, tree_root(entries))
    assert verify_consistency(before, after, proof)
    other = data.draw(st.integers(0, size + 1))
    if other != older:
        assert not verify_consistency((other, tree_root(entries[:other])), after, proof)
        assert not verify_consistency((other, before[1]), after, proof)
    assert not verify_consistency((older, bytes(32)), after, proof)
    assert not verify_consistency(before, (size, bytes(32)), proof)
    assert not verify_consistency(before, after, [*proof, bytes(32)])
    for at in range(len(proof)):
        assert not verify_consistency(before, after, [*proof[:at], bytes(32), *proof[at + 1 :]])
        assert not verify_consistency(before, after, proof[:at])


@given(entries_of_any_length, entries_of_any_length)
def test_a_kept_frontier_goes_on(before: list[bytes], after: list[bytes]) -> None:
    """Size and peaks are all that must be kept to go on."""
    frontier = Frontier()
    for entry in before:
        frontier.append(entry)
    again = Frontier(frontier.size, frontier.peaks)
    for entry in after:
        again.append(entry)
    assert again.root() == tree_root(before + after)


def test_peaks_that_do_not_fit_are_refused() -> None:
    """Three leaves have two peaks."""
    with pytest.raises(ValueError, match="peaks"):
        Frontier(3, [bytes(32)])


def test_no_proof_for_what_is_not_there() -> None:
    """An index outside is an IndexError."""
    with pytest.raises(IndexError):
        inclusion_proof([b"a"], 1)
    for size in (0, 2):
        with pytest.raises(IndexError):
            consistency_proofs([b"a"], [size])
