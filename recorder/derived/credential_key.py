"""The key and certificates of content credentials (C2PA): set ones, or under an own authority.

Without settings each process that signs makes a fresh leaf under the installation's authority
(``keys/credentials-ca.pem``) and forgets its key at its end: nobody signs with it later.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from runtime.certificates import key_usage
from runtime.durable_files import load_or_make
from runtime.errors import SetupError
from runtime.settings import Settings

_FILE: Final = "credentials-ca.pem"
_CA_LIFETIME: Final = timedelta(days=7300)
# As long as a reader is to find the credentials valid: they carry no time-stamp.
_LEAF_LIFETIME: Final = timedelta(days=3650)
_CLOCK_SKEW: Final = timedelta(days=1)
_MIN_RSA_BITS: Final = 2048
_PURPOSES: Final = {
    ExtendedKeyUsageOID.EMAIL_PROTECTION,
    ObjectIdentifier("1.3.6.1.5.5.7.3.36"),  # document signing (RFC 9336)
    ObjectIdentifier("1.3.6.1.4.1.62558.2.1"),  # C2PA's own
}
_CURVES: Final[dict[str, tuple[str, hashes.HashAlgorithm]]] = {
    "secp256r1": ("es256", hashes.SHA256()),
    "secp384r1": ("es384", hashes.SHA384()),
}


@dataclass(frozen=True, slots=True)
class CredentialKey:
    """``sign`` gives COSE's form of a signature; the chain is PEM, the leaf first."""

    algorithm: str
    chain: str
    root: str
    """PEM of the chain's last certificate: what a reader is given to trust."""

    sign: Callable[[bytes], bytes]

    @classmethod
    def load(cls, settings: Settings) -> CredentialKey:
        """The one of the settings, else a fresh one under the installation's authority; blocks.

        Raises:
            SetupError: key or certificate cannot sign content credentials; it says why.
        """
        # The machine's own time: readers judge by it, and the library before it hands out.
        now = datetime.now(UTC)
        if settings.c2pa_certificate is not None and settings.c2pa_key is not None:
            return _given(settings.c2pa_certificate, settings.c2pa_key, now)
        return _own(settings, now)


def _given(certificate: Path, key: Path, now: datetime) -> CredentialKey:
    try:
        chain = x509.load_pem_x509_certificates(certificate.read_bytes())
    except (OSError, ValueError) as error:
        raise _refused(certificate, "CERTIFICATE", str(error)) from error
    try:
        private = serialization.load_pem_private_key(key.read_bytes(), password=None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise _refused(key, "KEY", str(error)) from error
    if private.public_key() != chain[0].public_key():
        raise _refused(key, "KEY", "it is not the key of the first certificate")
    why = _unfit(chain, now)
    if why is not None:
        raise _refused(certificate, "CERTIFICATE", why)
    signing = _signing(private)
    if signing is None:
        raise _refused(key, "KEY", "expected P-256, P-384, Ed25519, or RSA of 2048 bits or more")
    return CredentialKey(signing[0], _pem(chain), _pem(chain[-1:]), signing[1])


def _refused(path: Path, setting: str, why: str) -> SetupError:
    return SetupError(f"PROOFCALL_C2PA_{setting} ({path}): {why}.")


def _unfit(chain: Sequence[x509.Certificate], now: datetime) -> str | None:
    """Why a reader would not take a signature under this chain, whomever it trusts."""
    leaf = chain[0]
    if len(chain) < 2 and leaf.issuer == leaf.subject:
        return "a self-signed certificate; one under an authority is needed, its chain with it"
    for one in chain:
        if not one.not_valid_before_utc <= now < one.not_valid_after_utc:
            return f"{one.subject.rfc4514_string()} is not valid now"
    for below, above in pairwise(chain):
        try:
            below.verify_directly_issued_by(above)
        except (ValueError, TypeError, InvalidSignature):
            return "the certificates do not follow each other, the signer's own first"
    try:
        basic = leaf.extensions.get_extension_for_class(x509.BasicConstraints).value
        usage = leaf.extensions.get_extension_for_class(x509.KeyUsage)
        purposes = set(leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
    except (x509.ExtensionNotFound, ValueError) as error:
        return str(error)
    if basic.ca or not (usage.critical and usage.value.digital_signature):
        return "its key usage is not a signature's (CA:FALSE, digitalSignature, critical)"
    if not purposes & _PURPOSES or ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE in purposes:
        return "its extended key usage is not emailProtection, documentSigning or C2PA's own"
    return None


def _signing(private: object) -> tuple[str, Callable[[bytes], bytes]] | None:
    """COSE's name of the algorithm, and how it signs."""
    if isinstance(private, ed25519.Ed25519PrivateKey):
        return "ed25519", private.sign
    if isinstance(private, rsa.RSAPrivateKey) and private.key_size >= _MIN_RSA_BITS:
        pss = padding.PSS(padding.MGF1(hashes.SHA256()), hashes.SHA256.digest_size)
        return "ps256", lambda content: private.sign(content, pss, hashes.SHA256())
    if isinstance(private, ec.EllipticCurvePrivateKey) and private.curve.name in _CURVES:
        name, digest = _CURVES[private.curve.name]
        width = private.key_size // 8

        def sign(content: bytes) -> bytes:
            both = decode_dss_signature(private.sign(content, ec.ECDSA(digest)))
            return b"".join(one.to_bytes(width, "big") for one in both)

        return name, sign
    return None


def _own(settings: Settings, now: datetime) -> CredentialKey:
    path = settings.keys_dir / _FILE
    content = load_or_make(path, lambda: _new_authority(settings, now))
    try:
        ca = x509.load_pem_x509_certificate(content)
        ca_key = serialization.load_pem_private_key(content, password=None)
    except ValueError as error:
        raise SetupError(f"{path} does not hold a key and its certificate.") from error
    if not isinstance(ca_key, ec.EllipticCurvePrivateKey):
        raise SetupError(f"{path} holds another kind of key.")
    key = ec.generate_private_key(ec.SECP256R1())
    leaf = (
        _certificate(ca.subject, key, now, min(now + _LEAF_LIFETIME, ca.not_valid_after_utc))
        .subject_name(_name("Proofcall content credentials", settings))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(key_usage(signs_certificates=False), critical=True)
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False
        )
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False
        )
        .sign(ca_key, hashes.SHA256())
    )
    signing = _signing(key)
    assert signing is not None
    return CredentialKey(signing[0], _pem([leaf, ca]), _pem([ca]), signing[1])


def _new_authority(settings: Settings, now: datetime) -> bytes:
    """A key and its certificate, PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _name("Proofcall content credentials authority", settings)
    ca = (
        _certificate(subject, key, now, now + _CA_LIFETIME)
        .subject_name(subject)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(key_usage(signs_certificates=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return private + _pem([ca]).encode()


def _certificate(
    issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime, until: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_SKEW)
        .not_valid_after(until)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _name(common: str, settings: Settings) -> x509.Name:
    host = urlsplit(settings.public_url).hostname or "Proofcall"
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, host[:64]),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def _pem(chain: Sequence[x509.Certificate]) -> str:
    return "".join(one.public_bytes(serialization.Encoding.PEM).decode() for one in chain)
