"""What a LAN's certificates vouch for, how long, and what they can never be used for."""

from __future__ import annotations

import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from proofcall.lan_certificates import (
    LanFiles,
    LanNames,
    ensure_certificates,
    fingerprint,
    make_leaf,
)

NOW = datetime.now(UTC)
NAMES = LanNames((IPv4Address("192.168.7.20"),), ("bench", "bench.local", "localhost"))


@pytest.fixture
def files(tmp_path: Path) -> LanFiles:
    """Where one data directory keeps them."""
    keys = tmp_path / "keys"
    return LanFiles(keys / "ca.pem", keys / "ca.key", keys / "leaf.pem", keys / "leaf.key")


def leaf_of(files: LanFiles) -> x509.Certificate:
    """The server's certificate."""
    return x509.load_pem_x509_certificate(files.leaf.read_bytes())


def handshake(files: LanFiles, trusted: Path, host: str) -> None:
    """Shake hands as a client that trusts one file and asks for ``host``; raises SSLError."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(files.leaf, files.leaf_key)
    client = ssl.create_default_context(cafile=str(trusted))
    near, far = socket.socketpair()

    def serve() -> None:
        try:
            with server.wrap_socket(far, server_side=True):
                pass
        except OSError:
            far.close()

    answering = threading.Thread(target=serve)
    answering.start()
    try:
        near.settimeout(10)
        with client.wrap_socket(near, server_hostname=host):
            pass
    finally:
        near.close()
        answering.join(10)


def forge(files: LanFiles, names: LanNames, *, permit: str | None = None) -> None:
    """Let the stolen authority sign a leaf for somebody else's name."""
    ca = x509.load_pem_x509_certificate(files.ca.read_bytes())
    key = serialization.load_pem_private_key(files.ca_key.read_bytes(), password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    signing = ca
    if permit is not None:
        signing = _with_permission(ca, key, permit)
    certificate, leaf_key = make_leaf(signing, key, names, NOW)
    files.leaf.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    files.leaf_key.write_bytes(
        leaf_key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )


def _with_permission(
    ca: x509.Certificate, key: ec.EllipticCurvePrivateKey, host: str
) -> x509.Certificate:
    identifier = ca.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return (
        x509.CertificateBuilder()
        .subject_name(ca.subject)
        .issuer_name(ca.subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(ca.not_valid_before_utc)
        .not_valid_after(ca.not_valid_after_utc)
        .add_extension(x509.NameConstraints([x509.DNSName(host)], None), critical=True)
        .add_extension(identifier, critical=False)
        .sign(key, hashes.SHA256())
    )


@pytest.mark.parametrize("host", ["192.168.7.20", "bench.local", "localhost"])
def test_a_device_that_trusts_the_authority_connects(files: LanFiles, host: str) -> None:
    """By address and by every name."""
    assert ensure_certificates(files, NAMES, NOW)
    handshake(files, files.ca, host)


def test_another_authority_s_certificate_is_refused(files: LanFiles, tmp_path: Path) -> None:
    """Trust in one machine's authority is no trust in another's."""
    other = LanFiles(*(tmp_path / name for name in ("ca", "cak", "leaf", "leafk")))
    ensure_certificates(files, NAMES, NOW)
    ensure_certificates(other, NAMES, NOW)
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(files, other.ca, "192.168.7.20")


@pytest.mark.parametrize("host", ["bank.example", "evil.com"])
def test_a_stolen_authority_cannot_vouch_for_a_website(files: LanFiles, host: str) -> None:
    """The name constraints hold where the device checks, whatever the leaf claims."""
    ensure_certificates(files, NAMES, NOW)
    forge(files, LanNames((), (host,)), permit=host)
    names = leaf_of(files).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == [host]
    with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree"):
        handshake(files, files.ca, host)


def test_a_stolen_authority_cannot_vouch_for_a_public_address(files: LanFiles) -> None:
    """Private networks only, unless the machine itself had a public address."""
    ensure_certificates(files, NAMES, NOW)
    forge(files, LanNames((IPv4Address("93.184.216.34"),), ("bench.local",)))
    with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree"):
        handshake(files, files.ca, "93.184.216.34")


def test_keys_are_the_owner_s_alone(files: LanFiles) -> None:
    """0600, in a directory of 0700."""
    ensure_certificates(files, NAMES, NOW)
    assert {path.stat().st_mode & 0o777 for path in (files.ca_key, files.leaf_key)} == {0o600}
    assert files.ca.parent.stat().st_mode & 0o777 == 0o700


def test_a_leaf_lives_no_longer_than_apple_allows(files: LanFiles) -> None:
    """At most 397 days, for server authentication, under an authority of path length 0."""
    ensure_certificates(files, NAMES, NOW)
    leaf = leaf_of(files)
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc <= timedelta(days=397)
    ca = x509.load_pem_x509_certificate(files.ca.read_bytes())
    basic = ca.extensions.get_extension_for_class(x509.BasicConstraints)
    assert (basic.critical, basic.value.path_length) == (True, 0)
    assert "Proofcall LAN" in ca.subject.rfc4514_string()


def test_nothing_changes_while_everything_serves(files: LanFiles) -> None:
    """A restart keeps what devices trust."""
    ensure_certificates(files, NAMES, NOW)
    before = files.leaf.read_bytes()
    assert not ensure_certificates(files, NAMES, NOW + timedelta(days=300))
    assert files.leaf.read_bytes() == before


@pytest.mark.parametrize(
    ("names", "days"),
    [
        (LanNames((IPv4Address("10.1.2.3"),), NAMES.hosts), 0),
        (NAMES, 380),
        (NAMES, 500),
    ],
    ids=["another address", "soon over", "over"],
)
def test_the_leaf_is_renewed_and_the_trust_kept(
    files: LanFiles, names: LanNames, days: int
) -> None:
    """Another address or a leaf near its end costs no device a second installation."""
    ensure_certificates(files, NAMES, NOW)
    before, trusted = leaf_of(files), fingerprint(files.ca)
    assert not ensure_certificates(files, names, NOW + timedelta(days=days))
    after = leaf_of(files)
    assert after.serial_number != before.serial_number
    assert fingerprint(files.ca) == trusted
    named = after.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert set(names.addresses) <= set(named.get_values_for_type(x509.IPAddress))


def test_a_public_address_of_the_machine_itself_is_included(files: LanFiles) -> None:
    """It needs an authority that may sign for exactly that address."""
    ensure_certificates(files, NAMES, NOW)
    public = LanNames((IPv4Address("203.0.113.9"),), NAMES.hosts)
    assert ensure_certificates(files, public, NOW)
    handshake(files, files.ca, "203.0.113.9")


def test_a_damaged_file_is_replaced(files: LanFiles) -> None:
    """Half a certificate is none."""
    ensure_certificates(files, NAMES, NOW)
    files.leaf.write_bytes(files.leaf.read_bytes()[:100])
    ensure_certificates(files, NAMES, NOW)
    handshake(files, files.ca, "192.168.7.20")
