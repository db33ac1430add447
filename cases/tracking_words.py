"""PURE. What carriers and aggregators call the stages of a parcel's way, in our own words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from cases.tracking import ScanStatus

_S = ScanStatus

_VOCABULARIES: Final[Mapping[ScanStatus, str]] = {
    _S.LABEL_CREATED: """
        label_created pre_transit pretransit info_received inforeceived information_received
        shipment_information_received order_created created announced registered pending
        label_printed ready_for_collection awaiting_collection electronic_notification
        shipment_data_received order_processed
        电子信息已收到 已下单 待揽收 angekuendigt angekündigt preadvised prerregistrado
    """,
    _S.HANDED_OVER: """
        handed_over accepted acceptance picked_up pickup pick_up collected collection posted
        dropped_off drop_off received_by_carrier shipment_picked_up origin_scan origin_acceptance
        已揽收 已揽件 揽收 收寄 eingeliefert abgeholt admitido recogido
    """,
    _S.IN_TRANSIT: """
        in_transit intransit transit on_the_way en_route departed arrived departure_scan
        arrival_scan departed_facility arrived_at_facility processed_at_facility sorted hub_scan
        customs customs_cleared customs_clearance clearance_processing in_customs line_haul
        forwarded handover_to_partner arrived_at_delivery_facility
        运输中 在途 到达 离开 清关 清关完成 转运中 unterwegs en_tránsito en_transito
    """,
    _S.OUT_FOR_DELIVERY: """
        out_for_delivery outfordelivery with_courier with_delivery_courier on_vehicle_for_delivery
        in_delivery delivering available_for_pickup availableforpickup ready_for_pickup
        派送中 派件中 待取件 in_zustellung en_reparto
    """,
    _S.DELIVERED: """
        delivered delivery_confirmed proof_of_delivery signed signed_for picked_up_by_consignee
        collected_by_recipient delivered_to_neighbour delivered_to_locker pod
        已签收 签收 妥投 zugestellt entregado livré livre
    """,
    _S.EXCEPTION: """
        exception failure failed alert failed_attempt attemptfail attempt_fail delivery_failed
        delivery_attempt_failed undeliverable undelivered address_issue incorrect_address
        held on_hold customs_hold delayed damaged refused refused_by_recipient expired error
        派送失败 异常 投递失败 扣关 拒收 zustellung_fehlgeschlagen incidencia
    """,
    _S.RETURNED: """
        returned return_to_sender returning returned_to_sender return_in_progress rts
        return_in_transit 退回 退件 退回中 retoure_an_absender devuelto
    """,
    _S.LOST: """
        lost missing stolen destroyed disposed lost_in_transit
        丢失 遗失 verloren perdido extraviado
    """,
}
_KNOWN: Final[Mapping[str, ScanStatus]] = {
    word: status for status, words in _VOCABULARIES.items() for word in words.split()
}


def plain(word: str) -> str:
    """A status word as it is compared: lower case, one underscore for whatever parts it."""
    return re.sub(r"[\W_]+", "_", word.strip().casefold()).strip("_")


def status_of(word: str, own: Mapping[str, ScanStatus]) -> ScanStatus | None:
    """What a word means: the seller's ``own`` table first, then ours; None for an unknown one.

    A carrier that puts the word into a sentence is not guessed at: a wrong *delivered* would
    move a case.
    """
    wanted = plain(word)
    for given, status in own.items():
        if plain(given) == wanted:
            return status
    return _KNOWN.get(wanted)
