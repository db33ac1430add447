"""What certificates that this installation makes have in common."""

from __future__ import annotations

from cryptography import x509


def key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    """An authority's key signs certificates and their revocations; any other signs content."""
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
