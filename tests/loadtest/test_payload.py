"""What is taken for items, and what is refused in words."""

from pathlib import Path

import pytest

from modelyard_cli.errors import CliError
from modelyard_cli.loadtest.payload import MOST_PICTURES, Kind, payload
from modelyard_cli.loadtest.plan import Plan, variables
from modelyard_cli.loadtest.scenario import scenario


def write(path: Path, content: str) -> Path:
    path.write_text(content)
    return path


def test_kinds_are_told_from_what_is_there(tmp_path: Path) -> None:
    texts = payload(write(tmp_path / "texts.txt", "a fine film\n\nno\n"), scenario("sentiment"))
    assert texts.kind is Kind.TEXTS
    urls = payload(write(tmp_path / "urls.txt", "https://a.example/1.jpg\n"), scenario("plates"))
    assert urls.kind is Kind.URLS
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(MOST_PICTURES + 5):
        write(folder / f"{number:03}.PNG", "")
    write(folder / "notes.md", "")
    pictures = payload(folder, scenario("plates"))
    assert (pictures.kind, len(pictures.files)) == (Kind.PICTURES, MOST_PICTURES)
    assert payload(folder / "000.PNG", scenario("images-75")).kind is Kind.PICTURES


@pytest.mark.parametrize(
    ("content", "name", "says"),
    [
        ("a text\n", "plates", "texts, but the scenario plates asks pictures"),
        ("http://a.example/1.jpg\n", "sentiment", "urls, but the scenario sentiment asks texts"),
        ("\n", "sentiment", "empty; it must have"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path: Path, content: str, name: str, says: str) -> None:
    with pytest.raises(CliError, match=says):
        payload(write(tmp_path / "items.txt", content), scenario(name))


def test_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "items.bin").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CliError, match="neither a picture by its name nor text"):
        payload(tmp_path / "items.bin", scenario("sentiment"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(CliError, match="no pictures in it"):
        payload(tmp_path / "empty", scenario("plates"))


def test_the_script_is_told_where_its_items_are(tmp_path: Path) -> None:
    items = payload(write(tmp_path / "texts.txt", "a\n"), scenario("sentiment"))
    plan = Plan(scenario("sentiment"), True, "http://a.example", items, 0.5, "b.example", "secret")
    assert variables(plan, ["/loadtest/texts.txt"]) == {
        "TARGET": "http://a.example",
        "SCENARIO": "sentiment",
        "SHORT": "1",
        "CACHE_RATE": "0.5",
        "HOST": "b.example",
        "TOKEN": "secret",
        "TEXTS": "/loadtest/texts.txt",
    }
