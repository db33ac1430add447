"""PURE. What seeded buyers and sellers say, in five languages, and what they bought."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

LOCALES: Final = ("en", "de", "es", "zh-Hans", "ja")
MARKETS: Final[Mapping[str, tuple[str, str]]] = {
    "en": ("GB", "GBP"),
    "de": ("DE", "EUR"),
    "es": ("ES", "EUR"),
    "zh-Hans": ("SG", "SGD"),
    "ja": ("JP", "JPY"),
}
"""Where a language's buyers are, and what they pay in."""

FIRST_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "en": ("Amelia", "Oliver", "Isla", "George", "Ava", "Noah", "Grace", "Leo", "Ruby", "Arthur"),
    "de": ("Lena", "Jonas", "Mia", "Felix", "Hannah", "Paul", "Clara", "Moritz", "Greta", "Jörg"),
    "es": ("Lucía", "Mateo", "Sofía", "Hugo", "Valeria", "Iker", "Carmen", "Diego", "Ana", "Íñigo"),
    "zh-Hans": ("伟", "芳", "娜", "敏", "静", "丽", "强", "磊", "洋", "艳"),
    "ja": ("陽菜", "蓮", "結衣", "湊", "葵", "悠真", "凛", "大和", "さくら", "翔"),
}
LAST_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "en": ("Smith", "Taylor", "Brown", "Walker", "Hughes", "Khan", "Wright", "Green", "O'Neill"),
    "de": ("Müller", "Schmidt", "Weber", "Wagner", "Becker", "Hoffmann", "Koch", "Vogel", "Lang"),
    "es": ("García", "López", "Ruiz", "Moreno", "Jiménez", "Navarro", "Ortega", "Peña", "Vidal"),
    "zh-Hans": ("王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周"),
    "ja": ("佐藤", "鈴木", "高橋", "田中", "伊藤", "渡辺", "山本", "中村", "小林"),
}
GOODS: Final[Mapping[str, tuple[str, ...]]] = {
    "en": ("desk lamp", "rain jacket", "wool rug", "headphones", "kettle", "ankle boots",
           "backpack", "office chair", "coffee grinder", "linen shirt", "wall clock"),
    "de": ("Schreibtischlampe", "Regenjacke", "Wollteppich", "Kopfhörer", "Wasserkocher",
           "Stiefeletten", "Rucksack", "Bürostuhl", "Kaffeemühle", "Leinenhemd", "Wanduhr"),
    "es": ("lámpara de mesa", "chubasquero", "alfombra de lana", "auriculares", "hervidor",
           "botines", "mochila", "silla de oficina", "molinillo", "camisa de lino", "reloj"),
    "zh-Hans": ("台灯", "冲锋衣", "羊毛地毯", "头戴式耳机", "电热水壶", "短靴", "双肩包", "办公椅",
                "咖啡研磨机", "亚麻衬衫", "挂钟"),
    "ja": ("デスクランプ", "レインジャケット", "ウールラグ", "ヘッドホン", "電気ケトル", "ブーツ",
           "リュックサック", "オフィスチェア", "コーヒーミル", "リネンシャツ", "掛け時計"),
}  # fmt: skip
COLOURS: Final[Mapping[str, tuple[str, ...]]] = {
    "en": ("black", "olive", "brass", "navy", "cream", "rust"),
    "de": ("schwarz", "oliv", "messing", "dunkelblau", "creme", "rostrot"),
    "es": ("negro", "oliva", "latón", "azul marino", "crema", "óxido"),
    "zh-Hans": ("黑色", "橄榄绿", "黄铜色", "藏青色", "米白色", "铁锈红"),
    "ja": ("黒", "オリーブ", "真鍮", "紺", "クリーム", "さび色"),
}
CLAIMS: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "en": {
        "damaged": ("The {goods} arrived with a crack along the side.", "The box was crushed."),
        "defective": ("It does not switch on.", "One side stopped working after two days."),
        "not_as_described": ("The material is thinner than the listing says.",),
        "wrong_item": ("I ordered {colour} and was sent another model.",),
        "missing_parts": ("Two screws and the manual are missing.",),
        "colour_differs": ("The {colour} is much darker than in the pictures.",),
        "size_fit": ("It is a size too small although I measured twice.",),
        "changed_mind": ("I no longer need the {goods}.",),
        "other": ("Please see the photographs.",),
    },
    "de": {
        "damaged": ("Der Artikel {goods} kam mit einem Riss an.", "Der Karton war eingedrückt."),
        "defective": ("Das Gerät lässt sich nicht einschalten.",),
        "not_as_described": ("Das Material ist dünner als beschrieben.",),
        "wrong_item": ("Ich hatte {colour} bestellt und ein anderes Modell bekommen.",),
        "missing_parts": ("Zwei Schrauben und die Anleitung fehlen.",),
        "colour_differs": ("Die Farbe {colour} ist viel dunkler als auf den Bildern.",),
        "size_fit": ("Eine Größe zu klein, obwohl ich nachgemessen habe.",),
        "changed_mind": ("Ich brauche es nicht mehr.",),
        "other": ("Bitte sehen Sie sich die Fotos an.",),
    },
    "es": {
        "damaged": ("El artículo {goods} llegó con una grieta.", "La caja llegó aplastada."),
        "defective": ("No se enciende.", "Dejó de funcionar a los dos días."),
        "not_as_described": ("El material es más fino de lo que dice el anuncio.",),
        "wrong_item": ("Pedí {colour} y me han enviado otro modelo.",),
        "missing_parts": ("Faltan dos tornillos y el manual.",),
        "colour_differs": ("El color {colour} es mucho más oscuro que en las fotos.",),
        "size_fit": ("Me queda pequeño aunque tomé las medidas.",),
        "changed_mind": ("Ya no lo necesito.",),
        "other": ("Por favor, mire las fotos.",),
    },
    "zh-Hans": {
        "damaged": ("{goods}收到时侧面有一道裂痕。", "包装箱被压坏了。"),
        "defective": ("无法开机。", "用了两天一边就不响了。"),
        "not_as_described": ("材质比商品描述的薄。",),
        "wrong_item": ("我订的是{colour}，收到的是别的型号。",),
        "missing_parts": ("少了两颗螺丝和说明书。",),
        "colour_differs": ("{colour}比图片上深很多。",),
        "size_fit": ("量过尺寸，还是小了一码。",),
        "changed_mind": ("不需要了。",),
        "other": ("请看照片。",),
    },
    "ja": {
        "damaged": ("{goods}の側面にひびが入っていました。", "箱がつぶれていました。"),
        "defective": ("電源が入りません。",),
        "not_as_described": ("素材が説明より薄いです。",),
        "wrong_item": ("{colour}を注文しましたが、別の商品が届きました。",),
        "missing_parts": ("ねじ二本と説明書が足りません。",),
        "colour_differs": ("{colour}が写真よりかなり暗いです。",),
        "size_fit": ("測って注文しましたが、小さすぎます。",),
        "changed_mind": ("不要になりました。",),
        "other": ("写真をご覧ください。",),
    },
}
SAID: Final[Mapping[str, tuple[str, ...]]] = {
    "en": (
        "Could you show us the damage from the left?",
        "I have added two photographs of the {goods}.",
        "Thank you, we have received your request and answer within a day.",
        "When will the refund reach my account?",
        "The courier rang but left no card.",
        "We would offer a discount of fifteen percent if you keep it.",
    ),
    "de": (
        "Könnten Sie uns den Schaden von links zeigen?",
        "Ich habe zwei Fotos hinzugefügt: {goods}.",
        "Vielen Dank, wir antworten innerhalb eines Tages.",
        "Wann ist die Erstattung auf meinem Konto?",
        "Der Bote hat geklingelt, aber keine Karte hinterlassen.",
        "Wir bieten fünfzehn Prozent Nachlass, wenn Sie es behalten.",
    ),
    "es": (
        "¿Podría mostrarnos el daño desde la izquierda?",
        "He añadido dos fotos: {goods}.",
        "Gracias, hemos recibido su solicitud y respondemos en un día.",
        "¿Cuándo llegará el reembolso a mi cuenta?",
        "El mensajero llamó pero no dejó aviso.",
        "Le ofrecemos un quince por ciento de descuento si se lo queda.",
    ),
    "zh-Hans": (
        "请从左边给我们看一下损坏的地方，好吗？",
        "我补充了两张{goods}的照片。",
        "谢谢，我们已收到您的申请，一天之内答复。",
        "退款什么时候到账？",
        "快递员按了门铃，但没有留下通知单。",
        "如果您愿意保留，我们可以优惠百分之十五。",
    ),
    "ja": (
        "破損している箇所を左側から見せていただけますか。",
        "{goods}の写真を二枚追加しました。",
        "ありがとうございます。一日以内にご返信します。",
        "返金はいつ届きますか。",
        "配達員が来ましたが、不在票がありませんでした。",
        "お手元に残していただける場合、15%割引いたします。",
    ),
}
CARRIERS: Final = ("DHL", "UPS", "GLS", "Correos", "SF Express", "Yamato")
SHOPS: Final = (
    "Lumen",
    "Harbour",
    "Alder",
    "Sole",
    "Kite",
    "Mica",
    "Fern",
    "Quill",
    "Nord",
    "Atlas",
)
TRADES: Final = ("Lighting", "Outdoor", "Home", "Audio", "Kitchen", "Shoes", "Textiles", "Office")
CITIES: Final = (
    ("Valencia", "Europe/Madrid"),
    ("Hamburg", "Europe/Berlin"),
    ("Leeds", "Europe/London"),
    ("Singapore", "Asia/Singapore"),
    ("Osaka", "Asia/Tokyo"),
)
