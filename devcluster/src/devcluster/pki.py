"""Certificate authorities, certificates and kubeconfigs of one cluster."""

import base64
import datetime
import ipaddress
from dataclasses import dataclass
from pathlib import Path

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from devcluster.config import NAME, Settings
from devcluster.errors import DevclusterError

VALIDITY = datetime.timedelta(days=3650)
_BACKDATE = datetime.timedelta(hours=1)


@dataclass(frozen=True)
class Identity:
    """Who a certificate speaks for.

    Attributes:
        name: File name of key and certificate.
        user: Common name: the user that the API server sees.
        group: Organisation: the group that the API server sees.
        hosts: DNS names and addresses besides the node's own.
        uri: Name in another world than DNS, such as a SPIFFE ID.
        authority: Which of the two authorities signs it.
        is_folder: It lies in a folder of its name too, as a Secret of a certificate is mounted.
    """

    name: str
    user: str
    group: str | None = None
    hosts: tuple[str, ...] = ()
    uri: str | None = None
    authority: str = "ca"
    is_folder: bool = False


def identities(settings: Settings) -> tuple[Identity, ...]:
    """Every certificate of the cluster (https://kubernetes.io/docs/setup/best-practices/certificates/)."""
    apiserver_hosts = ["kubernetes", "kubernetes.default", "kubernetes.default.svc"]
    apiserver_hosts.append(f"kubernetes.default.svc.{settings.cluster_domain}")
    apiserver_hosts += [settings.api_service_ip, "127.0.0.1", "localhost"]
    metrics_hosts = ("metrics-server.kube-system.svc",)
    return (
        Identity("admin", "modelyard-admin", "system:masters"),
        Identity("kube-apiserver", "kube-apiserver", hosts=tuple(apiserver_hosts)),
        Identity("apiserver-kubelet", "kube-apiserver-kubelet-client", "system:masters"),
        Identity("front-proxy", "front-proxy-client", authority="front-proxy-ca"),
        Identity("etcd", "etcd", hosts=("127.0.0.1",)),
        Identity("kube-controller-manager", "system:kube-controller-manager"),
        Identity("kube-scheduler", "system:kube-scheduler"),
        Identity("kubelet", f"system:node:{settings.node_name}", "system:nodes", (settings.node_name,)),
        Identity("kube-proxy", "system:kube-proxy", "system:node-proxier"),
        Identity("coredns", "devcluster:coredns"),
        Identity("metrics-server", "devcluster:metrics-server", hosts=metrics_hosts),
    )


KUBECONFIG_USERS = (
    "kube-controller-manager",
    "kube-scheduler",
    "kubelet",
    "kube-proxy",
    "coredns",
    "metrics-server",
    "admin",
)
"""The administrator's comes last: where it is, the whole set is."""


def create(settings: Settings, now: datetime.datetime) -> None:
    """Write a whole new set of keys, certificates and kubeconfigs.

    Args:
        settings: Folders and addresses.
        now: Start of the validity, with a time zone.
    """
    settings.pki_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    authorities = {name: _authority(settings.pki_dir, name, now) for name in ("ca", "front-proxy-ca")}
    for identity in identities(settings):
        key, certificate = authorities[identity.authority]
        _issue(settings, identity, key, certificate, now)
    service_accounts = ec.generate_private_key(ec.SECP256R1())
    _write_key(settings.pki_dir / "service-accounts.key", service_accounts)
    public = service_accounts.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    (settings.pki_dir / "service-accounts.pub").write_bytes(public)
    settings.config_dir.mkdir(parents=True, exist_ok=True)
    for name in KUBECONFIG_USERS:
        path = settings.kubeconfig if name == "admin" else settings.config_dir / f"{name}.kubeconfig"
        _write_private(path, yaml.safe_dump(kubeconfig(settings, name)).encode())


def ensure(settings: Settings, identity: Identity, now: datetime.datetime) -> None:
    """Give one more daemon a key, a certificate and a kubeconfig, unless it has them, with these names.

    Args:
        settings: Folders and addresses; the authorities are there already.
        identity: Who the daemon is.
        now: Start of the validity, with a time zone.
    """
    path = settings.config_dir / f"{identity.name}.kubeconfig"
    if path.exists() and _named(settings, identity):
        return
    key = serialization.load_pem_private_key(
        (settings.pki_dir / f"{identity.authority}.key").read_bytes(), None
    )
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise DevclusterError(f"{settings.pki_dir}/{identity.authority}.key is of another cluster's making.")
    authority = x509.load_pem_x509_certificate((settings.pki_dir / f"{identity.authority}.crt").read_bytes())
    _issue(settings, identity, key, authority, now)
    if identity.is_folder:
        _link(settings.pki_dir, identity)
    _write_private(path, yaml.safe_dump(kubeconfig(settings, identity.name)).encode())


def _named(settings: Settings, identity: Identity) -> bool:
    """Whether the certificate that is there, perhaps made by another checkout, has the identity's names."""
    found = x509.load_pem_x509_certificate((settings.pki_dir / f"{identity.name}.crt").read_bytes())
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return names == _names(settings, identity)


def _link(folder: Path, identity: Identity) -> None:
    """Give key, certificate and authority the names that they have in a Secret."""
    own = folder / identity.name
    own.mkdir(mode=0o700, exist_ok=True)
    names = {"ca.crt": f"{identity.authority}.crt", "tls.crt": f"{identity.name}.crt"}
    for link, file in {**names, "tls.key": f"{identity.name}.key"}.items():
        (own / link).unlink(missing_ok=True)
        (own / link).symlink_to(folder / file)


def kubeconfig(settings: Settings, name: str) -> dict[str, object]:
    """A kubeconfig with everything embedded, so that it can be copied.

    Args:
        settings: Folders and addresses.
        name: Which certificate to speak with.

    Returns:
        The kubeconfig as plain data.
    """

    def data(file: str) -> str:
        return base64.b64encode((settings.pki_dir / file).read_bytes()).decode()

    cluster = {"server": settings.api_url, "certificate-authority-data": data("ca.crt")}
    user = {"client-certificate-data": data(f"{name}.crt"), "client-key-data": data(f"{name}.key")}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": NAME, "cluster": cluster}],
        "users": [{"name": NAME, "user": user}],
        "contexts": [{"name": NAME, "context": {"cluster": NAME, "user": NAME}}],
        "current-context": NAME,
    }


def _authority(
    folder: Path, name: str, now: datetime.datetime
) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    """Make a self-signed authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{NAME}-{name}")])
    usage = _key_usage(sign_certificates=True)
    certificate = (
        _builder(subject, subject, key, now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    _write_key(folder / f"{name}.key", key)
    (folder / f"{name}.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return key, certificate


def _issue(
    settings: Settings,
    identity: Identity,
    authority_key: ec.EllipticCurvePrivateKey,
    authority: x509.Certificate,
    now: datetime.datetime,
) -> None:
    """Make a certificate that serves as client and server on the node's address."""
    key = ec.generate_private_key(ec.SECP256R1())
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, identity.user)]
    if identity.group:
        attributes.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, identity.group))
    both = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH])
    certificate = (
        _builder(x509.Name(attributes), authority.subject, key, now)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(sign_certificates=False), critical=True)
        .add_extension(both, critical=False)
        .add_extension(_names(settings, identity), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False
        )
        .sign(authority_key, hashes.SHA256())
    )
    _write_key(settings.pki_dir / f"{identity.name}.key", key)
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    (settings.pki_dir / f"{identity.name}.crt").write_bytes(pem)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime.datetime
) -> x509.CertificateBuilder:
    """What every certificate has."""
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATE)
        .not_valid_after(now + VALIDITY)
    )


def _key_usage(*, sign_certificates: bool) -> x509.KeyUsage:
    """Either an authority's usage or a leaf's."""
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=sign_certificates,
        crl_sign=sign_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _names(settings: Settings, identity: Identity) -> x509.SubjectAlternativeName:
    """Addresses, DNS names and the URI as a subject alternative name."""
    names: list[x509.GeneralName] = []
    if identity.uri:
        names.append(x509.UniformResourceIdentifier(identity.uri))
    for host in (*identity.hosts, settings.node_ip):
        try:
            names.append(x509.IPAddress(ipaddress.ip_address(host)))
        except ValueError:
            names.append(x509.DNSName(host))
    return x509.SubjectAlternativeName(names)


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    """Write a private key that only its owner can read."""
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    _write_private(path, pem)


def _write_private(path: Path, content: bytes) -> None:
    """Write a file that is never readable by others, not even while it is written."""
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_bytes(content)
