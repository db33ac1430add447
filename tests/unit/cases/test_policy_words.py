"""The sentence to the buyer: one in each language for each answer, and nothing is run in it."""

from __future__ import annotations

import re

import pytest

from cases.policy_engine import sentence_of
from cases.policy_rules import REASONS_OF, AnswerKind, Because, OfferKind, Postage, Rule
from cases.policy_words import LOCALES, SENTENCES, nearest_locale, sentence, sentences
from tests.support.policies import rule

PLACEHOLDERS = {"days", "percent", "category"}


def every_rule() -> list[Rule]:
    """One rule for each answer and each reason that it can have."""
    made = []
    for kind in AnswerKind:
        answers = [{"kind": kind}]
        if kind is AnswerKind.APPROVE:
            answers = [{"kind": kind, "postage": postage} for postage in Postage]
        if kind is AnswerKind.OFFER:
            answers = [
                {"kind": kind, "offer": offer, **({"percent": 20} if offer == "discount" else {})}
                for offer in OfferKind
            ]
        for answer in answers:
            for because in REASONS_OF[kind]:
                made.append(Rule.model_validate(rule("it", answer, because=because)))
    return made


@pytest.mark.parametrize("locale", LOCALES)
def test_every_answer_has_one_sentence_in_every_language(locale: str) -> None:
    """The same keys with the same placeholders, each one sentence."""
    keys = {sentence_of(one)[0] for one in every_rule()}
    keys |= {"ask_a_person.missing", "ask_a_person.differ"}
    assert set(SENTENCES[locale]) == keys
    for key, text in SENTENCES[locale].items():
        named = set(re.findall(r"\{(\w*)\}", text))
        assert named == set(re.findall(r"\{(\w*)\}", SENTENCES["en"][key]))
        assert named <= PLACEHOLDERS
        assert len(re.findall(r"[.。!?؟]", text)) == 1
        assert text[-1] in ".。"


@pytest.mark.parametrize(
    ("tag", "count", "words"),
    [
        ("en", 1, "1 day "),
        ("en", 14, "14 days "),
        ("de-AT", 14, "14 Tagen "),
        ("es-MX", 7, "7 días "),
        ("zh-CN", 7, "7天"),
        ("ar", 2, "يومين "),
        ("ar", 7, "7 أيام "),
        ("ar", 14, "14 يومًا "),
        ("ar", 100, "100 يوم "),
        ("fr", 14, "14 days "),
    ],
)
def test_days_are_counted_as_the_language_counts(tag: str, count: int, words: str) -> None:
    """And a language that is not there is told in English."""
    assert words in sentence("approve.window.buyer", {"days": count}, tag)


def test_what_the_sellers_words_contain_is_not_looked_at_again() -> None:
    """Braces and format fields in a category stay what they are."""
    for category in ("{percent}", "{0.__class__}", "{", "}", "%s", "<b>x</b>"):
        told = sentences("reject.excluded", {"category": category, "percent": 7})
        assert all(category in text for text in told.values())


def test_a_language_tag_finds_its_nearest() -> None:
    """By its first part."""
    assert [nearest_locale(tag) for tag in ("zh-Hant-TW", "AR-eg", "pt")] == ["zh-Hans", "ar", "en"]


def test_windows_are_the_days_that_the_rule_says() -> None:
    """Open until the last day, over after it, whatever the number of conditions."""
    first, last = (
        {"fact": "days_since_delivery", "at_least": 3},
        {"fact": "days_since_delivery", "at_most": 14},
    )
    opened = rule("it", {"kind": "approve", "postage": "seller"}, first, last, because="window")
    over = rule("it", {"kind": "reject"}, {**first, "at_least": 15}, because=Because.WINDOW)
    assert sentence_of(Rule.model_validate(opened))[1] == {"days": 14}
    assert sentence_of(Rule.model_validate(over))[1] == {"days": 14}
