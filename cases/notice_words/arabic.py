"""PURE. What our notices say in Arabic."""

from __future__ import annotations

from typing import Final

from cases.notice_kinds import NoticeKind
from cases.notice_template import Footer, Language, Words

_HELLO: Final = "مرحبًا {buyer_name}،\n"

ARABIC: Final = Language(
    words={
        NoticeKind.FILED: Words(
            "استلمنا طلب إرجاعك للطلب {order_number}",
            _HELLO + "استلمنا طلب إرجاع {item_title}.\n{answer}\nيمكنك أن تُرينا المنتج "
            "في مكالمة فيديو قصيرة، أو تكتب لنا، أو تختار موعدًا.",
            "افتح طلب الإرجاع",
        ),
        NoticeKind.ANSWERED: Words(
            "رد على طلب الإرجاع {order_number}",
            _HELLO + "رد {seller_name} على طلب إرجاع {item_title}.\n{answer}",
            "اطّلع على الرد",
        ),
        NoticeKind.INVITED: Words(
            "أرِنا المنتج بالفيديو: الإرجاع {order_number}",
            _HELLO + "يود {seller_name} رؤية {item_title} في مكالمة فيديو قصيرة. بلا "
            "تطبيق وبلا حساب: لمسة واحدة تكفي.",
            "ابدأ مكالمة الفيديو",
        ),
        NoticeKind.REMINDER: Words(
            "طلب الإرجاع {order_number} في انتظارك",
            _HELLO + "ما زال طلب إرجاع {item_title} مفتوحًا. أرِنا المنتج في مكالمة "
            "فيديو قصيرة أو اكتب لنا.",
            "افتح طلب الإرجاع",
        ),
        NoticeKind.APPOINTMENT: Words(
            "موعد مكالمة الفيديو: {when}",
            _HELLO + "حُجزت مكالمة الفيديو بشأن {item_title} في {when}. يُفتح الرابط "
            "في ذلك الوقت، ويمكنك تغيير الموعد هناك.",
            "افتح موعدك",
        ),
        NoticeKind.APPOINTMENT_REMINDER: Words(
            "قريبًا: مكالمة الفيديو في {when}",
            _HELLO + "مكالمة الفيديو بشأن {item_title} في {when}.",
            "افتح موعدك",
        ),
        NoticeKind.APPOINTMENT_MISSED: Words(
            "انتظرناك: الإرجاع {order_number}",
            _HELLO + "انتظرناك في {when}. اختر موعدًا آخر، أو أرِنا المنتج متى وُجد أحد.",
            "اختر موعدًا آخر",
        ),
        NoticeKind.HOST_READY: Words(
            "نحن جاهزون الآن",
            _HELLO + "شخص من {seller_name} ينتظرك بالفيديو لرؤية {item_title}.",
            "انضم الآن",
        ),
        NoticeKind.MESSAGE: Words(
            "كتب لك {seller_name} بشأن الإرجاع {order_number}",
            _HELLO + "يكتب {seller_name} بشأن {item_title}:\n{message}",
            "اقرأ وأجب",
        ),
        NoticeKind.DECIDED: Words(
            "صدر القرار في الإرجاع {order_number}",
            _HELLO + "القرار بشأن {item_title}: {outcome}.\n{decision_note}\nإذا لم "
            "توافق فيمكنك قول ذلك هناك.",
            "اطّلع على القرار",
        ),
        NoticeKind.LABEL: Words(
            "كيف تعيد إرسال {item_title}",
            _HELLO + "هذا ما تحتاجه لإعادة المنتج.\nالعنوان: {return_address}\nشركة "
            "الشحن والرقم: {carrier} {tracking_number}",
            "افتح الملصق والعنوان",
        ),
        NoticeKind.SHIPPED: Words(
            "طردك للإرجاع {order_number} في الطريق",
            _HELLO + "طردك الذي يحوي {item_title} في الطريق إلينا.\nشركة الشحن والرقم: "
            "{carrier} {tracking_number}",
            "تابع الإرجاع",
        ),
        NoticeKind.RECEIVED: Words(
            "وصل طردك: الإرجاع {order_number}",
            _HELLO + "وصل طردك الذي يحوي {item_title}. سنفحصه ونخبرك بالخطوة التالية.",
            "تابع الإرجاع",
        ),
        NoticeKind.REFUNDED: Words(
            "استرداد المبلغ للطلب {order_number}",
            _HELLO + "رددنا {amount} عن {item_title}. قد يحتاج مصرفك بضعة أيام لإظهاره.",
            "اعرض الإرجاع",
        ),
        NoticeKind.SENT_OUT: Words(
            "طرد في الطريق إليك",
            _HELLO + "{item_title} في الطريق إليك.\nشركة الشحن والرقم: {carrier} {tracking_number}",
            "تابع طردك",
        ),
        NoticeKind.DELIVERED: Words(
            "تم تسليم طردك",
            _HELLO + "تقول شركة الشحن إن طردك الذي يحوي {item_title} قد سُلّم. إذا لم "
            "يصلك فاكتب لنا.",
            "اكتب لنا",
        ),
        NoticeKind.AFTER_DELIVERY: Words(
            "هل كل شيء على ما يرام مع طردك؟",
            _HELLO + "وصل طردك الذي يحوي {item_title} قبل يومين. إذا كان هناك خطأ "
            "فأخبرنا أو أرِنا إياه.",
            "أخبرنا",
        ),
        NoticeKind.PARCEL_ANOMALY: Words(
            "هناك مشكلة في طردك",
            _HELLO + "بشأن الطرد الذي يحوي {item_title} تقول شركة الشحن: {anomaly}. "
            "نحن نتابع الأمر ولا يلزمك فعل شيء الآن.\nشركة الشحن والرقم: "
            "{carrier} {tracking_number}",
            "تابع طردك",
        ),
        NoticeKind.RECEIPT: Words(
            "إيصال مكالمة الفيديو الخاصة بالطلب {order_number}",
            _HELLO + "تم ختم تسجيل مكالمة الفيديو الخاصة بـ {item_title}. يحمل إيصالك بصمة "
            "التسجيل: به يستطيع أي شخص أن يتحقق لاحقًا من أن شيئًا لم يتغيّر منذ استلامه. "
            "نرجو الاحتفاظ به.\n"
            "الإيصال مرفق كملف صغير ({receipt_file}) وكرمز للمسح.\n"
            "للتحقق من حزمة أدلة تُعرض عليك: افتح verify.html من الحزمة واختر الحزمة "
            "والإيصال. وفي سطر الأوامر: proofcall verify PACKAGE --receipt RECEIPT\n"
            "تجد الإيصال في صفحتك أيضًا.",
            "افتح صفحتك",
        ),
    },
    outcomes={
        "resolved_without_return": "تحتفظ بالمنتج، حُل دون إرجاع",
        "refund": "استرداد المبلغ",
        "partial_refund": "استرداد جزئي",
        "exchange": "استبدال",
        "send_back": "يُعاد المنتج إليك",
        "reject": "رُفض الإرجاع",
    },
    anomalies={
        "stuck": "لم يتحرك منذ أيام",
        "exception": "هناك مشكلة في التسليم",
        "returned": "هو في طريق العودة",
        "lost": "لا يمكن العثور عليه",
    },
    footer=Footer(
        "يمكنك الرد على هذا البريد مباشرة.",
        "لإيقاف مثل هذه الرسائل: {unsubscribe_url}",
    ),
)
