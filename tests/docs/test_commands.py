"""Commands that pages name parse, and what they name exists."""

import re
import subprocess
from pathlib import Path

import pytest

from docsite.page import fences
from modelyard_cli.main import VERBS
from tests.docs.pages import PAGES, ROOT, text

SHELL = [(page, fence) for page in PAGES for fence in fences(text(page), "sh", "bash", "shell", "console")]
FOLDERS = {path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".")}
MADE = ("site/", "build/", "results/", "examples/plates/model")
"""What a command makes; it is not in a clone."""

_START = r"(?:^|[|;&(]|&&|\$\()[ \t]*"
_SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")


def commands(page: str) -> list[str]:
    """Each line of shell, and each span of code, of a page."""
    blocks = [fence.body for at, fence in SHELL if at == page]
    return [*blocks, *_SPAN.findall(text(page))]


def targets(page: str) -> set[tuple[str, str]]:
    """The folder and target of each `make` that a page names."""
    found = set()
    for command in commands(page):
        for words in re.findall(rf"{_START}make((?: +[^\s#`;|&)]+)+)", command, re.M):
            rest = words.split()
            folder = rest[rest.index("-C") + 1] if "-C" in rest else "."
            named = [
                word
                for word in rest
                if word != "-C" and word != folder and re.fullmatch(r"[a-z][a-z-]*", word)
            ]
            found |= {(folder, word) for word in named}
    return found


def verbs(page: str) -> set[str]:
    """The verbs of the command line that a page names."""
    start = rf"{_START}(?:kubectl +)?modelyard +([a-z][a-z-]*)(?=\s|$)"
    return {verb for command in commands(page) for verb in re.findall(start, command, re.M)}


def paths(page: str) -> set[str]:
    """The files of this repository that a page's commands name."""
    bodies = " ".join(re.sub(r"#.*", "", fence.body) for at, fence in SHELL if at == page)
    words = re.findall(r"(?:(?<=\s)|(?<==)|(?<=@))\.?/?((?:[\w.-]+/)+[\w.-]*)(?=\s|$)", f" {bodies} ")
    named = {word for word in words if word.split("/")[0] in FOLDERS and not re.search(r"[A-Z]{4}", word)}
    return {word for word in named if not word.startswith(MADE)}


@pytest.mark.parametrize(("page", "fence"), SHELL, ids=[f"{page}:{fence.line}" for page, fence in SHELL])
def test_shell_parses(page: str, fence) -> None:
    said = subprocess.run(["bash", "-n"], check=False, input=fence.body, capture_output=True, text=True)

    assert (said.returncode, said.stderr) == (0, "")


@pytest.mark.parametrize("page", [page for page in PAGES if targets(page)])
def test_make_has_the_targets(page: str) -> None:
    missing = [
        f"make -C {folder} {target}"
        for folder, target in sorted(targets(page))
        if subprocess.run(
            ["make", "-n", "-C", str(ROOT / folder), target], check=False, capture_output=True
        ).returncode
    ]

    assert missing == []


@pytest.mark.parametrize("page", [page for page in PAGES if verbs(page)])
def test_the_command_line_has_the_verbs(page: str) -> None:
    assert sorted(verbs(page) - {verb.name for verb in VERBS}) == []


@pytest.mark.parametrize("page", [page for page in PAGES if paths(page)])
def test_the_files_that_commands_name_are_there(page: str) -> None:
    here = ROOT / Path(page).parent

    assert [
        path for path in sorted(paths(page)) if not (ROOT / path).exists() and not (here / path).exists()
    ] == []


def test_what_is_looked_for_is_found() -> None:
    assert (".", "demo") in targets("README.md")
    assert ("examples", "tabular") in targets("examples/README.md")
    assert {"status", "replay", "completion"} <= verbs("docs/cli.md")
    assert "examples/sentiment.yaml" in paths("README.md")
