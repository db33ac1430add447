"""Whose key signs content credentials: set ones that are fit, or a fresh one under an own root."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from recorder.derived.credential_key import CredentialKey
from recorder.derived.credentials import Credentials, add_credentials
from runtime.errors import SetupError
from runtime.settings import Settings
from tests.integration.test_content_credentials import read

NOW = datetime.now(UTC)
DAY = timedelta(days=1)
EMAIL = ExtendedKeyUsageOID.EMAIL_PROTECTION
Key = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey


def name(common: str) -> x509.Name:
    """A name of the operator's."""
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Shop"),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def operators(
    folder: Path,
    key: Key,
    *,
    purpose: ObjectIdentifier = EMAIL,
    until: datetime = NOW + DAY,
    is_ca: bool = False,
    other_key: Key | None = None,
    encryption: KeySerializationEncryption | None = None,
    chain: int = 2,
) -> Settings:
    """Settings with a certificate for the key, as an authority would give it."""
    ca_key = ec.generate_private_key(ec.SECP256R1())
    certificates = []
    for subject, public, end in (
        ("shop", key.public_key(), until),
        ("authority", ca_key.public_key(), NOW + DAY),
    ):
        is_authority = subject == "authority"
        builder = (
            x509.CertificateBuilder()
            .subject_name(name(subject))
            .issuer_name(name("authority"))
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - 2 * DAY)
            .not_valid_after(end)
            .add_extension(x509.BasicConstraints(is_authority or is_ca, None), critical=True)
            .add_extension(_usage(is_authority), critical=True)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()),
                critical=False,
            )
        )
        if not is_authority:
            builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        certificates.append(builder.sign(ca_key, hashes.SHA256()).public_bytes(Encoding.PEM))
    (folder / "chain.pem").write_bytes(b"".join(certificates[:chain]))
    (folder / "key.pem").write_bytes(
        (other_key or key).private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption()
        )
    )
    return Settings(data=folder, c2pa_certificate=folder / "chain.pem", c2pa_key=folder / "key.pem")


def _usage(is_authority: bool) -> x509.KeyUsage:
    off = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement"), False
    )
    return x509.KeyUsage(
        digital_signature=not is_authority,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        encipher_only=False,
        decipher_only=False,
        **off,
    )


@pytest.mark.parametrize("kind", ["es256", "es384", "ed25519", "ps256", "own"])
async def test_readers_take_what_each_kind_of_key_signs(kind: str, tmp_path: Path) -> None:
    """Trusted under the root that is published, and by the name in the certificate."""
    keys: dict[str, Key] = {
        "es256": ec.generate_private_key(ec.SECP256R1()),
        "es384": ec.generate_private_key(ec.SECP384R1()),
        "ed25519": ed25519.Ed25519PrivateKey.generate(),
        "ps256": rsa.generate_private_key(65537, 2048),
    }
    settings = Settings(data=tmp_path) if kind == "own" else operators(tmp_path, keys[kind])
    key = CredentialKey.load(settings)
    claim = {
        "claim_generator_info": [{"name": "Proofcall", "version": "1"}],
        "assertions": [
            {
                "label": "c2pa.actions.v2",
                "data": {
                    "actions": [
                        {
                            "action": "c2pa.created",
                            "digitalSourceType": "http://cv.iptc.org/newscodes/"
                            "digitalsourcetype/digitalCapture",
                        }
                    ]
                },
            }
        ],
    }
    with (tmp_path / "film").open("w+b") as film, (tmp_path / "signed").open("w+b") as signed:
        film.write(small_film())
        film.flush()
        assert await add_credentials(key, claim, film, signed) is Credentials.SIGNED
    content = (tmp_path / "signed").read_bytes()
    said = read(content, key.root)
    assert said["validation_state"] == "Trusted"
    issuer = said["manifests"][said["active_manifest"]]["signature_info"]["issuer"]
    assert issuer == ("127.0.0.1" if kind == "own" else "Shop")


async def test_no_film_gets_no_credentials(tmp_path: Path) -> None:
    """Bytes that are no MP4 end the process, and that is said."""
    key = CredentialKey.load(Settings(data=tmp_path))
    with (tmp_path / "film").open("w+b") as film, (tmp_path / "signed").open("w+b") as signed:
        film.write(b"no film" * 100)
        film.flush()
        assert await add_credentials(key, {}, film, signed) is Credentials.NOT_MADE


def test_the_root_is_made_once_and_the_leaf_each_time(tmp_path: Path) -> None:
    """Readers trust the root for years; nobody else can read its key."""
    one, other = (CredentialKey.load(Settings(data=tmp_path)) for _ in range(2))
    assert one.root == other.root
    assert one.chain != other.chain
    assert (tmp_path / "keys" / "credentials-ca.pem").stat().st_mode & 0o777 == 0o600
    assert "PRIVATE" not in one.chain + one.root


def test_what_readers_would_refuse_is_refused_at_once(tmp_path: Path) -> None:
    """The setting and the reason are named."""
    key = ec.generate_private_key(ec.SECP256R1())
    another = ec.generate_private_key(ec.SECP256R1())
    k1 = ec.generate_private_key(ec.SECP521R1())
    server = ExtendedKeyUsageOID.SERVER_AUTH
    for settings, words in (
        (lambda: operators(tmp_path, key, other_key=another), "KEY .* not the key of"),
        (lambda: operators(tmp_path, key, purpose=server), "CERTIFICATE .* extended key usage"),
        (lambda: operators(tmp_path, key, until=NOW - DAY), "CERTIFICATE .* not valid now"),
        (lambda: operators(tmp_path, key, is_ca=True), "CERTIFICATE .* key usage"),
        (lambda: operators(tmp_path, key, chain=0), "CERTIFICATE"),
        (lambda: operators(tmp_path, k1), "KEY .* expected P-256"),
        (
            lambda: operators(tmp_path, key, encryption=BestAvailableEncryption(b"x")),
            "KEY .* password",
        ),
        (lambda: Settings(data=tmp_path, c2pa_certificate=tmp_path, c2pa_key=tmp_path), "CERTIF"),
    ):
        with pytest.raises(SetupError, match=f"PROOFCALL_C2PA_{words}"):
            CredentialKey.load(settings())
    with pytest.raises(ValueError, match="go together"):
        Settings(data=tmp_path, c2pa_key=tmp_path)


def small_film() -> bytes:
    """A second of nothing, as MP4."""
    import io

    import av
    import numpy as np

    file = io.BytesIO()
    with av.open(file, "w", "mp4") as container:
        stream = container.add_stream("libx264", rate=5, width=64, height=64, pix_fmt="yuv420p")
        for _ in range(5):
            picture = av.VideoFrame.from_ndarray(np.zeros((96, 64), np.uint8), "yuv420p")
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    return file.getvalue()
