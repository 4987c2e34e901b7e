import base64
import datetime
import ipaddress
import ssl
from pathlib import Path

import pytest
import yaml
from cryptography import x509
from cryptography.x509.oid import NameOID
from cryptography.x509.verification import PolicyBuilder, Store

from devcluster import pki
from devcluster.config import NAME, Settings

NOW = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)


@pytest.fixture
def made(settings: Settings) -> Settings:
    pki.create(settings, NOW)
    return settings


def certificate(settings: Settings, name: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate((settings.pki_dir / f"{name}.crt").read_bytes())


def test_every_certificate_serves_on_the_node_s_address_by_its_authority(made: Settings) -> None:
    for identity in pki.identities(made):
        policy = PolicyBuilder().store(Store([certificate(made, identity.authority)])).time(NOW)
        address = x509.IPAddress(ipaddress.ip_address(made.node_ip))
        policy.build_server_verifier(address).verify(certificate(made, identity.name), [])
        policy.build_client_verifier().verify(certificate(made, identity.name), [])


def test_the_node_speaks_as_the_node_authorizer_wants(made: Settings) -> None:
    subject = certificate(made, "kubelet").subject
    assert subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == "system:node:modelyard"
    assert subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)[0].value == "system:nodes"


def test_front_proxy_certificates_are_not_of_the_clients_authority(made: Settings) -> None:
    issuer = certificate(made, "front-proxy").issuer
    assert issuer == certificate(made, "front-proxy-ca").subject != certificate(made, "ca").subject


def test_keys_and_kubeconfigs_are_for_the_owner_alone(made: Settings) -> None:
    private = [*made.pki_dir.glob("*.key"), *made.config_dir.glob("*.kubeconfig"), made.kubeconfig]
    assert len(private) > 15
    assert {path.stat().st_mode & 0o777 for path in private} == {0o600}


def test_the_kubeconfig_stands_alone(made: Settings, tmp_path: Path) -> None:
    config = yaml.safe_load(made.kubeconfig.read_text())
    assert config["current-context"] == NAME
    user, cluster = config["users"][0]["user"], config["clusters"][0]["cluster"]
    assert cluster["server"] == "https://10.89.0.1:6443"
    for name, data in (("crt", user["client-certificate-data"]), ("key", user["client-key-data"])):
        (tmp_path / name).write_bytes(base64.b64decode(data))
    ssl.create_default_context().load_cert_chain(tmp_path / "crt", tmp_path / "key")


def test_a_daemon_that_comes_later_gets_its_own_once(made: Settings) -> None:
    later = pki.Identity("istiod", "devcluster:istiod")
    pki.ensure(made, later, NOW)
    path = made.config_dir / "istiod.kubeconfig"
    first = path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600
    policy = PolicyBuilder().store(Store([certificate(made, "ca")])).time(NOW)
    policy.build_client_verifier().verify(certificate(made, "istiod"), [])
    pki.ensure(made, later, NOW)
    assert path.read_bytes() == first


def test_a_daemon_gets_a_new_certificate_where_the_one_there_lacks_a_name(made: Settings) -> None:
    named = pki.Identity("istiod", "devcluster:istiod", hosts=("istiod.example",), uri="spiffe://here/it")
    for identity in (pki.Identity("istiod", "devcluster:istiod"), named):
        pki.ensure(made, identity, NOW)
    found = certificate(made, "istiod")
    policy = PolicyBuilder().store(Store([certificate(made, "ca")])).time(NOW)
    policy.build_server_verifier(x509.DNSName("istiod.example")).verify(found, [])
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == ["spiffe://here/it"]
    kubeconfig = yaml.safe_load((made.config_dir / "istiod.kubeconfig").read_text())
    data = base64.b64decode(kubeconfig["users"][0]["user"]["client-certificate-data"])
    assert x509.load_pem_x509_certificate(data) == found


def test_a_daemon_that_wants_a_mounted_secret_gets_its_folder(made: Settings) -> None:
    pki.ensure(made, pki.Identity("keda", "devcluster:keda", is_folder=True), NOW)
    folder = made.pki_dir / "keda"
    context = ssl.create_default_context(cafile=str(folder / "ca.crt"))
    context.load_cert_chain(folder / "tls.crt", folder / "tls.key")
    assert {path.name for path in folder.iterdir()} == {"ca.crt", "tls.crt", "tls.key"}
