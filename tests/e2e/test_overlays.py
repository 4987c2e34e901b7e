"""One `kubectl apply -k` on a cluster that has never heard of Modelyard ends in predictions."""

import asyncio
import json
import os
import signal
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import httpx
import pytest
import yaml

from demo.artifact_store import READER
from demo.built import Images, built
from demo.install import MODELS, NAMESPACE, install
from demo.shell import ROOT, run
from demo.targets.base import Target
from devcluster.endpoints import HTTP_URL, HTTPS_URL, ISTIO_NAMESPACE
from images.index import BuiltImage
from images.inputs import VARIANTS
from tests.certificates import Authority, in_secret
from tests.e2e.cluster import Namespace, Resource

pytestmark = pytest.mark.e2e

K8S = ROOT / "k8s"
PREDICTED = ["POSITIVE", "NEGATIVE"]
ASKED = {"text": ["You are awesome", "what a boring film"]}
HOST = "sentiment.example.com"
"""Of the overlays that have a gateway."""
CREDENTIAL = "modelyard-tls"
"""The Secret that their Gateways name."""

REPLACED = {
    "operator": "modelyard-operator",
    "server": "modelyard-server",
    "server-openvino": "modelyard-server-openvino",
    "cache": "valkey/valkey",
}
"""Part -> the image's name in the overlays, below one of REGISTRIES where it is ours."""
REGISTRIES = ("", "localhost/", "registry.example.com/")

Install = Callable[[str], None]


@pytest.fixture(scope="module")
def images(target: Target) -> Images:
    return target.load(built(also=VARIANTS))


@pytest.fixture
def empty(target: Target, images: Images) -> Iterator[Target]:
    """The cluster without anything of Modelyard's; afterwards as the other tests have it."""
    remove(target, K8S / "base")
    yield target
    install(target, images)


def remove(target: Target, overlay: Path) -> None:
    delete = ("delete", "-k", overlay, "--ignore-not-found")
    target.kubectl(*delete, "--wait=false")
    # Nobody asks them any more, so they need not drain.
    target.kubectl("delete", "pod", "--all", "-n", "models", "--force", "--grace-period=0")
    target.kubectl(*delete, "--wait=true", "--timeout=180s")


@pytest.fixture
async def applied(empty: Target, images: Images, tmp_path: Path) -> AsyncIterator[Install]:
    """Applies an overlay with this checkout's images and a model that can be had here."""
    made: list[Path] = []

    def apply(overlay: str) -> None:
        folder = ROOT / "build" / f"overlay-{overlay}"
        folder.mkdir(parents=True, exist_ok=True)
        made.append(folder)
        secret = empty.store([model for model in MODELS if model.parent.name == "sentiment"])
        secret["metadata"] = {"name": READER, "namespace": "models"}
        (folder / "secret.yaml").write_text(json.dumps(secret))
        (folder / "image-fields.yaml").write_bytes(
            (K8S / "overlays" / overlay / "image-fields.yaml").read_bytes()
        )
        resource = yaml.safe_load((K8S / "overlays" / overlay / "sentiment.yaml").read_text())
        resource["spec"]["model"] = {"uri": "s3://models/sentiment", "secretRef": {"name": READER}}
        (folder / "sentiment.yaml").write_text(json.dumps(resource))
        kustomization = {
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "resources": [f"../../k8s/overlays/{overlay}", "secret.yaml"],
            "configurations": ["image-fields.yaml"],
            "configMapGenerator": [
                {
                    "name": "modelyard-resources",
                    "namespace": "models",
                    "behavior": "merge",
                    "files": ["sentiment.yaml"],
                }
            ],
            "images": [
                replaced(name, images[part])
                for part, plain in REPLACED.items()
                if part in images
                for name in (f"{registry}{plain}" for registry in REGISTRIES)
            ],
        }
        (folder / "kustomization.yaml").write_text(json.dumps(kustomization))
        # kubectl keeps what it has learnt of a cluster: here it knows nothing yet.
        run([*empty.kubectl.command, "apply", "-k", folder, "--cache-dir", tmp_path / "discovery"])

    yield apply
    for folder in made:
        await asyncio.to_thread(remove, empty, folder)


def replaced(name: str, image: BuiltImage) -> dict[str, str]:
    new, _, tag = image.reference.rpartition(":")
    return {"name": name, "newName": new, "newTag": tag}


def ask(client: httpx.Client, url: str, host: str | None = None) -> httpx.Response | None:
    """The answer to the two texts, of a host where there is a gateway; None if none comes."""
    headers, extensions = ({"host": host}, {"sni_hostname": host}) if host else ({}, {})
    try:
        with client.stream(
            "POST", f"{url}/predict", json=ASKED, headers=headers, extensions=extensions
        ) as answer:
            # Once the body is read the connection may be closed, and has none any more.
            answer.extensions["certificate"] = _certificate(answer)
            answer.read()
            return answer
    except httpx.TransportError:
        return None


def _certificate(answer: httpx.Response) -> bytes | None:
    connection: ssl.SSLSocket | None = answer.extensions["network_stream"].get_extra_info("ssl_object")
    return connection.getpeercert(True) if connection else None


def labels(answer: httpx.Response | None) -> list[str]:
    """What the deployment made of the two texts; nothing as long as what leads to it lets none through."""
    if answer is None or not answer.is_success:
        return []
    return [each[0]["label"] for each in answer.json()["predictions"]]


def shown(answer: httpx.Response | None) -> bytes | None:
    """The certificate over whose connection an answer came."""
    return answer.extensions["certificate"] if answer else None


async def test_minikubes_overlay_ends_in_predictions(empty: Target, applied: Install) -> None:
    models = Namespace(empty, "models")
    await asyncio.to_thread(applied, "minikube")
    await models.ready(within=240)
    url = await models.url()
    with httpx.Client(timeout=30) as client:
        assert await models.until(f"{url} predicts", lambda: labels(ask(client, url)), within=60) == PREDICTED
    await asyncio.to_thread(doctor_and_logs, empty)
    # The Job is gone a minute after it ended, and until then says that it did its work.
    jobs = [each for each in models.list("job") if each["metadata"]["name"] == "modelyard-apply"]
    assert all(each["status"].get("succeeded") == 1 and not each["status"].get("failed") for each in jobs)


def modelyard(target: Target, *arguments: str) -> "subprocess.Popen[str]":
    """The command line against the target's cluster."""
    kubectl = target.kubectl
    environ = {**os.environ, **({"KUBECONFIG": str(kubectl.kubeconfig)} if kubectl.kubeconfig else {})}
    context = ["--context", kubectl.context] if kubectl.context else []
    return subprocess.Popen(
        [str(Path(sys.executable).parent / "modelyard"), *arguments, *context],
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finished(command: "subprocess.Popen[str]") -> str:
    out, err = command.communicate(timeout=60)
    assert command.returncode == 0, f"{out}\n{err}"
    return out


def doctor_and_logs(target: Target) -> None:
    """What a person looks at next says that all is well, and what the pods say."""
    told = json.loads(finished(modelyard(target, "doctor", "-n", "models", "-o", "json")))
    assert told["works"], told
    levels = {each["name"]: each["level"] for each in told["findings"]}
    assert levels["Modelyard's operator"] == levels["Metrics API"] == "ok", told
    for container, words in (("server", "sentiment"), ("fetch", "s3://models")):
        lines = finished(modelyard(target, "logs", "sentiment", "-n", "models", "--container", container))
        assert words in lines
        assert all(line.startswith("sentiment-") for line in lines.splitlines())
    following = modelyard(target, "logs", "sentiment", "-n", "models", "--follow")
    try:
        assert following.stdout is not None
        assert following.stdout.readline().startswith("sentiment-")
        following.send_signal(signal.SIGINT)
        assert following.wait(30) == 0
    finally:
        following.kill()
        following.communicate()


@pytest.fixture
def ingress(mesh: Target) -> Iterator[Namespace]:
    """Where the ingress gateway is, and the Secrets that it serves hosts with."""
    namespace = Namespace(mesh, ISTIO_NAMESPACE)
    yield namespace
    namespace.run("delete", "secret", CREDENTIAL, "--ignore-not-found")


async def test_prods_overlay_ends_in_predictions_behind_istio_with_tls(
    ingress: Namespace, empty: Target, applied: Install
) -> None:
    models = Namespace(empty, "models")
    authority = Authority()
    first, second = (authority.secret(CREDENTIAL, HOST) for _ in range(2))
    await asyncio.to_thread(ingress.apply, first)
    await asyncio.to_thread(applied, "prod")
    await models.ready(within=240)
    await predicts_with(models, authority, first)
    lasting = httpx.Limits(keepalive_expiry=None)
    with httpx.Client(verify=authority.trusted, limits=lasting, timeout=30) as client:
        plain = ask(client, HTTP_URL, HOST)
        assert plain is not None
        assert (plain.status_code, plain.headers["location"]) == (301, f"https://{HOST}/predict")
        assert shown(ask(client, HTTPS_URL, HOST)) == in_secret(first)
        await asyncio.to_thread(ingress.apply, second)
        await predicts_with(models, authority, second)
        # Nothing was restarted: who was connected still is.
        assert shown(ask(client, HTTPS_URL, HOST)) == in_secret(first)
    resource = models.mdep()
    assert resource["status"]["routing"]["mode"] == "istio"
    [scaler] = models.list("hpa")
    assert (scaler["spec"]["minReplicas"], scaler["spec"]["maxReplicas"]) == (1, 6)
    operator = Namespace(empty, NAMESPACE).get("deployment", "modelyard-operator")
    assert operator["spec"]["replicas"] == 2


async def predicts_with(models: Namespace, authority: Authority, secret: Resource) -> None:
    """Waits for predictions over new connections with the certificate of this Secret."""

    def predicted() -> list[str]:
        with httpx.Client(verify=authority.trusted, timeout=30) as client:
            answer = ask(client, HTTPS_URL, HOST)
            return labels(answer) if shown(answer) == in_secret(secret) else []

    assert await models.until(f"{HTTPS_URL} predicts for {HOST}", predicted, within=60) == PREDICTED
