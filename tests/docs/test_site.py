"""The site is built without a warning, whole, and from nothing of elsewhere."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.docs.pages import ROOT


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "-q", "--strict", "-d", str(folder)],
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={"PATH": "", "NO_MKDOCS_2_WARNING": "1"},
    )
    assert (built.returncode, built.stderr) == (0, "")
    return folder


def pages(site: Path) -> dict[str, str]:
    return {path.relative_to(site).as_posix(): path.read_text() for path in site.rglob("*.html")}


def test_every_page_is_built_and_found_by_the_search(site: Path) -> None:
    written = {path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")}
    addresses = {re.sub(r"(^|/)(?:index|README)?\.md$", r"\1", page).replace(".md", "/") for page in written}
    index = json.loads((site / "search" / "search_index.json").read_text())

    assert addresses - {entry["location"] for entry in index["docs"]} == set()
    assert any("drainSeconds" in entry["text"] for entry in index["docs"])


def test_nothing_comes_from_elsewhere(site: Path) -> None:
    loaded = re.compile(
        r"<(?:script|img|iframe|source)[^>]*\ssrc=[\"']?(?:https?:)?//|<link[^>]*rel=[\"']?(?:stylesheet|preconnect|icon)[^>]*href=[\"']?(?:https?:)?//"
    )

    assert [name for name, page in pages(site).items() if loaded.search(page)] == []
    assert [
        sheet.name
        for sheet in site.rglob("*.css")
        if re.search(r"url\([\"']?(?:https?:)?//|@import", sheet.read_text())
    ] == []


def test_tables_and_lists_are_shown_as_such(site: Path) -> None:
    """Markdown for GitHub may lack the empty line that mkdocs needs before a table or a list."""
    raw = re.compile(r"<p>[^<]*\n?(?:\| ?-{3}|[-*] |1\. )")

    assert [name for name, page in pages(site).items() if raw.search(page)] == []


def test_the_navigation_is_by_what_a_reader_is_after(site: Path) -> None:
    nav = yaml.safe_load((ROOT / "mkdocs.yml").read_text())["nav"]
    names = [next(iter(entry)) for entry in nav]

    assert names == ["Home", "Tutorial", "How-to", "Concepts", "Reference", "Operations"]
    for name in names:
        assert name in pages(site)["index.html"]


def test_there_is_a_light_and_a_dark_scheme(site: Path) -> None:
    assert {"default", "slate"} <= set(re.findall(r'data-md-color-scheme="(\w+)"', pages(site)["index.html"]))


def test_a_link_that_leads_nowhere_ends_the_build(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text("# Home\n\n[a](nowhere.md)\n")
    settings = (
        (ROOT / "mkdocs.yml")
        .read_text()
        .partition("\nnav:")[0]
        .replace("docsite/hook.py", str(ROOT / "docsite/hook.py"))
    )
    (tmp_path / "mkdocs.yml").write_text(settings)

    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "-f", str(tmp_path / "mkdocs.yml")],
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )

    assert built.returncode == 1
    assert "nowhere.md" in built.stderr
