"""PURE. Time-stamp tokens of RFC 3161: what was stamped, when, and whose signature it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha1, sha256
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import (
    SHA256,
    SHA384,
    SHA512,
    Hash,
    HashAlgorithm,
)
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import verification
from cryptography.x509.oid import ExtendedKeyUsageOID

from recorder.proof import der
from recorder.proof.der import BadDer, Items, Value


def _oid(*arcs: int) -> bytes:
    content = bytearray([arcs[0] * 40 + arcs[1]])
    for arc in arcs[2:]:
        groups = [arc & 0x7F]
        while arc := arc >> 7:
            groups.append(arc & 0x7F | 0x80)
        content += bytes(reversed(groups))
    return bytes(content)


_SIGNED_DATA: Final = _oid(1, 2, 840, 113549, 1, 7, 2)
_TST_INFO: Final = _oid(1, 2, 840, 113549, 1, 9, 16, 1, 4)
_CONTENT_TYPE: Final = _oid(1, 2, 840, 113549, 1, 9, 3)
_MESSAGE_DIGEST: Final = _oid(1, 2, 840, 113549, 1, 9, 4)
_SIGNING_CERTIFICATE: Final = _oid(1, 2, 840, 113549, 1, 9, 16, 2, 12)
_SIGNING_CERTIFICATE_V2: Final = _oid(1, 2, 840, 113549, 1, 9, 16, 2, 47)
_RSA: Final = _oid(1, 2, 840, 113549, 1, 1, 1)
_SHA256: Final = _oid(2, 16, 840, 1, 101, 3, 4, 2, 1)
_HASHES: Final[dict[bytes, HashAlgorithm]] = {
    _SHA256: SHA256(),
    _oid(2, 16, 840, 1, 101, 3, 4, 2, 2): SHA384(),
    _oid(2, 16, 840, 1, 101, 3, 4, 2, 3): SHA512(),
}
_RSA_WITH: Final = {
    _oid(1, 2, 840, 113549, 1, 1, 11): "sha256",
    _oid(1, 2, 840, 113549, 1, 1, 12): "sha384",
    _oid(1, 2, 840, 113549, 1, 1, 13): "sha512",
}
_ECDSA_WITH: Final = {
    _oid(1, 2, 840, 10045, 4, 3, 2): "sha256",
    _oid(1, 2, 840, 10045, 4, 3, 3): "sha384",
    _oid(1, 2, 840, 10045, 4, 3, 4): "sha512",
}
_GRANTED: Final = (0, 1)
_EXPLICIT_0: Final = 0xA0
_EXPLICIT_1: Final = 0xA1
_KEY_ID: Final = 0x80
_MAX_CERTIFICATES: Final = 20


class BadTimestamp(ValueError):  # noqa: N818
    """The token does not hold; ``code`` is that of the problem."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Timestamp:
    """A token whose signature was checked with the certificate it carries: not whose that is.

    ``imprint`` is a SHA-256, hex; ``nonce`` is the asker's, if there was one.
    """

    imprint: str
    at: datetime
    nonce: int | None
    signer: x509.Certificate
    others: Sequence[x509.Certificate]

    @property
    def until(self) -> datetime:
        """Until when the signer's certificate is valid: a renewal must come before."""
        return self.signer.not_valid_after_utc


def read_timestamp(response: bytes) -> Timestamp:
    """Check a TimeStampResp, but not who its signer is.

    Raises:
        BadTimestamp: ``tsa_unreadable``, ``tsa_refused``, ``tsa_imprint``, ``tsa_algorithm``,
            ``tsa_signature``, ``tsa_purpose``, ``tsa_validity``.
    """
    try:
        return _read(response)
    except BadDer as error:
        raise BadTimestamp("tsa_unreadable") from error


def check_chain(stamp: Timestamp, authorities: Sequence[x509.Certificate]) -> None:
    """Insist that the signer's certificate stands under one of the authorities at that time.

    Raises:
        BadTimestamp: ``tsa_chain``.
    """
    any_purpose = verification.Criticality.AGNOSTIC
    issuers = (
        verification.ExtensionPolicy.permit_all()
        .require_present(x509.BasicConstraints, any_purpose, _is_issuer)
        .may_be_present(x509.KeyUsage, any_purpose, _may_issue)
        .may_be_present(x509.ExtendedKeyUsage, any_purpose, _may_issue_stamps)
    )
    try:
        (
            verification.PolicyBuilder()
            .store(verification.Store(list(authorities)))
            .time(stamp.at)
            .extension_policies(
                ca_policy=issuers, ee_policy=verification.ExtensionPolicy.permit_all()
            )
            .build_client_verifier()
            .verify(stamp.signer, list(stamp.others))
        )
    except (
        verification.VerificationError,
        x509.DuplicateExtension,
        x509.UnsupportedGeneralNameType,
        UnsupportedAlgorithm,
        ValueError,
    ) as error:
        raise BadTimestamp("tsa_chain") from error


def _is_issuer(
    policy: verification.Policy, certificate: x509.Certificate, value: x509.BasicConstraints
) -> None:
    if not value.ca:
        raise ValueError("not an authority")


def _may_issue(
    policy: verification.Policy, certificate: x509.Certificate, value: x509.KeyUsage | None
) -> None:
    if value is not None and not value.key_cert_sign:
        raise ValueError("may not sign certificates")


def _may_issue_stamps(
    policy: verification.Policy, certificate: x509.Certificate, value: x509.ExtendedKeyUsage | None
) -> None:
    fit = {ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE}
    if value is not None and not fit & set(value):
        raise ValueError("may not vouch for time-stamps")


def _read(response: bytes) -> Timestamp:
    outer = der.read_only(response, der.SEQUENCE).items()
    status = der.read_integer(outer.take(der.SEQUENCE).items().take(der.INTEGER))
    if status not in _GRANTED:
        raise BadTimestamp("tsa_refused")
    token = outer.take(der.SEQUENCE).items()
    outer.end()
    _insist(token.take(der.OBJECT_ID).content == _SIGNED_DATA)
    signed_data = der.read_only(token.take(_EXPLICIT_0).content, der.SEQUENCE).items()
    token.end()
    signed_data.take(der.INTEGER)
    signed_data.take(der.SET)
    inner = signed_data.take(der.SEQUENCE).items()
    _insist(inner.take(der.OBJECT_ID).content == _TST_INFO)
    content = der.read_only(inner.take(_EXPLICIT_0).content, der.OCTETS).content
    inner.end()
    certificates = _certificates(signed_data.take(_EXPLICIT_0))
    signed_data.take_optional(_EXPLICIT_1)
    signer_info = der.read_only(signed_data.take(der.SET).content, der.SEQUENCE).items()
    signed_data.end()
    imprint, at, nonce = _stamped(content)
    signer = _check_signature(signer_info, content, certificates)
    _check_purpose(signer, at)
    return Timestamp(imprint, at, nonce, signer, [one for one in certificates if one != signer])


def _certificates(value: Value) -> list[x509.Certificate]:
    found: list[x509.Certificate] = []
    items = value.items()
    while not items.is_empty:
        _insist(len(found) < _MAX_CERTIFICATES)
        try:
            found.append(x509.load_der_x509_certificate(items.take(der.SEQUENCE).whole))
        except (ValueError, x509.InvalidVersion, UnsupportedAlgorithm) as error:
            raise BadDer("not a certificate") from error
    return found


def _stamped(content: bytes) -> tuple[str, datetime, int | None]:
    """Imprint, time and nonce of a TSTInfo; its other members are signed but say nothing here."""
    info = der.read_only(content, der.SEQUENCE).items()
    _insist(der.read_integer(info.take(der.INTEGER)) == 1)
    info.take(der.OBJECT_ID)
    imprint = info.take(der.SEQUENCE).items()
    algorithm = _algorithm(imprint.take(der.SEQUENCE))
    hashed = imprint.take(der.OCTETS).content
    imprint.end()
    if algorithm != _SHA256 or len(hashed) != SHA256.digest_size:
        raise BadTimestamp("tsa_imprint")
    der.read_integer(info.take(der.INTEGER))
    at = der.read_time(info.take(der.GENERALIZED_TIME))
    info.take_optional(der.SEQUENCE)
    info.take_optional(der.BOOLEAN)
    nonce = info.take_optional(der.INTEGER)
    info.take_optional(_EXPLICIT_0)
    info.take_optional(_EXPLICIT_1)
    info.end()
    return hashed.hex(), at, None if nonce is None else der.read_integer(nonce)


def _check_signature(
    info: Items, content: bytes, certificates: Sequence[x509.Certificate]
) -> x509.Certificate:
    info.take(der.INTEGER)
    if info.take_optional(_KEY_ID) is None:
        info.take(der.SEQUENCE)
    algorithm = _HASHES.get(_algorithm(info.take(der.SEQUENCE)))
    attributes = info.take(_EXPLICIT_0)
    signature_algorithm = _algorithm(info.take(der.SEQUENCE))
    signature = info.take(der.OCTETS).content
    info.take_optional(_EXPLICIT_1)
    info.end()
    if algorithm is None:
        raise BadTimestamp("tsa_algorithm")
    said = _attributes(attributes)
    _insist(said.get(_CONTENT_TYPE) == _TST_INFO)
    hashed = Hash(algorithm)
    hashed.update(content)
    if said.get(_MESSAGE_DIGEST) != hashed.finalize():
        raise BadTimestamp("tsa_signature")
    signer = _named_signer(said, certificates)
    _verify(signer, signature_algorithm, algorithm, signature, attributes.as_tag(der.SET))
    return signer


def _attributes(value: Value) -> dict[bytes, bytes]:
    """The content of each attribute's one value, by its type."""
    found: dict[bytes, bytes] = {}
    items = value.items()
    while not items.is_empty:
        attribute = items.take(der.SEQUENCE).items()
        name = attribute.take(der.OBJECT_ID).content
        values = attribute.take(der.SET).items()
        attribute.end()
        one = values.take_any()
        _insist(name not in found and values.is_empty)
        found[name] = one.content
    return found


def _named_signer(
    said: dict[bytes, bytes], certificates: Sequence[x509.Certificate]
) -> x509.Certificate:
    """The certificate whose digest is signed (RFC 5035, or RFC 2634 with SHA-1)."""
    newer, older = said.get(_SIGNING_CERTIFICATE_V2), said.get(_SIGNING_CERTIFICATE)
    listed = newer if newer is not None else older
    _insist(listed is not None)
    first = Items(Items(listed or b"").take(der.SEQUENCE).content).take(der.SEQUENCE).items()
    digest = sha1 if newer is None else sha256
    if newer is not None:
        named = first.take_optional(der.SEQUENCE)
        if named is not None and _algorithm(named) != _SHA256:
            raise BadTimestamp("tsa_algorithm")
    wanted = first.take(der.OCTETS).content
    for one in certificates:
        if digest(_encoded(one)).digest() == wanted:
            return one
    raise BadTimestamp("tsa_signature")


def _encoded(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def _verify(
    signer: x509.Certificate,
    signature_algorithm: bytes,
    algorithm: HashAlgorithm,
    signature: bytes,
    signed: bytes,
) -> None:
    try:
        key = signer.public_key()
        if isinstance(key, rsa.RSAPublicKey):
            if _RSA_WITH.get(signature_algorithm, algorithm.name) != algorithm.name or (
                signature_algorithm != _RSA and signature_algorithm not in _RSA_WITH
            ):
                raise BadTimestamp("tsa_algorithm")
            key.verify(signature, signed, padding.PKCS1v15(), algorithm)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            if _ECDSA_WITH.get(signature_algorithm) != algorithm.name:
                raise BadTimestamp("tsa_algorithm")
            key.verify(signature, signed, ec.ECDSA(algorithm))
        else:
            raise BadTimestamp("tsa_algorithm")
    except InvalidSignature as error:
        raise BadTimestamp("tsa_signature") from error
    except UnsupportedAlgorithm as error:
        raise BadTimestamp("tsa_algorithm") from error
    except BadTimestamp:
        raise
    except ValueError as error:
        raise BadTimestamp("tsa_unreadable") from error


def _check_purpose(signer: x509.Certificate, at: datetime) -> None:
    """The extension is critical and names time-stamping alone (RFC 3161, section 2.3)."""
    try:
        purpose = signer.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except (
        x509.ExtensionNotFound,
        x509.DuplicateExtension,
        x509.UnsupportedGeneralNameType,
        ValueError,
    ) as error:
        raise BadTimestamp("tsa_purpose") from error
    if not purpose.critical or list(purpose.value) != [ExtendedKeyUsageOID.TIME_STAMPING]:
        raise BadTimestamp("tsa_purpose")
    if not signer.not_valid_before_utc <= at <= signer.not_valid_after_utc:
        raise BadTimestamp("tsa_validity")


def _algorithm(value: Value) -> bytes:
    return value.items().take(der.OBJECT_ID).content


def _insist(holds: bool) -> None:
    if not holds:
        raise BadDer("not what a time-stamp says")
