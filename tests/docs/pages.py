"""Every page of Markdown in the repository."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]

_LISTED = subprocess.run(
    ["git", "ls-files", "-co", "--exclude-standard", "*.md"],
    cwd=ROOT,
    check=True,
    capture_output=True,
    text=True,
).stdout.split()

PAGES = tuple(sorted(page for page in _LISTED if (ROOT / page).is_file()))
"""Paths from the repository's root."""


def text(page: str) -> str:
    """What a page says."""
    return (ROOT / page).read_text(encoding="utf-8")
