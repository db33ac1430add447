"""The pure parts of notices: what follows from what, when it may go, what it says."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases import reply_address
from cases.erasure_keys import ErasureKeys
from cases.keys import KeyRing
from cases.notice_kinds import GROUP_OF, NoticeKind
from cases.notice_plan import planned
from cases.notice_template import Words, check_words, empty_in, placeholders, render
from cases.notice_words import LANGUAGES, notice_locale
from cases.quiet_hours import is_quiet, next_loud, zones_of
from cases.reply_text import own_words
from runtime.errors import CaseError

URL = "https://shop.example/j/token"
NIGHT, MORNING = 21 * 60, 8 * 60


def kinds(kind: str, payload: dict[str, object], actor: str = "staff:1") -> list[NoticeKind]:
    """What an entry brings."""
    return [one.kind for one in planned(kind, payload, actor=actor, seq=7, at_opening=False)]


def test_delivery_is_told_at_once_and_asked_about_two_days_later() -> None:
    """Only on the way to the buyer."""
    scan = {"parcel_id": "pcl_1", "way": "out", "status": "delivered"}
    plans = planned("parcel_scanned", scan, actor="system", seq=7, at_opening=False)
    assert [(one.kind, one.after.days) for one in plans] == [
        (NoticeKind.DELIVERED, 0),
        (NoticeKind.AFTER_DELIVERY, 2),
    ]
    assert kinds("parcel_scanned", {**scan, "way": "back"}) == []
    assert kinds("parcel_scanned", {**scan, "status": "in_transit"}) == []


def test_the_buyer_is_not_told_their_own_words_nor_the_sellers_affairs() -> None:
    """Messages go to the other side; a wrong order in a parcel is for the seller."""
    assert kinds("message", {"text": "Hi"}) == [NoticeKind.MESSAGE]
    assert kinds("message", {"text": "Hi"}, actor="buyer:dev_1") == []
    assert kinds("parcel_anomaly", {"parcel_id": "p", "anomaly": "lost"}) == [
        NoticeKind.PARCEL_ANOMALY
    ]
    assert kinds("parcel_anomaly", {"parcel_id": "p", "anomaly": "wrong_order"}) == []
    assert kinds("note", {"text": "Suspicious"}) == []
    assert kinds("carrier_claim", {"state": "filed"}) == []


def test_the_link_of_a_new_case_goes_with_the_first_notice() -> None:
    """A second one says that there is another link."""
    assert planned("link_issued", {}, actor="staff:1", seq=2, at_opening=True) == []
    assert kinds("link_issued", {}) == [NoticeKind.INVITED]


def test_an_offer_is_told_and_a_decision_by_policy_is_told_by_its_verdict() -> None:
    """Not twice; and what a person will answer is no answer yet."""
    for answer in ("approve", "reject", "ask", "inspect"):
        assert kinds("policy_answered", {"answer": {"kind": answer}}) == []
    assert kinds("policy_answered", {"answer": {"kind": "offer"}}) == [NoticeKind.ANSWERED]
    assert kinds("verdict", {"outcome": "refund"}, actor="policy:1") == [NoticeKind.DECIDED]


def test_a_sealed_inspection_brings_one_receipt_and_waits_for_late_photographs() -> None:
    """At once when all of it is there; of what was not recorded there is none."""
    sealed = {"session_id": "ses_1", "recordings": 2, "complete": True}
    plans = [
        planned("evidence_sealed", told, actor="system", seq=7, at_opening=False)
        for told in (sealed, {**sealed, "complete": False})
    ]
    assert [[(one.kind, one.subject, one.after) for one in plan] for plan in plans] == [
        [(NoticeKind.RECEIPT, "ses_1", timedelta(0))],
        [(NoticeKind.RECEIPT, "ses_1", timedelta(minutes=12))],
    ]
    assert kinds("evidence_sealed", {**sealed, "recordings": 0}) == []


# Quiet hours


@pytest.mark.parametrize(
    ("at", "market", "loud"),
    [
        ("2026-07-01T20:30", "ES", "2026-07-02T06:00"),  # 22:30 in Madrid
        ("2026-07-01T10:00", "ES", "2026-07-01T10:00"),
        ("2026-07-01T22:00", "JP", "2026-07-01T23:00"),  # seven in the morning there
        ("2026-03-28T23:00", "DE", "2026-03-29T06:00"),  # the night that loses an hour
        ("2026-10-24T23:00", "DE", "2026-10-25T07:00"),  # and the one that has one twice
        ("2026-07-01T14:00", "US", "2026-07-01T15:00"),  # ten in New York, seven in California
    ],
)
def test_what_is_not_urgent_waits_for_the_buyers_morning(at: str, market: str, loud: str) -> None:
    """By the clock of the country; where there are several by all of them."""
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
    found = next_loud(moment, zones_of(market, "en", "UTC"), NIGHT, MORNING)
    assert found == datetime.fromisoformat(loud).replace(tzinfo=UTC)


@given(
    minutes=st.integers(0, 2 * 365 * 24 * 60),
    market=st.sampled_from(["ES", "US", "AU", "CN", "BR", "XX"]),
    quiet_from=st.integers(0, 1439),
    length=st.integers(0, 11 * 60),
)
def test_the_moment_found_is_loud_and_not_far(
    minutes: int, market: str, quiet_from: int, length: int
) -> None:
    """Never before it was asked for, never at night, never later than two days."""
    moment = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    until = (quiet_from + length) % 1440
    zones = zones_of(market, "en", "UTC")
    found = next_loud(moment, zones, quiet_from, until)
    assert moment <= found <= moment + timedelta(days=2)
    assert not any(is_quiet(found, zone, quiet_from, until) for zone in zones)


# Templates


@pytest.mark.parametrize("locale", LANGUAGES)
@pytest.mark.parametrize("kind", NoticeKind)
def test_every_notice_is_whole_in_every_language(locale: str, kind: NoticeKind) -> None:
    """With nothing left in braces, whatever the case knows, and the direction of the script."""
    words = LANGUAGES[locale].words[kind]
    check_words(kind, words)
    for values in ({}, dict.fromkeys(placeholders(kind), "Value")):
        letter = render(words, locale, values, url=URL, small="")
        assert not re.search(r"[{}]", letter.subject + letter.text)
        assert URL in letter.text
        assert ('dir="rtl"' in letter.html) == (locale == "ar")
    assert set(LANGUAGES[locale].outcomes) == set(LANGUAGES["en"].outcomes)
    assert set(LANGUAGES[locale].anomalies) == set(LANGUAGES["en"].anomalies)
    assert kind in GROUP_OF


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"body": "{buyer_name.__class__}"}, "unknown_placeholder"),
        ({"body": "{0}"}, "unknown_placeholder"),
        ({"body": "{{ 7*7 }}"}, "unknown_placeholder"),
        ({"body": "{% for x in y %}"}, "unknown_placeholder"),
        ({"body": "{url}"}, "unknown_placeholder"),
        ({"body": "{amount}"}, "unknown_placeholder"),
        ({"body": "Hello {buyer_name"}, "open_brace"),
        ({"subject": "Hello\r\nBcc: all@example.com"}, "subject_breaks"),
    ],
)
def test_a_template_that_is_more_than_words_is_refused(changed: dict[str, str], code: str) -> None:
    """With the reason, when it is saved."""
    words = replace(Words("Subject", "Body {buyer_name}", "Open"), **changed)
    with pytest.raises(CaseError) as refused:
        check_words(NoticeKind.FILED, words)
    assert refused.value.code == code


def test_a_value_is_never_markup_a_header_or_a_template() -> None:
    """Whatever a buyer calls themselves."""
    evil = "<img src=x onerror=alert(1)>{order_number}\r\nBcc: all@example.com"
    words = Words("About {buyer_name}", "Hello {buyer_name}", "Open")
    letter = render(words, "en", {"buyer_name": evil, "order_number": "1"}, url=URL, small="")
    assert "<img" not in letter.html
    assert "\n" not in letter.subject
    assert "{order_number}" in letter.text


def test_what_has_nothing_to_say_is_left_out_and_told() -> None:
    """A paragraph whose placeholders are all empty goes."""
    words = Words("Hello", "First\nNumber: {carrier} {tracking_number}\nLast", "")
    letter = render(words, "en", {"carrier": ""}, url="", small="")
    assert letter.text == "First\n\nLast\n"
    assert empty_in(words, {"carrier": " "}) == ["carrier", "tracking_number"]


def test_the_language_falls_back_to_the_sellers_and_then_to_english() -> None:
    """``zh-TW`` reads simplified characters rather than English."""
    assert notice_locale("zh-TW", "de") == "zh-Hans"
    assert notice_locale("fr", "de") == "de"
    assert notice_locale("fr", "it") == "en"


# Answers


@pytest.mark.parametrize(
    "quoted",
    [
        "On Mon, 1 Jun 2026 at 10:00, Lumen <r@shop.example> wrote:\n> Hello",
        "On Mon, 1 Jun 2026 at 10:00, Lumen & Lark\n<r@shop.example> wrote:\n> Hello",
        "Am 1. Juni 2026 um 10:00 schrieb Lumen <r@shop.example>:\n> Hallo",
        "El lun, 1 jun 2026 a las 10:00, Lumen (<r@shop.example>) escribió:\n> Hola",
        "-----Original Message-----\nFrom: Lumen",
        "________________________________\nFrom: Lumen <r@shop.example>",
        "-- \nAna Ruiz\nPhone 123",
        "> Hello\n> there",
    ],
)
def test_quotes_and_signatures_are_cut_off(quoted: str) -> None:
    """What is left is what the buyer wrote."""
    assert own_words(f"It is broken.\r\nSee the edge.\n\n{quoted}") == (
        "It is broken.\nSee the edge."
    )


@given(st.text(max_size=400))
def test_any_text_is_read(text: str) -> None:
    """Nothing in it is too strange, and nothing is made up."""
    assert len(own_words(text)) <= len(text)


def test_a_reply_address_is_good_for_its_case_alone() -> None:
    """In capitals, too; never with another case, proof, domain or key."""
    ring = KeyRing(b"k" * 32, ErasureKeys(Path("unused")))
    case_id, other = f"cas_{'0' * 26}", f"cas_{'1' * 26}"
    address = reply_address.write(ring, case_id, "mail.shop.example")
    assert len(address.partition("@")[0]) <= 64
    assert reply_address.read(ring, address.upper(), "mail.shop.example") == case_id
    assert reply_address.read(ring, address, "other.example") is None
    assert (
        reply_address.read(
            KeyRing(b"x" * 32, ErasureKeys(Path("unused"))), address, "mail.shop.example"
        )
        is None
    )
    forged = address.replace(case_id[4:], other[4:])
    assert reply_address.read(ring, forged, "mail.shop.example") is None
    assert reply_address.read(ring, f"x{address}", "mail.shop.example") is None


def test_a_verdict_at_the_opening_speaks_for_the_filing_too() -> None:
    """Later it speaks for itself alone."""
    (at_once,) = planned("verdict", {}, actor="policy:1", seq=3, at_opening=True)
    (later,) = planned("verdict", {}, actor="staff:1", seq=9, at_opening=False)
    assert (at_once.kind, at_once.instead_of) == (NoticeKind.DECIDED, NoticeKind.FILED)
    assert later.instead_of is None
