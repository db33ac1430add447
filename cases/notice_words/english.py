"""PURE. What our notices say in English."""

from __future__ import annotations

from typing import Final

from cases.notice_kinds import NoticeKind
from cases.notice_template import Footer, Language, Words

_HELLO: Final = "Hello {buyer_name},\n"

ENGLISH: Final = Language(
    words={
        NoticeKind.FILED: Words(
            "We have your return for order {order_number}",
            _HELLO + "we have received your return of {item_title}.\n{answer}\nYou can "
            "show it to us on a short video call, write to us or choose a "
            "time.",
            "Open your return",
        ),
        NoticeKind.ANSWERED: Words(
            "An answer about your return {order_number}",
            _HELLO + "{seller_name} has answered your return of {item_title}.\n{answer}",
            "See the answer",
        ),
        NoticeKind.INVITED: Words(
            "Show us your return {order_number} on video",
            _HELLO + "{seller_name} would like to see {item_title} on a short video "
            "call. No app, no account: one tap is enough.",
            "Start the video call",
        ),
        NoticeKind.REMINDER: Words(
            "Your return {order_number} is waiting for you",
            _HELLO + "your return of {item_title} is still open. Show it to us on a "
            "short video call, or write to us.",
            "Open your return",
        ),
        NoticeKind.APPOINTMENT: Words(
            "Your video call: {when}",
            _HELLO + "your video call about {item_title} is booked for {when}. The "
            "link opens at that time; you can move the time there.",
            "Open your appointment",
        ),
        NoticeKind.APPOINTMENT_REMINDER: Words(
            "Soon: your video call at {when}",
            _HELLO + "your video call about {item_title} is at {when}.",
            "Open your appointment",
        ),
        NoticeKind.APPOINTMENT_MISSED: Words(
            "We missed you: return {order_number}",
            _HELLO + "we waited for you at {when}. Choose another time, or show us "
            "the goods whenever somebody is there.",
            "Choose another time",
        ),
        NoticeKind.HOST_READY: Words(
            "We are ready for you now",
            _HELLO + "somebody from {seller_name} is waiting for you on video to look "
            "at {item_title}.",
            "Join now",
        ),
        NoticeKind.MESSAGE: Words(
            "{seller_name} has written about your return {order_number}",
            _HELLO + "{seller_name} writes about {item_title}:\n{message}",
            "Read and answer",
        ),
        NoticeKind.DECIDED: Words(
            "Your return {order_number} is decided",
            _HELLO + "about {item_title} was decided: {outcome}.\n{decision_note}\nIf "
            "you do not agree, you can say so there.",
            "See the decision",
        ),
        NoticeKind.LABEL: Words(
            "How to send {item_title} back",
            _HELLO + "here is what you need to send your return back.\nSend it to: "
            "{return_address}\nCarrier and number: {carrier} {tracking_number}",
            "Open label and address",
        ),
        NoticeKind.SHIPPED: Words(
            "Your parcel for return {order_number} is on its way",
            _HELLO + "your parcel with {item_title} is on its way to us.\nCarrier and "
            "number: {carrier} {tracking_number}",
            "Follow your return",
        ),
        NoticeKind.RECEIVED: Words(
            "Your parcel has arrived: return {order_number}",
            _HELLO + "your parcel with {item_title} has arrived. We look at it and "
            "tell you what comes next.",
            "Follow your return",
        ),
        NoticeKind.REFUNDED: Words(
            "Your refund for order {order_number}",
            _HELLO + "we have refunded {amount} for {item_title}. Your bank may take "
            "some days to show it.",
            "See your return",
        ),
        NoticeKind.SENT_OUT: Words(
            "A parcel is on its way to you",
            _HELLO + "{item_title} is on its way to you.\nCarrier and number: "
            "{carrier} {tracking_number}",
            "Follow your parcel",
        ),
        NoticeKind.DELIVERED: Words(
            "Your parcel was delivered",
            _HELLO + "the carrier says that your parcel with {item_title} was "
            "delivered. If it is not there, write to us.",
            "Write to us",
        ),
        NoticeKind.AFTER_DELIVERY: Words(
            "Is everything all right with your parcel?",
            _HELLO + "your parcel with {item_title} came two days ago. If something "
            "is not right, tell us or show it to us.",
            "Tell us",
        ),
        NoticeKind.PARCEL_ANOMALY: Words(
            "Something is wrong with your parcel",
            _HELLO + "about the parcel with {item_title} the carrier says: {anomaly}. "
            "We are looking into it and you need do nothing now.\nCarrier and "
            "number: {carrier} {tracking_number}",
            "Follow your parcel",
        ),
        NoticeKind.RECEIPT: Words(
            "Your receipt of the video call about order {order_number}",
            _HELLO + "the recording of your video call about {item_title} is sealed. "
            "Your receipt holds its fingerprint: with it anybody can check later "
            "that nothing was changed since it was received. Please keep it.\n"
            "The receipt is attached as a small file ({receipt_file}) and as a code to scan.\n"
            "To check a package of evidence that somebody shows you: open verify.html from "
            "the package and choose the package and the receipt. On the command line: "
            "proofcall verify PACKAGE --receipt RECEIPT\n"
            "You find the receipt on your page, too.",
            "Open your page",
        ),
    },
    outcomes={
        "resolved_without_return": "you keep it, resolved without return",
        "refund": "a refund",
        "partial_refund": "a partial refund",
        "exchange": "an exchange",
        "send_back": "it is sent back to you",
        "reject": "the return is refused",
    },
    anomalies={
        "stuck": "it has not moved for some days",
        "exception": "there is a problem with the delivery",
        "returned": "it is on its way back",
        "lost": "it cannot be found",
    },
    footer=Footer(
        "You can simply reply to this e-mail.",
        "No more of these e-mails: {unsubscribe_url}",
    ),
)
