"""What scans say together, what carriers' words mean, and what tables of them may hold."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from cases.label_files import PDF, PNG, ZPL, label_type
from cases.port_commands import LabelSetup, RefundSetup, TrackingSetup
from cases.port_reading import (
    UnreadableAnswer,
    at,
    fill_body,
    fill_url,
    parse_answer,
    read_scans,
    read_time,
)
from cases.scan_csv import harmless, read_table, write_table
from cases.states import CaseTrigger
from cases.tracking import Anomaly, Scan, ScanStatus, moves_told, standing
from cases.tracking_words import status_of
from runtime.errors import CaseError

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
STUCK = timedelta(days=5)


def scan(status: str, days_ago: float, place: str = "") -> Scan:
    """A scan some days before now."""
    return Scan(ScanStatus(status), NOW - timedelta(days=days_ago), place, "")


def anomaly(*scans: Scan, arrived: bool = False, shipped: float | None = None) -> Anomaly | None:
    """What is wrong by these scans."""
    shipped_at = NOW - timedelta(days=shipped) if shipped is not None else None
    stands = standing(scans, shipped_at=shipped_at, arrived=arrived, now=NOW, stuck_after=STUCK)
    return stands.anomaly


def test_each_anomaly_is_found_and_a_good_way_is_none() -> None:
    """Stuck, exception, returned, lost, and moving on after delivery."""
    assert anomaly(scan("in_transit", 4.9)) is None
    assert anomaly(scan("in_transit", 5)) is Anomaly.STUCK
    assert anomaly(scan("label_created", 30)) is None
    assert anomaly(scan("label_created", 30), shipped=6) is Anomaly.STUCK
    assert anomaly(scan("in_transit", 2), scan("exception", 1)) is Anomaly.EXCEPTION
    assert anomaly(scan("exception", 2), scan("in_transit", 1)) is None
    assert anomaly(scan("returned", 1)) is Anomaly.RETURNED
    assert anomaly(scan("lost", 1)) is Anomaly.LOST
    assert anomaly(scan("delivered", 9)) is None
    assert anomaly(scan("delivered", 3), scan("in_transit", 2)) is Anomaly.WRONG_ORDER
    assert anomaly(scan("in_transit", 40), arrived=True) is None


@given(
    st.lists(st.tuples(st.sampled_from(list(ScanStatus)), st.integers(0, 20)), max_size=8),
    st.randoms(),
)
def test_the_order_in_which_scans_become_known_changes_nothing(
    told: list[tuple[ScanStatus, int]], shuffled: object
) -> None:
    """A late scan, or one out of order, leads to the same."""
    scans = [Scan(status, NOW - timedelta(hours=h), "", "") for status, h in told]
    other = list(scans)
    shuffled.shuffle(other)  # type: ignore[attr-defined]

    def stands(one: list[Scan]) -> object:
        return standing(one, shipped_at=None, arrived=False, now=NOW, stuck_after=STUCK)

    assert stands(scans) == stands(other)
    assert moves_told(scans) == moves_told(other)


def test_moves_follow_from_scans_with_their_moments() -> None:
    """An announced parcel moves nothing; the first movement ships, delivery receives."""
    assert moves_told([scan("label_created", 3)]) == []
    told = moves_told([scan("delivered", 1), scan("in_transit", 2)])
    assert told == [
        (CaseTrigger.SHIP, NOW - timedelta(days=2)),
        (CaseTrigger.RECEIVE, NOW - timedelta(days=1)),
    ]


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("InTransit", "in_transit"),
        ("OutForDelivery", "out_for_delivery"),
        ("pre_transit", "label_created"),
        ("Return to sender", "returned"),
        ("AttemptFail", "exception"),
        ("已签收", "delivered"),
        ("Zugestellt", "delivered"),
        ("  DELIVERED ", "delivered"),
        ("En reparto", "out_for_delivery"),
    ],
)
def test_carriers_words_become_ours(word: str, status: str) -> None:
    """Several vocabularies, whatever their case and blanks."""
    assert status_of(word, {}) == ScanStatus(status)


def test_an_unknown_word_is_not_guessed_and_the_sellers_own_table_comes_first() -> None:
    """A sentence with *delivered* in it may say the opposite."""
    assert status_of("could not be delivered", {}) is None
    assert status_of("", {}) is None
    assert status_of("Depot IN", {"depot-in": ScanStatus.IN_TRANSIT}) is ScanStatus.IN_TRANSIT
    assert status_of("delivered", {"delivered": ScanStatus.EXCEPTION}) is ScanStatus.EXCEPTION


def test_words_cannot_leave_their_place_in_an_address() -> None:
    """A tracking number with a slash, a query or dots stays one path segment."""
    url = fill_url("https://c.example/t/{tracking_number}/x", {"tracking_number": "../a?b=c#d"})
    assert url == "https://c.example/t/..%2Fa%3Fb%3Dc%23d/x"
    # What was filled in is not read again.
    assert fill_url("https://c.example/{a}", {"a": "{b}", "b": "no"}).endswith("%7Bb%7D")
    assert fill_body({"n": "{m}", "t": ["{m} cents"]}, {"m": 5}) == {"n": 5, "t": ["5 cents"]}


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "https://{tracking_number}.example/"},
        {"url": "https://c.example/{number}"},
        {"url": "ftp://c.example/{tracking_number}"},
        {"url": "https://c.example/"},
        {"url": "https://c.example/{tracking_number}", "header": "Host"},
        {"url": "https://c.example/{tracking_number}", "secret": "a\r\nX-Evil: 1"},
        {"url": "https://c.example/{tracking_number}", "scans_at": "events"},
    ],
)
def test_a_set_up_that_could_do_harm_is_refused(wrong: dict[str, object]) -> None:
    """Placeholders in the host, unknown ones, headers that are not a secret's."""
    with pytest.raises(ValidationError):
        TrackingSetup.model_validate(wrong)


def test_a_refund_needs_words_that_do_not_contradict() -> None:
    """One word in both lists, or a status address that names no refund, is refused."""
    url = "https://p.example/r"
    with pytest.raises(ValidationError):
        RefundSetup(url=url, confirmed=["done"], refused=["done"])
    with pytest.raises(ValidationError):
        RefundSetup(url=url, status_url="https://p.example/status")
    with pytest.raises(ValidationError):
        LabelSetup(url=url, carrier="Post", body={"x": ["{buyer_email}"]})


def test_answers_are_read_where_the_set_up_says_and_nothing_is_lost() -> None:
    """Pointers by RFC 6901; what cannot be read is told by its place."""
    setup = TrackingSetup(scans_at="/d/0/e~1s", status_at="/s", time_at="/t", place_at="/p/city")
    answer = {
        "d": [
            {
                "e/s": [
                    {"s": "Delivered", "t": 1_772_000_000, "p": {"city": "Köln"}},
                    {"s": "abducted", "t": "2026-03-01T10:00:00Z"},
                    {"s": "delivered", "t": "yesterday"},
                    "nonsense",
                ]
            }
        ]
    }
    found = read_scans(answer, setup)
    assert [(one.scan.status, one.scan.place) for one in found.scans] == [
        (ScanStatus.DELIVERED, "Köln")
    ]
    assert len(found.unread) == 3
    assert at({"a": [1]}, "/a/7") is None
    with pytest.raises(UnreadableAnswer):
        read_scans([], setup)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda of: st.lists(of, max_size=4) | st.dictionaries(st.text(max_size=8), of, max_size=4),
    )
)
def test_no_answer_breaks_the_reading(answer: object) -> None:
    """Whatever a stranger sends is scans or a refusal in words."""
    setup = TrackingSetup(scans_at="", number_at="/0", time_at="/at")
    with suppress(UnreadableAnswer):
        read_scans(answer, setup)  # type: ignore[arg-type]


@pytest.mark.parametrize("answer", [b"", b"<html>", b"\xff\xfe", b"[" * 100_000, b"1" * 5000])
def test_what_is_no_json_is_told(answer: bytes) -> None:
    """Never an error of another kind, neither for depth nor for length of numbers."""
    with pytest.raises(UnreadableAnswer, match="JSON"):
        parse_answer(answer)


@pytest.mark.parametrize("value", [float("nan"), 1e30, -1e30, "", "0", True, None, "9999-99-99"])
def test_a_time_that_makes_no_sense_is_none(value: object) -> None:
    """Nothing overflows."""
    assert read_time(value) is None


def test_a_label_is_what_its_bytes_say() -> None:
    """PDF, PNG, ZPL; half of one, and others dressed as one, are refused."""
    pdf = b"%PDF-1.4\n...\n%%EOF\n"
    png = (
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00"
        b"\x1f\x15\xc4\x89\x00\x00\x00\x00IEND\xaeB`\x82"
    )
    assert [label_type(one) for one in (pdf, png, b"^XA^FDhi^FS^XZ\n")] == [PDF, PNG, ZPL]
    for wrong in (b"", b"%PDF-1.4 cut", png[:20], b"<svg/>", b"^XA no end", b"GIF89a", b"MZ"):
        with pytest.raises(CaseError, match="label"):
            label_type(wrong)
    with pytest.raises(CaseError):
        label_type(pdf + b"x" * 750_000)


HEAD = "tracking_number,status,at,place\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_a_table_is_read_in_the_encodings_that_carriers_use(encoding: str) -> None:
    """The head in Chinese, semicolons, and a time of the place."""
    text = "运单号;状态;时间;地点\r\nSF1000001;已签收;2026/03/01 08:30;深圳\r\n"
    table = read_table(text.encode(encoding), {}, ZoneInfo("Asia/Shanghai"))
    (row,) = table.rows
    assert row.scan.at == datetime(2026, 3, 1, 0, 30, tzinfo=UTC)
    assert (row.scan.status, row.scan.place) == (ScanStatus.DELIVERED, "深圳")


def test_each_wrong_row_is_told_by_its_line_and_none_is_lost() -> None:
    """Good and bad rows together are all rows, blank lines aside; quoted breaks count as lines."""
    text = HEAD + (
        "CN1000001,delivered,2026-03-01T10:00Z,Köln\n"
        "\n"
        "CN1000002,beamed,2026-03-01T10:00Z,\n"
        "CN,delivered,2026-03-01T10:00Z,\n"
        "CN1000003,delivered,soon,\n"
        "CN1000004\n"
    )
    table = read_table(text.encode(), {}, ZoneInfo("UTC"))
    assert [row.line for row in table.rows] == [2]
    assert [row.line for row in table.bad] == [4, 5, 6, 7]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n\n",
        HEAD.encode(),
        b"status,at\ndelivered,2026-03-01\n",
        b"tracking_number,tracking,status,at\n",
        b"\x00\x01\x02\x03",
        HEAD.encode() + b"CN1000001,delivered,2026-03-01,x\n" * 5001,
        HEAD.encode() + b"x" * 760_000,
    ],
)
def test_what_is_no_table_is_refused_whole(content: bytes) -> None:
    """Nothing of it is half taken."""
    with pytest.raises(CaseError) as caught:
        read_table(content, {}, ZoneInfo("UTC"))
    assert caught.value.code == "bad_csv"


@given(st.text(max_size=30))
def test_no_cell_of_an_export_is_a_formula(cell: str) -> None:
    """Excel, LibreOffice and Sheets calculate what begins with one of these."""
    assert not harmless(cell).lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r"))
    assert "=cmd" not in write_table(["a"], [["=cmd|' /C calc'!A0"]]).replace("'=cmd", "")
