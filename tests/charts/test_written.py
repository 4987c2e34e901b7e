"""charts/modelyard holds what `make manifests` writes."""

import re
from pathlib import Path

import pytest
import yaml

from charts import __main__ as command
from charts.written import BEGIN, CHART, COPIES, PageError, files, fill, images
from modelyard_cli.loadtest.job import IMAGE as K6
from tests.charts.rendering import ROOT, render


@pytest.mark.parametrize("name", files())
def test_a_generated_file_is_current(name: str) -> None:
    assert (CHART / name).read_text() == files()[name], "run `make manifests`"


def test_no_other_file_lies_beside_them() -> None:
    there = {str(file.relative_to(CHART)) for file in (CHART / "files").rglob("*.*")}
    assert there == {name for name in files() if name.startswith("files/")}, "run `make manifests`"


def test_copies_of_files_that_are_gone_are_removed(tmp_path: Path) -> None:
    for folder in COPIES:
        old = tmp_path / "files" / folder / "old.json"
        old.parent.mkdir(parents=True)
        old.touch()
    command.main(["--out", str(tmp_path)])
    assert {str(file.relative_to(tmp_path)) for file in tmp_path.rglob("*.*") if file.is_file()} == set(
        files()
    )


def test_the_page_has_the_present_table() -> None:
    page = (ROOT / "docs/install.md").read_text()
    assert fill(page) == page, "run `make manifests`"
    assert "| `images.operator.digest` |" in page
    with pytest.raises(PageError, match="end of values"):
        fill(BEGIN)


def test_every_image_that_the_chart_names_is_in_the_list() -> None:
    deployment = render()["Deployment", "modelyard-system", "modelyard-operator"]
    [container] = deployment["spec"]["template"]["spec"]["containers"]
    named = {each["value"] for each in container["env"] if each["name"].endswith(("_IMAGE", "_OPENVINO"))}
    assert {container["image"], *named, K6} == set(images())
    tested = (CHART / "templates/tests/answers.yaml").read_text()
    assert re.findall(r"image: (.*)", tested) == [
        '{{ include "modelyard.image" (list . .Values.images.operator) }}'
    ]


def test_the_versions_are_those_of_the_product() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    project = (ROOT / "pyproject.toml").read_text()
    assert f'version = "{chart["version"]}"' in project
    assert chart["appVersion"] == chart["version"]
