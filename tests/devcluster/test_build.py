import dataclasses
import re
from pathlib import Path

import pytest

from devcluster import toolchain
from devcluster.build import TOOLS, TOOLS_DIR, Tool, cache_key, link_binaries
from devcluster.config import Settings
from devcluster.trimming import Trim


@pytest.fixture
def modules(tmp_path: Path) -> Path:
    folder = tmp_path / "tools" / "m"
    folder.mkdir(parents=True)
    (folder / "go.mod").write_text("module m")
    (folder / "go.sum").write_text("")
    return folder.parent


TOOL = Tool("prog", "m", "example.org/prog", "-X a=b")


def test_the_key_changes_with_everything_that_decides_the_bytes(modules: Path) -> None:
    keys = {cache_key(TOOL, "go1.26.8", modules)}
    keys.add(cache_key(TOOL, "go1.26.9", modules))
    keys.add(cache_key(Tool("prog", "m", "example.org/prog", "-X a=c"), "go1.26.8", modules))
    keys.add(cache_key(Tool("prog", "m", "example.org/prog", "-X a=b", tags="t"), "go1.26.8", modules))
    keys.add(cache_key(dataclasses.replace(TOOL, trim=Trim("m", "p", (), "s", ())), "go1.26.8", modules))
    ours = Tool("prog", "m", "modelyard.dev/devcluster/tools/m/prog")
    (modules / "m" / "prog").mkdir()
    for line in ("package main", "package main // with less"):
        (modules / "m" / "prog" / "main.go").write_text(line)
        keys.add(cache_key(ours, "go1.26.8", modules))
    (modules / "m" / "go.sum").write_text("another sum")
    keys.add(cache_key(TOOL, "go1.26.8", modules))
    assert len(keys) == 8
    assert all(re.fullmatch(r"prog-[0-9a-f]{16}", key) for key in keys)


@pytest.mark.parametrize("tool", TOOLS.values(), ids=lambda tool: tool.name)
def test_every_tool_is_pinned_and_imported_by_its_module(tool: Tool) -> None:
    folder = TOOLS_DIR / tool.module
    ours = TOOLS_DIR / tool.package.removeprefix("modelyard.dev/devcluster/tools/")
    assert f'_ "{tool.package}"' in (folder / "tools.go").read_text() or (ours / "main.go").exists()
    assert (folder / "go.sum").stat().st_size > 0


def test_the_go_that_is_asked_for_can_build_every_module() -> None:
    wanted = [
        tuple(int(part) for part in line.split()[1].split("."))
        for file in TOOLS_DIR.glob("*/go.mod")
        for line in file.read_text().splitlines()
        if line.startswith("go ")
    ]
    assert max(wanted) == toolchain.MINIMUM
    assert (toolchain.parse_version(toolchain.FETCHED) or ()) >= toolchain.MINIMUM


@pytest.mark.parametrize(
    ("text", "version"),
    [("go1.26.8", (1, 26, 8)), ("go1.19", (1, 19, 0)), ("go1.27rc1", (1, 27, 0)), ("devel +abc", None)],
)
def test_go_versions_are_read(text: str, version: tuple[int, ...] | None) -> None:
    assert toolchain.parse_version(text) == version


def test_links_follow_the_cache(settings: Settings, tmp_path: Path) -> None:
    for build in ("one", "two"):
        program = tmp_path / build / "prog"
        program.parent.mkdir()
        program.write_text(build)
        link_binaries(settings, {"prog": program})
        assert (settings.bin_dir / "prog").read_text() == build
