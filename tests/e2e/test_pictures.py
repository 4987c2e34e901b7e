"""Pictures named by their address, from a store inside the cluster."""

import base64

import httpx
import numpy as np
import pytest
import yaml
from sklearn.datasets import load_digits

from demo.built import Images, built
from demo.shell import ROOT
from tests.e2e.cluster import Namespace, Resource
from tests.examples.loading import module

pytestmark = pytest.mark.e2e

DIGIT = 7


def store(image: str, picture: bytes) -> list[Resource]:
    """A web server of one picture, `seven.png`, as a Service `pictures`."""
    labels = {"app": "pictures"}
    container = {
        "name": "web",
        "image": image,
        "command": ["python3", "-m", "http.server", "8000", "--directory", "/pictures"],
        "ports": [{"containerPort": 8000}],
        "readinessProbe": {"tcpSocket": {"port": 8000}, "periodSeconds": 1},
        "resources": {"limits": {"cpu": "200m", "memory": "64Mi"}},
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        "volumeMounts": [{"name": "pictures", "mountPath": "/pictures"}],
    }
    pod = {
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "automountServiceAccountToken": False,
        "containers": [container],
        "volumes": [{"name": "pictures", "configMap": {"name": "pictures"}}],
    }
    return [
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "pictures"},
            "binaryData": {"seven.png": base64.b64encode(picture).decode()},
        },
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "pictures", "labels": labels}, "spec": pod},
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "pictures"},
            "spec": {"selector": labels, "ports": [{"port": 8000}]},
        },
    ]


@pytest.fixture(scope="session")
def images() -> Images:
    """This checkout's images."""
    return built()


async def test_pictures_come_from_the_store_that_the_spec_allows(
    namespace: Namespace, images: Images
) -> None:
    drawing = module("digits-image", "pictures")
    digits = load_digits()
    index = int(np.flatnonzero(digits.target == DIGIT)[0])
    picture = drawing.encoded(drawing.draw(digits.data[index], np.random.default_rng(0)), "PNG")
    origin = f"http://pictures.{namespace.name}.svc:8000"
    resource = yaml.safe_load((ROOT / "examples/digits-image.yaml").read_text())
    resource["spec"]["inputs"] = {"imageUrls": {"allow": [origin]}}
    namespace.apply(*store(images["server"].reference, picture), resource)
    namespace.run("wait", "--for=condition=Ready", "pod/pictures", "--timeout=120s")
    await namespace.ready("digits-image")
    url = f"{await namespace.url('digits-image')}/predict"

    def asked(address: str) -> httpx.Response:
        return httpx.post(url, json={"image": [address]}, timeout=30)

    answer = asked(f"{origin}/seven.png")
    assert answer.status_code == 200, answer.text
    assert answer.json()["predictions"][0][0]["label"] == str(DIGIT)

    missing = asked(f"{origin}/eight.png")
    assert missing.status_code == 422
    assert "404" in missing.json()["detail"][0]["msg"]
    for forbidden in (
        "http://169.254.169.254/latest/meta-data",
        "https://kubernetes.default.svc/api",
        f"http://digits-image.{namespace.name}.svc/metrics",
    ):
        refused = asked(forbidden)
        assert refused.status_code == 422
        assert refused.json()["detail"][0]["type"] == "url_forbidden"
        assert "spec.inputs.imageUrls.allow" in refused.json()["detail"][0]["msg"]
