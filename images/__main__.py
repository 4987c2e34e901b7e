"""The command line: `python -m images build | sizes | clean`."""

import argparse
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from images import archive, engine, report
from images.build import Settings, build, chosen
from images.cache import cache_folder, locked
from images.engine import ENGINES
from images.errors import ImageError
from images.index import Index
from images.inputs import CACHE, PARTS, VARIANTS

ROOT = Path(__file__).resolve().parent.parent


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    result = argparse.ArgumentParser(prog="python -m images", description=__doc__)
    commands = result.add_subparsers(dest="command", required=True)
    building = commands.add_parser(
        "build", help="build what changed, and print the images as NAME:TAG ARCHIVE"
    )
    building.add_argument("--engine", choices=ENGINES, default=os.environ.get("MODELYARD_ENGINE") or None)
    building.add_argument(
        "--base",
        default=os.environ.get("MODELYARD_BASE_IMAGE") or None,
        help="base image of the first stages",
    )
    building.add_argument("--force", action="store_true", help="build although nothing changed")
    sizes = commands.add_parser(
        "sizes", help="print unpacked sizes by package; ends with 1 when over a limit"
    )
    for command in (building, sizes):
        command.add_argument("part", nargs="?", choices=(*PARTS, *VARIANTS, CACHE, "all"), default="all")
    commands.add_parser("clean", help="remove everything that this tool keeps in the cache")
    return result


def run_build(arguments: argparse.Namespace, cache: Path) -> None:
    """Build, and print one line an image."""
    settings = Settings(ROOT, cache, arguments.base, arguments.force)
    tool = engine.find(arguments.engine, cache, os.environ)
    for part in chosen(arguments.part, tool, settings):
        image = build(part, tool, settings, os.environ)
        print(f"{image.reference} {image.archive}")


def run_sizes(arguments: argparse.Namespace, cache: Path) -> None:
    """Print the size tables.

    Raises:
        ImageError: An image was not built yet, or is larger than it may be.
    """
    complaints = []
    for part in PARTS if arguments.part == "all" else (arguments.part,):
        image = Index(cache).current(part)
        if image is None:
            raise ImageError(f"the {part} image was not built yet: run `python -m images build {part}`")
        contents = archive.read(Path(image.archive))
        print("\n".join(report.table(image.reference, contents, report.LIMITS.get(part))))
        complaints.append(report.over_limit(part, contents))
    found = [complaint for complaint in complaints if complaint]
    if found:
        raise ImageError("; ".join(found))


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return the exit status: 0, or 1 with one sentence on standard error."""
    arguments = parser().parse_args(argv)
    cache = cache_folder(os.environ)
    try:
        if arguments.command == "build":
            run_build(arguments, cache)
        elif arguments.command == "sizes":
            run_sizes(arguments, cache)
        elif cache.exists():
            with locked(cache):
                shutil.rmtree(cache)
    except ImageError as error:
        print(f"images: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
