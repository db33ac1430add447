"""PURE. What our notices say in Chinese (simplified)."""

from __future__ import annotations

from typing import Final

from cases.notice_kinds import NoticeKind
from cases.notice_template import Footer, Language, Words

_HELLO: Final = "{buyer_name}，您好！\n"

CHINESE: Final = Language(
    words={
        NoticeKind.FILED: Words(
            "我们已收到您订单 {order_number} 的退货申请",
            _HELLO + "我们已收到您对 {item_title} 的退货申请。\n{answer}\n"
            "您可以通过简短的视频通话让我们看看商品，也可以给我们留言或预约时间。",
            "打开退货页面",
        ),
        NoticeKind.ANSWERED: Words(
            "关于您的退货 {order_number} 的答复",
            _HELLO + "{seller_name} 已答复您对 {item_title} 的退货申请。\n{answer}",
            "查看答复",
        ),
        NoticeKind.INVITED: Words(
            "请通过视频让我们看看退货 {order_number}",
            _HELLO + "{seller_name} 希望通过简短的视频通话看看 {item_title}。"
            "无需下载应用，无需注册，点一下即可。",
            "开始视频通话",
        ),
        NoticeKind.REMINDER: Words(
            "您的退货 {order_number} 仍待处理",
            _HELLO + "您对 {item_title} 的退货仍未完成。"
            "请通过简短的视频通话让我们看看商品，或给我们留言。",
            "打开退货页面",
        ),
        NoticeKind.APPOINTMENT: Words(
            "您的视频通话：{when}",
            _HELLO
            + "关于 {item_title} 的视频通话已预约：{when}。届时链接会开放，您也可以在那里改时间。",
            "打开预约",
        ),
        NoticeKind.APPOINTMENT_REMINDER: Words(
            "即将开始：{when} 的视频通话",
            _HELLO + "关于 {item_title} 的视频通话时间为 {when}。",
            "打开预约",
        ),
        NoticeKind.APPOINTMENT_MISSED: Words(
            "我们没有等到您：退货 {order_number}",
            _HELLO + "我们在 {when} 等候过您。请另选时间，或在有人值班时让我们看看商品。",
            "另选时间",
        ),
        NoticeKind.HOST_READY: Words(
            "我们现在可以为您服务",
            _HELLO + "{seller_name} 的工作人员正在视频中等您，一起查看 {item_title}。",
            "立即加入",
        ),
        NoticeKind.MESSAGE: Words(
            "{seller_name} 就您的退货 {order_number} 留言",
            _HELLO + "{seller_name} 关于 {item_title} 的留言：\n{message}",
            "阅读并回复",
        ),
        NoticeKind.DECIDED: Words(
            "您的退货 {order_number} 已有决定",
            _HELLO + "关于 {item_title} 的决定：{outcome}。\n"
            "{decision_note}\n如果您不同意，可以在页面上提出。",
            "查看决定",
        ),
        NoticeKind.LABEL: Words(
            "如何寄回 {item_title}",
            _HELLO + "以下是寄回商品所需的信息。\n地址：{return_address}\n承运商和单号：{carrier} "
            "{tracking_number}",
            "打开标签和地址",
        ),
        NoticeKind.SHIPPED: Words(
            "您的退货 {order_number} 包裹正在途中",
            _HELLO + "装有 {item_title} 的包裹正在寄往我们这里。\n"
            "承运商和单号：{carrier} {tracking_number}",
            "跟踪退货",
        ),
        NoticeKind.RECEIVED: Words(
            "您的包裹已送达：退货 {order_number}",
            _HELLO + "装有 {item_title} 的包裹已送达。我们检查后会告知您下一步。",
            "跟踪退货",
        ),
        NoticeKind.REFUNDED: Words(
            "您订单 {order_number} 的退款",
            _HELLO + "我们已为 {item_title} 退款 {amount}。银行可能需要几天才会显示。",
            "查看退货",
        ),
        NoticeKind.SENT_OUT: Words(
            "有包裹正寄往您处",
            _HELLO + "{item_title} 正寄往您处。\n承运商和单号：{carrier} {tracking_number}",
            "跟踪包裹",
        ),
        NoticeKind.DELIVERED: Words(
            "您的包裹已签收",
            _HELLO + "承运商称装有 {item_title} 的包裹已送达。如果您没有收到，请给我们留言。",
            "给我们留言",
        ),
        NoticeKind.AFTER_DELIVERY: Words(
            "您的包裹一切正常吗？",
            _HELLO + "装有 {item_title} 的包裹两天前送达。如有问题，请告诉我们或让我们看看。",
            "告诉我们",
        ),
        NoticeKind.PARCEL_ANOMALY: Words(
            "您的包裹出现异常",
            _HELLO
            + "关于装有 {item_title} 的包裹，承运商称：{anomaly}。我们正在处理，您现在无需操作。\n"
            "承运商和单号：{carrier} {tracking_number}",
            "跟踪包裹",
        ),
        NoticeKind.RECEIPT: Words(
            "订单 {order_number} 视频通话的回执",
            _HELLO + "您关于 {item_title} 的视频通话录像已封存。回执含有录像的指纹："
            "凭此回执，任何人日后都可以核验录像自收到之后未被更改。请妥善保存。\n"
            "回执已作为小文件（{receipt_file}）和可扫描的二维码附在邮件中。\n"
            "核验他人出示的证据包：打开证据包中的 verify.html，选择证据包和回执。"
            "命令行：proofcall verify PACKAGE --receipt RECEIPT\n"
            "您也可以在您的页面上找到回执。",
            "打开您的页面",
        ),
    },
    outcomes={
        "resolved_without_return": "您保留商品，无需退货",
        "refund": "退款",
        "partial_refund": "部分退款",
        "exchange": "换货",
        "send_back": "商品寄回给您",
        "reject": "退货被拒绝",
    },
    anomalies={
        "stuck": "包裹已数日没有移动",
        "exception": "派送出现问题",
        "returned": "包裹正在退回",
        "lost": "找不到包裹",
    },
    footer=Footer(
        "您可以直接回复此邮件。",
        "不再接收此类邮件：{unsubscribe_url}",
    ),
)
