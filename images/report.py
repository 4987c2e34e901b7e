"""The unpacked size of an image, package by package, against its limit."""

import csv
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import PurePosixPath

from images.archive import Contents, disk_bytes

LIMITS = {"server": 350_000_000, "server-openvino": 420_000_000}
"""Most bytes on disk that an unpacked image may take."""

BYTECODE = re.compile(r"^(?P<folder>.*?)(?:__pycache__/)(?P<module>[^/]+?)\.cpython-\d+(?:\.opt-\d)?\.pyc$")
SITE_PACKAGE = re.compile(r"/site-packages/(?P<top>[^/]+)")
MEGABYTE = 1_000_000
ROWS = 25


def source_of(path: str) -> str:
    """Return the module that a byte-code file was compiled from; any other path as it is."""
    match = BYTECODE.match(path)
    return f"{match['folder']}{match['module']}.py" if match else path


def owners(contents: Contents) -> dict[str, str]:
    """Return path -> package for the files that a package record names."""
    result = {}
    for record, text in contents.texts.items():
        path = PurePosixPath(record)
        if path.name == "RECORD":
            package = path.parent.name.removesuffix(".dist-info").rpartition("-")[0]
            for row in csv.reader(text.splitlines()):
                result[str(path.parent.parent / row[0])] = package
        else:
            for line in text.splitlines():
                result[line.partition("  ")[2]] = f"debian: {path.name.removesuffix('.md5sums')}"
    return result


def by_package(contents: Contents) -> Counter[str]:
    """Return package -> bytes on disk, the byte-code counted with the module that it came from."""
    known = owners(contents)
    result: Counter[str] = Counter()
    for path, size in contents.sizes.items():
        source = source_of(path)
        site = SITE_PACKAGE.search(path)
        if source in known:
            package = known[source]
        elif site:
            package = site["top"].removesuffix(".py")
        else:
            package = "python" if "python3" in path else "other"
        result[package] += disk_bytes(size)
    return result


def table(name: str, contents: Contents, limit: int | None) -> Iterator[str]:
    """Yield the lines of the report: the largest packages, the rest in one line, the total."""
    sizes = by_package(contents).most_common()
    yield f"{name}, unpacked, in MB:"
    for package, size in sizes[:ROWS]:
        yield f"  {size / MEGABYTE:7.1f}  {package}"
    rest = sizes[ROWS:]
    if rest:
        yield f"  {sum(size for _, size in rest) / MEGABYTE:7.1f}  {len(rest)} more"
    total = contents.unpacked_bytes
    against = f", limit {limit / MEGABYTE:.0f}" if limit else ""
    yield f"  {total / MEGABYTE:7.1f}  in all{against}"


def over_limit(part: str, contents: Contents) -> str | None:
    """Return what to tell a person when the image of `part` is larger than it may be, else None."""
    limit = LIMITS.get(part)
    if limit is None or contents.unpacked_bytes <= limit:
        return None
    return (
        f"the {part} image takes {contents.unpacked_bytes / MEGABYTE:.1f} MB unpacked, over its limit of "
        f"{limit / MEGABYTE:.0f} MB: see the table for what grew, and images/rootfs/trim.py for what can go"
    )
