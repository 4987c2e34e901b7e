"""What is asked: a file of texts or addresses, pictures, or nothing, in which case k6 draws them."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from modelyard_cli.errors import CliError
from modelyard_cli.loadtest.scenario import Scenario

PICTURES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff"})
MOST_PICTURES = 50
"""k6 keeps them all in memory."""


class Kind(StrEnum):
    """The variable by which k6's script is told."""

    TEXTS = "TEXTS"
    URLS = "URLS"
    PICTURES = "PICTURES"


@dataclass(frozen=True, slots=True)
class Payload:
    """Files with items.

    Attributes:
        kind: What is in them.
        files: One of lines, or a picture each.
    """

    kind: Kind
    files: tuple[Path, ...]


def payload(path: Path, scenario: Scenario) -> Payload:
    """Tell what a path holds that fits a scenario.

    Raises:
        CliError: Nothing that fits.
    """
    if path.is_dir():
        files = sorted(each for each in path.iterdir() if each.suffix.lower() in PICTURES)
        if not files:
            raise CliError(f"{path}: no pictures in it ({', '.join(sorted(PICTURES))})")
    else:
        files = [path]
    if all(each.suffix.lower() in PICTURES for each in files):
        found = Payload(Kind.PICTURES, tuple(each.resolve() for each in files[:MOST_PICTURES]))
    else:
        found = Payload(_lines(path), (path.resolve(),))
    texts = found.kind is Kind.TEXTS
    if texts != (scenario.payload == "text"):
        wants = "texts" if scenario.payload == "text" else "pictures, or their addresses a line each"
        raise CliError(
            f"{path}: {found.kind.value.lower()}, but the scenario {scenario.name} asks {wants}; give a file "
            "with a text a line, a file with an address a line, or a folder of pictures"
        )
    return found


def _lines(path: Path) -> Kind:
    try:
        lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except UnicodeDecodeError:
        raise CliError(f"{path}: neither a picture by its name nor text in UTF-8") from None
    if not lines:
        raise CliError(f"{path}: empty; it must have a text or an address a line")
    addresses = all(line.strip().startswith(("http://", "https://")) for line in lines)
    return Kind.URLS if addresses else Kind.TEXTS
