"""Links and anchors of every page lead somewhere, in the repository's view."""

import re

import pytest

from docsite.page import anchors, links
from tests.docs.pages import PAGES, ROOT, text


def broken(page: str) -> list[str]:
    """What is wrong with each link that leads nowhere; addresses of elsewhere are not asked."""
    found = []
    for link in links(text(page)):
        if re.match(r"^(https?|mailto):", link.target):
            continue
        name, _, anchor = link.target.partition("#")
        path = (ROOT / page).parent / name if name else ROOT / page
        if not path.exists() or not path.resolve().is_relative_to(ROOT):
            found.append(f"{link.target}: no such file")
        elif anchor and path.suffix == ".md" and anchor not in anchors(path.read_text(encoding="utf-8")):
            found.append(f"{link.target}: the page has no such heading")
    return found


def test_there_are_pages() -> None:
    assert {"README.md", "docs/index.md", "docs/modeldeployment.md", "examples/README.md"} <= set(PAGES)


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    assert broken(page) == []


@pytest.mark.parametrize(
    "target", ["nowhere.md", "index.md#no-such-heading", "#no-such-heading", "../../outside.md"]
)
def test_a_broken_link_is_found(target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{__name__}.text", lambda page: f"[a]({target})")

    assert len(broken("docs/index.md")) == 1
