"""docs/cli.md has every verb, and its links lead somewhere."""

import re
from pathlib import Path

import pytest

from modelyard_cli.main import VERBS

PAGE = Path(__file__).parents[2] / "docs" / "cli.md"
TEXT = PAGE.read_text()


@pytest.mark.parametrize("verb", [verb.name for verb in VERBS])
def test_every_verb_is_there(verb: str) -> None:
    assert f"`{verb} " in TEXT or f"`{verb}`" in TEXT


@pytest.mark.parametrize("page", ["cli.md", "approval.md", "notifications.md"])
def test_links_lead_somewhere(page: str) -> None:
    links = re.findall(r"\]\(([^)#:]+\.\w+)(?:#[^)]*)?\)", (PAGE.parent / page).read_text())
    assert [link for link in links if not (PAGE.parent / link).is_file()] == []
