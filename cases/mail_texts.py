"""PURE. What our mails say, in five languages; data with closed placeholders, never code."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cases.invitation import DEFAULT_LOCALE

MAIL_LOCALES: Final = ("en", "zh-Hans", "es", "de", "ar")


@dataclass(frozen=True, slots=True)
class Template:
    """A mail's words with ``{placeholders}``; the button leads to ``url``."""

    subject: str
    lines: tuple[str, ...]
    button: str | None
    small: str


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail ready to be sent, as text and as HTML."""

    locale: str
    subject: str
    text: str
    html: str


_STAFF: Final[Mapping[str, Mapping[str, Template]]] = {
    "staff_invited": {
        "en": Template(
            "{by} invites you to {organisation}",
            ("Hello,", "{by} has invited you to work with {organisation} on Proofcall."),
            "Set your password",
            "The link works once, until {until}. If you did not expect it, leave it alone.",
        ),
        "zh-Hans": Template(
            "{by} 邀请您加入 {organisation}",
            ("您好！", "{by} 邀请您在 Proofcall 上与 {organisation} 一起工作。"),
            "设置密码",
            "链接只能使用一次，有效期至 {until}。如果您并未期待这封邮件，请忽略。",
        ),
        "es": Template(
            "{by} le invita a {organisation}",
            ("Hola:", "{by} le ha invitado a trabajar con {organisation} en Proofcall."),
            "Crear su contraseña",
            "El enlace sirve una vez, hasta el {until}. Si no lo esperaba, no haga nada.",
        ),
        "de": Template(
            "{by} lädt Sie zu {organisation} ein",
            ("Guten Tag,", "{by} hat Sie eingeladen, in Proofcall für {organisation} zu arbeiten."),
            "Passwort festlegen",
            "Der Link gilt einmal, bis {until}. Wenn Sie ihn nicht erwartet haben, "
            "brauchen Sie nichts zu tun.",
        ),
        "ar": Template(
            "يدعوك {by} إلى {organisation}",
            ("مرحبًا،", "دعاك {by} إلى العمل مع {organisation} على Proofcall."),
            "اختيار كلمة المرور",
            "يعمل الرابط مرة واحدة حتى {until}. إذا لم تكن تنتظره فلا تفعل شيئًا.",
        ),
    },
    "password_reset": {
        "en": Template(
            "Set a new password",
            ("Hello {name},", "somebody asked to set a new password for your sign-in."),
            "Set a new password",
            "The link works once, until {until}. If it was not you, nothing has changed.",
        ),
        "zh-Hans": Template(
            "设置新密码",
            ("{name}，您好！", "有人请求为您的账户设置新密码。"),
            "设置新密码",
            "链接只能使用一次，有效期至 {until}。如果不是您本人操作，一切保持不变。",
        ),
        "es": Template(
            "Crear una contraseña nueva",
            ("Hola {name}:", "alguien ha pedido una contraseña nueva para su acceso."),
            "Crear una contraseña nueva",
            "El enlace sirve una vez, hasta el {until}. Si no fue usted, nada ha cambiado.",
        ),
        "de": Template(
            "Neues Passwort festlegen",
            ("Guten Tag {name},", "jemand hat für Ihre Anmeldung ein neues Passwort angefordert."),
            "Neues Passwort festlegen",
            "Der Link gilt einmal, bis {until}. Waren Sie es nicht, hat sich nichts geändert.",
        ),
        "ar": Template(
            "اختيار كلمة مرور جديدة",
            ("مرحبًا {name}،", "طلب أحدهم كلمة مرور جديدة لحسابك."),
            "اختيار كلمة مرور جديدة",
            "يعمل الرابط مرة واحدة حتى {until}. إذا لم تكن أنت فلم يتغير شيء.",
        ),
    },
    "password_changed": {
        "en": Template(
            "Your password was changed",
            (
                "Hello {name},",
                "your password was changed, and every other sign-in of yours has ended.",
                "If it was not you, ask an admin of {organisation} to close your account now.",
            ),
            None,
            "",
        ),
        "zh-Hans": Template(
            "您的密码已更改",
            (
                "{name}，您好！",
                "您的密码已更改，其他登录均已退出。",
                "如果不是您本人操作，请立即请 {organisation} 的管理员停用您的账户。",
            ),
            None,
            "",
        ),
        "es": Template(
            "Su contraseña ha cambiado",
            (
                "Hola {name}:",
                "su contraseña ha cambiado y se han cerrado sus demás sesiones.",
                "Si no fue usted, pida a un administrador de {organisation} que cierre su cuenta.",
            ),
            None,
            "",
        ),
        "de": Template(
            "Ihr Passwort wurde geändert",
            (
                "Guten Tag {name},",
                "Ihr Passwort wurde geändert, alle anderen Anmeldungen sind beendet.",
                "Waren Sie es nicht, bitten Sie sofort eine Verwaltung von {organisation}, "
                "Ihr Konto zu sperren.",
            ),
            None,
            "",
        ),
        "ar": Template(
            "تم تغيير كلمة مرورك",
            (
                "مرحبًا {name}،",
                "تم تغيير كلمة مرورك وانتهت جميع جلساتك الأخرى.",
                "إذا لم تكن أنت فاطلب فورًا من مسؤول في {organisation} إيقاف حسابك.",
            ),
            None,
            "",
        ),
    },
}


def mail_locale(wanted: str) -> str:
    """The language of our mails that serves a reader of ``wanted`` best (a BCP 47 tag)."""
    language = wanted.partition("-")[0].lower()
    ours = {locale.partition("-")[0]: locale for locale in MAIL_LOCALES}
    return ours.get(language, DEFAULT_LOCALE)


def staff_letter(kind: str, locale: str, values: Mapping[str, str]) -> Letter:
    """A mail to somebody who works here; ``url`` among the values is where the button leads."""
    ours = mail_locale(locale)
    return letter(_STAFF[kind][ours], ours, values)


def fill(text: str, values: Mapping[str, str]) -> str:
    """Put the values in, all at once: a value that looks like a placeholder stays as it is."""
    filled, rest = [], text
    while rest:
        before, brace, after = rest.partition("{")
        filled.append(before)
        name, end, behind = after.partition("}")
        if brace and end and name in values:
            filled.append(values[name])
            rest = behind
        else:
            filled.append(brace)
            rest = after
    return "".join(filled)


def letter(template: Template, locale: str, values: Mapping[str, str]) -> Letter:
    """Fill a template; nothing in the values becomes markup or a second header line."""
    plain = {name: _one_line(value) for name, value in values.items()}
    lines = [fill(line, plain) for line in template.lines]
    url = plain.get("url", "")
    small = fill(template.small, plain)
    subject = fill(template.subject, plain)
    text = "\n\n".join([*lines, *([url] if template.button else []), *([small] if small else [])])
    return Letter(locale, subject, text + "\n", _html(template, locale, lines, url, small, subject))


def _one_line(value: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in value).split())


def _html(
    template: Template, locale: str, lines: list[str], url: str, small: str, subject: str
) -> str:
    direction = "rtl" if locale == "ar" else "ltr"
    body = "".join(f"<p>{html.escape(line)}</p>" for line in lines)
    if template.button and url.startswith(("https://", "http://")):
        body += (
            f'<p style="margin:24px 0"><a href="{html.escape(url)}" style="background:#0b6e5a;'
            "color:#ffffff;text-decoration:none;font-weight:600;padding:14px 22px;"
            f'border-radius:10px;display:inline-block">{html.escape(template.button)}</a></p>'
            f'<p style="color:#4a535d;font-size:13px;word-break:break-all">{html.escape(url)}</p>'
        )
    if small:
        # A long link in it would push a page that reads from the right out of sight.
        body += (
            '<p style="color:#4a535d;font-size:13px;overflow-wrap:anywhere;word-break:break-word">'
            f"{html.escape(small)}</p>"
        )
    return (
        f'<!doctype html><html lang="{locale}" dir="{direction}"><head><meta charset="utf-8">'
        f"<title>{html.escape(subject)}</title></head>"
        '<body style="margin:0;background:#f7f7f4;color:#14191f;font:16px/1.5 system-ui,'
        'sans-serif"><div style="max-width:560px;margin:0 auto;padding:32px 20px">'
        f"{body}</div></body></html>"
    )
