"""The examples name what is there, and docs/gitops.md names the examples."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted(file for file in (ROOT / "gitops").rglob("*.yaml") if file.name != "argocd-cm.yaml")
PAGE = ROOT / "docs" / "gitops.md"


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_an_example_names_what_is_there(file: Path) -> None:
    documents = [each for each in yaml.safe_load_all(file.read_text()) if each]
    assert documents
    for each in documents:
        spec = each["spec"]
        source = spec.get("source", {})
        chart = spec.get("chart", {}).get("spec", {}) if isinstance(spec.get("chart"), dict) else {}
        inside = [path for path in (source.get("path"), spec.get("path"), chart.get("chart")) if path]
        for path in inside:
            if path.removeprefix("./") != "production":
                assert (ROOT / path).is_dir(), path
        patches = [*source.get("kustomize", {}).get("patches", []), *spec.get("patches", [])]
        for patch in patches:
            [container] = yaml.safe_load(patch["patch"])["spec"]["template"]["spec"]["containers"]
            operator = next(yaml.safe_load_all((ROOT / "k8s/base/operator.yaml").read_text()))
            [real] = operator["spec"]["template"]["spec"]["containers"]
            assert container["name"] == real["name"]
            assert {each["name"] for each in container["env"]} <= {each["name"] for each in real["env"]}
    assert ":latest" not in file.read_text()


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_the_page_names_it(file: Path) -> None:
    assert f"../{file.relative_to(ROOT)}" in PAGE.read_text()


def test_the_pages_links_lead_somewhere() -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", PAGE.read_text())
    assert [link for link in links if not (PAGE.parent / link).exists()] == []
