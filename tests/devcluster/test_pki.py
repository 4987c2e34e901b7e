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
