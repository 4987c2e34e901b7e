"""A model out of a container registry that asks for a password."""

from pathlib import Path

import httpx
import pytest

from demo.shell import ROOT
from demo.targets.base import Target
from devcluster.config import Settings
from tests.e2e.cluster import Namespace, sentiment
from tests.server.fetch.emulators.distribution import docker_config, registry_with_passwords

pytestmark = pytest.mark.e2e

MODEL = ROOT / "examples" / "sentiment" / "model"


async def test_a_model_pushed_by_oras_is_served(target: Target, namespace: Namespace, tmp_path: Path) -> None:
    if target.name != "embedded":
        pytest.skip(f"{target.name} does not reach a registry of this machine; run with CLUSTER=embedded")
    names = [path.relative_to(MODEL).as_posix() for path in MODEL.rglob("*") if path.is_file()]
    with registry_with_passwords(tmp_path, Settings.from_environment().node_ip) as registry:
        digest = registry.push("models/sentiment:1.4", MODEL, *names)
        namespace.apply(
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "type": "kubernetes.io/dockerconfigjson",
                "metadata": {"name": "registry"},
                "stringData": {
                    ".dockerconfigjson": docker_config(registry.host),
                    "OCI_ALLOW_HTTP": "true",
                },
            },
            sentiment(
                model={
                    "uri": f"oci://{registry.host}/models/sentiment:1.4",
                    "secretRef": {"name": "registry"},
                }
            ),
        )
        found = await namespace.ready()
    assert found["status"]["model"]["pinned"] == f"oci://{registry.host}/models/sentiment@{digest}"
    url = await namespace.url()
    answer = httpx.post(f"{url}/predict", json={"text": ["a joy from start to end"]}, timeout=30)
    assert answer.status_code == 200, answer.text
