"""PURE. What our notices say in Spanish."""

from __future__ import annotations

from typing import Final

from cases.notice_kinds import NoticeKind
from cases.notice_template import Footer, Language, Words

_HELLO: Final = "Hola, {buyer_name}:\n"

SPANISH: Final = Language(
    words={
        NoticeKind.FILED: Words(
            "Tenemos su devolución del pedido {order_number}",
            _HELLO + "hemos recibido su devolución de {item_title}.\n{answer}\nPuede "
            "enseñárnosla en una breve videollamada, escribirnos o elegir "
            "una hora.",
            "Abrir su devolución",
        ),
        NoticeKind.ANSWERED: Words(
            "Respuesta sobre su devolución {order_number}",
            _HELLO + "{seller_name} ha respondido a su devolución de {item_title}.\n{answer}",
            "Ver la respuesta",
        ),
        NoticeKind.INVITED: Words(
            "Enséñenos su devolución {order_number} por vídeo",
            _HELLO + "{seller_name} desea ver {item_title} en una breve videollamada. "
            "Sin aplicación ni cuenta: basta un toque.",
            "Empezar la videollamada",
        ),
        NoticeKind.REMINDER: Words(
            "Su devolución {order_number} le espera",
            _HELLO + "su devolución de {item_title} sigue abierta. Enséñenosla en una "
            "breve videollamada o escríbanos.",
            "Abrir su devolución",
        ),
        NoticeKind.APPOINTMENT: Words(
            "Su videollamada: {when}",
            _HELLO + "su videollamada sobre {item_title} está reservada: {when}. El "
            "enlace se abre a esa hora; allí puede cambiarla.",
            "Abrir su cita",
        ),
        NoticeKind.APPOINTMENT_REMINDER: Words(
            "Pronto: su videollamada, {when}",
            _HELLO + "su videollamada sobre {item_title} es: {when}.",
            "Abrir su cita",
        ),
        NoticeKind.APPOINTMENT_MISSED: Words(
            "No le encontramos: devolución {order_number}",
            _HELLO + "le esperamos: {when}. Elija otra hora o enséñenos el artículo "
            "cuando haya alguien.",
            "Elegir otra hora",
        ),
        NoticeKind.HOST_READY: Words(
            "Ya podemos atenderle",
            _HELLO + "alguien de {seller_name} le espera en vídeo para ver {item_title}.",
            "Entrar ahora",
        ),
        NoticeKind.MESSAGE: Words(
            "{seller_name} le ha escrito sobre su devolución {order_number}",
            _HELLO + "{seller_name} escribe sobre {item_title}:\n{message}",
            "Leer y responder",
        ),
        NoticeKind.DECIDED: Words(
            "Su devolución {order_number} está decidida",
            _HELLO + "sobre {item_title} se ha decidido: {outcome}.\n{decision_note}\n"
            "Si no está de acuerdo, puede decirlo allí.",
            "Ver la decisión",
        ),
        NoticeKind.LABEL: Words(
            "Cómo devolver {item_title}",
            _HELLO + "esto es lo que necesita para enviar su devolución.\nDirección: "
            "{return_address}\nTransportista y número: {carrier} "
            "{tracking_number}",
            "Abrir etiqueta y dirección",
        ),
        NoticeKind.SHIPPED: Words(
            "Su paquete de la devolución {order_number} está en camino",
            _HELLO + "su paquete con {item_title} está en camino hacia nosotros.\n"
            "Transportista y número: {carrier} {tracking_number}",
            "Seguir su devolución",
        ),
        NoticeKind.RECEIVED: Words(
            "Su paquete ha llegado: devolución {order_number}",
            _HELLO + "su paquete con {item_title} ha llegado. Lo miramos y le decimos qué sigue.",
            "Seguir su devolución",
        ),
        NoticeKind.REFUNDED: Words(
            "Su reembolso del pedido {order_number}",
            _HELLO + "hemos reembolsado {amount} por {item_title}. Su banco puede "
            "tardar unos días en mostrarlo.",
            "Ver su devolución",
        ),
        NoticeKind.SENT_OUT: Words(
            "Un paquete va hacia usted",
            _HELLO + "{item_title} va hacia usted.\nTransportista y número: {carrier} "
            "{tracking_number}",
            "Seguir su paquete",
        ),
        NoticeKind.DELIVERED: Words(
            "Su paquete ha sido entregado",
            _HELLO + "el transportista dice que su paquete con {item_title} ha sido "
            "entregado. Si no lo tiene, escríbanos.",
            "Escribirnos",
        ),
        NoticeKind.AFTER_DELIVERY: Words(
            "¿Está todo bien con su paquete?",
            _HELLO + "su paquete con {item_title} llegó hace dos días. Si algo no "
            "está bien, díganoslo o enséñenoslo.",
            "Decírnoslo",
        ),
        NoticeKind.PARCEL_ANOMALY: Words(
            "Hay un problema con su paquete",
            _HELLO + "sobre el paquete con {item_title} el transportista dice: "
            "{anomaly}. Lo estamos mirando; ahora no tiene que hacer nada.\n"
            "Transportista y número: {carrier} {tracking_number}",
            "Seguir su paquete",
        ),
        NoticeKind.RECEIPT: Words(
            "Su recibo de la videollamada, pedido {order_number}",
            _HELLO + "la grabación de su videollamada sobre {item_title} está sellada. "
            "Su recibo contiene su huella: con él cualquiera podrá comprobar más adelante "
            "que no se ha modificado nada desde que se recibió. Guárdelo, por favor.\n"
            "El recibo va adjunto como archivo pequeño ({receipt_file}) y como código "
            "para escanear.\n"
            "Para comprobar un paquete de pruebas que le presenten: abra verify.html del "
            "paquete y elija el paquete y el recibo. En la línea de comandos: "
            "proofcall verify PAQUETE --receipt RECIBO\n"
            "También encontrará el recibo en su página.",
            "Abrir su página",
        ),
    },
    outcomes={
        "resolved_without_return": "se lo queda, resuelto sin devolución",
        "refund": "un reembolso",
        "partial_refund": "un reembolso parcial",
        "exchange": "un cambio",
        "send_back": "se le envía de vuelta",
        "reject": "la devolución se rechaza",
    },
    anomalies={
        "stuck": "no se ha movido desde hace días",
        "exception": "hay un problema con la entrega",
        "returned": "está volviendo",
        "lost": "no se encuentra",
    },
    footer=Footer(
        "Puede responder directamente a este correo.",
        "No recibir más correos como este: {unsubscribe_url}",
    ),
)
