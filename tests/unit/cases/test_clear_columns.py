"""Every column of words is sealed, or stands here with what it may say."""

from __future__ import annotations

from sqlalchemy import JSON, String

from cases.tables import Base

_OF_MACHINES = ("_id", "_sha256", "id", "state", "kind", "locale", "sha256")
"""Columns that end so hold what we make ourselves: identifiers, words of a list, digests."""

CLEAR = {
    "api_keys": "name beginning scopes created_by",
    "appointments": "zone",
    "attachment_parts": "object_key",
    "attachments": "media_type preview_key",
    "bench_cameras": "name media_worker media_epoch codec",
    "carrier_claims": "evidence by",
    "case_figures": (
        "reason product category market language carrier policy_version outcome liability currency"
    ),
    "case_tags": "tag",
    "cases": (
        "order_number direction claim_reason currency market verdict_outcome "
        "verdict_disposition verdict_liability verdict_by erased_because parcel_anomaly"
    ),
    "checkpoints": "jws",
    "consents": "text_version",
    "countersignatures": "jws",
    "credential_roots": "pem",
    "derived_copies": "ordered_by object_prefix credentials failure",
    "desk_hours": "hours lengths",
    "device_keys": "jwk",
    "devices": "public_key answered_by",
    "erasures": "cause reason ordered_by counts manifests left left_why",
    "events": "log visibility actor commitment previous hash",
    "evidence_checks": "found",
    "evidence_packages": "ordered_by part object_prefix failure",
    "file_tries": "prefix",
    "filing_settings": "public_key origins",
    "filings": "order_number",
    "findings": "answer",
    "fragments": "clocks",
    "gaps": "cause",
    "handovers": "language",
    "held_acts": "failure",
    "idempotent_answers": "key_digest request_digest",
    "inbound_messages": "channel",
    "item_lines": "sku listing grade disposition liability category",
    "keep_settings": "rules updated_by",
    "labels": "carrier media_type object_key by",
    "legal_holds": "reason placed_by released_by release_reason",
    "logins": "user_agent",
    "mail_tries": "outcome",
    "manifests": "root jws receipt",
    "notice_channels": "options updated_by",
    "notice_opt_outs": "group",
    "notice_settings": "zone off",
    "notice_templates": "subject body button updated_by",
    "notices": "subject channel tried reason",
    "observer_links": "capacity created_by",
    "orders": "order_number",
    "parcels": "way carrier status anomaly",
    "participants": "role capacity voice presence connection",
    "person_exports": "ordered_by object_prefix failure",
    "policies": (
        "title rules created_by saved_by published_by pilot_scope pilot_by pilot_ended_by"
    ),
    "policy_answers": "rule answer sentence parameters missing facts buyer_word",
    "ports": "setup header changed_by",
    "reason_choices": "category reasons",
    "recordings": "container tracks root",
    "refund_orders": "currency by",
    "reply_scripts": "name scene title words updated_by",
    "return_addresses": "place address",
    "rosters": "hours languages categories",
    "saved_filters": "name wanted",
    "scans": "status source",
    "segments": "object_key",
    "sessions": "direction media_worker media_epoch object_prefix sealed_root end_cause",
    "settlements": "by",
    "shares": "created_by",
    "signing_keys": "x",
    "snoozes": "snoozed_by",
    "staff": "email name password_hash roles",
    "staff_consents": "text_version",
    "staff_invitations": "email roles invited_by",
    "stills": "taken_by object_key failure",
    "tenants": "name slug store_place",
    "thread_reads": "reader",
    "time_stamps": "words",
    "warehouses": "name city time_zone",
    "webhook_attempts": "failure",
    "webhook_endpoints": "url name kinds disabled_note created_by",
}
"""What may stand in the clear: it says nothing of a buyer beyond the order's number, or it is a
seller's, a warehouse's or a colleague's own (rules, scripts, tags, reasons of holds and erasures,
who did what), which an erasure of a case keeps. Before you add a column here, think of a backup
that is found in ten years: whatever a person wrote, is called or lives at is sealed instead
(``cases.sealing``, docs/decisions/0006-erasure-keys.md).
"""


def test_no_other_column_holds_words() -> None:
    """A new one is sealed, or somebody has thought about it."""
    found = {}
    for table in Base.metadata.sorted_tables:
        words = {
            column.name
            for column in table.columns
            if isinstance(column.type, String | JSON) and not column.name.endswith(_OF_MACHINES)
        }
        if words:
            found[table.name] = words
    assert found == {name: set(words.split()) for name, words in CLEAR.items()}
