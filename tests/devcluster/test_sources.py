from pathlib import Path

import pytest

from devcluster import modules, sources
from devcluster.build import TOOLS_DIR
from devcluster.config import Settings
from devcluster.errors import DevclusterError
from devcluster.extras import EXTRAS
from devcluster.sources import Sources
from devcluster.ui import Ui

SOME = Sources("istio", "example.org/some", ("a/b.yaml", "c.json"))


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A module that is there already."""
    folder = tmp_path / "module"
    (folder / "a").mkdir(parents=True)
    (folder / "a" / "b.yaml").write_text("b: 1")
    monkeypatch.setattr(modules, "downloaded", lambda *_: folder)
    return folder


def test_files_are_kept_without_the_module(settings: Settings, module: Path) -> None:
    (module / "c.json").write_text("{}")
    assert sources.cached(settings, SOME, "c.json") == ""
    sources.ensure(settings, Ui(), SOME)
    (module / "c.json").unlink()
    sources.ensure(settings, Ui(), SOME)
    assert sources.cached(settings, SOME, "a/b.yaml") == "b: 1"
    assert sources.cached(settings, SOME, "c.json") == "{}"


@pytest.mark.usefixtures("module")
def test_a_file_that_has_gone_from_the_module_is_named(settings: Settings) -> None:
    with pytest.raises(DevclusterError, match=r"holds no c\.json"):
        sources.ensure(settings, Ui(), SOME)
    assert sources.cached(settings, SOME, "a/b.yaml") == ""


def test_every_choice_has_a_folder_of_its_own(settings: Settings) -> None:
    of_extras = [each for extra in EXTRAS.values() for each in extra.sources]
    others = [Sources("istio", "example.org/some", ("a/b.yaml",)), SOME]
    folders = {sources.folder(settings, each) for each in (*of_extras, *others)}
    assert len(folders) == len(of_extras) + len(others)
    assert all((TOOLS_DIR / each.module / "go.mod").exists() for each in of_extras)
