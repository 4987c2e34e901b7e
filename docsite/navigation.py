"""An entry of the navigation that ends in `/` stands for every page of that folder."""

from pathlib import Path
from typing import Any

from docsite.page import prose

_FIRST = ("index.md", "README.md")


def _title(page: Path) -> str:
    text = page.read_text(encoding="utf-8")
    return next((line[2:].strip() for line in prose(text).splitlines() if line.startswith("# ")), page.stem)


def _pages(docs: Path, folder: str) -> list[Any]:
    pages = sorted(
        (docs / folder).glob("*.md"), key=lambda page: (page.name not in _FIRST, _title(page).lower())
    )
    return [page.relative_to(docs).as_posix() for page in pages]


def expand(docs: Path, nav: list[Any]) -> list[Any]:
    """The navigation with each folder's pages in its place: its own page first, then by title."""
    out: list[Any] = []
    for entry in nav:
        if isinstance(entry, str) and entry.endswith("/"):
            out += _pages(docs, entry)
        elif isinstance(entry, dict):
            out.append(
                {
                    title: expand(docs, part) if isinstance(part, list) else part
                    for title, part in entry.items()
                }
            )
        else:
            out.append(entry)
    return out
