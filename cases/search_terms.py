"""PURE. What a text is found by: keyed digests of its words, so that the words are stored nowhere.

A term is 64 bits of BLAKE2b under a key of the tenant. Whoever reads the table without the
key learns how many words a case has, and nothing that a guess could be checked against.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from typing import Final

MOST_ASKED: Final = 12
"""Of a longer question only the first words count."""
_LONGEST_WORD: Final = 40
_SHORTEST_BEGINNING: Final = 3
_ACCENTS: Final = re.compile("[\u0300-\u036f\u064b-\u0652]")
# Scripts that are written without spaces (or, in Korean, with endings on each word).
_UNSPACED: Final = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf"
    "\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]+"
)
_WORD: Final = re.compile(r"\w+")


def folded(text: str) -> str:
    """A text as it is compared: compatibility forms, case and Latin or Arabic marks aside."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return unicodedata.normalize("NFKC", _ACCENTS.sub("", plain)).casefold()


def prose_pieces(text: str) -> set[str]:
    """What prose is found by: each whole word; of unspaced scripts each character and pair."""
    return set(_pieces(folded(text)))


def field_pieces(text: str) -> set[str]:
    """What a name, a number or a title is found by: as prose, and by each word's beginnings."""
    found = prose_pieces(text)
    for word, is_unspaced in _runs(folded(text)):
        if not is_unspaced:
            found.update(word[:end] for end in range(_SHORTEST_BEGINNING, len(word)))
    return found


def number_piece(number: str) -> str:
    """What puts a case first when its whole number is asked for; spaces do not count."""
    return "=" + "".join(folded(number).split())


def terms_of(key: bytes, pieces: Iterable[str]) -> set[int]:
    """The terms that stand for pieces."""
    return {term_of(key, one) for one in pieces}


def asked_terms(key: bytes, question: str) -> list[int]:
    """The terms that a case must all have; none when the question has no letter or digit.

    Nothing in a question is syntax: whatever is no letter or digit only parts words.
    """
    asked: list[int] = []
    for word, is_unspaced in _runs(folded(question)):
        asked += [term_of(key, one) for one in (_pairs(word) if is_unspaced else (word,))]
    return list(dict.fromkeys(asked))[:MOST_ASKED]


def signed_pack(terms: Iterable[int]) -> bytes:
    """Terms as one row of bytes, eight each, in order."""
    return b"".join(one.to_bytes(8, "big", signed=True) for one in sorted(terms))


def signed_unpack(packed: bytes) -> frozenset[int]:
    """What ``signed_pack`` was given."""
    return frozenset(
        int.from_bytes(packed[at : at + 8], "big", signed=True) for at in range(0, len(packed), 8)
    )


def _runs(text: str) -> Iterator[tuple[str, bool]]:
    """Words of a folded text, and whether each is a run of an unspaced script."""
    for word in _WORD.findall(text):
        at = 0
        for run in _UNSPACED.finditer(word):
            if run.start() > at:
                yield word[at : run.start()][:_LONGEST_WORD], False
            yield run.group(), True
            at = run.end()
        if at < len(word):
            yield word[at:][:_LONGEST_WORD], False


def _pieces(text: str) -> Iterator[str]:
    for word, is_unspaced in _runs(text):
        if is_unspaced:
            yield from word
            yield from (word[at : at + 2] for at in range(len(word) - 1))
        else:
            yield word


def _pairs(run: str) -> Iterable[str]:
    return [run[at : at + 2] for at in range(len(run) - 1)] or [run]


def term_of(key: bytes, piece: str) -> int:
    """64 signed bits that stand for a piece."""
    digest = blake2b(piece.encode("utf-8", "surrogatepass"), digest_size=8, key=key).digest()
    return int.from_bytes(digest, "big", signed=True)
