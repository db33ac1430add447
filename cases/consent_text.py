"""PURE. What people agree to before being recorded; a change is a new version.

Three who agree to different things: the buyer, whoever works here, and a guest without an
account. A version names the words as well, so that no two words share one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final

from runtime.errors import CaseError


@dataclass(frozen=True, slots=True)
class ConsentGiven:
    """Which words somebody agreed to, and in which language they read them.

    ``at`` is when, where that was before the session: who works here agrees once for each
    version, see ``standing_consent``.
    """

    version: str
    locale: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ConsentWords:
    """Words by language, English among them; paragraphs are divided by line breaks."""

    version: str
    text: Mapping[str, str]

    def check(self, consent: ConsentGiven) -> None:
        """Refuse consent to other words than these, which are those of now.

        Raises:
            CaseError: ``consent_required`` (409).
        """
        if consent.version != self.version:
            raise CaseError(
                "consent_required",
                "The words on recording have changed; please read and agree again.",
                version=self.version,
            )

    def sha256(self, locale: str) -> str:
        """The digest of what a page shows in this language: in English where it has none."""
        return sha256(self.text.get(locale, self.text["en"]).encode()).hexdigest()

    def shown(self) -> dict[str, object]:
        """The words as pages read them."""
        return {"version": self.version, "text": dict(self.text)}


BUYER_WORDS: Final = ConsentWords(
    "2026-11-25",
    {
        "en": (
            "Recording starts as soon as you join, also while you wait. Picture, sound, messages "
            "and photographs are stored with this return so that both sides can check later what "
            "was shown. An interpreter or another member of staff may be in the call too; you "
            "always "
            "see who is there. You can stop the recording of yourself at any time."
        ),
        "zh-Hans": (
            "加入后立即开始录制，等待期间也会录制。画面、声音、消息和照片会随本次退货保存，"
            "以便双方日后核对展示的内容。通话中可能还有口译员或其他工作人员，您始终可以看到谁在场。"
            "您可以随时停止对您本人的录制。"
        ),
        "es": (
            "La grabación empieza en cuanto se une, también durante la espera. La imagen, el "
            "sonido, "
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
            "الفوتوغرافية مع طلب الإرجاع هذا، ليتمكن الطرفان لاحقًا من التحقق مما عُرض. قد "
            "يحضر المكالمة "
            "مترجم أو موظف آخر، وترون دائمًا من هو حاضر. ويمكنكم إيقاف تسجيلكم في أي وقت."
        ),
    },
)

STAFF_WORDS: Final = ConsentWords(
    "staff-2026-11-29",
    {
        "en": (
            "In every call that you take, or watch so that others hear or see you, your picture, "
            "your sound and your messages are recorded with your name, and so are the "
            "photographs, markers, findings and decisions you make. A bench camera that you show "
            "is recorded too.\n"
            "They belong to the return in question and are evidence for the buyer and the seller. "
            "They are kept as long as the seller's rules for the return say, longer while a "
            "dispute needs them, and are then erased.\n"
            "Who may see them: the seller's staff, those of the warehouse that has the return, "
            "and whoever the seller gives them to, such as the buyer, a carrier or a court. Who "
            "looked is logged.\n"
            "You can stop the recording of yourself in any call: touch “Recorded”. It stops at "
            "once, the call goes on, the others are told, and what was recorded before stays. In "
            "your account you can take back this agreement; then you take no more calls. When "
            "these words change, you are asked again."
        ),
        "zh-Hans": (
            "在您接听的每次通话中，以及在您旁听且他人能听到或看到您的通话中，您的画面、"
            "声音和消息会连同您的姓名一起"
            "被录制；您拍摄的照片、所做的标记、检查结论和决定也会保存。"
            "您展示的工作台摄像头画面同样会被录制。\n"
            "这些内容属于相应的退货，是买家和卖家的证据。保存时间按卖家对该退货的规则而定，"
            "如有争议需要则更久，"
            "之后删除。\n"
            "谁可以查看：卖家的员工、负责该退货的仓库的员工，以及卖家提供的对象，例如买家、"
            "承运商或法院。"
            "查看者会被记录。\n"
            "您可以在任何通话中停止对您本人的录制：点按“录制中”。录制会立即停止，通话继续，"
            "其他人会得知，"
            "之前录制的内容会保留。您可以在自己的账户中撤回此同意；之后您将不再接听通话。"
            "本说明如有更改，会再次征求您的同意。"
        ),
        "es": (
            "En cada llamada que atienda, o que siga de modo que le oigan o le vean, se graban su "
            "imagen, su voz y sus mensajes con su nombre, así como las fotografías, marcas, "
            "constataciones y decisiones que haga. También se graba la cámara de mesa que "
            "muestre.\n"
            "Pertenecen a la devolución correspondiente y son pruebas para el comprador y el "
            "vendedor. Se conservan el tiempo que fijen las reglas del vendedor para esa "
            "devolución, más si una disputa los necesita, y después se borran.\n"
            "Quién puede verlos: el personal del vendedor, el del almacén que tiene la devolución "
            "y aquellos a quienes el vendedor los entregue, como el comprador, un transportista o "
            "un tribunal. Queda registrado quién miró.\n"
            "Puede detener su grabación en cualquier llamada: toque «Grabando». Se detiene al "
            "instante, la llamada continúa, los demás lo saben y lo grabado hasta entonces se "
            "conserva. En su cuenta puede retirar este consentimiento; entonces ya no atenderá "
            "llamadas. Si este texto cambia, se le preguntará de nuevo."
        ),
        "de": (
            "In jedem Gespräch, das Sie annehmen oder bei dem Sie hörbar oder sichtbar dabei "
            "sind, werden Ihr Bild, Ihr Ton und Ihre Nachrichten mit Ihrem Namen aufgezeichnet, "
            "ebenso die Fotos, Markierungen, Befunde und Entscheidungen, die Sie machen. Auch "
            "eine Tischkamera, die Sie zeigen, wird aufgezeichnet.\n"
            "Das gehört zur jeweiligen Rücksendung und ist Beweis für beide Seiten, Käufer und "
            "Verkäufer. Es wird so lange aufbewahrt, wie die Regeln des Verkäufers für die "
            "Rücksendung sagen, länger, solange ein Streit es braucht, und dann gelöscht.\n"
            "Wer es sehen darf: das Personal des Verkäufers, das des Lagers, bei dem die "
            "Rücksendung liegt, und wem der Verkäufer es gibt, etwa dem Käufer, einem Frachtführer "
            "oder einem Gericht. Wer hineinsieht, wird protokolliert.\n"
            "Sie können die Aufzeichnung Ihrer Person in jedem Gespräch beenden: Berühren Sie "
            "„Aufnahme“. Sie endet sofort, das Gespräch geht weiter, die anderen erfahren es, und "
            "was bis dahin aufgezeichnet ist, bleibt. In Ihrem Konto können Sie diese Zustimmung "
            "zurücknehmen; dann nehmen Sie keine Gespräche mehr an. Ändern sich diese Worte, "
            "werden Sie neu gefragt."
        ),
        "ar": (
            "في كل مكالمة تستقبلها، أو تتابعها بحيث يسمعك الآخرون أو يرونك، تُسجَّل صورتك "
            "وصوتك ورسائلك "
            "مع اسمك، وكذلك ما تلتقطه من صور وما تضعه من علامات ونتائج وقرارات. وتُسجَّل أيضًا "
            "كاميرا "
            "الطاولة التي تعرضها.\n"
            "ينتمي ذلك إلى طلب الإرجاع المعني وهو دليل للمشتري والبائع. يُحفظ المدة التي "
            "تحددها قواعد "
            "البائع لهذا الطلب، وأطول ما دام نزاع يحتاج إليه، ثم يُمحى.\n"
            "من يمكنه الاطلاع: موظفو البائع، وموظفو المستودع الذي لديه الطلب، ومن يسلّمه "
            "البائع إليهم "
            "كالمشتري أو شركة نقل أو محكمة. ويُدوَّن من اطّلع.\n"
            "يمكنك إيقاف تسجيلك في أي مكالمة: المس «مسجَّل». يتوقف فورًا وتستمر المكالمة "
            "ويُبلَّغ الآخرون، "
            "ويبقى ما سُجِّل قبل ذلك. ويمكنك في حسابك سحب هذه الموافقة، وعندئذ لا تستقبل "
            "مكالمات. وإذا "
            "تغيّر هذا النص تُسأل من جديد."
        ),
    },
)

GUEST_WORDS: Final = ConsentWords(
    "guest-2026-11-29",
    {
        "en": (
            "You help in a call about a return, as an interpreter for example. As long as the "
            "others can hear or see you, your picture and your sound are recorded, with the name "
            "you gave and the messages you write.\n"
            "This belongs to the return and is evidence for the buyer and the seller. It is kept "
            "as long as the seller's rules for the return say, longer while a dispute needs it, "
            "and is then erased.\n"
            "Who may see it: the seller's staff, those of the warehouse that has the return, and "
            "whoever the seller gives it to, such as the buyer, a carrier or a court. Who looked "
            "is logged.\n"
            "You can stop the recording of yourself at any time in the call: touch “Recorded”. It "
            "stops at once, the call goes on, the others are told, and what was recorded before "
            "stays."
        ),
        "zh-Hans": (
            "您在一次关于退货的通话中提供帮助，例如担任口译。只要他人能听到或看到您，"
            "您的画面和声音就会被录制，"
            "并保存您提供的姓名和您写的消息。\n"
            "这些内容属于该退货，是买家和卖家的证据。保存时间按卖家对该退货的规则而定，"
            "如有争议需要则更久，"
            "之后删除。\n"
            "谁可以查看：卖家的员工、负责该退货的仓库的员工，以及卖家提供的对象，例如买家、"
            "承运商或法院。"
            "查看者会被记录。\n"
            "您可以在通话中随时停止对您本人的录制：点按“录制中”。录制会立即停止，通话继续，"
            "其他人会得知，"
            "之前录制的内容会保留。"
        ),
        "es": (
            "Usted ayuda en una llamada sobre una devolución, por ejemplo como intérprete. "
            "Mientras los demás puedan oírle o verle, se graban su imagen y su voz, con el nombre "
            "que indicó y los mensajes que escriba.\n"
            "Pertenece a la devolución y es prueba para el comprador y el vendedor. Se conserva el "
            "tiempo que fijen las reglas del vendedor para esa devolución, más si una disputa lo "
            "necesita, y después se borra.\n"
            "Quién puede verlo: el personal del vendedor, el del almacén que tiene la devolución y "
            "aquellos a quienes el vendedor lo entregue, como el comprador, un transportista o un "
            "tribunal. Queda registrado quién miró.\n"
            "Puede detener su grabación en cualquier momento de la llamada: toque «Grabando». Se "
            "detiene al instante, la llamada continúa, los demás lo saben y lo grabado hasta "
            "entonces se conserva."
        ),
        "de": (
            "Sie helfen in einem Gespräch über eine Rücksendung, zum Beispiel beim Dolmetschen. "
            "Solange die anderen Sie hören oder sehen können, werden Ihr Bild und Ihr Ton "
            "aufgezeichnet, dazu der Name, den Sie angegeben haben, und Ihre Nachrichten.\n"
            "Das gehört zur Rücksendung und ist Beweis für beide Seiten, Käufer und Verkäufer. Es "
            "wird so lange aufbewahrt, wie die Regeln des Verkäufers für die Rücksendung sagen, "
            "länger, solange ein Streit es braucht, und dann gelöscht.\n"
            "Wer es sehen darf: das Personal des Verkäufers, das des Lagers, bei dem die "
            "Rücksendung liegt, und wem der Verkäufer es gibt, etwa dem Käufer, einem Frachtführer "
            "oder einem Gericht. Wer hineinsieht, wird protokolliert.\n"
            "Sie können die Aufzeichnung Ihrer Person im Gespräch jederzeit beenden: Berühren Sie "
            "„Aufnahme“. Sie endet sofort, das Gespräch geht weiter, die anderen erfahren es, und "
            "was bis dahin aufgezeichnet ist, bleibt."
        ),
        "ar": (
            "أنت تساعد في مكالمة حول طلب إرجاع، بالترجمة مثلًا. ما دام الآخرون يسمعونك أو "
            "يرونك تُسجَّل "
            "صورتك وصوتك مع الاسم الذي ذكرته والرسائل التي تكتبها.\n"
            "ينتمي ذلك إلى طلب الإرجاع وهو دليل للمشتري والبائع. يُحفظ المدة التي تحددها قواعد "
            "البائع "
            "لهذا الطلب، وأطول ما دام نزاع يحتاج إليه، ثم يُمحى.\n"
            "من يمكنه الاطلاع: موظفو البائع، وموظفو المستودع الذي لديه الطلب، ومن يسلّمه "
            "البائع إليهم "
            "كالمشتري أو شركة نقل أو محكمة. ويُدوَّن من اطّلع.\n"
            "يمكنك إيقاف تسجيلك في أي وقت أثناء المكالمة: المس «مسجَّل». يتوقف فورًا وتستمر "
            "المكالمة "
            "ويُبلَّغ الآخرون، ويبقى ما سُجِّل قبل ذلك."
        ),
    },
)
