"""Certificates of a test's own, good for a day: of an authority, or signed by themselves."""

import base64
import datetime
import ipaddress
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

LOOPBACK = "127.0.0.1"
_PEM = serialization.Encoding.PEM
_AUTHORITY = x509.BasicConstraints(ca=True, path_length=0)


@dataclass(frozen=True, slots=True)
class Files:
    """In PEM form.

    Attributes:
        authority: Whom to trust.
        certificate: What a server shows.
        key: Its key.
    """

    authority: Path
    certificate: Path
    key: Path

    @property
    def server(self) -> ssl.SSLContext:
        """Of a server that shows it."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        return context


class Authority:
    """Signs certificates."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("authority of a test")
        self._certificate = (
            _builder(self._name, self._name, self._key)
            .add_extension(_AUTHORITY, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()), critical=False)
            .sign(self._key, hashes.SHA256())
        )

    @property
    def trusted(self) -> ssl.SSLContext:
        """Takes certificates of this authority, for the host that is asked, and no others."""
        return ssl.create_default_context(cadata=self._certificate.public_bytes(_PEM).decode())

    def files(self, folder: Path, address: str = LOOPBACK) -> Files:
        """A new certificate for an address."""
        files = Files(folder / "ca.crt", folder / "server.crt", folder / "server.key")
        certificate, key = self._signed(x509.IPAddress(ipaddress.ip_address(address)))
        files.authority.write_bytes(self._certificate.public_bytes(_PEM))
        files.certificate.write_bytes(certificate)
        files.key.write_bytes(key)
        return files

    def secret(self, name: str, host: str) -> dict[str, Any]:
        """A new certificate for a host, as gateways want it (kubernetes.io/tls)."""
        certificate, key = self._signed(x509.DNSName(host))
        files = {"tls.crt": certificate, "tls.key": key}
        return {
            "apiVersion": "v1",
            "kind": "Secret",
            "type": "kubernetes.io/tls",
            "metadata": {"name": name},
            "data": {file: base64.b64encode(content).decode() for file, content in files.items()},
        }

    def _signed(self, subject: x509.GeneralName) -> tuple[bytes, bytes]:
        key = ec.generate_private_key(ec.SECP256R1())
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        certificate = (
            _builder(x509.Name([]), self._name, key)
            .add_extension(x509.SubjectAlternativeName([subject]), critical=True)
            .add_extension(issuer, critical=False)
            .sign(self._key, hashes.SHA256())
        )
        return certificate.public_bytes(_PEM), _private(key)


def self_signed(folder: Path, address: str = LOOPBACK) -> Files:
    """A certificate for an address that is its own authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(address)
    subject = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
    certificate = (
        _builder(name, name, key)
        .add_extension(subject, critical=False)
        .add_extension(_AUTHORITY, critical=True)
        .sign(key, hashes.SHA256())
    )
    files = Files(folder / "server.crt", folder / "server.crt", folder / "server.key")
    files.certificate.write_bytes(certificate.public_bytes(_PEM))
    files.key.write_bytes(_private(key))
    return files


def in_secret(secret: dict[str, Any]) -> bytes:
    """The certificate of a Secret as a server shows it, DER."""
    return ssl.PEM_cert_to_DER_cert(base64.b64decode(secret["data"]["tls.crt"]).decode())


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
    )


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    # What every server reads, older ones too.
    form = serialization.PrivateFormat.TraditionalOpenSSL
    return key.private_bytes(_PEM, form, serialization.NoEncryption())
