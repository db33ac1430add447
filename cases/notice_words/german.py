"""PURE. What our notices say in German."""

from __future__ import annotations

from typing import Final

from cases.notice_kinds import NoticeKind
from cases.notice_template import Footer, Language, Words

_HELLO: Final = "Guten Tag {buyer_name},\n"

GERMAN: Final = Language(
    words={
        NoticeKind.FILED: Words(
            "Ihre Rücksendung zur Bestellung {order_number} ist da",
            _HELLO + "wir haben Ihre Rücksendung von {item_title} erhalten.\n{answer}\n"
            "Sie können uns die Ware in einem kurzen Videoanruf zeigen, uns "
            "schreiben oder einen Termin wählen.",
            "Rücksendung öffnen",
        ),
        NoticeKind.ANSWERED: Words(
            "Antwort zu Ihrer Rücksendung {order_number}",
            _HELLO + "{seller_name} hat auf Ihre Rücksendung von {item_title} "
            "geantwortet.\n{answer}",
            "Antwort ansehen",
        ),
        NoticeKind.INVITED: Words(
            "Zeigen Sie uns Ihre Rücksendung {order_number} im Video",
            _HELLO + "{seller_name} möchte {item_title} in einem kurzen Videoanruf "
            "sehen. Ohne App, ohne Konto: Ein Tipp genügt.",
            "Videoanruf starten",
        ),
        NoticeKind.REMINDER: Words(
            "Ihre Rücksendung {order_number} wartet auf Sie",
            _HELLO + "Ihre Rücksendung von {item_title} ist noch offen. Zeigen Sie "
            "uns die Ware in einem kurzen Videoanruf oder schreiben Sie uns.",
            "Rücksendung öffnen",
        ),
        NoticeKind.APPOINTMENT: Words(
            "Ihr Videoanruf: {when}",
            _HELLO + "Ihr Videoanruf zu {item_title} ist gebucht: {when}. Der Link "
            "öffnet sich zu dieser Zeit; dort können Sie den Termin auch "
            "verschieben.",
            "Termin öffnen",
        ),
        NoticeKind.APPOINTMENT_REMINDER: Words(
            "Bald: Ihr Videoanruf um {when}",
            _HELLO + "Ihr Videoanruf zu {item_title} beginnt um {when}.",
            "Termin öffnen",
        ),
        NoticeKind.APPOINTMENT_MISSED: Words(
            "Wir haben Sie verpasst: Rücksendung {order_number}",
            _HELLO + "wir haben zur Zeit {when} auf Sie gewartet. Wählen Sie einen "
            "anderen Termin oder zeigen Sie uns die Ware, sobald jemand da "
            "ist.",
            "Anderen Termin wählen",
        ),
        NoticeKind.HOST_READY: Words(
            "Wir sind jetzt für Sie da",
            _HELLO + "jemand von {seller_name} wartet im Video auf Sie, um {item_title} anzusehen.",
            "Jetzt teilnehmen",
        ),
        NoticeKind.MESSAGE: Words(
            "{seller_name} hat zu Ihrer Rücksendung {order_number} geschrieben",
            _HELLO + "{seller_name} schreibt zu {item_title}:\n{message}",
            "Lesen und antworten",
        ),
        NoticeKind.DECIDED: Words(
            "Ihre Rücksendung {order_number} ist entschieden",
            _HELLO + "zu {item_title} wurde entschieden: {outcome}.\n{decision_note}\n"
            "Sind Sie nicht einverstanden, können Sie das dort sagen.",
            "Entscheidung ansehen",
        ),
        NoticeKind.LABEL: Words(
            "So senden Sie {item_title} zurück",
            _HELLO + "hier ist, was Sie für Ihre Rücksendung brauchen.\nAdresse: "
            "{return_address}\nVersand und Nummer: {carrier} {tracking_number}",
            "Etikett und Adresse öffnen",
        ),
        NoticeKind.SHIPPED: Words(
            "Ihr Paket zur Rücksendung {order_number} ist unterwegs",
            _HELLO + "Ihr Paket mit {item_title} ist auf dem Weg zu uns.\nVersand und "
            "Nummer: {carrier} {tracking_number}",
            "Rücksendung verfolgen",
        ),
        NoticeKind.RECEIVED: Words(
            "Ihr Paket ist angekommen: Rücksendung {order_number}",
            _HELLO + "Ihr Paket mit {item_title} ist angekommen. Wir sehen es an und "
            "sagen Ihnen, wie es weitergeht.",
            "Rücksendung verfolgen",
        ),
        NoticeKind.REFUNDED: Words(
            "Ihre Erstattung zur Bestellung {order_number}",
            _HELLO + "wir haben {amount} für {item_title} erstattet. Bis Ihre Bank es "
            "zeigt, können einige Tage vergehen.",
            "Rücksendung ansehen",
        ),
        NoticeKind.SENT_OUT: Words(
            "Ein Paket ist auf dem Weg zu Ihnen",
            _HELLO + "{item_title} ist auf dem Weg zu Ihnen.\nVersand und Nummer: "
            "{carrier} {tracking_number}",
            "Paket verfolgen",
        ),
        NoticeKind.DELIVERED: Words(
            "Ihr Paket wurde zugestellt",
            _HELLO + "nach Angabe des Versands wurde Ihr Paket mit {item_title} "
            "zugestellt. Ist es nicht da, schreiben Sie uns.",
            "Uns schreiben",
        ),
        NoticeKind.AFTER_DELIVERY: Words(
            "Ist mit Ihrem Paket alles in Ordnung?",
            _HELLO + "Ihr Paket mit {item_title} kam vor zwei Tagen. Stimmt etwas "
            "nicht, sagen oder zeigen Sie es uns.",
            "Sagen Sie es uns",
        ),
        NoticeKind.PARCEL_ANOMALY: Words(
            "Mit Ihrem Paket stimmt etwas nicht",
            _HELLO + "zum Paket mit {item_title} meldet der Versand: {anomaly}. Wir "
            "kümmern uns darum, Sie müssen jetzt nichts tun.\nVersand und "
            "Nummer: {carrier} {tracking_number}",
            "Paket verfolgen",
        ),
        NoticeKind.RECEIPT: Words(
            "Ihr Beleg zum Videoanruf, Bestellung {order_number}",
            _HELLO + "die Aufnahme Ihres Videoanrufs zu {item_title} ist versiegelt. "
            "Ihr Beleg enthält ihren Fingerabdruck: Damit kann jeder später prüfen, "
            "dass seit dem Empfang nichts verändert wurde. Bitte bewahren Sie ihn auf.\n"
            "Der Beleg ist als kleine Datei ({receipt_file}) und als Code zum Scannen "
            "angehängt.\n"
            "So prüfen Sie ein Beweispaket, das Ihnen jemand vorlegt: Öffnen Sie verify.html "
            "aus dem Paket und wählen Sie Paket und Beleg. Auf der Kommandozeile: "
            "proofcall verify PAKET --receipt BELEG\n"
            "Sie finden den Beleg auch auf Ihrer Seite.",
            "Ihre Seite öffnen",
        ),
    },
    outcomes={
        "resolved_without_return": "Sie behalten die Ware, gelöst ohne Rücksendung",
        "refund": "eine Erstattung",
        "partial_refund": "eine teilweise Erstattung",
        "exchange": "ein Umtausch",
        "send_back": "die Ware geht an Sie zurück",
        "reject": "die Rücksendung wird abgelehnt",
    },
    anomalies={
        "stuck": "es hat sich seit einigen Tagen nicht bewegt",
        "exception": "bei der Zustellung gibt es ein Problem",
        "returned": "es ist auf dem Rückweg",
        "lost": "es ist nicht auffindbar",
    },
    footer=Footer(
        "Sie können einfach auf diese E-Mail antworten.",
        "Keine solchen E-Mails mehr: {unsubscribe_url}",
    ),
)
