"""PURE. Whole bodies of the problems that the described API names, as a client reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

SENTENCES: Final[Mapping[str, str]] = {
    "address_missing": "Say first where returns are sent: integrations, addresses.",
    "bad_address": "Write the number with its country, like +34 600 000 000.",
    "bad_amount": "EUR has fewer decimals than that.",
    "bad_csv": "This table cannot be used: it has no rows.",
    "bad_currency": "This case is in EUR.",
    "bad_cursor": "This cursor is not one of ours.",
    "bad_json": "The body is not JSON.",
    "bad_key": "This API key is not valid.",
    "bad_key_header": "An Idempotency-Key has 1 to 255 printable characters.",
    "bad_moment": "This inspection has no such moment.",
    "bad_label": "This file cannot be used as a label: it is not a whole PNG.",
    "bad_part": "There is no such part of this inspection.",
    "bad_picture": "A listing picture cannot be used: only JPEG, PNG and WebP are taken.",
    "bad_secret": "The secret is whsec_ and base64 of at least 24 bytes.",
    "bad_signature": "The signature does not fit, or is too old.",
    "bad_span": "Ask for a span that ends after it begins, within three years.",
    "bad_time": "A scan cannot lie in the future.",
    "being_sent": "This message is being sent just now.",
    "case_closed": "This case is closed.",
    "case_open": "Close this case first.",
    "claim_open": "There is a claim for this parcel already.",
    "consent_required": "The words on recording have changed; please read and agree again.",
    "date_impossible": "Give a date from now to 400 days ahead.",
    "endpoint_disabled": "This endpoint is disabled. Enable it first.",
    "no_credentials_in_webm": "This recording is WebM, which holds no content credentials: "
    "what proves it is the evidence package alone.",
    "copies_under_way": "Copies of this case are being made already.",
    "copy_not_ready": "This copy is not there yet.",
    "erased": "This evidence was erased.",
    "evidence_pending": "Its recordings are still being stored.",
    "evidence_unknown": "This case has no photograph or file att_01kb3v7z1c.",
    "export_expired": "This export was kept for a week; order another one.",
    "export_not_ready": "This export is not there yet.",
    "export_under_way": "This is being gathered already.",
    "forbidden": "You may not do this.",
    "held": "This case is under a legal hold; release it first.",
    "if_match_required": "Send the case's ETag as If-Match.",
    "invalid": "Some of what was sent does not fit.",
    "key_reused": "This Idempotency-Key came with another request before.",
    "label_ordered": "A label for this case has been ordered already.",
    "locale_unknown": "Notices are not written in this language.",
    "not_confirmed": "Write the case's order number to confirm its erasure.",
    "not_found": "There is nothing here for you.",
    "not_held": "This case is under no legal hold.",
    "not_json": "Send application/json.",
    "not_sealed": "This inspection is not sealed yet.",
    "not_set_up": "Save the set-up first.",
    "not_signed_in": "Please sign in or send an API key.",
    "not_unclear": "This refund is confirmed.",
    "nothing_to_ask": "Name a tracking number.",
    "notice_under_way": "This notice has been sent, or is on its way.",
    "open_brace": "A brace stands alone; a placeholder is {name}.",
    "package_not_ready": "This package is not there yet.",
    "packages_under_way": "Packages of this case are being made already.",
    "parcel_unknown": "This case has no such parcel.",
    "picture_too_large": "A listing picture may have 500 kB at most.",
    "placeholder_left": ("Fill in {order} before you send this, or say that it goes out as it is."),
    "port_off": "No label service is connected: it goes by hand.",
    "secret_required": "The address is at another host: give the secret again.",
    "session_open": "An inspection of this case is under way.",
    "subject_breaks": "Subject and button are one line each.",
    "too_large": "Request Entity Too Large",
    "too_late": "It has been done already.",
    "too_many_attempts": "Too many attempts. Please wait.",
    "too_many_exports": "That is enough for a day.",
    "too_many_links": "Too many links for one inspection.",
    "too_many_categories": "200 are the most.",
    "too_many_endpoints": "There are 20 endpoints. Delete one first.",
    "too_many_filters": "50 filters are the most: delete one.",
    "too_many_keys": "There are 50 keys. Revoke one first.",
    "too_many_requests": "This API key has made too many requests. Please wait.",
    "too_many_scans": "A parcel has 500 scans at most.",
    "too_many_tags": "20 tags are the most.",
    "too_much": "Of 148.00 EUR paid, 48.00 can still be refunded.",
    "unknown_kind": "There is no kind of event case.exploded.",
    "unknown_placeholder": "“{colour}” is not one of the placeholders.",
    "unreadable": "The answer is not JSON.",
    "url_refused": "This address is not on the public internet.",
    "version_conflict": "Somebody else has just changed this.",
    "warehouse_not_granted": "This warehouse does not work for you.",
    "warehouse_required": "Several warehouses work for you: name one.",
    "which_session": "Say of which inspection: there are several.",
    "wrong_claim_state": "A claim that is refused cannot be filed.",
    "wrong_origin": "This request did not come from our pages.",
    "wrong_role": "Your role does not allow this.",
    "wrong_state": "A case that is closed cannot take decide: the buyer can appeal.",
    "zone_unknown": "There is no such time zone.",
}
"""One sentence by code, filled in where the server fills it in; a test finds each in the source."""

_FURTHER: Final[Mapping[str, Mapping[str, object]]] = {
    "case_open": {"state": "refunded"},
    "consent_required": {"version": "staff-2026-11-29"},
    "copy_not_ready": {"retry_after_s": 2},
    "evidence_pending": {"retry_after_s": 60},
    "export_not_ready": {"retry_after_s": 2},
    "export_under_way": {"retry_after_s": 5},
    "held": {"hold_reason": "Dispute with the carrier, reference 2026-118"},
    "package_not_ready": {"retry_after_s": 2},
    "session_open": {"state": "live"},
    "too_many_attempts": {"retry_after_s": 40},
    "too_many_requests": {"retry_after_s": 12},
    "wrong_state": {"state": "closed"},
}


def codes_of(told: str) -> list[str]:
    """The codes in what an operation tells of a status: ``"a, b: in words"`` → a and b."""
    return told.partition(":")[0].split(", ")


def problem_example(
    status: int, code: str, wrong_fields: Sequence[Mapping[str, str]]
) -> dict[str, Any]:
    """The whole body; ``wrong_fields`` is what ``invalid`` tells of each field."""
    further = {"errors": list(wrong_fields)} if code == "invalid" else _FURTHER.get(code, {})
    return {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": SENTENCES[code],
        "code": code,
        **further,
    }
