"""The lock files of the images against the workspace's own: `make lock` writes them all."""

import re
import tomllib
from pathlib import Path

import pytest

from images.inputs import PARTS, VARIANTS, component, requirements

ROOT = Path(__file__).parents[2]
PIN = re.compile(r"^([a-z0-9-]+)==(\S+)", re.MULTILINE)


def pins(path: Path) -> set[tuple[str, str]]:
    return set(PIN.findall(path.read_text()))


@pytest.mark.parametrize("part", [*PARTS, *VARIANTS])
def test_an_image_has_the_versions_that_the_tests_run_with(part: str) -> None:
    extra = pins(ROOT / requirements(part)) - pins(ROOT / "requirements.lock")
    assert not extra, "run `make lock`"


@pytest.mark.parametrize("part", [*PARTS, *VARIANTS])
def test_an_image_has_every_declared_dependency(part: str) -> None:
    project = tomllib.loads((ROOT / component(part) / "pyproject.toml").read_text())["project"]
    extra = part.removeprefix(f"{component(part)}-")
    declared = [*project["dependencies"], *project.get("optional-dependencies", {}).get(extra, [])]
    names = {re.split(r"[^A-Za-z0-9-]", line, maxsplit=1)[0] for line in declared}
    locked = {name for name, _ in pins(ROOT / requirements(part))}
    assert names <= locked, "run `make lock`"


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_variant_has_all_that_its_part_has(variant: str) -> None:
    lacking = pins(ROOT / requirements(VARIANTS[variant])) - pins(ROOT / requirements(variant))
    assert not lacking, "run `make lock`"


@pytest.mark.parametrize("path", [*map(requirements, [*PARTS, *VARIANTS]), "images/rootfs/builder.lock"])
def test_every_pin_has_a_hash_and_no_host(path: str) -> None:
    text = (ROOT / path).read_text()
    entries = re.split(r"\n(?=\S)", text.strip())
    assert all("--hash=sha256:" in entry for entry in entries)
    assert "://" not in text
