"""The certificates of a LAN: an authority for private addresses only, and its leaf."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_network
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from runtime.certificates import key_usage

_CA_LIFETIME = timedelta(days=3650)
# Apple refuses leaves that live longer than 398 days.
_LEAF_LIFETIME = timedelta(days=397)
_RENEW_BEFORE = timedelta(days=30)
# Devices' clocks differ.
_CLOCK_SKEW = timedelta(hours=1)
_PRIVATE_NETWORKS = (
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "fc00::/7",
    "fe80::/10",
    "::1/128",
)


@dataclass(frozen=True, slots=True)
class LanNames:
    """What devices may call this machine by; ``addresses`` begins with the one in the links."""

    addresses: tuple[IPv4Address, ...]
    hosts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LanFiles:
    """Where the certificates are (PEM); the leaf's file holds its whole chain."""

    ca: Path
    ca_key: Path
    leaf: Path
    leaf_key: Path


def ensure_certificates(files: LanFiles, names: LanNames, now: datetime) -> bool:
    """Make or renew what is missing, ends within 30 days or does not name all of ``names``.

    The authority may sign for private networks, ``.local`` and the ``names`` it was made
    with, and for nothing else (RFC 5280 name constraints, critical; path length 0). It is
    made anew only when it ends or an address is not among them. True when it was made
    anew, so that devices must trust it again.
    """
    made = False
    authority = _load(files.ca, files.ca_key)
    if authority is None or not _authority_serves(authority[0], names, now):
        authority = _make_authority(names, now)
        _save(files.ca, files.ca_key, [authority[0]], authority[1])
        made = True
    leaf = _load(files.leaf, files.leaf_key)
    if made or leaf is None or not _leaf_serves(leaf[0], authority[0], names, now):
        certificate, key = make_leaf(authority[0], authority[1], names, now)
        _save(files.leaf, files.leaf_key, [certificate, authority[0]], key)
    return made


def fingerprint(certificate: Path) -> str:
    """The SHA-256 of a certificate's DER, as devices show it: pairs with colons."""
    loaded = x509.load_pem_x509_certificate(certificate.read_bytes())
    return loaded.fingerprint(hashes.SHA256()).hex(":").upper()


def make_leaf(
    ca: x509.Certificate, ca_key: ec.EllipticCurvePrivateKey, names: LanNames, now: datetime
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """A server's certificate for ``names``; hosts that the authority may not sign are left out."""
    key = ec.generate_private_key(ec.SECP256R1())
    permitted = _permitted_hosts(ca)
    alternatives: list[x509.GeneralName] = [x509.IPAddress(one) for one in names.addresses]
    alternatives += [x509.DNSName(host) for host in names.hosts if _is_within(host, permitted)]
    issuer_id = ca.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    certificate = (
        x509.CertificateBuilder()
        .subject_name(_name(f"Proofcall on {names.hosts[0]}"))
        .issuer_name(ca.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_SKEW)
        .not_valid_after(min(now - _CLOCK_SKEW + _LEAF_LIFETIME, ca.not_valid_after_utc))
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer_id),
            critical=False,
        )
        .sign(ca_key, hashes.SHA256())
    )
    return certificate, key


def _make_authority(
    names: LanNames, now: datetime
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    networks = [ip_network(text) for text in _PRIVATE_NETWORKS]
    permitted: list[x509.GeneralName] = [x509.IPAddress(network) for network in networks]
    permitted += [
        x509.IPAddress(ip_network(f"{address}/32"))
        for address in names.addresses
        if not any(address in network for network in networks)
    ]
    permitted += [x509.DNSName("local"), *(x509.DNSName(host) for host in names.hosts)]
    subject = _name(f"Proofcall LAN of {names.hosts[0]}, made {now:%Y-%m-%d}")
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_SKEW)
        .not_valid_after(now + _CA_LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(key_usage(signs_certificates=True), critical=True)
        .add_extension(x509.NameConstraints(permitted, None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return certificate, key


def _authority_serves(ca: x509.Certificate, names: LanNames, now: datetime) -> bool:
    constraints = ca.extensions.get_extension_for_class(x509.NameConstraints).value
    networks = [
        one.value
        for one in constraints.permitted_subtrees or []
        if isinstance(one, x509.IPAddress) and isinstance(one.value, IPv4Network | IPv6Network)
    ]
    covered = all(any(address in network for network in networks) for address in names.addresses)
    return covered and now < ca.not_valid_after_utc - _LEAF_LIFETIME


def _leaf_serves(
    leaf: x509.Certificate, ca: x509.Certificate, names: LanNames, now: datetime
) -> bool:
    try:
        leaf.verify_directly_issued_by(ca)
    except (ValueError, TypeError, InvalidSignature):
        return False
    if now > leaf.not_valid_after_utc - _RENEW_BEFORE:
        return False
    named = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    permitted = _permitted_hosts(ca)
    hosts = {host for host in names.hosts if _is_within(host, permitted)}
    return set(named.get_values_for_type(x509.IPAddress)) >= set(names.addresses) and set(
        named.get_values_for_type(x509.DNSName)
    ) >= {*hosts}


def _permitted_hosts(ca: x509.Certificate) -> list[str]:
    constraints = ca.extensions.get_extension_for_class(x509.NameConstraints).value
    return [
        one.value for one in constraints.permitted_subtrees or [] if isinstance(one, x509.DNSName)
    ]


def _is_within(host: str, permitted: Sequence[str]) -> bool:
    return any(host == one or host.endswith(f".{one}") for one in permitted)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text[:64])])


def _load(
    certificate: Path, key: Path
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey] | None:
    """Certificate and key when both are there, readable and belong together."""
    try:
        loaded = x509.load_pem_x509_certificate(certificate.read_bytes())
        secret = serialization.load_pem_private_key(key.read_bytes(), password=None)
    except (FileNotFoundError, ValueError):
        return None
    if not isinstance(secret, ec.EllipticCurvePrivateKey):
        return None
    return (loaded, secret) if loaded.public_key() == secret.public_key() else None


def _save(
    certificate: Path,
    key: Path,
    chain: Sequence[x509.Certificate],
    secret: ec.EllipticCurvePrivateKey,
) -> None:
    certificate.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _write_private(
        key,
        secret.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    )
    _write_private(
        certificate, b"".join(one.public_bytes(serialization.Encoding.PEM) for one in chain)
    )


def _write_private(path: Path, content: bytes) -> None:
    aside = path.with_name(path.name + ".new")
    aside.unlink(missing_ok=True)
    with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    aside.replace(path)
