"""Every overlay is whole, pinned and restricted, and carries resources that are valid."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from docsite.page import fences
from modelyard_operator.api.deployment import KIND, ModelDeployment
from tests.k8s.overlays import K8S, OVERLAYS, build, carried, find, images, pod_specs

IMAGES = {"modelyard-operator", "modelyard-server", "modelyard-server-openvino", "valkey/valkey"}

overlays = pytest.mark.parametrize("overlay", OVERLAYS, ids=lambda path: path.name)


def test_those_that_are_documented_are_there() -> None:
    assert {"minikube", "aks", "gke", "eks", "prod"} == {folder.name for folder in OVERLAYS}


@overlays
def test_what_it_carries_is_a_valid_sentiment_deployment(overlay: Path) -> None:
    documents = [
        each for text in carried(build(overlay)).values() for each in yaml.safe_load_all(text) if each
    ]
    [resource] = [each for each in documents if each["kind"] == KIND]
    model = ModelDeployment.model_validate(resource)
    assert resource["metadata"] == {"name": "sentiment"}
    assert model.spec.cache is not None
    assert model.spec.cache.ttl_seconds == 180
    assert model.spec.scaling.min_replicas == 1
    assert model.spec.scaling.max_replicas == (3 if overlay.name == "minikube" else 6)


@overlays
def test_the_job_may_apply_what_is_carried_and_nothing_else(overlay: Path) -> None:
    manifests = build(overlay)
    documents = [each for text in carried(manifests).values() for each in yaml.safe_load_all(text) if each]
    rules = find(manifests, "Role", "modelyard-apply")["rules"]
    named = {(each["apiVersion"].partition("/")[0], f"{each['kind'].lower()}s") for each in documents}
    assert {(group, plural) for r in rules for group in r["apiGroups"] for plural in r["resources"]} == named
    assert {verb for rule in rules for verb in rule["verbs"]} == {"get", "create", "patch"}
    job = find(manifests, "Job", "modelyard-apply")
    assert job["metadata"]["namespace"] == find(manifests, "Role", "modelyard-apply")["metadata"]["namespace"]
    # The Job that is there must not be in the way of the next one for long.
    assert 0 < job["spec"]["ttlSecondsAfterFinished"] <= 120


@overlays
def test_images_are_pinned_and_all_can_be_replaced(overlay: Path) -> None:
    manifests = build(overlay)
    for image in images(manifests):
        name, _, tag = image.rpartition(":")
        assert name, image
        assert tag not in {"", "latest"}, image
        assert "/" not in tag, image
    listed = {each["name"] for each in yaml.safe_load((overlay / "kustomization.yaml").read_text())["images"]}
    assert listed == IMAGES


@overlays
def test_our_images_are_looked_for_where_somebody_puts_them(overlay: Path) -> None:
    """Nobody publishes them, so a name without a registry is pulled from nowhere."""
    where = "localhost" if overlay.name == "minikube" else "registry.example.com"
    ours = {image.rpartition("/")[0] for image in images(build(overlay)) if "modelyard-" in image}
    assert ours == {where}


def test_the_page_of_minikube_gives_prod_the_images_that_are_loaded(tmp_path: Path) -> None:
    for folder in ("k8s", "grafana"):
        shutil.copytree(K8S.parent / folder, tmp_path / folder)
    page = (K8S.parent / "docs" / "clouds" / "minikube.md").read_text()
    [line] = re.findall(r"^sed .*overlays/prod.*$", page, re.M)
    subprocess.run(["bash", "-c", line], cwd=tmp_path, check=True)
    assert images(build(tmp_path / "k8s/overlays/prod")) == images(build(K8S / "overlays" / "minikube"))


def test_an_overlay_as_the_readme_has_it_takes_images_and_resource_from_its_folder() -> None:
    section = (K8S / "README.md").read_text().partition("\n## Your own\n")[2]
    kustomization = yaml.safe_load(next(fences(section, "yaml")).body)
    prod = K8S / "overlays" / "prod"
    folder = K8S.parent / "build" / "test-own-overlay"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        (folder / "image-fields.yaml").write_bytes((prod / "image-fields.yaml").read_bytes())
        (folder / "sentiment.yaml").write_text("mine: true")
        kustomization["resources"] = ["../../k8s/overlays/prod"]
        (folder / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))
        manifests = build(folder)
    finally:
        shutil.rmtree(folder)
    ours = {image for image in images(manifests) if "modelyard-" in image}
    assert ours == {f"REGISTRY/{name}:0.1.0" for name in IMAGES if name.startswith("modelyard-")}
    assert carried(manifests)["sentiment.yaml"] == "mine: true"


def test_the_servers_image_follows_the_overlays_list() -> None:
    """It stands in the operator's environment, where kustomize looks only if told to."""
    file = K8S / "overlays" / "prod" / "kustomization.yaml"
    kustomization = yaml.safe_load(file.read_text())
    overlay = K8S / "overlays" / "test-images"
    kustomization["images"] = [
        {"name": name, "newName": f"registry.example/{name}", "newTag": "7"} for name in IMAGES
    ]
    overlay.mkdir()
    try:
        for each in file.parent.iterdir():
            (overlay / each.name).write_bytes(each.read_bytes())
        (overlay / file.name).write_text(yaml.safe_dump(kustomization))
        assert images(build(overlay)) == {f"registry.example/{name}:7" for name in IMAGES}
    finally:
        for each in overlay.iterdir():
            each.unlink()
        overlay.rmdir()


@overlays
def test_only_images_are_taken_for_images(overlay: Path) -> None:
    """kustomize renames whatever reads as the name of an image in each value that it is told to look at."""
    pod = find(build(overlay), "Deployment", "modelyard-operator")["spec"]["template"]["spec"]
    values = {each["name"]: each.get("value", "") for each in pod["containers"][0]["env"]}
    others = {value for name, value in values.items() if "_IMAGE" not in name}
    assert others & {"modelyard-operator", "modelyard-server"} == set()
    assert [value for value in others if ":0.1.0" in value] == []


@overlays
def test_pods_are_restricted_and_so_are_their_namespaces(overlay: Path) -> None:
    manifests = build(overlay)
    for each in manifests:
        if each["kind"] == "Namespace":
            assert each["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    for spec in pod_specs(manifests):
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in spec["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert {"requests", "limits"} <= set(container["resources"])


@pytest.mark.parametrize(
    "overlay", [path for path in OVERLAYS if path.name != "minikube"], ids=lambda p: p.name
)
def test_production_brings_every_dashboard(overlay: Path) -> None:
    maps = [each for each in build(overlay) if each["kind"] == "ConfigMap"]
    found = {name: each for each in maps for name in each["data"] if name.endswith(".json")}
    assert set(found) == {file.name for file in (K8S.parent / "grafana" / "dashboards").glob("*.json")}
    for name, each in found.items():
        assert each["metadata"]["labels"]["grafana_dashboard"] == "1"
        assert each["metadata"]["name"] == f"modelyard-operator-dashboard-{name.removesuffix('.json')}"
        # Client-side apply writes all of it into an annotation, which holds so much.
        assert len(json.dumps(each)) < 262_144


@pytest.mark.parametrize("name", ["ha", "grafana", "prometheus", "changed-by"])
def test_a_component_goes_with_the_base_alone(name: str) -> None:
    folder = K8S.parent / "build" / f"test-component-{name}"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "kustomization.yaml"
    component = f"../../k8s/components/{name}"
    try:
        file.write_text(yaml.safe_dump({"resources": ["../../k8s/base"], "components": [component]}))
        more = {(each["kind"], each["metadata"]["name"]) for each in build(folder)}
    finally:
        file.unlink()
        folder.rmdir()
    base = {(each["kind"], each["metadata"]["name"]) for each in build(K8S / "base")}
    assert base < more


@pytest.mark.parametrize("component", sorted(path.name for path in (K8S / "components").iterdir()))
def test_every_component_is_described_where_people_look(component: str) -> None:
    assert f"`{component}`" in (K8S / "README.md").read_text()
