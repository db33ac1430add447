"""PURE. A report's words and pictures in their order, in one language."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Final

from recorder.pdf_report.blocks import (
    Block,
    Code,
    Document,
    Entries,
    Entry,
    Fact,
    Facts,
    Heading,
    Paragraph,
    Picture,
    Pictures,
)
from recorder.pdf_report.happenings import cause_words, fill, told
from recorder.pdf_report.story import Happening, Hole, Inspection, Part, Person, Seal, Shot, Story
from recorder.pdf_report.words import LANGUAGES, RIGHT_TO_LEFT

MAX_PICTURES: Final = 12
"""Of one inspection; the others are in the package."""
_MAX_ENTRIES: Final = 120
_MAX_GAPS: Final = 20
_MAX_WORDS: Final = 600
_MARKER_NEAR: Final = timedelta(seconds=3)

Words = Mapping[str, str]


def compose(story: Story, zone: tzinfo) -> Document:
    """The report; ``zone`` is that of ``story.zone``."""
    return _Report(story, zone).document()


class _Report:
    def __init__(self, story: Story, zone: tzinfo) -> None:
        self._story = story
        self._zone = zone
        self._words: Words = LANGUAGES[story.language]
        # Between Arabic words a hyphen would turn a date round.
        self._between = "/" if story.language in RIGHT_TO_LEFT else "-"

    def document(self) -> Document:
        """All of it."""
        story, words = self._story, self._words
        title, reference = words["title"], story.case_id
        intro = fill(words["intro"], case=story.case_id, order=story.order_number)
        opening = [Paragraph(text=intro, tone="quiet"), *self._case(), *self._agreed()]
        if story.part is not None:
            title = words["part_title"]
            # Below every page, so that none of them is taken for one of the whole.
            reference = f"{story.case_id}  {self._span(story.part)}"
            opening = list(self._part(story.part))
        blocks: list[Block] = [
            Heading(level=1, text=title),
            opening[0],
            Paragraph(text=words["not_evidence"], tone="warn"),
            *opening[1:],
        ]
        for number, inspection in enumerate(story.inspections, start=1):
            blocks += self._inspection(inspection, number)
        blocks += self._verifying()
        return Document(
            language=story.language,
            title=f"{title} {story.case_id}",
            reference=reference,
            page=words["page"],
            made_at=story.as_of.isoformat(),
            blocks=tuple(blocks),
        )

    def _case(self) -> Iterator[Block]:
        story, words = self._story, self._words
        yield Heading(level=2, text=words["case"])
        rows = [
            Fact(label=words["case_id"], value=story.case_id, literal=True),
            Fact(label=words["seller"], value=story.seller),
        ]
        if story.warehouse:
            rows.append(Fact(label=words["warehouse"], value=story.warehouse))
        rows.append(Fact(label=words["buyer"], value=story.buyer))
        for quantity, title, sku in story.items:
            line = fill(words["item"], quantity=quantity, title=title, sku=sku)
            rows.append(Fact(label=words["items"], value=line))
        reason = words.get(f"reason.{story.reason}", story.reason)
        rows.append(Fact(label=words["claim"], value=reason))
        rows.append(Fact(label=words["sealed_last"], value=self._moment(story.as_of), literal=True))
        yield Facts(rows=tuple(rows))
        if story.claim:
            yield Paragraph(text=_quoted(self._cut(story.claim, "log.json")))
        yield Paragraph(text=words["language_why"], tone="quiet")

    def _part(self, part: Part) -> Iterator[Block]:
        story, words = self._story, self._words
        start, end = self._exact(part.start), self._exact(part.end)
        yield Paragraph(text=fill(words["part_warning"], start=start, end=end), tone="warn")
        yield Paragraph(text=words["language_why"], tone="quiet")
        yield Heading(level=2, text=words["part"])
        yield Facts(
            rows=(
                Fact(label=words["case_id"], value=story.case_id, literal=True),
                Fact(label=words["seller"], value=story.seller),
                Fact(label=words["part_from"], value=start, literal=True),
                Fact(label=words["part_to"], value=end, literal=True),
                Fact(label=words["part_of"], value=", ".join(part.people)),
                Fact(label=words["sealed_last"], value=self._moment(story.as_of), literal=True),
            )
        )

    def _agreed(self) -> Iterator[Block]:
        story, words = self._story, self._words
        yield Heading(level=2, text=words["agreed"])
        rows = []
        if story.policy:
            rows.append(Fact(label=words["policy"], value=story.policy))
        if story.buyer_word in ("accept", "decline"):
            rows.append(Fact(label=words["buyer_word"], value=words[story.buyer_word]))
        if story.outcome is not None:
            rows.append(Fact(label=words["verdict"], value=words[f"outcome.{story.outcome}"]))
            if story.decided_at is not None:
                at = self._moment(story.decided_at)
                rows.append(Fact(label="", value=at, literal=True))
        else:
            rows.append(Fact(label=words["verdict"], value=words["undecided"]))
        if story.decision_note:
            rows.append(Fact(label=words["verdict_note"], value=story.decision_note))
        for given in story.given:
            value = f"{given.amount}, {self._moment(given.at)}"
            rows.append(Fact(label=words["given"], value=value, literal=True))
        yield Facts(rows=tuple(rows))

    def _inspection(self, one: Inspection, number: int) -> Iterator[Block]:
        words, count, part = self._words, len(self._story.inspections), self._story.part
        if part is None:
            yield Heading(level=2, text=fill(words["inspection"], number=number, count=count))
        local = (one.began_at if part is None else part.start).astimezone(self._zone)
        rows = [Fact(label=words["direction"], value=words[f"direction.{one.direction}"])]
        if part is None:
            rows.append(Fact(label=words["began"], value=self._moment(one.began_at), literal=True))
        if part is None and one.ended_at is not None:
            rows.append(Fact(label=words["ended"], value=self._moment(one.ended_at), literal=True))
        zone = fill(words["zone_value"], zone=self._story.zone, offset=_offset(local))
        rows.append(Fact(label=words["zone"], value=zone))
        yield Facts(rows=tuple(rows))
        yield Heading(level=3, text=words["people"])
        for person in one.people:
            yield Facts(rows=tuple(self._person(person)))
        yield Heading(level=3, text=words["gaps"])
        yield from self._gaps(one)
        yield Heading(level=3, text=words["findings"])
        yield from self._findings(one)
        yield Heading(level=3, text=words["pictures"])
        yield from self._pictures(one)
        yield Heading(level=3, text=words["timeline"])
        yield from self._timeline(one)
        yield Heading(level=3, text=words["seals"])
        for seal in one.seals:
            yield Facts(rows=tuple(self._seal(seal, is_last=seal is one.seals[-1])))
        if one.seals:
            last = one.seals[-1]
            text = fill(words["receipt_words"], file=last.receipt_file)
            yield Heading(level=3, text=words["receipt"])
            yield Code(content=last.receipt, text=text)

    def _person(self, person: Person) -> Iterator[Fact]:
        words = self._words
        role = words.get(f"role.{person.role}", person.role)
        name = fill(words["person"], name=person.name, role=role) if person.name else role
        joined = fill(words["person_from"], at=self._moment(person.joined_at))
        yield Fact(label=name, value=joined)
        for agreed in person.agreements:
            at = self._moment(agreed.given_at)
            said = fill(
                words["consent"],
                at=at,
                version=agreed.version.replace("-", self._between),
                language=agreed.language,
            )
            yield Fact(label="", value=said)
            if agreed.withdrawn_at is not None:
                back = fill(words["withdrawn"], at=self._moment(agreed.withdrawn_at))
                yield Fact(label="", value=back)
        if not person.agreements and person.role != "bench":
            yield Fact(label="", value=words["no_consent"])

    def _gaps(self, one: Inspection) -> Iterator[Block]:
        words = self._words
        is_complete = bool(one.seals) and one.seals[-1].complete
        if not is_complete:
            yield Paragraph(text=words["incomplete"], tone="warn")
        if not one.holes:
            if is_complete:
                is_whole = self._story.part is None
                yield Paragraph(text=words["no_gaps" if is_whole else "part_no_gaps"])
            return
        shown = one.holes[:_MAX_GAPS]
        yield Entries(rows=tuple(self._gap(one, hole) for hole in shown))
        if len(one.holes) > len(shown):
            more = len(one.holes) - len(shown)
            yield Paragraph(text=fill(words["gaps_more"], count=more), tone="warn")

    def _gap(self, one: Inspection, hole: Hole) -> Entry:
        text = fill(
            self._words["gap"],
            name=one.name_of(hole.participant_id),
            length=f"{hole.length_s:.1f}",
            cause=cause_words(self._words, hole.cause),
        )
        return Entry(at=self._clock(hole.at), text=text, warn=True)

    def _findings(self, one: Inspection) -> Iterator[Block]:
        words = self._words
        findings = [event for event in one.happenings if event.kind == "finding"]
        if not findings:
            yield Paragraph(text=words["no_findings"])
            return
        rows = []
        for finding in findings:
            said = self._cut(str(finding.payload.get("words", "")), one.log_file)
            rows.append(Entry(at=self._clock(finding.at), text=_quoted(said)))
            answers = self._answers(one, finding)
            # What was answered later is not for the reader of a part.
            unanswered = words["unanswered" if self._story.part is None else "part_unanswered"]
            rows += answers or [Entry(at="", text=f"– {unanswered}")]
        yield Entries(rows=tuple(rows))

    def _answers(self, one: Inspection, finding: Happening) -> list[Entry]:
        rows = []
        for event in one.happenings:
            if event.kind != "finding_answer" or (
                event.payload.get("finding_id") != finding.payload.get("finding_id")
            ):
                continue
            line = told(self._words, one, event)
            if line is not None:
                said = self._cut(line, one.log_file)
                rows.append(Entry(at=self._clock(event.at), text=f"– {said}"))
        return rows

    def _pictures(self, one: Inspection) -> Iterator[Block]:
        words = self._words
        if not one.shots:
            yield Paragraph(text=words["no_pictures"])
            return
        shown = one.shots[:MAX_PICTURES]
        yield Pictures(shown=tuple(self._picture(one, shot) for shot in shown))
        if len(one.shots) > len(shown):
            more = len(one.shots) - len(shown)
            yield Paragraph(text=fill(words["pictures_more"], count=more), tone="quiet")

    def _picture(self, one: Inspection, shot: Shot) -> Picture:
        words = self._words
        lines = [
            fill(words["picture_of"], name=one.name_of(shot.participant_id)),
            fill(words["picture_taken"], name=shot.taken_by),
        ]
        lines += [
            f"{words['event.marker']}: {event.payload['label']}"
            for event in one.happenings
            if event.kind == "marker"
            and event.payload.get("label")
            and abs(_marked_at(event) - shot.at) <= _MARKER_NEAR
        ]
        return Picture(
            number=shot.number,
            instead=words["picture_unread" if shot.was_cut else "picture_missing"],
            literal=self._moment(shot.at),
            lines=tuple(lines),
        )

    def _timeline(self, one: Inspection) -> Iterator[Block]:
        lines = [
            (event, line)
            for event in one.happenings
            if (line := told(self._words, one, event)) is not None
        ]
        shown = lines[:_MAX_ENTRIES]
        rows, day = [], ""
        for event, line in shown:
            of = self._day(event.at.astimezone(self._zone))
            if of != day:
                day = of
                rows.append(Entry(at=day, text=""))
            said = self._cut(line, one.log_file)
            rows.append(Entry(at=self._clock(event.at), text=said, warn=event.kind == "gap"))
        if rows:
            yield Entries(rows=tuple(rows))
        more = len(one.happenings) - len(shown)
        if more:
            text = fill(self._words["timeline_more"], count=more, file=one.log_file)
            yield Paragraph(text=text, tone="quiet")

    def _seal(self, seal: Seal, *, is_last: bool) -> Iterator[Fact]:
        words = self._words
        yield Fact(label=fill(words["seal"], number=seal.number), value="")
        yield Fact(label=words["sealed_at"], value=self._moment(seal.sealed_at), literal=True)
        yield Fact(label=words["digest"], value=seal.sha256, literal=True)
        yield Fact(label=words["root"], value=seal.root, literal=True)
        yield Fact(label=words["signer"], value=seal.kid, literal=True)
        missing = words["no" if is_last else "superseded"]
        yield Fact(label=words["complete"], value=words["yes"] if seal.complete else missing)
        for stamp in seal.stamps:
            value = f"{stamp.at} {stamp.file}"
            yield Fact(label=words["stamp"], value=value, literal=True)
        if not seal.stamps:
            yield Fact(label=words["stamp"], value=words["no_stamp"])

    def _verifying(self) -> Sequence[Block]:
        words = self._words
        return [
            Heading(level=2, text=words["verify"]),
            Paragraph(text=words["verify_page"]),
            Paragraph(text=words["verify_command"]),
            Paragraph(
                text="proofcall verify PACKAGE.zip --receipt RECEIPT.txt --key KEYS.json",
                tone="literal",
            ),
            Paragraph(text=fill(words["verify_keys"], url=self._story.keys_url)),
            Paragraph(text=words["verify_says"]),
        ]

    def _cut(self, text: str, file: str) -> str:
        if len(text) <= _MAX_WORDS:
            return text
        return fill(self._words["cut_short"], words=text[:_MAX_WORDS], file=file)

    def _moment(self, at: datetime) -> str:
        """Date, time to the second, and how far that is from UTC."""
        local = at.astimezone(self._zone)
        return f"{self._day(local)} {local:%H:%M:%S} {_offset(local)}"

    def _exact(self, at: datetime) -> str:
        """The same to a thousandth of a second."""
        local = at.astimezone(self._zone)
        ms = local.microsecond // 1000
        return f"{self._day(local)} {local:%H:%M:%S}.{ms:03} {_offset(local)}"

    def _span(self, part: Part) -> str:
        return f"{self._exact(part.start)} – {self._exact(part.end)}"

    def _day(self, local: datetime) -> str:
        return local.date().isoformat().replace("-", self._between)

    def _clock(self, at: datetime) -> str:
        """The time of day, to a tenth of a second."""
        local = at.astimezone(self._zone)
        return f"{local:%H:%M:%S}.{local.microsecond // 100_000}"


def _offset(local: datetime) -> str:
    ahead = f"{local:%z}"
    return f"UTC{ahead[:3]}:{ahead[3:5]}" if local.utcoffset() else "UTC"


def _quoted(text: str) -> str:
    return f"“{text}”"


def _marked_at(event: Happening) -> datetime:
    at_ms = event.payload.get("at_ms")
    if not isinstance(at_ms, int):
        return event.at
    return event.at + timedelta(milliseconds=at_ms - round(event.at.timestamp() * 1000))
