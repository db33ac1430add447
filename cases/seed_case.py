"""One seeded case as rows: what the use cases of the desk would have written of the same life."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from cases import chain
from cases import seed_words as words
from cases.bulk import Row
from cases.case_words import number_pieces
from cases.erasure_keys import ErasureKey
from cases.keys import FreshKey, WordKeys, make_case_key, make_session_key
from cases.log import LogKind, Visibility
from cases.new_sessions import object_prefix
from cases.participant_names import sealed_name
from cases.search_terms import field_pieces, number_piece, prose_pieces, term_of
from cases.seed_ids import Ids
from cases.seed_log import COLUMNS, SeedLog
from cases.seed_story import Step, Story
from cases.states import CaseState, CaseTrigger

_S, _T = CaseState, CaseTrigger
_OPENING_EVENTS: Final = 3  # opened, a link, somebody looked
_CALL_EVENTS: Final = 9
_CALL_LASTS: Final = timedelta(minutes=7)
_LINK_LIVES: Final = timedelta(days=14)
_OUTCOMES: Final = {_T.REFUND, _T.REFUND_PARTLY, _T.EXCHANGE}

CASE_TABLES: Final[Mapping[str, Sequence[str]]] = {
    "cases": (
        "id", "tenant_id", "warehouse_id", "order_number", "buyer_name", "buyer_email",
        "buyer_locale", "state", "direction", "claim_reason", "claim_words", "claim_locale",
        "currency", "market", "delivered_at", "verdict_outcome", "verdict_liability",
        "verdict_note", "verdict_at", "verdict_by", "wrapped_key", "version",
        "assignee_staff_id", "due_at", "created_at", "updated_at",
    ),
    "item_lines": (
        "id", "case_id", "position", "sku", "quantity", "price_minor", "listing", "listing_sha256",
    ),
    "case_words": ("tenant_id", "case_id", "terms"),
    "case_figures": (
        "case_id", "tenant_id", "state", "reason", "product", "market", "language", "carrier",
        "outcome", "liability", "currency", "value_minor", "opened_at", "offered_at",
        "answered_at", "live_at", "inspected_at", "decided_at", "refunded_at", "closed_at",
        "answer_s", "decision_s", "refund_s",
    ),
    "join_links": ("id", "case_id", "token_hash", "created_at", "expires_at", "first_joined_at"),
    "deadlines": (
        "id", "tenant_id", "case_id", "kind", "started_at", "due_at", "warn_at", "next_at",
    ),
    "sessions": (
        "id", "case_id", "tenant_id", "direction", "state", "host_staff_id", "wrapped_key",
        "key_id", "object_prefix", "version", "created_at", "live_at", "ended_at", "end_cause",
        "recorder_closed_at",
    ),
    "participants": (
        "id", "session_id", "role", "staff_id", "sealed_name", "locale", "presence", "seen_at",
        "camera", "microphone", "connection", "joined_at", "left_at",
    ),
    "parcels": (
        "id", "case_id", "way", "carrier", "tracking_number", "created_at", "shipped_at",
        "received_at",
    ),
    "settlements": ("id", "case_id", "kind", "amount_minor", "at", "by"),
    "events": COLUMNS,
}  # fmt: skip
"""What belongs to cases, in an order in which it can be written, and the columns of each."""


class SeedTerms:
    """A tenant's terms; each word is digested once."""

    def __init__(self, keys: WordKeys) -> None:
        self._keys = keys
        self._known: dict[str, int] = {}

    def of(self, common: Iterable[str], own: Iterable[str], address: str) -> frozenset[int]:
        """Of words that come back, of what only this case has, and of its buyer's address."""
        known, key = self._known, self._keys.everybody
        found = {term_of(key, one) for one in own}
        found.update(term_of(self._keys.seller, one) for one in number_pieces(address))
        for one in common:
            term = known.get(one)
            if term is None:
                term = known[one] = term_of(key, one)
            found.add(term)
        return frozenset(found)


@dataclass(slots=True)
class SeedTenant:
    """A tenant while its cases are made."""

    id: str
    warehouse_id: str | None
    key: bytes
    erasure: ErasureKey
    """One for all: a seeded platform is thrown away as a whole, and a million files take long."""
    terms: SeedTerms
    looks: SeedLog
    staff: list[str]
    skus: list[str]
    cases: int = 0


@dataclass(slots=True)
class _Facts:
    """What is drawn for one case besides its story."""

    id: str
    key: FreshKey
    tenant: SeedTenant
    story: Story
    order_number: str
    buyer: str
    email: str
    sku: str
    title: str
    carrier: str
    tracking_number: str
    agent: str


class CaseRows:
    """Gathers rows until they are taken."""

    def __init__(self, ids: Ids, now: datetime) -> None:
        self._ids = ids
        self._now = now
        self._rows: defaultdict[str, list[Row]] = defaultdict(list)
        self._pieces: dict[tuple[str, str], frozenset[str]] = {}

    def take(self, table: str) -> tuple[Sequence[str], list[Row]]:
        """The columns of a table and the rows since it was last asked."""
        return CASE_TABLES[table], self._rows.pop(table, [])

    @staticmethod
    def least_events(story: Story) -> int:
        """How many events a story has without anything said in its thread."""
        calls = sum(1 for one in story.steps if one.after is _S.INSPECTED)
        verdicts = sum(1 for one in story.steps if one.trigger is _T.DECIDE)
        return _OPENING_EVENTS + len(story.steps) + verdicts + calls * _CALL_EVENTS

    def add(self, draw: random.Random, tenant: SeedTenant, story: Story) -> int:
        """Make one case's rows and say how many events they are."""
        before = len(self._rows["events"])
        facts = self._facts(draw, tenant, story)
        last = story.ended_at
        self._case(draw, facts, last)
        self._events(facts)
        self._around(draw, facts)
        self._words(facts)
        return len(self._rows["events"]) - before

    def _facts(self, draw: random.Random, tenant: SeedTenant, story: Story) -> _Facts:
        tenant.cases += 1
        first = draw.choice(words.FIRST_NAMES[story.locale])
        last = draw.choice(words.LAST_NAMES[story.locale])
        is_family_first = story.locale in ("zh-Hans", "ja")
        number = draw.randrange(100_000)
        return _Facts(
            id=self._ids.new("cas", story.opened_at),
            key=make_case_key(tenant.key, tenant.id, tenant.erasure),
            tenant=tenant,
            story=story,
            order_number=f"{tenant.id[-3:].upper()}-{100_000 + tenant.cases}",
            buyer=f"{last}{first}" if is_family_first else f"{first} {last}",
            email=f"buyer{number}@{story.locale.lower()}.example",
            sku=draw.choice(tenant.skus),
            title=f"{story.goods} {story.colour}",
            carrier=draw.choice(words.CARRIERS),
            tracking_number=f"JD{draw.randrange(10**12):012}",
            agent=draw.choice(tenant.staff),
        )

    def _case(self, draw: random.Random, facts: _Facts, last: datetime) -> None:
        story, tenant = facts.story, facts.tenant
        market, currency = words.MARKETS[story.locale]
        decided = next((s.at for s in reversed(story.steps) if s.trigger is _T.DECIDE), None)
        liability = draw.choice(("product", "carrier", "buyer")) if decided else None
        is_open = story.state not in (_S.CLOSED, _S.RESOLVED, _S.REJECTED, _S.REFUNDED)
        due_at = self._now + timedelta(hours=draw.uniform(48, 700)) if is_open else None
        listing: dict[str, object] = {
            "title": facts.title,
            "pictures": [f"https://shop.example/{facts.sku}.jpg"],
            "properties": {"Colour": story.colour},
        }
        self._rows["cases"].append((
            facts.id, tenant.id, tenant.warehouse_id, facts.order_number, facts.buyer, facts.email,
            story.locale, story.state, "buyer_shows", story.reason, story.claim, story.locale,
            currency, market, story.opened_at - timedelta(days=draw.uniform(1, 7)),
            story.outcome, liability, "" if decided else None, decided,
            f"staff:{facts.agent}" if decided else None, facts.key.wrapped,
            1 + len(story.steps), facts.agent if is_open and draw.random() < 0.7 else None, due_at,
            story.opened_at, last,
        ))  # fmt: skip
        self._rows["item_lines"].append((
            self._ids.new("itm", story.opened_at), facts.id, 0, facts.sku, story.quantity,
            story.price_minor, listing, sha256(chain.canonical(listing)).hexdigest(),
        ))  # fmt: skip
        self._figures(facts, decided, liability)
        if due_at is not None:
            self._rows["deadlines"].append((
                self._ids.new("ddl", story.opened_at), tenant.id, facts.id, "decision",
                story.opened_at, due_at, due_at - timedelta(hours=8), due_at - timedelta(hours=8),
            ))  # fmt: skip

    def _figures(self, facts: _Facts, decided: datetime | None, liability: str | None) -> None:
        story = facts.story
        market, currency = words.MARKETS[story.locale]
        said = next((at for by_buyer, _, at in story.messages if not by_buyer), None)
        moved = next(
            (s.at for s in story.steps if s.after not in (_S.INSPECTION_OFFERED, _S.WAITING)), None
        )
        answered = min((at for at in (said, moved) if at is not None), default=None)
        refunded = story.first(_S.REFUNDED, _S.PARTLY_REFUNDED)

        def seconds(at: datetime | None) -> int | None:
            return round((at - story.opened_at).total_seconds()) if at is not None else None

        has_parcel = story.first(_S.SHIPPED) is not None
        self._rows["case_figures"].append((
            facts.id, facts.tenant.id, story.state, story.reason, facts.sku, market, story.locale,
            facts.carrier if has_parcel else None, story.outcome, liability, currency,
            story.price_minor * story.quantity, story.opened_at,
            story.first(_S.INSPECTION_OFFERED), answered, story.first(_S.LIVE),
            story.first(_S.INSPECTED), decided, refunded, story.first(_S.CLOSED),
            seconds(answered), seconds(decided), seconds(refunded),
        ))  # fmt: skip

    def _events(self, facts: _Facts) -> None:
        story, rows = facts.story, self._rows["events"]
        log = SeedLog(LogKind.CASE, facts.id, facts.key.plain)
        agent, buyer = f"staff:{facts.agent}", f"buyer:{facts.id}"
        opened: dict[str, object] = {
            "claim_reason": story.reason,
            "order_number": facts.order_number,
        }
        rows.append(log.add("case_opened", opened, Visibility.SELLER, story.opened_at, "system"))
        rows.append(log.add("link_issued", {}, Visibility.SELLER, story.opened_at, agent))
        happened: list[tuple[datetime, Step | None, str, bool]] = [
            (one.at, one, "", False) for one in story.steps
        ]
        happened += [(at, None, text, by_buyer) for by_buyer, text, at in story.messages]
        happened.sort(key=lambda one: one[0])
        for number, (at, step, text, by_buyer) in enumerate(happened):
            if step is None:
                said: dict[str, object] = {"locale": story.locale, "text": text}
                who = buyer if by_buyer else agent
                row = log.add("message", said, Visibility.PARTIES, at, who, f"m{number}")
                rows.append(row)
                continue
            if step.trigger is _T.DECIDE:
                verdict: dict[str, object] = {
                    "disposition": None,
                    "liability": None,
                    "note": "",
                    "outcome": story.outcome,
                }
                rows.append(log.add("verdict", verdict, Visibility.SELLER, at, agent))
            moved: dict[str, object] = {
                "from": step.before,
                "to": step.after,
                "trigger": step.trigger,
            }
            rows.append(log.add("moved", moved, Visibility.SELLER, at, agent))
        look: dict[str, object] = {"id": facts.id, "what": "case"}
        at = story.ended_at
        name = f"case:{facts.id}:{at:%Y-%m-%dT%H}"
        rows.append(facts.tenant.looks.add("looked", look, Visibility.SELLER, at, agent, name))

    def _around(self, draw: random.Random, facts: _Facts) -> None:
        story = facts.story
        live = story.first(_S.LIVE)
        if story.first(_S.INSPECTION_OFFERED) is not None:
            self._rows["join_links"].append((
                self._ids.new("jnl", story.opened_at), facts.id, draw.randbytes(32),
                story.opened_at, story.opened_at + _LINK_LIVES, live,
            ))  # fmt: skip
        for step in story.steps:
            if step.after is _S.INSPECTED:
                self._call(facts, step.at)
            elif step.trigger is _T.GIVE_LABEL:
                self._rows["parcels"].append((
                    self._ids.new("pcl", step.at), facts.id, "back", facts.carrier,
                    facts.tracking_number, step.at, story.first(_S.SHIPPED),
                    story.first(_S.RECEIVED),
                ))  # fmt: skip
            elif step.trigger in _OUTCOMES:
                self._rows["settlements"].append((
                    self._ids.new("stl", step.at), facts.id, step.trigger,
                    story.price_minor * story.quantity, step.at, f"staff:{facts.agent}",
                ))  # fmt: skip

    def _call(self, facts: _Facts, ended_at: datetime) -> None:
        """A call of that end; nothing of it was recorded."""
        story, tenant = facts.story, facts.tenant
        began = ended_at - _CALL_LASTS
        session_id, key_id = self._ids.new("ses", began), self._ids.new("key", began)
        key = make_session_key(tenant.key, key_id, tenant.erasure)
        self._rows["sessions"].append((
            session_id, facts.id, tenant.id, "buyer_shows", "ended", facts.agent, key.wrapped,
            key_id, object_prefix(tenant.id, session_id), 4, began, began, ended_at, "completed",
            ended_at,
        ))  # fmt: skip
        people = (
            ("buyer", None, facts.buyer, story.locale),
            ("host", facts.agent, "Person", "en"),
        )
        for role, staff_id, name, locale in people:
            participant_id = self._ids.new("par", began)
            named = sealed_name(key.plain, participant_id, name)
            self._rows["participants"].append((
                participant_id, session_id, role, staff_id, named, locale, "left",
                ended_at, True, True, "good", began, ended_at,
            ))  # fmt: skip
        log = SeedLog(LogKind.SESSION, session_id, key.plain)
        buyer, host = f"buyer:{facts.id}", f"staff:{facts.agent}"
        text = words.SAID[story.locale][0]
        finding = self._ids.new("fnd", began)
        on: dict[str, object] = {"camera": True, "microphone": True}
        said: list[tuple[str, dict[str, object], str]] = [
            ("session_opened", {"direction": "buyer_shows"}, buyer),
            ("host_took", {"name": "Person"}, host),
            ("media_state", on, buyer),
            ("media_state", on, host),
            ("message", {"locale": story.locale, "text": text}, host),
            ("marker", {"at_ms": int(began.timestamp() * 1000), "words": "damage"}, host),
            ("finding", {"finding_id": finding, "words": story.claim}, host),
            ("finding_answer", {"answer": "agree", "finding_id": finding, "words": ""}, buyer),
            ("ended", {"cause": "completed"}, host),
        ]
        for number, (kind, payload, who) in enumerate(said):
            at = began + _CALL_LASTS * number / len(said)
            row = log.add(kind, payload, Visibility.PARTIES, at, who, f"c{number}")
            self._rows["events"].append(row)

    def _words(self, facts: _Facts) -> None:
        story = facts.story
        common = self._known(field_pieces, facts.title) | self._known(field_pieces, story.claim)
        common |= self._known(field_pieces, facts.buyer) | self._known(field_pieces, facts.sku)
        for _, text, _ in story.messages:
            common |= self._known(prose_pieces, text)
        if story.first(_S.INSPECTED) is not None:
            common |= self._known(prose_pieces, words.SAID[story.locale][0])
        own = number_pieces(facts.order_number) | {number_piece(facts.id)}
        if any(one.trigger is _T.GIVE_LABEL for one in story.steps):
            own |= number_pieces(facts.tracking_number)
        terms = facts.tenant.terms.of(common, own, facts.email)
        self._rows["case_words"].append((facts.tenant.id, facts.id, terms))

    def _known(self, pieces: Callable[[str], set[str]], text: str) -> frozenset[str]:
        name = (pieces.__name__, text)
        found = self._pieces.get(name)
        if found is None:
            found = self._pieces[name] = frozenset(pieces(text))
        return found
