"""docs/engines.md says what the code does."""

import re
from pathlib import Path

import pytest

from images.inputs import VARIANTS
from modelyard_cli.forms import FORMS
from modelyard_cli.verbs.quantize import quantize
from modelyard_cli.verbs.tune import tune
from modelyard_server.artifact.tuning_section import BATCH_SHIFT_LIMIT
from modelyard_server.engines import ENGINES
from modelyard_server.tuning.plan import BATCHES, DEFAULT_BOUNDS

PAGE = Path(__file__).parents[2] / "docs" / "engines.md"
TEXT = PAGE.read_text()


def row(first: str) -> str:
    found: list[str] = re.findall(rf"^\| {re.escape(first)} .*\|$", TEXT, re.MULTILINE)
    return "\n".join(found)


@pytest.mark.parametrize("engine", ENGINES)
def test_every_engine_has_a_row_with_its_files(engine: str) -> None:
    assert [suffix for suffix in ENGINES[engine].suffixes if f"`{suffix}`" not in row(f"`{engine}`")] == []


@pytest.mark.parametrize("name", FORMS)
def test_every_form_has_a_row_with_its_engine(name: str) -> None:
    [line] = re.findall(rf"^\| .*`{name}`.* \| (?:no|yes) \|$", TEXT, re.MULTILINE)
    assert f"| `{FORMS[name].engine}` |" in line
    assert line.endswith("| no |") == FORMS[name].by_default


def test_the_bounds_are_those_of_the_code() -> None:
    assert f"`--max-flips` {DEFAULT_BOUNDS.flips} of the items, `--max-shift` {DEFAULT_BOUNDS.shift}" in TEXT
    assert f"a score that moves by more than {BATCH_SHIFT_LIMIT}" in TEXT
    assert f"in batches of {', '.join(map(str, BATCHES))}" in TEXT
    for command in (tune, quantize):
        defaults = {option.name: option.default for option in command.params}
        assert (defaults["max_flips"], defaults["max_shift"]) == (DEFAULT_BOUNDS.flips, DEFAULT_BOUNDS.shift)


def test_the_variants_are_named() -> None:
    assert [variant for variant in VARIANTS if f"`modelyard-{variant}`" not in TEXT] == []


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)#]+\.\w+)(?:#[^)]*)?\)", TEXT))))
def test_links_lead_somewhere(link: str) -> None:
    assert (PAGE.parent / link).is_file()
