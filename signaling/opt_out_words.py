"""PURE. The words of the page on which a buyer says what they do not want to be sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cases.notice_kinds import NoticeGroup


@dataclass(frozen=True, slots=True)
class OptOutWords:
    """One language; ``{seller}`` is who writes."""

    title: str
    intro: str
    done: str
    back: str
    stop: str
    want: str
    always: str
    groups: Mapping[NoticeGroup, str]


def _groups(progress: str, reminders: str, messages: str, parcels: str) -> dict[NoticeGroup, str]:
    return {
        NoticeGroup.PROGRESS: progress,
        NoticeGroup.REMINDERS: reminders,
        NoticeGroup.MESSAGES: messages,
        NoticeGroup.PARCELS: parcels,
    }


WORDS: Final[Mapping[str, OptOutWords]] = {
    "en": OptOutWords(
        "What {seller} may send you",
        "Stop what you do not want. You can take it back here at any time.",
        "Done: you will get no more of these.",
        "Done: you will get these again.",
        "Stop",
        "Send again",
        "Decisions, labels and refunds always come: they are about your money and your goods.",
        _groups("How my return goes on", "Reminders", "Messages I have not read", "My parcels"),
    ),
    "zh-Hans": OptOutWords(
        "{seller} 可以给您发送什么",
        "停止您不需要的通知。您可以随时在此恢复。",
        "已完成：您不会再收到此类通知。",
        "已完成：您将重新收到此类通知。",
        "停止",
        "恢复",
        "决定、标签和退款通知总会发送，因为它们关系到您的钱款和商品。",
        _groups("退货进展", "提醒", "未读消息", "我的包裹"),
    ),
    "es": OptOutWords(
        "Qué puede enviarle {seller}",
        "Detenga lo que no desee. Puede recuperarlo aquí en cualquier momento.",
        "Hecho: no recibirá más avisos de este tipo.",
        "Hecho: volverá a recibir estos avisos.",
        "Detener",
        "Volver a recibir",
        "Decisiones, etiquetas y reembolsos llegan siempre: tratan de su dinero y de su artículo.",
        _groups("Cómo avanza mi devolución", "Recordatorios", "Mensajes sin leer", "Mis paquetes"),
    ),
    "de": OptOutWords(
        "Was {seller} Ihnen senden darf",
        "Stellen Sie ab, was Sie nicht möchten. Hier können Sie es jederzeit wieder anstellen.",
        "Erledigt: Davon erhalten Sie nichts mehr.",
        "Erledigt: Das erhalten Sie wieder.",
        "Abstellen",
        "Wieder senden",
        "Entscheidungen, Etiketten und Erstattungen kommen immer: "
        "Es geht um Ihr Geld und Ihre Ware.",
        _groups("Wie es weitergeht", "Erinnerungen", "Ungelesene Nachrichten", "Meine Pakete"),
    ),
    "ar": OptOutWords(
        "ما الذي يمكن أن يرسله إليك {seller}",
        "أوقف ما لا تريده. يمكنك استعادته هنا في أي وقت.",
        "تم: لن تصلك هذه الإشعارات بعد الآن.",
        "تم: ستصلك هذه الإشعارات من جديد.",
        "إيقاف",
        "إرسال من جديد",
        "القرارات والملصقات واسترداد المبالغ تصل دائمًا: فهي تخص مالك ومنتجك.",
        _groups("سير الإرجاع", "تذكيرات", "رسائل غير مقروءة", "طرودي"),
    ),
}
