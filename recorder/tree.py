"""PURE. The Merkle tree over a recording's fragments (RFC 9162, section 2.1).

An entry is the SHA-256 of a fragment's bytes, entry 0 that of the initialisation bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
    for depth, level in enumerate(_levels(entries)):
        for path, index in zip(paths, indexes, strict=True):
            sibling = (index >> depth) ^ 1
            if sibling < len(level):
                path.append(level[sibling])
    return paths


def consistency_proofs(entries: Sequence[bytes], sizes: Sequence[int]) -> list[list[bytes]]:
    """For each size, that the tree over all entries grew from that over so many of them.

    The path of RFC 9162, 2.1.4.1; empty for the whole tree. The tree is hashed once.

    Raises:
        IndexError: there was no such tree.
    """
    levels = list(_levels(entries))
    paths = []
    for size in sizes:
        if not 0 < size <= len(entries):
            raise IndexError(size)
        paths.append(_grown(levels, size, 0, len(entries), is_known=True))
    return paths


def _levels(entries: Sequence[bytes]) -> Iterator[list[bytes]]:
    """The nodes of a tree from its leaves up to its root."""
    level = [leaf_hash(entry) for entry in entries]
    yield level
    while len(level) > 1:
        # A last node without a sibling moves up as it is, which gives the RFC's split.
        level = [
            node_hash(level[at], level[at + 1]) if at + 1 < len(level) else level[at]
            for at in range(0, len(level), 2)
        ]
        yield level


def _grown(
    levels: Sequence[list[bytes]], size: int, start: int, end: int, *, is_known: bool
) -> list[bytes]:
    """SUBPROOF of the RFC over entries ``start`` to ``end``; ``is_known``: as the older root."""

    def root(first: int, beyond: int) -> bytes:
        depth = (beyond - first - 1).bit_length()
        return levels[depth][first >> depth]

    if size == end - start:
        return [] if is_known else [root(start, end)]
    split = start + (1 << ((end - start - 1).bit_length() - 1))
    if size <= split - start:
        path = _grown(levels, size, start, split, is_known=is_known)
        return [*path, root(split, end)]
    path = _grown(levels, size - (split - start), split, end, is_known=False)
    return [*path, root(start, split)]


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


def verify_consistency(
    before: tuple[int, bytes], after: tuple[int, bytes], proof: Sequence[bytes]
) -> bool:
    """Say whether a tree grew into another, each by size and root (RFC 9162, 2.1.4.2)."""
    (size, root), (grown_size, grown_root) = before, after
    if not 0 < size <= grown_size:
        return False
    if size == grown_size:
        return not proof and root == grown_root
    position, last = size - 1, grown_size - 1
    while position & 1:
        position >>= 1
        last >>= 1
    # Of a perfect tree the older root itself is the first node.
    path = [root, *proof] if size.bit_count() == 1 else list(proof)
    if not path:
        return False
    old = new = path[0]
    for node in path[1:]:
        if last == 0:
            return False
        if position & 1 or position == last:
            old, new = node_hash(node, old), node_hash(node, new)
            while position and not position & 1:
                position >>= 1
                last >>= 1
        else:
            new = node_hash(new, node)
        position >>= 1
        last >>= 1
    return last == 0 and old == root and new == grown_root
