"""A certificate authority for the servers of these tests."""

from __future__ import annotations

import datetime
import ipaddress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LOOPBACK = ipaddress.ip_address("127.0.0.1")
LIFETIME = datetime.timedelta(days=1)


class Authority:
    """Its certificate, and one that it gave to a server on loopback: the files, in PEM."""

    def __init__(self, folder: Path) -> None:
        self.certificate = folder / "authority.pem"
        self.server = folder / "server.pem"
        key = ec.generate_private_key(ec.SECP256R1())
        name = named("Authority of the tests")
        constraints = x509.BasicConstraints(ca=True, path_length=0)
        own = certificate(name, key).add_extension(constraints, critical=True)
        made = own.issuer_name(name).sign(key, hashes.SHA256())
        self.certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))

        server_key = ec.generate_private_key(ec.SECP256R1())
        where = x509.SubjectAlternativeName([x509.IPAddress(LOOPBACK)])
        purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
        asked = certificate(named("Server of the tests"), server_key)
        asked = asked.add_extension(where, critical=False).add_extension(purpose, critical=False)
        given = asked.issuer_name(name).sign(key, hashes.SHA256())
        private = server_key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        self.server.write_bytes(given.public_bytes(serialization.Encoding.PEM) + private)


def named(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def certificate(
    subject: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    """Everything but what depends on whose it is."""
    now = datetime.datetime.now(datetime.timezone.utc)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - LIFETIME)
        .not_valid_after(now + LIFETIME)
    )
