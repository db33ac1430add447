"""PURE. What a person agrees to before being recorded; a change is a new version."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Final

CONSENT_VERSION: Final = "2026-11-25"

CONSENT_TEXT: Final[Mapping[str, str]] = {
    "en": (
        "Recording starts as soon as you join, also while you wait. Picture, sound, messages "
        "and photographs are stored with this return so that both sides can check later what "
        "was shown. An interpreter or another member of staff may be in the call too; you always "
        "see who is there. You can stop the recording of yourself at any time."
    ),
    "zh-Hans": (
        "加入后立即开始录制，等待期间也会录制。画面、声音、消息和照片会随本次退货保存，"
        "以便双方日后核对展示的内容。通话中可能还有口译员或其他工作人员，您始终可以看到谁在场。"
        "您可以随时停止对您本人的录制。"
    ),
    "es": (
        "La grabación empieza en cuanto se une, también durante la espera. La imagen, el sonido, "
        "los mensajes y las fotografías se guardan con esta devolución para que ambas partes "
        "puedan comprobar después lo que se mostró. También puede haber en la llamada un "
        "intérprete u otra persona del equipo; siempre verá quién está. Puede detener su "
        "grabación en cualquier momento."
    ),
    "de": (
        "Die Aufzeichnung beginnt, sobald Sie beitreten, auch während Sie warten. Bild, Ton, "
        "Nachrichten und Fotos werden zu dieser Rücksendung gespeichert, damit beide Seiten "
        "später prüfen können, was gezeigt wurde. Auch eine dolmetschende oder eine weitere "
        "beteiligte Person kann im Gespräch sein; Sie sehen immer, wer da ist. Sie können die "
        "Aufzeichnung Ihrer Person jederzeit beenden."
    ),
    "ar": (
        "يبدأ التسجيل فور انضمامكم، وأثناء الانتظار أيضًا. تُحفظ الصورة والصوت والرسائل والصور "
        "الفوتوغرافية مع طلب الإرجاع هذا، ليتمكن الطرفان لاحقًا من التحقق مما عُرض. قد يحضر المكالمة "
        "مترجم أو موظف آخر، وترون دائمًا من هو حاضر. ويمكنكم إيقاف تسجيلكم في أي وقت."
    ),
}


def words_sha256(locale: str) -> str:
    """The digest of the words that a page shows in this language: in English where it has none."""
    return sha256(CONSENT_TEXT.get(locale, CONSENT_TEXT["en"]).encode()).hexdigest()
