"""PURE. The words of notices: what is told, over which channels, and how far it has come."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Final

GIVE_UP_AFTER: Final = timedelta(hours=24)
"""How long one notice is tried before it is given up."""
ORDER_LASTS: Final = timedelta(hours=1)
"""After that an ordered try counts as lost and is ordered again."""
WINDOW: Final = timedelta(hours=24)
"""How long after the buyer's last words WhatsApp lets anything but a template through."""


class NoticeKind(StrEnum):
    """What a buyer is told."""

    FILED = "filed"
    ANSWERED = "answered"  # by the seller's policy
    INVITED = "invited"
    REMINDER = "reminder"  # the link was not opened
    APPOINTMENT = "appointment"
    APPOINTMENT_REMINDER = "appointment_reminder"
    APPOINTMENT_MISSED = "appointment_missed"
    HOST_READY = "host_ready"  # somebody is in the call and waits
    MESSAGE = "message"  # of the thread, unread
    DECIDED = "decided"
    LABEL = "label"
    SHIPPED = "shipped"  # from the buyer
    RECEIVED = "received"
    REFUNDED = "refunded"
    SENT_OUT = "sent_out"  # to the buyer: sent back or exchanged
    DELIVERED = "delivered"  # to the buyer
    AFTER_DELIVERY = "after_delivery"  # two days later
    PARCEL_ANOMALY = "parcel_anomaly"
    RECEIPT = "receipt"  # of a sealed inspection


class NoticeGroup(StrEnum):
    """What an address may do without, and what always goes."""

    ESSENTIAL = "essential"
    PROGRESS = "progress"
    REMINDERS = "reminders"
    MESSAGES = "messages"
    PARCELS = "parcels"


class NoticeState(StrEnum):
    """How far a notice has come."""

    WAITING = "waiting"  # for its time
    ORDERED = "ordered"  # a worker has it, or soon will
    SENT = "sent"
    FAILED = "failed"
    SUPPRESSED = "suppressed"  # there was a reason not to send it


class NoticeReason(StrEnum):
    """Why a notice did not go."""

    NO_ADDRESS = "no_address"
    OPTED_OUT = "opted_out"
    SWITCHED_OFF = "switched_off"
    OVER = "over"  # what it is about is past
    READ = "read"  # the buyer has seen it already
    ERASED = "erased"
    REFUSED = "refused"  # by every channel
    GAVE_UP = "gave_up"  # after a day of tries
    NO_SERVER = "no_server"  # no mail server is set
    STOPPED = "stopped"  # by the seller's people


class ChannelKind(StrEnum):
    """Over what a notice goes."""

    EMAIL = "email"
    WHATSAPP = "whatsapp"
    LINE = "line"
    WEBHOOK = "webhook"  # a system of the seller's that sends for it


MESSENGERS: Final = (ChannelKind.WHATSAPP, ChannelKind.LINE, ChannelKind.WEBHOOK)
"""In the order in which they are tried; mail comes last."""

GROUP_OF: Final[Mapping[NoticeKind, NoticeGroup]] = {
    NoticeKind.FILED: NoticeGroup.PROGRESS,
    NoticeKind.ANSWERED: NoticeGroup.PROGRESS,
    NoticeKind.INVITED: NoticeGroup.PROGRESS,
    NoticeKind.REMINDER: NoticeGroup.REMINDERS,
    NoticeKind.APPOINTMENT: NoticeGroup.PROGRESS,
    NoticeKind.APPOINTMENT_REMINDER: NoticeGroup.REMINDERS,
    NoticeKind.APPOINTMENT_MISSED: NoticeGroup.REMINDERS,
    NoticeKind.HOST_READY: NoticeGroup.PROGRESS,
    NoticeKind.MESSAGE: NoticeGroup.MESSAGES,
    NoticeKind.DECIDED: NoticeGroup.ESSENTIAL,
    NoticeKind.LABEL: NoticeGroup.ESSENTIAL,
    NoticeKind.SHIPPED: NoticeGroup.PROGRESS,
    NoticeKind.RECEIVED: NoticeGroup.PROGRESS,
    NoticeKind.REFUNDED: NoticeGroup.ESSENTIAL,
    NoticeKind.SENT_OUT: NoticeGroup.PARCELS,
    NoticeKind.DELIVERED: NoticeGroup.PARCELS,
    NoticeKind.AFTER_DELIVERY: NoticeGroup.PARCELS,
    NoticeKind.PARCEL_ANOMALY: NoticeGroup.PARCELS,
    NoticeKind.RECEIPT: NoticeGroup.ESSENTIAL,
}
PROMPT: Final = frozenset(
    {
        NoticeKind.FILED,
        NoticeKind.INVITED,
        NoticeKind.APPOINTMENT,
        NoticeKind.HOST_READY,
        NoticeKind.RECEIPT,
    }
)
"""What the buyer is waiting for just now: it goes at night, too."""
MAIL_FIRST: Final = frozenset({NoticeKind.RECEIPT})
"""What is worth most as a file in the buyer's own hands, which only a mail carries."""
