"""PURE. The Merkle tree over a recording's fragments (RFC 9162, section 2.1).

An entry is the SHA-256 of a fragment's bytes, entry 0 that of the initialisation bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256


def leaf_hash(entry: bytes) -> bytes:
    """The hash of one entry (RFC 9162, 2.1.1)."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees."""
    return sha256(b"\x01" + left + right).digest()


class Frontier:
    """A tree that grows by appending and keeps only the roots of its perfect subtrees."""

    def __init__(self, size: int = 0, peaks: Sequence[bytes] = ()) -> None:
        if size.bit_count() != len(peaks):
            raise ValueError("the number of peaks does not fit the size")
        self._size = size
        self._peaks = list(peaks)

    @property
    def size(self) -> int:
        """How many entries have been appended."""
        return self._size

    @property
    def peaks(self) -> tuple[bytes, ...]:
        """The roots of the perfect subtrees, the largest first: all that must be kept."""
        return tuple(self._peaks)

    def append(self, entry: bytes) -> None:
        """Add an entry at the end."""
        node = leaf_hash(entry)
        size = self._size
        while size & 1:
            node = node_hash(self._peaks.pop(), node)
            size >>= 1
        self._peaks.append(node)
        self._size += 1

    def copy(self) -> Frontier:
        """An independent copy."""
        return Frontier(self._size, self._peaks)

    def root(self) -> bytes:
        """The root over all entries so far."""
        if not self._peaks:
            return sha256(b"").digest()
        root = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            root = node_hash(peak, root)
        return root


def tree_root(entries: Sequence[bytes]) -> bytes:
    """The root over ``entries`` in order."""
    frontier = Frontier()
    for entry in entries:
        frontier.append(entry)
    return frontier.root()


def inclusion_proof(entries: Sequence[bytes], index: int) -> list[bytes]:
    """The path from entry ``index`` to the root, nearest sibling first (RFC 9162, 2.1.3.1).

    Raises:
        IndexError: there is no such entry.
    """
    return inclusion_proofs(entries, [index])[0]


def inclusion_proofs(entries: Sequence[bytes], indexes: Sequence[int]) -> list[list[bytes]]:
    """The path of each of several entries; the tree is hashed once.

    Raises:
        IndexError: there is no such entry.
    """
    for index in indexes:
        if not 0 <= index < len(entries):
            raise IndexError(index)
    paths: list[list[bytes]] = [[] for _ in indexes]
    level = [leaf_hash(entry) for entry in entries]
    depth = 0
    while len(level) > 1:
        for path, index in zip(paths, indexes, strict=True):
            sibling = (index >> depth) ^ 1
            if sibling < len(level):
                path.append(level[sibling])
        # A last node without a sibling moves up as it is, which gives the RFC's split.
        level = [
            node_hash(level[at], level[at + 1]) if at + 1 < len(level) else level[at]
            for at in range(0, len(level), 2)
        ]
        depth += 1
    return paths


def verify_inclusion(
    entry: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> bool:
    """Say whether ``entry`` is at ``index`` of the tree of ``size`` (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    position, last, node = index, size - 1, leaf_hash(entry)
    for sibling in proof:
        if last == 0:
            return False
        if position & 1 or position == last:
            node = node_hash(sibling, node)
            while position and not position & 1:
                position >>= 1
                last >>= 1
        else:
            node = node_hash(node, sibling)
        position >>= 1
        last >>= 1
    return last == 0 and node == root
