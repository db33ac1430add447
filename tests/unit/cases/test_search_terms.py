"""What texts are found by, in any script, and that terms say nothing without the key."""

from __future__ import annotations

import pytest

from cases.search_terms import (
    MOST_ASKED,
    asked_terms,
    field_pieces,
    number_piece,
    prose_pieces,
    signed_pack,
    signed_unpack,
    terms_of,
)

KEY = b"k" * 32


def finds(question: str, text: str) -> bool:
    """Whether the question finds a text that somebody wrote."""
    asked = asked_terms(KEY, question)
    return bool(asked) and set(asked) <= terms_of(KEY, prose_pieces(text))


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("crack", "A crack in the shade."),
        ("CRACK shade", "A crack in the shade."),
        ("esta rota", "La pantalla está rota."),
        ("grösse", "Eine GRÖSSE zu klein"),
        ("größe", "Eine GRÖSSE zu klein"),
        ("裂痕", "台灯收到时侧面有一道裂痕。"),
        ("痕", "台灯收到时侧面有一道裂痕。"),
        ("iphone 裂痕", "我的iPhone有裂痕"),
        ("電源", "電源が入りません。"),
        ("ケトル", "ｹﾄﾙが割れました"),
        ("배송", "배송이 늦었습니다"),
        ("كسر", "هناك كَسْر في المصباح"),
        ("ชำรุด", "สินค้าชำรุดมา"),
        ("4711", "Parcel 4711, second try"),
    ],
)
def test_words_of_any_script_are_found(question: str, text: str) -> None:
    """Case, accents and widths aside; scripts without spaces by any part of two characters."""
    assert finds(question, text)


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("crack glass", "A crack in the shade."),
        ("rack", "A crack in the shade."),
        ("痕裂", "台灯收到时侧面有一道裂痕。"),
        ("", "anything"),
        ("%", "100 %"),
        ("* OR 1=1 --", "1"),
        ('" NEAR/2 (', "near"),
    ],
)
def test_what_is_not_said_is_not_found(question: str, text: str) -> None:
    """Every word must be there; signs are no syntax."""
    assert not finds(question, text)


def test_names_and_numbers_are_found_by_their_beginnings() -> None:
    """From the third character; prose by whole words only."""
    assert {"lam", "lamp", "llx", "llx2", "llx208"} <= field_pieces("Lamp LLX2087")
    assert "la" not in field_pieces("Lamp")
    assert prose_pieces("Lamp") == {"lamp"}


def test_a_whole_number_is_the_same_however_it_is_spaced() -> None:
    """As people copy them from labels."""
    assert number_piece("jd 0146 00") == number_piece("JD014600") != number_piece("JD01460")


def test_a_long_question_is_cut_and_a_long_word_kept_short() -> None:
    """What strangers send costs no more than a few look-ups."""
    assert len(asked_terms(KEY, " ".join(map(str, range(100))))) == MOST_ASKED
    assert len(prose_pieces("x" * 4000)) == 1
    assert finds("y" * 200, "y" * 4000)


def test_terms_are_the_keys_own_and_survive_their_packing() -> None:
    """Another tenant's term of the same word is another number."""
    here, there = terms_of(KEY, {"lamp"}), terms_of(b"o" * 32, {"lamp"})
    assert here.isdisjoint(there)
    many = terms_of(KEY, map(str, range(100)))
    assert signed_unpack(signed_pack(many)) == many
