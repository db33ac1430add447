"""What parcels, labels, claims, refunds, mails and tries to tell say of a person is encrypted."""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa
from alembic import op

from cases.migrations.sealing import batches, case_keys, ring, tenant_keys
from cases.sealing import seal, unseal

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

_BYTES, _STRING, _TEXT = sa.LargeBinary(), sa.String(), sa.Text()
_NEW: Final = (
    ("parcels", "sealed_words"),
    ("parcels", "number_digest"),
    ("scans", "place_digest"),
    ("scans", "sealed_words"),
    ("labels", "sealed_words"),
    ("carrier_claims", "sealed_words"),
    ("refund_orders", "sealed_why"),
    ("errands", "sealed_words"),
    ("settlements", "sealed_reference"),
    ("notices", "sealed_words"),
    ("mail_tries", "sealed_words"),
    ("webhook_attempts", "sealed_answer"),
)
_CLEAR: Final = (
    ("parcels", "tracking_number", _STRING, None),
    ("parcels", "label_url", _STRING, None),
    ("parcels", "address", _TEXT, None),
    ("parcels", "place", _STRING, None),
    ("labels", "address", _TEXT, None),
    ("labels", "tracking_number", _STRING, None),
    ("labels", "why", _STRING, None),
    ("carrier_claims", "note", _TEXT, ""),
    ("carrier_claims", "reference", _STRING, None),
    ("carrier_claims", "answer", _STRING, None),
    ("refund_orders", "why", _STRING, None),
    ("errands", "words", _STRING, None),
    ("settlements", "reference", _STRING, None),
    ("notices", "words", _STRING, None),
    ("mail_tries", "words", _STRING, ""),
    ("webhook_attempts", "answer", _STRING, ""),
)
"""The columns that go, and what stands in them where there is nothing to say."""


def upgrade() -> None:
    """Encrypt what stands there; where the key was destroyed, nothing is kept."""
    for table, column in _NEW:
        op.add_column(table, sa.Column(column, _BYTES, nullable=True))
    _give_errands_their_case()
    _seal_parcels()
    _seal_scans()
    _seal_rows("labels", ("address", "tracking_number", "why"))
    _seal_rows("carrier_claims", ("note", "reference", "answer"))
    _seal_texts("refund_orders", "why", "sealed_why")
    _seal_texts("errands", "words", "sealed_words")
    _seal_texts("settlements", "reference", "sealed_reference")
    _seal_texts("notices", "words", "sealed_words")
    _seal_answers()
    _seal_mails()
    op.drop_index("ix_parcels_tracking_number", "parcels")
    for table, column, _type, _empty in _CLEAR:
        op.drop_column(table, column)
    with op.batch_alter_table("scans") as scans:
        scans.drop_constraint(op.f("uq_scans_parcel_id_status_at_place"), type_="unique")
        scans.drop_column("place")
        scans.drop_column("words")
        scans.alter_column("place_digest", existing_type=_BYTES, nullable=False)
        scans.alter_column("sealed_words", existing_type=_BYTES, nullable=False)
        scans.create_unique_constraint(
            op.f("uq_scans_parcel_id_status_at_place_digest"),
            ["parcel_id", "status", "at", "place_digest"],
        )
    op.create_index(op.f("ix_parcels_number_digest"), "parcels", ["number_digest"])
    op.create_index("ix_webhook_deliveries_case_id", "webhook_deliveries", ["case_id"])


def downgrade() -> None:
    """Put the columns back; what is encrypted is not decrypted again, mails excepted."""
    op.drop_index("ix_webhook_deliveries_case_id", "webhook_deliveries")
    op.drop_index(op.f("ix_parcels_number_digest"), "parcels")
    for table, column, kind, empty in _CLEAR:
        back = sa.Column(column, kind, nullable=empty is None, server_default=empty)
        op.add_column(table, back)
        if empty is not None:
            with op.batch_alter_table(table) as changed:
                changed.alter_column(column, existing_type=kind, server_default=None)
    op.create_index("ix_parcels_tracking_number", "parcels", ["tracking_number"])
    # Without their places two scans of one moment are one.
    op.execute(
        "DELETE FROM scans WHERE EXISTS (SELECT 1 FROM scans AS other WHERE other.id < scans.id "
        "AND other.parcel_id = scans.parcel_id AND other.status = scans.status "
        "AND other.at = scans.at)"
    )
    for column in ("place", "words"):
        op.add_column("scans", sa.Column(column, _STRING, nullable=False, server_default=""))
    with op.batch_alter_table("scans") as scans:
        scans.drop_constraint(op.f("uq_scans_parcel_id_status_at_place_digest"), type_="unique")
        for column in ("place", "words"):
            scans.alter_column(column, existing_type=_STRING, server_default=None)
        scans.create_unique_constraint(
            op.f("uq_scans_parcel_id_status_at_place"), ["parcel_id", "status", "at", "place"]
        )
    op.drop_index(op.f("ix_errands_case_id"), "errands")
    with op.batch_alter_table("errands") as errands:
        errands.drop_constraint(op.f("fk_errands_case_id_cases"), type_="foreignkey")
        errands.drop_column("case_id")
    for table, column in _NEW:
        op.drop_column(table, column)
    _change_mails(lambda key, name, sealed: ring().seal(name, unseal(key, name, sealed)))


def _give_errands_their_case() -> None:
    op.add_column("errands", sa.Column("case_id", _STRING, nullable=True))
    op.execute(
        "UPDATE errands SET case_id = COALESCE("
        "(SELECT case_id FROM parcels WHERE parcels.id = errands.subject_id), "
        "(SELECT case_id FROM labels WHERE labels.id = errands.subject_id), "
        "(SELECT case_id FROM refund_orders WHERE refund_orders.id = errands.subject_id))"
    )
    op.execute("DELETE FROM errands WHERE case_id IS NULL")
    with op.batch_alter_table("errands") as errands:
        errands.alter_column("case_id", existing_type=_STRING, nullable=False)
        errands.create_foreign_key(op.f("fk_errands_case_id_cases"), "cases", ["case_id"], ["id"])
    op.create_index(op.f("ix_errands_case_id"), "errands", ["case_id"])


def _seal_parcels() -> None:
    clear = ("tracking_number", "label_url", "address")
    table = _table("parcels", "case_id", *clear, "place", "sealed_words", "number_digest")
    for rows in batches(table, "case_id", *clear):
        keys = case_keys([row.case_id for row in rows])
        tenants = _column_of("cases", "tenant_id", [row.case_id for row in rows])
        of_tenants = tenant_keys(list(tenants.values()))
        changed = []
        for row in rows:
            words = {name: getattr(row, name) for name in clear}
            key, tenants_key = keys.get(row.case_id), of_tenants.get(tenants[row.case_id])
            sealed = digest = None
            if key is not None and any(words.values()):
                sealed = seal(key, f"parcels:{row.id}", _json(words))
                if row.tracking_number and tenants_key is not None:
                    number = b"tracking number:" + row.tracking_number.encode()
                    digest = hmac.digest(tenants_key, number, "sha256")
            changed.append({"row_id": row.id, "sealed_words": sealed, "number_digest": digest})
        _write(table, changed, "sealed_words", "number_digest", emptied=(*clear, "place"))


def _seal_scans() -> None:
    table = _table("scans", "parcel_id", "place", "words", "place_digest", "sealed_words")
    for rows in batches(table, "parcel_id", "place", "words"):
        cases = _column_of("parcels", "case_id", [row.parcel_id for row in rows])
        keys = case_keys(list(cases.values()))
        changed, gone = [], []
        for row in rows:
            key = keys.get(cases[row.parcel_id])
            if key is None:
                gone.append(row.id)
                continue
            words = _json({"place": row.place, "words": row.words})
            changed.append(
                {
                    "row_id": row.id,
                    "place_digest": hmac.digest(key, b"place:" + row.place.encode(), "sha256"),
                    "sealed_words": seal(key, f"scans:{row.id}", words),
                }
            )
        # The old place stays until its column goes: until then it tells two scans apart.
        _write(table, changed, "place_digest", "sealed_words")
        if gone:
            op.get_bind().execute(sa.delete(table).where(table.c.id.in_(gone)))


def _seal_rows(name: str, clear: Sequence[str]) -> None:
    """The words of each row as one JSON object."""
    table = _table(name, "case_id", *clear, "sealed_words")
    for rows in batches(table, "case_id", *clear):
        saying = [row for row in rows if any(getattr(row, one) for one in clear)]
        keys = case_keys([row.case_id for row in saying])
        changed = []
        for row in saying:
            key = keys.get(row.case_id)
            words = _json({one: getattr(row, one) for one in clear})
            sealed = seal(key, f"{name}:{row.id}", words) if key is not None else None
            changed.append({"row_id": row.id, "sealed_words": sealed})
        _write(table, changed, "sealed_words", emptied=clear)


def _seal_texts(name: str, clear: str, sealed: str) -> None:
    """One text of each row."""
    table = _table(name, "case_id", clear, sealed)
    for rows in batches(table, "case_id", clear):
        saying = [row for row in rows if getattr(row, clear)]
        keys = case_keys([row.case_id for row in saying])
        changed = [
            {
                "row_id": row.id,
                sealed: _text(keys, row.case_id, f"{name}:{row.id}", getattr(row, clear)),
            }
            for row in saying
        ]
        _write(table, changed, sealed, emptied=(clear,))


def _seal_answers() -> None:
    deliveries = _table("webhook_deliveries", "case_id", "endpoint_id")
    attempts = sa.table(
        "webhook_attempts",
        *(sa.column(one) for one in ("delivery_id", "number", "answer", "sealed_answer")),
    )
    this = (attempts.c.delivery_id == sa.bindparam("of"), attempts.c.number == sa.bindparam("no"))
    write = attempts.update().where(*this).values(sealed_answer=sa.bindparam("sealed"), answer="")
    for rows in batches(deliveries, "case_id", "endpoint_id"):
        cases = {row.id: row.case_id for row in rows}
        endpoints = {row.id: row.endpoint_id for row in rows}
        answered = (
            op.get_bind()
            .execute(
                sa.select(attempts.c.delivery_id, attempts.c.number, attempts.c.answer).where(
                    attempts.c.delivery_id.in_(list(cases)), attempts.c.answer != ""
                )
            )
            .all()
        )
        keys = case_keys([one for row in answered if (one := cases[row.delivery_id])])
        of_tests = [endpoints[row.delivery_id] for row in answered if not cases[row.delivery_id]]
        tenants = _column_of("webhook_endpoints", "tenant_id", of_tests)
        of_tenants = tenant_keys(list(tenants.values()))
        changed = []
        for row in answered:
            about = cases[row.delivery_id]
            key = keys.get(about) if about else of_tenants.get(tenants[endpoints[row.delivery_id]])
            name = f"webhook_attempts:{row.delivery_id}:{row.number}"
            sealed = seal(key, name, row.answer.encode()) if key is not None else None
            changed.append({"of": row.delivery_id, "no": row.number, "sealed": sealed})
        if changed:
            op.get_bind().execute(write, changed)


def _seal_mails() -> None:
    tries = _table("mail_tries", "mail_id", "words", "sealed_words")
    for rows in batches(tries, "mail_id", "words"):
        saying = [row for row in rows if row.words]
        cases = _column_of("mails", "case_id", [row.mail_id for row in saying])
        keys = case_keys([one for one in cases.values() if one])
        changed: list[dict[str, Any]] = []
        for row in saying:
            case_id, name = cases[row.mail_id], f"mail_tries:{row.id}"
            if case_id is None:
                sealed: bytes | None = ring().seal(name, row.words.encode())
            else:
                sealed = _text(keys, case_id, name, row.words)
            changed.append({"row_id": row.id, "sealed_words": sealed})
        write = tries.update().where(tries.c.id == sa.bindparam("row_id"))
        if changed:
            values = {"sealed_words": sa.bindparam("sealed_words"), "words": ""}
            op.get_bind().execute(write.values(values), changed)
    _change_mails(lambda key, name, sealed: seal(key, name, ring().unseal(name, sealed)))


def _change_mails(anew: Callable[[bytes, str, bytes], bytes]) -> None:
    """Seal each mail of a case in another way; one whose case was erased goes."""
    mails, tries = _table("mails", "case_id", "sealed"), _table("mail_tries", "mail_id")
    for rows in batches(mails, "case_id", "sealed"):
        about = [row for row in rows if row.case_id is not None]
        keys = case_keys([row.case_id for row in about])
        changed = [
            {"row_id": row.id, "sealed": anew(keys[row.case_id], f"mail:{row.id}", row.sealed)}
            for row in about
            if row.case_id in keys
        ]
        _write(mails, changed, "sealed")
        gone = [row.id for row in about if row.case_id not in keys]
        if gone:
            op.get_bind().execute(sa.delete(tries).where(tries.c.mail_id.in_(gone)))
            op.get_bind().execute(sa.delete(mails).where(mails.c.id.in_(gone)))


def _table(name: str, *columns: str) -> sa.TableClause:
    return sa.table(name, sa.column("id"), *(sa.column(one) for one in columns))


def _column_of(name: str, column: str, ids: Sequence[str]) -> Mapping[str, Any]:
    """One column of these rows by their id."""
    table = _table(name, column)
    found = sa.select(table.c.id, table.c[column]).where(table.c.id.in_(sorted(set(ids))))
    return {row[0]: row[1] for row in op.get_bind().execute(found)}


def _write(
    table: sa.TableClause,
    rows: Sequence[Mapping[str, Any]],
    *columns: str,
    emptied: Sequence[str] = (),
) -> None:
    """Change rows by their ``row_id``; what was in the clear leaves the row with it."""
    empty = {(one[0], one[1]): one[3] for one in _CLEAR}
    values: dict[str, Any] = {one: sa.bindparam(one) for one in columns}
    values |= {one: empty[table.name, one] for one in emptied}
    if rows:
        write = table.update().where(table.c.id == sa.bindparam("row_id")).values(values)
        op.get_bind().execute(write, list(rows))


def _text(keys: Mapping[str, bytes], case_id: str, name: str, text: str) -> bytes | None:
    key = keys.get(case_id)
    return seal(key, name, text.encode()) if key is not None else None


def _json(words: Mapping[str, Any]) -> bytes:
    return json.dumps(words, ensure_ascii=False).encode()
