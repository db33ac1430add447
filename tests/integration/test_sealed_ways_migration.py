"""Rows from before are encrypted where they stand: parcels, scans, money, mails and tries."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, select, text
from sqlalchemy.orm import Session as Tx

from cases.carrier_claims import ClaimWords
from cases.erasure_keys import ErasureKeys
from cases.keys import KeyRing, make_case_key
from cases.labels import read_label_words
from cases.mail_seal import MailSeal
from cases.parcel_words import digest_number, place_digest, read_parcel, read_scan
from cases.sealing import open_text, open_words
from cases.settlements import reference_of
from cases.tables import (
    CarrierClaim,
    Errand,
    Label,
    Mail,
    MailTry,
    Notice,
    Parcel,
    RefundOrder,
    Scan,
    Settlement,
    WebhookAttempt,
)
from runtime.errors import SetupError
from tests.support.migrating import engine_of, move, put
from tests.support.notice_world import database_url

AT = "2026-01-01 00:00:00+00:00"
BEFORE, AFTER = "0038", "0042"
TABLES = (
    "parcels", "scans", "labels", "carrier_claims", "refund_orders", "errands", "settlements",
    "notices", "mails", "mail_tries", "webhook_attempts",
)  # fmt: skip


class Old:
    """A database from before with a case, one that is erased, and the keys of both."""

    def __init__(self, connection: Connection, folder: Path) -> None:
        self.keys = KeyRing(b"k" * 32, ErasureKeys(folder))
        self.connection = connection
        wrapped = self.keys.new_tenant_key("t")
        self.tenant_key = self.keys.open_tenant_key("t", wrapped)
        self.move(BEFORE)
        put(
            connection, "tenants", id="t", slug="s", name="n", default_locale="en",
            wrapped_key=wrapped, created_at=AT,
        )  # fmt: skip
        self.key = self._case("c")
        self._case("gone")
        for case_id in ("c", "gone"):
            self._way(case_id)
        self._mails()
        self._webhooks()

    def move(self, revision: str, *, up: bool = True, keys: KeyRing | None = None) -> None:
        """Bring the tables to a revision."""
        move(self.connection, revision, up=up, keys=keys or self.keys)

    def clear(self) -> list[str]:
        """Which of the tables hold a planted word that anybody can read."""
        return [
            name
            for name in TABLES
            if "planted" in repr(self.connection.execute(text(f"SELECT * FROM {name}")).all())
        ]

    def _case(self, case_id: str) -> bytes:
        erasure = self.keys.erasure_keys.make()
        made = make_case_key(self.tenant_key, "t", erasure)
        put(
            self.connection, "cases", id=case_id, tenant_id="t", order_number=case_id,
            buyer_name="", buyer_locale="en", state="closed", direction="buyer_shows",
            claim_reason="damaged", claim_words="", claim_locale="en", currency="EUR",
            version=1, created_at=AT, updated_at=AT, wrapped_key=made.wrapped,
        )  # fmt: skip
        if case_id == "gone":
            self.keys.erasure_keys.destroy(erasure.id)
        return made.plain

    def _way(self, case_id: str) -> None:
        parcel, label, refund = f"pcl_{case_id}", f"lbl_{case_id}", f"rfd_{case_id}"
        about = {"case_id": case_id, "parcel_id": parcel, "made_at": AT, "by": "system"}
        put(
            self.connection, "parcels", id=parcel, case_id=case_id, way="back", created_at=AT,
            tracking_number="planted1", label_url="https://planted", address="planted 7",
            place="planted",
        )  # fmt: skip
        for number, place in enumerate(("planted A", "planted B", "")):
            put(
                self.connection, "scans", id=f"scn_{case_id}{number}", parcel_id=parcel,
                status="in_transit", at=AT, place=place, words="to planted", source="push",
                known_at=AT,
            )  # fmt: skip
        put(
            self.connection, "labels", id=label, state="refused", address="planted",
            tracking_number="planted1", why="planted", object_key="k", **about,
        )  # fmt: skip
        put(
            self.connection, "carrier_claims", id=f"ccl_{case_id}", state="filed",
            note="planted", evidence="[]", reference="CL planted", answer="no, planted", **about,
        )  # fmt: skip
        put(
            self.connection, "refund_orders", id=refund, case_id=case_id, state="refused",
            amount_minor=1, currency="EUR", why="planted", ordered_at=AT, by="system",
        )  # fmt: skip
        for subject in (parcel, label, refund):
            put(
                self.connection, "errands", id=f"err_{subject}", tenant_id="t", kind="tracking",
                subject_id=subject, state="done", tries=1, give_up_at=AT, words="planted",
                made_at=AT,
            )  # fmt: skip
        put(
            self.connection, "settlements", id=f"stl_{case_id}", case_id=case_id, kind="refund",
            amount_minor=1, reference="IBAN planted", at=AT, by="system",
        )  # fmt: skip
        put(
            self.connection, "notices", id=f"ntc_{case_id}", tenant_id="t", case_id=case_id,
            kind="filed", subject="1", seq=1, tried="[]", locale="en", state="failed",
            words="planted", created_at=AT, attempts=1, tries=1,
        )  # fmt: skip

    def _mails(self) -> None:
        for mail_id, case_id in (("mai_c", "c"), ("mai_gone", "gone"), ("mai_staff", None)):
            sealed = self.keys.seal(f"mail:{mail_id}", b'{"to": "planted", "subject": "Hi"}')
            put(
                self.connection, "mails", id=mail_id, organisation_id="t", case_id=case_id,
                kind="k", locale="en", sealed=sealed, state="sent", created_at=AT, orders=1,
            )  # fmt: skip
            for number, words in enumerate(("<planted>: 550", "")):
                put(
                    self.connection, "mail_tries", id=f"mtr_{mail_id}{number}", mail_id=mail_id,
                    at=AT, outcome="refused", words=words,
                )  # fmt: skip

    def _webhooks(self) -> None:
        put(
            self.connection, "webhook_endpoints", id="whk", tenant_id="t", url="https://x",
            name="n", kinds="[]", secret=b"x", created_at=AT, created_by="system",
        )  # fmt: skip
        for case_id in ("c", "gone", None):
            put(
                self.connection, "webhook_deliveries", id=f"dlv_{case_id}", endpoint_id="whk",
                message_id=f"msg_{case_id}", case_id=case_id, kind="k", at=AT, state="delivered",
                attempts=2, tries=2,
            )  # fmt: skip
            for number, answer in ((1, "planted"), (2, "")):
                put(
                    self.connection, "webhook_attempts", delivery_id=f"dlv_{case_id}",
                    number=number, at=AT, status=200, latency_ms=1, answer=answer,
                )  # fmt: skip


@pytest.fixture(params=["sqlite", "postgresql"])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Old]:
    """The database, in one transaction."""
    engine = engine_of(database_url(request) or f"sqlite:///{tmp_path / 'old.db'}")
    with engine.begin() as connection:
        yield Old(connection, tmp_path / "erasure")
    engine.dispose()


def test_rows_from_before_are_encrypted_and_opened_by_the_code_of_now(old: Old) -> None:
    """Each by its own door; of an erased case nothing is kept, and nothing stays in the clear."""
    assert set(old.clear()) == set(TABLES) - {"mails"}
    old.move(AFTER)
    assert old.clear() == []
    key = old.key
    with Tx(old.connection) as tx:
        parcel = tx.get_one(Parcel, "pcl_c")
        words = read_parcel(key, parcel)
        assert (words.tracking_number, words.label_url) == ("planted1", "https://planted")
        assert words.address == "planted 7"
        assert parcel.number_digest == digest_number(old.tenant_key, "planted1")
        scans = list(tx.scalars(select(Scan).order_by(Scan.id)))
        assert [read_scan(key, one).place for one in scans] == ["planted A", "planted B", ""]
        assert {read_scan(key, one).words for one in scans} == {"to planted"}
        assert scans[0].place_digest == place_digest(key, "planted A")
        label = read_label_words(key, tx.get_one(Label, "lbl_c"))
        assert (label.address, label.tracking_number, label.why) == (
            "planted",
            "planted1",
            "planted",
        )
        claim = tx.get_one(CarrierClaim, "ccl_c").sealed_words or b""
        opened = open_words(ClaimWords, key, "carrier_claims:ccl_c", claim)
        assert (opened.note, opened.reference) == ("planted", "CL planted")
        assert opened.answer == "no, planted"
        refund = tx.get_one(RefundOrder, "rfd_c")
        assert open_text(key, "refund_orders:rfd_c", refund.sealed_why) == "planted"
        assert reference_of(key, tx.get_one(Settlement, "stl_c")) == "IBAN planted"
        notice = tx.get_one(Notice, "ntc_c")
        assert open_text(key, "notices:ntc_c", notice.sealed_words) == "planted"
        errands = list(tx.scalars(select(Errand).where(Errand.case_id == "c")))
        assert {one.subject_id for one in errands} == {"pcl_c", "lbl_c", "rfd_c"}
        for one in errands:
            assert open_text(key, f"errands:{one.id}", one.sealed_words) == "planted"
        _mails_and_answers_open(old, tx)
        gone = (
            tx.get_one(Parcel, "pcl_gone").sealed_words,
            tx.get_one(Parcel, "pcl_gone").number_digest,
            tx.get_one(Label, "lbl_gone").sealed_words,
            tx.get_one(CarrierClaim, "ccl_gone").sealed_words,
            tx.get_one(RefundOrder, "rfd_gone").sealed_why,
            tx.get_one(Settlement, "stl_gone").sealed_reference,
            tx.get_one(Notice, "ntc_gone").sealed_words,
            tx.get_one(WebhookAttempt, ("dlv_gone", 1)).sealed_answer,
            tx.get(Mail, "mai_gone"),
        )
        assert set(gone) == {None}


def _mails_and_answers_open(old: Old, tx: Tx) -> None:
    for mail_id, own in (("mai_c", old.key), ("mai_staff", None)):
        seal = MailSeal(old.keys, mail_id, own)
        assert seal.open(tx.get_one(Mail, mail_id)) == {"to": "planted", "subject": "Hi"}
        assert seal.open_try(tx.get_one(MailTry, f"mtr_{mail_id}0")) == "<planted>: 550"
        assert seal.open_try(tx.get_one(MailTry, f"mtr_{mail_id}1")) == ""
    for name, own_key in (("dlv_c", old.key), ("dlv_None", old.tenant_key)):
        kept = tx.get_one(WebhookAttempt, (name, 1)).sealed_answer
        assert open_text(own_key, f"webhook_attempts:{name}:1", kept) == "planted"
        assert tx.get_one(WebhookAttempt, (name, 2)).sealed_answer is None


def test_the_way_down_keeps_the_rows_without_words_and_the_way_up_works_again(old: Old) -> None:
    """Two scans of one moment are one then; a mail's words are sealed as they were before."""
    old.move(AFTER)
    old.move(BEFORE, up=False)
    row = old.connection.execute(text("SELECT place, words FROM scans")).all()
    assert [tuple(one) for one in row] == [("", "")]
    sealed = old.connection.execute(
        text("SELECT sealed FROM mails WHERE id = 'mai_c'")
    ).scalar_one()
    assert b"planted" in old.keys.unseal("mail:mai_c", bytes(sealed))
    old.move(AFTER)
    with Tx(old.connection) as tx:
        assert read_parcel(old.key, tx.get_one(Parcel, "pcl_c")).tracking_number is None
        assert len(list(tx.scalars(select(Errand)))) == 6


def test_another_master_key_encrypts_nothing(old: Old, tmp_path: Path) -> None:
    """The migration stops before it has thrown anything away."""
    other = KeyRing(b"x" * 32, ErasureKeys(tmp_path / "erasure"))
    with pytest.raises(SetupError, match="master key"):
        old.move(AFTER, keys=other)
