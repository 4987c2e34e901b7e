import json
from typing import Any

import pytest

from devcluster import modules, pods
from devcluster.build import TOOLS
from devcluster.config import Settings
from devcluster.extras import EXTRAS

IN_PODS = [extra for extra in EXTRAS.values() if extra.pods]
PODS = pods.Pods("keda", "example.org/m", ("config/a",), {"ko://example.org/m/a": "m-a"})


def deployment(image: str) -> dict[str, Any]:
    template = {"spec": {"containers": [{"name": "a", "image": image}]}}
    return {"kind": "Deployment", "metadata": {"name": "a"}, "spec": {"template": template}}


@pytest.mark.parametrize("extra", IN_PODS, ids=lambda extra: extra.name)
def test_every_program_in_a_pod_is_a_tool_of_its_extra(extra: Any) -> None:
    assert set(extra.pods.images.values()) <= {tool.name for tool in extra.tools}
    assert {TOOLS[name].module for name in extra.pods.images.values()} == {extra.pods.module}


def test_manifests_name_the_image_of_the_build_and_keep_their_order(settings: Settings) -> None:
    assert pods.manifests(settings, PODS, {"m-a": "m-a-0123"}) == []
    folder = settings.cache_dir / "manifests" / modules.key("keda", "example.org/m", "config/a")
    folder.mkdir(parents=True)
    (folder / "001-Deployment-a.json").write_text(json.dumps(deployment("ko://example.org/m/a")))
    (folder / "000-ServiceAccount-z.json").write_text(json.dumps({"kind": "ServiceAccount"}))
    account, made = pods.manifests(settings, PODS, {"m-a": "m-a-0123"})
    assert account["kind"] == "ServiceAccount"
    assert made == deployment("localhost/devcluster/m-a:0123")


@pytest.mark.parametrize(
    ("status", "is_ready"),
    [
        ({"observedGeneration": 2, "updatedReplicas": 1, "availableReplicas": 1}, True),
        ({"observedGeneration": 1, "updatedReplicas": 1, "availableReplicas": 1}, False),
        ({"observedGeneration": 2, "availableReplicas": 1}, False),
        ({"observedGeneration": 2, "updatedReplicas": 1}, False),
        ({}, False),
    ],
)
def test_a_deployment_works_with_a_ready_pod_of_its_present_form(
    status: dict[str, int], is_ready: bool
) -> None:
    found = {"metadata": {"generation": 2}, "status": status}
    assert (pods.deployment_problem("/a", found) is None) is is_ready
    assert pods.deployment_problem("/a", None) == "/a is not there"
