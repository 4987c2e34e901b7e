"""The comparison names tests of ours: each exists."""

import re

import pytest

from tests.docs.pages import ROOT, text

PAGE = "docs/comparison.md"
NAMED = re.findall(r"`(test_\w+)`", text(PAGE))


def test_the_failures_of_peers_are_named() -> None:
    assert len(NAMED) >= 15


@pytest.mark.parametrize("name", NAMED)
def test_a_named_test_exists(name: str) -> None:
    found = (ROOT / "tests").rglob("test_*.py")
    assert any(f"def {name}(" in path.read_text(encoding="utf-8") for path in found)
