"""PURE. The reply scripts that every tenant starts with, two for each scene, in five languages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cases.reply_words import Scene


@dataclass(frozen=True, slots=True)
class ShippedScript:
    """One reply in one language."""

    name: str
    scene: Scene
    locale: str
    title: str
    words: str


_GREETING: Final = {
    "en": "Hello {buyer_name},\n",
    "zh-Hans": "{buyer_name}，您好！\n",
    "es": "Hola, {buyer_name}:\n",
    "de": "Guten Tag {buyer_name},\n",
    "ar": "مرحبًا {buyer_name}،\n",
}
_CLOSING: Final = "\n{seller_name}"
_Words = Mapping[str, tuple[str, str]]

_PARCEL_ON_ITS_WAY: Final[_Words] = {
    "en": (
        "Parcel is on its way",
        "your parcel for order {order_number} is on its way with {carrier}. "
        "Tracking number: {tracking_number}.",
    ),
    "zh-Hans": (
        "包裹在途",
        "您的订单 {order_number} 已由 {carrier} 发出，运单号：{tracking_number}。",
    ),
    "es": (
        "El paquete está en camino",
        "el paquete de su pedido {order_number} está en camino con {carrier}. "
        "Número de seguimiento: {tracking_number}.",
    ),
    "de": (
        "Paket ist unterwegs",
        "Ihr Paket zur Bestellung {order_number} ist mit {carrier} unterwegs. "
        "Sendungsnummer: {tracking_number}.",
    ),
    "ar": (
        "الطرد في الطريق",
        "طردك الخاص بالطلب {order_number} في الطريق مع {carrier}. رقم التتبع: {tracking_number}.",
    ),
}
_PARCEL_NOT_FOUND: Final[_Words] = {
    "en": (
        "We look for the parcel",
        "we have asked the carrier where your parcel for order {order_number} is, and write "
        "to you again by {deadline}.",
    ),
    "zh-Hans": (
        "正在查找包裹",
        "我们已向快递公司查询您订单 {order_number} 的包裹，最迟会在 {deadline} 前再与您联系。",
    ),
    "es": (
        "Buscamos el paquete",
        "hemos preguntado al transportista dónde está el paquete de su pedido {order_number} y "
        "le escribiremos de nuevo antes del {deadline}.",
    ),
    "de": (
        "Wir suchen das Paket",
        "wir haben beim Paketdienst nachgefragt, wo Ihr Paket zur Bestellung {order_number} "
        "ist, und schreiben Ihnen bis {deadline} wieder.",
    ),
    "ar": (
        "نبحث عن الطرد",
        "سألنا شركة الشحن عن طردك الخاص بالطلب {order_number}، وسنكتب إليك مجددًا قبل {deadline}.",
    ),
}
_REFUND_SENT: Final[_Words] = {
    "en": (
        "Refund is on its way",
        "we have refunded {amount_refunded} for order {order_number}. "
        "Depending on your bank it takes a few days to arrive.",
    ),
    "zh-Hans": (
        "退款已发出",
        "订单 {order_number} 的退款 {amount_refunded} 已经发出，到账时间视银行而定，一般需要几天。",
    ),
    "es": (
        "El reembolso está en camino",
        "le hemos reembolsado {amount_refunded} del pedido {order_number}. "
        "Según su banco, puede tardar unos días en llegar.",
    ),
    "de": (
        "Erstattung ist unterwegs",
        "wir haben Ihnen {amount_refunded} zur Bestellung {order_number} erstattet. "
        "Je nach Bank dauert es einige Tage, bis das Geld da ist.",
    ),
    "ar": (
        "المبلغ المسترد في الطريق",
        "أعدنا إليك {amount_refunded} عن الطلب {order_number}. "
        "قد يستغرق وصوله بضعة أيام حسب مصرفك.",
    ),
}
_PAYMENT_CHECK: Final[_Words] = {
    "en": (
        "We check the payment",
        "we are checking the payment of {amount_paid} for order {order_number} and write to you "
        "by {deadline}.",
    ),
    "zh-Hans": (
        "正在核对付款",
        "我们正在核对订单 {order_number} 的付款 {amount_paid}，最迟会在 {deadline} 前回复您。",
    ),
    "es": (
        "Revisamos el pago",
        "estamos revisando el pago de {amount_paid} del pedido {order_number} y le escribiremos "
        "antes del {deadline}.",
    ),
    "de": (
        "Wir prüfen die Zahlung",
        "wir prüfen die Zahlung über {amount_paid} zur Bestellung {order_number} und schreiben "
        "Ihnen bis {deadline}.",
    ),
    "ar": (
        "نراجع الدفعة",
        "نراجع دفعة بمبلغ {amount_paid} للطلب {order_number} وسنكتب إليك قبل {deadline}.",
    ),
}
_PRODUCT_SHOW: Final[_Words] = {
    "en": (
        "Please show us the item",
        "please show us “{item_title}” in a short video call. Open the link that you have from "
        "us; nothing needs to be installed.",
    ),
    "zh-Hans": (
        "请让我们看看商品",
        "请通过简短的视频通话让我们看看“{item_title}”。打开我们发给您的链接即可，无需安装任何软件。",
    ),
    "es": (
        "Enséñenos el artículo",
        "enséñenos «{item_title}» en una breve videollamada. Abra el enlace que le enviamos; no "
        "hay que instalar nada.",
    ),
    "de": (
        "Bitte zeigen Sie uns die Ware",
        "bitte zeigen Sie uns „{item_title}“ in einem kurzen Videoanruf. Öffnen Sie dazu den "
        "Link, den Sie von uns haben; Sie müssen nichts installieren.",
    ),
    "ar": (
        "من فضلك أرنا المنتج",
        "من فضلك أرنا «{item_title}» في مكالمة فيديو قصيرة. افتح الرابط الذي أرسلناه إليك؛ "
        "لا حاجة إلى تثبيت أي شيء.",
    ),
}
_PRODUCT_MORE: Final[_Words] = {
    "en": (
        "We need one more detail",
        "to help you with “{item_title}” we need one more detail: when did you notice the fault, "
        "and what happens exactly?",
    ),
    "zh-Hans": (
        "还需要了解一点情况",
        "为了处理“{item_title}”的问题，还想请教您：什么时候发现的故障？具体是什么情况？",
    ),
    "es": (
        "Nos falta un dato",
        "para ayudarle con «{item_title}» nos falta un dato: ¿cuándo notó el fallo y qué ocurre "
        "exactamente?",
    ),
    "de": (
        "Uns fehlt noch eine Angabe",
        "um Ihnen mit „{item_title}“ zu helfen, fehlt uns eine Angabe: Wann haben Sie den Fehler "
        "bemerkt, und was geschieht genau?",
    ),
    "ar": (
        "نحتاج إلى تفصيل آخر",
        "لنساعدك بشأن «{item_title}» نحتاج إلى تفصيل آخر: متى لاحظت العطل، وماذا يحدث بالضبط؟",
    ),
}
_COMPLAINT_SORRY: Final[_Words] = {
    "en": (
        "We are sorry",
        "we are sorry that order {order_number} went wrong. We look into it now and write to you "
        "by {deadline}.",
    ),
    "zh-Hans": (
        "非常抱歉",
        "很抱歉您的订单 {order_number} 出了问题。我们正在处理，最迟会在 {deadline} 前回复您。",
    ),
    "es": (
        "Lo sentimos",
        "sentimos que algo haya salido mal con su pedido {order_number}. Lo estamos revisando y "
        "le escribiremos antes del {deadline}.",
    ),
    "de": (
        "Es tut uns leid",
        "es tut uns leid, dass bei der Bestellung {order_number} etwas schiefgegangen ist. Wir "
        "kümmern uns jetzt darum und schreiben Ihnen bis {deadline}.",
    ),
    "ar": (
        "نعتذر منك",
        "نأسف لما حدث في الطلب {order_number}. نتابع الأمر الآن وسنكتب إليك قبل {deadline}.",
    ),
}
_COMPLAINT_SECOND: Final[_Words] = {
    "en": (
        "Somebody else looks again",
        "thank you for your answer on order {order_number}. A colleague who was not involved "
        "looks at it again and writes to you by {deadline}.",
    ),
    "zh-Hans": (
        "由其他同事复核",
        "感谢您就订单 {order_number} 的回复。"
        "我们会请未参与处理的同事重新审核，并在 {deadline} 前回复您。",
    ),
    "es": (
        "Otra persona lo revisa",
        "gracias por su respuesta sobre el pedido {order_number}. Lo revisará una persona que no "
        "ha intervenido antes y le escribirá antes del {deadline}.",
    ),
    "de": (
        "Jemand anderes sieht es sich an",
        "danke für Ihre Antwort zur Bestellung {order_number}. Jemand, der bisher nicht beteiligt "
        "war, sieht es sich noch einmal an und schreibt Ihnen bis {deadline}.",
    ),
    "ar": (
        "زميل آخر يراجع الأمر",
        "شكرًا على ردك بشأن الطلب {order_number}. سيراجعه زميل لم يشارك فيه من قبل ويكتب إليك "
        "قبل {deadline}.",
    ),
}
_RETURN_SEND: Final[_Words] = {
    "en": (
        "Please send it back",
        "please send “{item_title}” back to this address:\n{return_address}\n"
        "Write order number {order_number} on the parcel.",
    ),
    "zh-Hans": (
        "请寄回商品",
        "请将“{item_title}”寄回以下地址：\n{return_address}\n请在包裹上写明订单号 {order_number}。",
    ),
    "es": (
        "Devuélvanoslo, por favor",
        "envíe «{item_title}» a esta dirección, por favor:\n{return_address}\n"
        "Escriba el número de pedido {order_number} en el paquete.",
    ),
    "de": (
        "Bitte zurücksenden",
        "bitte senden Sie „{item_title}“ an diese Adresse zurück:\n{return_address}\n"
        "Schreiben Sie die Bestellnummer {order_number} auf das Paket.",
    ),
    "ar": (
        "من فضلك أعده إلينا",
        "من فضلك أعد «{item_title}» إلى هذا العنوان:\n{return_address}\n"
        "واكتب رقم الطلب {order_number} على الطرد.",
    ),
}
_RETURN_ARRIVED: Final[_Words] = {
    "en": (
        "Return has arrived",
        "your return for order {order_number} has arrived. We check it and write to you by "
        "{deadline}.",
    ),
    "zh-Hans": (
        "退货已收到",
        "您订单 {order_number} 的退货已经收到。我们正在检查，最迟会在 {deadline} 前回复您。",
    ),
    "es": (
        "La devolución ha llegado",
        "la devolución de su pedido {order_number} ha llegado. La revisamos y le escribiremos "
        "antes del {deadline}.",
    ),
    "de": (
        "Rücksendung ist da",
        "Ihre Rücksendung zur Bestellung {order_number} ist angekommen. Wir prüfen sie und "
        "schreiben Ihnen bis {deadline}.",
    ),
    "ar": (
        "وصل المرتجع",
        "وصل مرتجعك الخاص بالطلب {order_number}. نفحصه الآن وسنكتب إليك قبل {deadline}.",
    ),
}
_ALL: Final[tuple[tuple[str, Scene, _Words], ...]] = (
    ("parcel_on_its_way", Scene.PARCEL, _PARCEL_ON_ITS_WAY),
    ("parcel_not_found", Scene.PARCEL, _PARCEL_NOT_FOUND),
    ("refund_sent", Scene.PAYMENT, _REFUND_SENT),
    ("payment_check", Scene.PAYMENT, _PAYMENT_CHECK),
    ("product_show", Scene.PRODUCT, _PRODUCT_SHOW),
    ("product_more", Scene.PRODUCT, _PRODUCT_MORE),
    ("complaint_sorry", Scene.COMPLAINT, _COMPLAINT_SORRY),
    ("complaint_second", Scene.COMPLAINT, _COMPLAINT_SECOND),
    ("return_send", Scene.RETURN, _RETURN_SEND),
    ("return_arrived", Scene.RETURN, _RETURN_ARRIVED),
)


def _reply(locale: str, words: str) -> str:
    # After the greeting's comma German goes on in lower case; English and Spanish begin anew.
    begun = words[0].upper() + words[1:] if locale in ("en", "es") else words
    return _GREETING[locale] + begun + _CLOSING


SHIPPED: Final = tuple(
    ShippedScript(name, scene, locale, title, _reply(locale, words))
    for name, scene, translated in _ALL
    for locale, (title, words) in translated.items()
)
"""Every shipped reply in every shipped language."""
