"""A case as a report tells it, in every language, with words that strangers might write."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import BytesIO
from zoneinfo import ZoneInfo

from PIL import Image

from recorder.pdf_report.blocks import Document
from recorder.pdf_report.composing import compose
from recorder.pdf_report.story import (
    Agreement,
    Given,
    Happening,
    Hole,
    Inspection,
    Person,
    Seal,
    Shot,
    Stamp,
    Story,
)

START = datetime(2026, 11, 28, 9, 0, 0, 123456, UTC)
NAMES = {
    "en": "Mia Berg",
    "de": "Käthe Groß",
    "es": "Íñigo Peña",
    "ar": "ليلى",
    "zh-Hans": "王小明",
}
SAID = {
    "en": "The crack is here",
    "de": "Der Riss ist größer als gedacht",
    "es": "La grieta está aquí, ¿la ve?",
    "ar": "الكسر هنا في القاعدة",
    "zh-Hans": "灯罩与底座之间有一条裂纹",
}


def photograph(red: int = 200) -> bytes:
    """A small JPEG."""
    out = BytesIO()
    Image.new("RGB", (64, 36), (red, 90, 120)).save(out, "JPEG")
    return out.getvalue()


def told(language: str, message: str = "") -> Story:
    """The story."""
    name, said = NAMES[language], SAID[language]

    def event(kind: str, after_s: float, who: str, **payload: object) -> Happening:
        return Happening(kind, START + timedelta(seconds=after_s), who, payload)

    happenings = [
        event("session_opened", 0, "system", direction="buyer_shows"),
        event("joined", 1, name, name=name),
        event("consent_given", 1, name),
        event("message", 30, name, text=message or said),
        event("marker", 34, "Ivo", label="Crack 7"),
        event("still_taken", 34, "Ivo", still_id="stl_1", participant_id="par_b"),
        event("finding", 50, "Ivo", finding_id="f1", words=said),
        event("finding_answer", 55, name, finding_id="f1", answer="disagree", words="No!"),
        event("ended", 100, "Ivo"),
    ]
    agreed = Agreement("2026-11-25", language, START, START + timedelta(seconds=90))
    people = [
        Person("par_b", name, "buyer", START, [agreed]),
        Person("par_h", "Ivo", "host", START, []),
        Person("par_c", "Bench 3", "bench", START, []),
    ]
    at = START + timedelta(seconds=34)
    shots = [
        Shot(at, "par_b", "Ivo", was_cut=True, number=0),
        Shot(at, "par_b", "Ivo", was_cut=True, number=1),
        Shot(at, "par_b", "Ivo", was_cut=False, number=None),
    ]
    stamp = Stamp("ses_1/manifest-0.tsr", "2026-11-28T09:03:00Z")
    seal = Seal(
        number=0,
        sealed_at=START + timedelta(seconds=103),
        complete=True,
        sha256="ab" * 32,
        root="cd" * 32,
        kid="k" * 43,
        receipt=f"{'x' * 80}.{'y' * 400}.{'z' * 86}",
        receipt_file="ses_1/receipt-0.txt",
        stamps=[stamp],
    )
    inspection = Inspection(
        id="ses_1",
        direction="buyer_shows",
        began_at=START,
        ended_at=START + timedelta(seconds=100),
        people=people,
        happenings=happenings,
        shots=shots,
        holes=[Hole(START + timedelta(seconds=70), 2.5, "par_b", "peer_lost")],
        seals=[seal],
        log_file="ses_1/log.json",
    )
    return Story(
        case_id="cas_1",
        order_number="DE-1001",
        language=language,
        zone="Europe/Berlin",
        seller="Lumen GmbH",
        warehouse="Halle Nord, Leipzig",
        buyer=name,
        items=[(1, "Lamp", "LAMP-1")],
        reason="damaged",
        claim=said,
        policy="",
        buyer_word=None,
        outcome="partial_refund",
        decided_at=START + timedelta(seconds=101),
        decision_note="",
        given=[Given("12.50 EUR", START + timedelta(days=1))],
        inspections=[inspection],
        keys_url="https://proofcall.example/keys.json",
        as_of=START + timedelta(seconds=130),
    )


def composed(story: Story) -> Document:
    """Its document."""
    return compose(story, ZoneInfo(story.zone))
