"""Reports as PDF: in every language, of hostile words and pictures, the same at every printing."""

from __future__ import annotations

import re
import string
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recorder.pdf_report.blocks import Block, Code, Heading, Paragraph, Picture, Pictures
from recorder.pdf_report.clean_text import REPLACEMENT, clean, clean_line
from recorder.pdf_report.jpeg_form import jpeg_size
from recorder.pdf_report.part_story import within
from recorder.pdf_report.printing import print_apart, print_document
from recorder.pdf_report.story import Hole, Person
from recorder.pdf_report.text_runs import lines_of, runs_of
from recorder.pdf_report.words import LANGUAGES
from recorder.proof.part_scope import Scope
from tests.support.pdf_reader import Pdf
from tests.support.told_story import SAID, START, composed, photograph, told

PHOTOGRAPHS = [photograph(), b"\xff\xd8\xff no photograph \xff\xd9"]
_PLACE = re.compile(r"\{\w+\}")


def letters(text: str) -> set[str]:
    """What must be readable, whatever way the letters are drawn."""
    return {one for one in text if one.isalnum()}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_report_can_be_read_and_searched_in_every_language(language: str) -> None:
    """Its letters are named, its one good photograph is in it as it was, and it is short."""
    pdf = Pdf(print_document(composed(told(language)), PHOTOGRAPHS))
    text = pdf.text()
    assert 1 <= pdf.pages <= 6
    assert pdf.jpegs == PHOTOGRAPHS[:1]
    assert letters(SAID[language]) <= set(text)
    for literal in ("cas_1", "ab" * 32, "Crack7", "verify.html", "Europe/Berlin", "12.50EUR"):
        assert literal in text.replace(" ", ""), literal
    if language in ("en", "de", "es", "zh-Hans"):
        assert SAID[language].replace(" ", "") in text.replace(" ", "")
        for words in ("not_evidence", "verify_says", "no_consent", "picture_unread"):
            assert LANGUAGES[language][words][:20].replace(" ", "") in text.replace(" ", "")


@pytest.mark.parametrize("below", ["pictures", "code", "words"])
def test_a_heading_is_never_alone_at_the_foot_of_a_page(below: str) -> None:
    """However far down its page it comes: what it is about stands under it."""
    blocks: dict[str, Block] = {
        "pictures": Pictures(shown=(Picture(number=0, literal="Below", lines=(), instead=""),)),
        "code": Code(content="x" * 40, text="Below"),
        "words": Paragraph(text="Below"),
    }
    document = composed(told("en"))
    for lines in range(1, 60, 2):
        filled = (
            *(Paragraph(text="Above") for _ in range(lines)),
            Heading(level=2, text="Chapter"),
            Heading(level=3, text="Title"),
            blocks[below],
        )
        pdf = Pdf(print_document(document.model_copy(update={"blocks": filled}), PHOTOGRAPHS))
        (page,) = [one for one in pdf.page_texts() if "Chapter" in one]
        assert "Title" in page, lines
        assert "Below" in page, lines


def test_the_same_state_is_the_same_bytes() -> None:
    """Neither the clock nor the order of anything is in it."""
    document = composed(told("ar"))
    assert print_document(document, PHOTOGRAPHS) == print_document(document, PHOTOGRAPHS)


async def test_hostile_words_and_pictures_do_not_stop_the_confined_printer() -> None:
    """Controls, overrides, markup, places of templates, one endless word, marks without end."""
    hostile = "<b>{nb}{name}</b> \u202egnp.exe\u202c \x00\x1b[2J 😀 " + "W" * 400
    hostile += "a" + "\u0301" * 300 + "\u2066\ufeff \U0010ffff %PDF endstream endobj ) Tj (\\"
    one = told("en", hostile)
    story = replace(one, buyer=hostile, seller="", claim=hostile * 3, order_number=hostile)
    bombs = [b"\xff\xd8" + b"\xff\xc0\xff\xff" * 1000 + b"\xff\xd9", b""]
    content = await print_apart(composed(story), bombs)
    assert content is not None
    pdf = Pdf(content)
    text = pdf.text()
    assert pdf.jpegs == []
    assert "<b>{nb}{name}</b>" in text.replace(" ", "")
    assert REPLACEMENT in text
    assert not letters("\u202e\x00\u2066") & set(text)
    assert "\u202e" not in text


@given(text=st.text(max_size=200))
def test_nothing_unseen_is_left_of_any_text(text: str) -> None:
    """What is shown is a letter, a single space, or the replacement."""
    for line in clean(text):
        assert line == " ".join(line.split(" "))
        assert all(one.isprintable() or one in "\u200c\u200d" for one in line)


@settings(max_examples=200, deadline=None)
@given(text=st.text(max_size=80), rtl=st.booleans())
def test_runs_and_lines_lose_nothing(text: str, *, rtl: bool) -> None:
    """Whatever the directions, each character is in one run, and no line is too wide."""
    line = clean_line(text)
    runs = runs_of(line, rtl=rtl, family_of=lambda one, before: "f1" if one < "\u0590" else "f2")
    assert sorted("".join(run.text for run in runs)) == sorted(line)
    lines = lines_of(line, 10, len)
    assert all(len(one) <= 10 for one in lines)
    assert "".join(lines).replace(" ", "") == line.replace(" ", "")


def test_arabic_reads_from_the_right_and_its_numbers_do_not_turn() -> None:
    """Unicode's algorithm, run by run."""
    runs = runs_of("سعر 12.50 EUR", rtl=True, family_of=lambda _one, _before: "f")
    assert runs[0].text == "EUR"
    assert "12.50" in "|".join(run.text for run in runs)
    assert runs[-1].is_rtl


def test_chinese_breaks_anywhere_but_before_what_closes() -> None:
    """No comma begins a line."""
    lines = lines_of("灯罩与底座之间，有裂纹。", 7, len)
    assert lines[0] == "灯罩与底座之"
    assert not any(line.startswith(("，", "。")) for line in lines)


@pytest.mark.parametrize("size", [0, 1, 2, 3, 10, 40, 300])
def test_a_broken_photograph_has_no_size(size: int) -> None:
    """However much of it there is."""
    whole = photograph()
    assert jpeg_size(whole) == (64, 36)
    assert jpeg_size(whole[:size]) is None
    assert jpeg_size(whole[:size] + b"\xff\xd9") is None or size > len(whole) - 2


def test_every_language_says_everything_with_the_same_places() -> None:
    """And no place that another has not."""
    english = LANGUAGES["en"]
    for language, words in LANGUAGES.items():
        assert words.keys() == english.keys(), language
        for key, phrase in words.items():
            assert set(_PLACE.findall(phrase)) == set(_PLACE.findall(english[key])), (language, key)
            assert not set(phrase) & set(string.whitespace.replace(" ", ""))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_report_of_a_part_tells_what_happened_within_and_no_more(language: str) -> None:
    """A finding with its answer, one gap cut to the part's end, nothing of the case."""
    start_ms = round(START.timestamp() * 1000)
    scope = Scope(["par_b"], start_ms + 45_000, start_ms + 71_000)
    whole = told(language)
    (inspection,) = whole.inspections
    late = Hole(START + timedelta(seconds=72), 1.0, "par_b", "peer_lost")
    other = Hole(START + timedelta(seconds=50), 1.0, "par_h", "peer_lost")
    came = Person("par_o", "Too Late", "observer", START + timedelta(seconds=80), [])
    inspection = replace(
        inspection,
        shots=[],
        holes=[*inspection.holes, late, other],
        people=[*inspection.people, came],
    )
    part = within(replace(whole, inspections=[inspection], decision_note="Why."), scope)
    (told_of,) = part.inspections
    assert [one.kind for one in told_of.happenings] == ["finding", "finding_answer"]
    assert [round(one.length_s, 3) for one in told_of.holes] == [1.0]
    assert [one.withdrawn_at for one in told_of.people[0].agreements] == [None]
    words, text = LANGUAGES[language], Pdf(print_document(composed(part), [])).text()
    said = text.replace(" ", "")
    for secret in ("DE-1001", "LAMP-1", "12.50EUR", "Why.", "Crack7", "TooLate"):
        assert secret not in said
    assert said.count("10:01:11.123") >= 3, "in the warning, in its row and below the page"
    if language in ("en", "de", "es", "zh-Hans"):
        assert words["part_title"].replace(" ", "") in said
        assert words["title"].replace(" ", "") not in said.replace(
            words["part_title"].replace(" ", ""), ""
        )


def test_an_answer_after_the_part_is_not_told_as_missing() -> None:
    """Nor that there was one: only that it is not of these moments."""
    start_ms = round(START.timestamp() * 1000)
    whole = told("en")
    (inspection,) = whole.inspections
    whole = replace(whole, inspections=[replace(inspection, shots=[])])
    part = within(whole, Scope(["par_b"], start_ms + 45_000, start_ms + 52_000))
    said = Pdf(print_document(composed(part), [])).text().replace(" ", "")
    assert LANGUAGES["en"]["part_unanswered"].replace(" ", "") in said
    assert "No!" not in said
