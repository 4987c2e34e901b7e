from pathlib import Path

import pytest

from images.inputs import CACHE, PARTS, VARIANTS, dependency_files, input_files, stage, tag_of, version

ROOT = Path(__file__).parents[2]
BASE = "base:1"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    stage(ROOT, "server", tmp_path / "tree")
    return tmp_path / "tree"


def tag(root: Path, base: str = BASE) -> str:
    return tag_of(root, input_files(root, "server"), base)


def test_a_copy_of_the_inputs_has_the_same_tag(tree: Path) -> None:
    assert tag(tree) == tag(ROOT)


def test_the_tag_follows_the_source(tree: Path) -> None:
    before = tag(tree)
    module = tree / "server/src/modelyard_server/contract.py"
    content = module.read_text()
    module.write_text(content + "\n")
    assert tag(tree) != before
    module.write_text(content)
    assert tag(tree) == before


def test_the_tag_follows_a_new_name_and_the_base_image(tree: Path) -> None:
    before = tag(tree)
    assert tag(tree, "base:2") != before
    (tree / "server/src/modelyard_server/new.py").touch()
    assert tag(tree) != before


def test_bytecode_and_hidden_files_are_no_inputs(tree: Path) -> None:
    before = tag(tree)
    (tree / "server/src/modelyard_server/__pycache__").mkdir()
    (tree / "server/src/modelyard_server/__pycache__/a.pyc").touch()
    (tree / "server/src/modelyard_server/.a.py.swp").touch()
    assert tag(tree) == before


def test_the_source_does_not_touch_the_dependencies(tree: Path) -> None:
    before = tag_of(tree, dependency_files("server"), BASE)
    (tree / "server/src/modelyard_server/contract.py").write_text("")
    assert tag_of(tree, dependency_files("server"), BASE) == before
    (tree / "server/requirements.lock").write_text("")
    assert tag_of(tree, dependency_files("server"), BASE) != before


def test_the_context_holds_the_inputs_alone(tree: Path) -> None:
    found = sorted(path.relative_to(tree) for path in tree.rglob("*") if path.is_file())
    assert found == sorted(input_files(ROOT, "server"))
    assert all(path.stat().st_mtime == 0 for path in tree.rglob("*"))


def test_every_part_has_a_version() -> None:
    assert all(version(ROOT, part) for part in (*PARTS, *VARIANTS, CACHE))


def test_a_variant_is_its_part_with_another_lock() -> None:
    part, variant = set(input_files(ROOT, "server")), set(input_files(ROOT, "server-openvino"))
    assert part - variant == {Path("server/requirements.lock")}
    assert variant - part == {Path("server/requirements-openvino.lock")}
