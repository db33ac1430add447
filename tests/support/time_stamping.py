"""A time-stamping authority made of ``openssl ts``: its keys, its certificates, its answers."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_DAY = timedelta(days=1)
PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

_CONFIG = """
[tsa]
default_tsa = it
[it]
serial = {folder}/serial
signer_digest = {digest}
default_policy = 1.2.3.4.1
digests = sha256, sha512
accuracy = secs:1
ess_cert_id_chain = no
ess_cert_id_alg = {ess}
certs = {folder}/chain.pem
"""


@dataclass(frozen=True)
class Authority:
    """A root and one certificate under it, in a folder of their own."""

    folder: Path
    root: x509.Certificate

    @property
    def pem(self) -> bytes:
        """The root, as somebody trusts it."""
        return self.root.public_bytes(Encoding.PEM)

    def stamp(self, body: bytes, *options: str) -> bytes:
        """The answer (TimeStampResp) to a query for the body, made now."""
        (self.folder / "body").write_bytes(body)
        self._openssl(
            "ts", "-query", "-data", "body", "-sha256", "-cert", "-out", "query", *options
        )
        return self.reply((self.folder / "query").read_bytes())

    def reply(self, query: bytes) -> bytes:
        """The answer to a query (TimeStampReq) that somebody else made."""
        (self.folder / "query").write_bytes(query)
        self._openssl("ts", "-reply", "-config", "config", "-section", "it",
                      "-queryfile", "query", "-signer", "signer.pem", "-inkey", "signer.key",
                      "-out", "answer")  # fmt: skip
        return (self.folder / "answer").read_bytes()

    def sign_info(self, info: bytes) -> bytes:
        """An answer around a given TSTInfo, as a forger makes one with any certificate."""
        (self.folder / "info").write_bytes(info)
        self._openssl("cms", "-sign", "-cades", "-binary", "-nodetach", "-in", "info", "-outform",
                      "DER", "-econtent_type", "1.2.840.113549.1.9.16.1.4", "-md", "sha256",
                      "-nosmimecap", "-signer", "signer.pem", "-inkey", "signer.key",
                      "-out", "forged")  # fmt: skip
        granted = bytes.fromhex("3003020100")
        content = granted + (self.folder / "forged").read_bytes()
        return b"\x30\x82" + len(content).to_bytes(2) + content

    def info_of(self, answer: bytes) -> bytes:
        """The TSTInfo in an answer."""
        (self.folder / "answer").write_bytes(answer)
        self._openssl("ts", "-reply", "-in", "answer", "-token_out", "-out", "token")
        self._openssl("cms", "-verify", "-noverify", "-inform", "DER", "-in", "token",
                      "-binary", "-out", "found")  # fmt: skip
        return (self.folder / "found").read_bytes()

    def _openssl(self, *words: str) -> None:
        subprocess.run(["openssl", *words], cwd=self.folder, check=True, capture_output=True)


def make_authority(
    folder: Path,
    *,
    key: PrivateKey | None = None,
    root_key: PrivateKey | None = None,
    between: PrivateKey | None = None,
    purposes: tuple[x509.ObjectIdentifier, ...] = (ExtendedKeyUsageOID.TIME_STAMPING,),
    valid: tuple[timedelta, timedelta] = (-_DAY, 365 * _DAY),
    ess: str = "sha256",
    digest: str = "sha256",
) -> Authority:
    """An authority whose signer's certificate has these purposes and is valid from then to then.

    With a key ``between``, that of an authority of its own stands under the root and above it.
    """
    folder.mkdir()
    key = key or ec.generate_private_key(ec.SECP256R1())
    root_key = root_key or ec.generate_private_key(ec.SECP256R1())
    name = _name("Test root")
    start, end = (datetime.now(UTC) + one for one in valid)
    root = _issuer(name, name, root_key, root_key, end)
    issuer, issuing_key = name, root_key
    chain = root.public_bytes(Encoding.PEM)
    if between is not None:
        issuer, issuing_key = _name("Test between"), between
        chain = _issuer(name, issuer, between, root_key, end).public_bytes(Encoding.PEM)
    leaf = _certificate(issuer, _name("Test stamps"), key, start, end)
    if purposes:
        leaf = leaf.add_extension(x509.ExtendedKeyUsage(purposes), critical=True)
    signed = leaf.sign(issuing_key, SHA256())
    (folder / "chain.pem").write_bytes(chain)
    (folder / "signer.pem").write_bytes(signed.public_bytes(Encoding.PEM))
    (folder / "signer.key").write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    (folder / "serial").write_text("01\n")
    (folder / "config").write_text(_CONFIG.format(folder=folder, ess=ess, digest=digest))
    return Authority(folder, root)


def _issuer(
    issuer: x509.Name, subject: x509.Name, key: PrivateKey, issuing_key: PrivateKey, end: datetime
) -> x509.Certificate:
    return (
        _certificate(issuer, subject, key, datetime.now(UTC) - 400 * _DAY, end + 400 * _DAY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(issuing_key, SHA256())
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _certificate(
    issuer: x509.Name, subject: x509.Name, key: PrivateKey, start: datetime, end: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .issuer_name(issuer)
        .subject_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
    )
