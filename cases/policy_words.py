"""PURE. One sentence for each answer of a policy, in the buyer's language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

LOCALES: Final = ("en", "zh-Hans", "es", "de", "ar")

SENTENCES: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "approve.general.seller": "Your return is accepted, and we pay the return postage.",
        "approve.general.buyer": "Your return is accepted; you pay the return postage.",
        "approve.window.seller": "Your return is accepted because you reported it within {days} "
        "of delivery, and we pay the return postage.",
        "approve.window.buyer": "Your return is accepted because you reported it within {days} "
        "of delivery; you pay the return postage.",
        "approve.fault.seller": "Your return is accepted because of the fault you reported, "
        "and we pay the return postage.",
        "approve.fault.buyer": "Your return is accepted because of the fault you reported; "
        "you pay the return postage.",
        "reject.general": "Your return cannot be accepted under our return conditions.",
        "reject.window": "Your return cannot be accepted because the period of {days} "
        "after delivery is over.",
        "reject.excluded": "Your return cannot be accepted because items of the kind "
        "“{category}” are excluded from returns.",
        "inspect_by_video.general": "Please show us the item in a short video call, "
        "so that we can decide at once.",
        "inspect_by_video.fault": "Please show us the item in a short video call, "
        "so that we can see the fault and decide at once.",
        "inspect_by_video.value": "Please show us the item in a short video call before we "
        "decide, as we ask for every item of this value.",
        "offer.discount": "You can keep the item and get {percent}% of its price back, "
        "so that you need not send anything back.",
        "offer.spare_part": "We can send you the part you need free of charge, "
        "so that you can keep the item.",
        "offer.guidance": "We will help you with instructions first, because this can usually "
        "be solved without sending the item back.",
        "ask_a_person.general": "A person will look at your return and answer you.",
        "ask_a_person.missing": "A person will look at your return and answer you, "
        "because we do not know enough yet to decide at once.",
        "ask_a_person.differ": "A person will look at your return and answer you, "
        "because your items need different answers.",
    },
    "zh-Hans": {
        "approve.general.seller": "您的退货申请已通过，退货运费由我们承担。",
        "approve.general.buyer": "您的退货申请已通过，退货运费由您承担。",
        "approve.window.seller": "您在签收后{days}内提出了申请，因此退货申请已通过，"
        "退货运费由我们承担。",
        "approve.window.buyer": "您在签收后{days}内提出了申请，因此退货申请已通过，"
        "退货运费由您承担。",
        "approve.fault.seller": "由于您反映的质量问题，您的退货申请已通过，退货运费由我们承担。",
        "approve.fault.buyer": "由于您反映的质量问题，您的退货申请已通过，退货运费由您承担。",
        "reject.general": "根据我们的退货条件，很抱歉无法接受您的退货申请。",
        "reject.window": "签收后{days}的退货期限已过，很抱歉无法接受您的退货申请。",
        "reject.excluded": "“{category}”类商品不支持退货，很抱歉无法接受您的退货申请。",
        "inspect_by_video.general": "请通过简短的视频通话向我们展示商品，以便我们当场作出决定。",
        "inspect_by_video.fault": "请通过简短的视频通话向我们展示商品，"
        "以便我们查看问题并当场作出决定。",
        "inspect_by_video.value": "此价位的商品都需要先通过简短的视频通话查看，请向我们展示商品，"
        "之后我们会作出决定。",
        "offer.discount": "您可以留下商品并获得其价格{percent}%的退款，无需寄回任何东西。",
        "offer.spare_part": "我们可以免费为您寄送所需的配件，您无需退回商品。",
        "offer.guidance": "这类问题通常无需退货即可解决，我们会先为您提供操作指导。",
        "ask_a_person.general": "我们的工作人员会查看您的退货申请并回复您。",
        "ask_a_person.missing": "目前的信息还不足以立即决定，"
        "我们的工作人员会查看您的退货申请并回复您。",
        "ask_a_person.differ": "您的商品需要分别处理，我们的工作人员会查看您的退货申请并回复您。",
    },
    "es": {
        "approve.general.seller": "Aceptamos su devolución y los gastos de envío corren "
        "de nuestra cuenta.",
        "approve.general.buyer": "Aceptamos su devolución; los gastos de envío corren "
        "de su cuenta.",
        "approve.window.seller": "Aceptamos su devolución porque la solicitó en el plazo de {days} "
        "desde la entrega, y los gastos de envío corren de nuestra cuenta.",
        "approve.window.buyer": "Aceptamos su devolución porque la solicitó en el plazo de {days} "
        "desde la entrega; los gastos de envío corren de su cuenta.",
        "approve.fault.seller": "Aceptamos su devolución por el defecto que nos indicó, "
        "y los gastos de envío corren de nuestra cuenta.",
        "approve.fault.buyer": "Aceptamos su devolución por el defecto que nos indicó; "
        "los gastos de envío corren de su cuenta.",
        "reject.general": "No podemos aceptar su devolución según nuestras condiciones.",
        "reject.window": "No podemos aceptar su devolución porque ha terminado el plazo de {days} "
        "desde la entrega.",
        "reject.excluded": "No podemos aceptar su devolución porque los artículos de tipo "
        "«{category}» no admiten devolución.",
        "inspect_by_video.general": "Muéstrenos el artículo en una breve videollamada "
        "para que podamos decidir en el momento.",
        "inspect_by_video.fault": "Muéstrenos el artículo en una breve videollamada "
        "para que podamos ver el defecto y decidir en el momento.",
        "inspect_by_video.value": "Muéstrenos el artículo en una breve videollamada antes de que "
        "decidamos, como pedimos con todos los artículos de este valor.",
        "offer.discount": "Puede quedarse con el artículo y recuperar el {percent} % de su precio, "
        "sin tener que devolver nada.",
        "offer.spare_part": "Podemos enviarle gratis la pieza que necesita "
        "para que pueda quedarse con el artículo.",
        "offer.guidance": "Primero le ayudaremos con instrucciones, porque normalmente esto se "
        "resuelve sin devolver el artículo.",
        "ask_a_person.general": "Una persona de nuestro equipo revisará su devolución "
        "y le responderá.",
        "ask_a_person.missing": "Una persona de nuestro equipo revisará su devolución y le "
        "responderá, porque aún nos faltan datos para decidir en el momento.",
        "ask_a_person.differ": "Una persona de nuestro equipo revisará su devolución y le "
        "responderá, porque sus artículos requieren respuestas distintas.",
    },
    "de": {
        "approve.general.seller": "Ihre Rücksendung ist angenommen, und wir tragen das Porto.",
        "approve.general.buyer": "Ihre Rücksendung ist angenommen; das Porto tragen Sie.",
        "approve.window.seller": "Ihre Rücksendung ist angenommen, weil Sie sie innerhalb von "
        "{days} nach der Lieferung gemeldet haben, und wir tragen das Porto.",
        "approve.window.buyer": "Ihre Rücksendung ist angenommen, weil Sie sie innerhalb von "
        "{days} nach der Lieferung gemeldet haben; das Porto tragen Sie.",
        "approve.fault.seller": "Ihre Rücksendung ist wegen des gemeldeten Mangels angenommen, "
        "und wir tragen das Porto.",
        "approve.fault.buyer": "Ihre Rücksendung ist wegen des gemeldeten Mangels angenommen; "
        "das Porto tragen Sie.",
        "reject.general": "Nach unseren Rückgabebedingungen können wir Ihre Rücksendung "
        "leider nicht annehmen.",
        "reject.window": "Wir können Ihre Rücksendung leider nicht annehmen, weil die Frist von "
        "{days} nach der Lieferung abgelaufen ist.",
        "reject.excluded": "Wir können Ihre Rücksendung leider nicht annehmen, weil Artikel der "
        "Art „{category}“ von der Rückgabe ausgeschlossen sind.",
        "inspect_by_video.general": "Bitte zeigen Sie uns den Artikel in einem kurzen "
        "Videogespräch, damit wir gleich entscheiden können.",
        "inspect_by_video.fault": "Bitte zeigen Sie uns den Artikel in einem kurzen "
        "Videogespräch, damit wir den Mangel sehen und gleich entscheiden können.",
        "inspect_by_video.value": "Bitte zeigen Sie uns den Artikel in einem kurzen Videogespräch, "
        "bevor wir entscheiden, wie wir es bei allen Artikeln dieses Wertes erbitten.",
        "offer.discount": "Sie können den Artikel behalten und bekommen {percent} % des Preises "
        "zurück, ohne etwas zurückzuschicken.",
        "offer.spare_part": "Wir können Ihnen das fehlende Teil kostenlos schicken, "
        "damit Sie den Artikel behalten können.",
        "offer.guidance": "Wir helfen Ihnen zuerst mit einer Anleitung, weil sich das meist lösen "
        "lässt, ohne den Artikel zurückzuschicken.",
        "ask_a_person.general": "Ein Mensch aus unserem Team sieht sich Ihre Rücksendung an "
        "und antwortet Ihnen.",
        "ask_a_person.missing": "Ein Mensch aus unserem Team sieht sich Ihre Rücksendung an und "
        "antwortet Ihnen, weil wir für eine sofortige Entscheidung noch zu wenig wissen.",
        "ask_a_person.differ": "Ein Mensch aus unserem Team sieht sich Ihre Rücksendung an und "
        "antwortet Ihnen, weil Ihre Artikel verschiedene Antworten brauchen.",
    },
    "ar": {
        "approve.general.seller": "تم قبول طلب الإرجاع، ونتحمل نحن تكلفة الشحن.",
        "approve.general.buyer": "تم قبول طلب الإرجاع، وتكلفة الشحن على حسابكم.",
        "approve.window.seller": "تم قبول طلب الإرجاع لأنكم قدمتموه خلال {days} من الاستلام، "
        "ونتحمل نحن تكلفة الشحن.",
        "approve.window.buyer": "تم قبول طلب الإرجاع لأنكم قدمتموه خلال {days} من الاستلام، "
        "وتكلفة الشحن على حسابكم.",
        "approve.fault.seller": "تم قبول طلب الإرجاع بسبب العيب الذي أبلغتم عنه، "
        "ونتحمل نحن تكلفة الشحن.",
        "approve.fault.buyer": "تم قبول طلب الإرجاع بسبب العيب الذي أبلغتم عنه، "
        "وتكلفة الشحن على حسابكم.",
        "reject.general": "نأسف لعدم إمكانية قبول طلب الإرجاع وفقًا لشروط الإرجاع لدينا.",
        "reject.window": "نأسف لعدم إمكانية قبول طلب الإرجاع لأن مهلة {days} بعد الاستلام "
        "قد انتهت.",
        "reject.excluded": "نأسف لعدم إمكانية قبول طلب الإرجاع لأن المنتجات من نوع "
        "«{category}» مستثناة من الإرجاع.",
        "inspect_by_video.general": "يرجى عرض المنتج علينا في مكالمة فيديو قصيرة "
        "لنتمكن من اتخاذ القرار فورًا.",
        "inspect_by_video.fault": "يرجى عرض المنتج علينا في مكالمة فيديو قصيرة "
        "لنرى العيب ونتخذ القرار فورًا.",
        "inspect_by_video.value": "يرجى عرض المنتج علينا في مكالمة فيديو قصيرة قبل أن نتخذ القرار، "
        "كما نطلب مع كل المنتجات بهذه القيمة.",
        "offer.discount": "يمكنكم الاحتفاظ بالمنتج واسترداد {percent}٪ من سعره "
        "دون الحاجة إلى إعادة أي شيء.",
        "offer.spare_part": "يمكننا إرسال القطعة التي تحتاجونها مجانًا "
        "لتتمكنوا من الاحتفاظ بالمنتج.",
        "offer.guidance": "سنساعدكم أولًا بالإرشادات، لأن هذا يُحل عادةً دون إعادة المنتج.",
        "ask_a_person.general": "سينظر أحد موظفينا في طلب الإرجاع ويرد عليكم.",
        "ask_a_person.missing": "سينظر أحد موظفينا في طلب الإرجاع ويرد عليكم، "
        "لأن المعلومات المتوفرة لا تكفي بعد لاتخاذ القرار فورًا.",
        "ask_a_person.differ": "سينظر أحد موظفينا في طلب الإرجاع ويرد عليكم، "
        "لأن منتجاتكم تحتاج إلى إجابات مختلفة.",
    },
}
"""By locale and key; ``{days}``, ``{percent}`` and ``{category}`` are all the placeholders."""


def nearest_locale(tag: str) -> str:
    """The language of ``LOCALES`` for a buyer's language tag; English when there is none."""
    language = tag.split("-")[0].lower()
    if language == "zh":
        return "zh-Hans"
    return language if language in LOCALES else "en"


def is_known(key: str) -> bool:
    """Whether there is such a sentence."""
    return key in SENTENCES["en"]


def sentence(key: str, parameters: Mapping[str, str | int], tag: str) -> str:
    """The sentence in the language nearest to ``tag``.

    A value is put in as it is: braces in a category's name stay braces.

    Raises:
        KeyError: there is no such sentence.
    """
    locale = nearest_locale(tag)
    values = {
        name: _DAYS[locale](int(value)) if name == "days" else str(value)
        for name, value in parameters.items()
    }
    parts = SENTENCES[locale][key].split("{")
    told = [parts[0]]
    for part in parts[1:]:
        name, _, rest = part.partition("}")
        told += [values.get(name, "…"), rest]
    return "".join(told)


def sentences(key: str, parameters: Mapping[str, str | int]) -> dict[str, str]:
    """The sentence in every language, by locale."""
    return {locale: sentence(key, parameters, locale) for locale in LOCALES}


def _arabic_days(count: int) -> str:
    if count == 1:
        return "يوم واحد"
    if count == 2:
        return "يومين"
    if 3 <= count % 100 <= 10:
        return f"{count} أيام"
    if count % 100 >= 11:
        return f"{count} يومًا"
    return f"{count} يوم"


_DAYS: Final[Mapping[str, Callable[[int], str]]] = {
    "en": lambda count: "1 day" if count == 1 else f"{count} days",
    "zh-Hans": lambda count: f"{count}天",
    "es": lambda count: "1 día" if count == 1 else f"{count} días",
    # After "innerhalb von" and "Frist von": the dative.
    "de": lambda count: "einem Tag" if count == 1 else f"{count} Tagen",
    "ar": _arabic_days,
}
