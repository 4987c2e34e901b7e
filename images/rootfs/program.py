"""Collect a root file system that holds one program of the base image: `program DESTINATION PROGRAM`."""

import sys
from pathlib import Path

from images.rootfs.runtime import Collector, finish, lay_top, linked_libraries


def collect(destination: Path, program: Path) -> None:
    """Lay the root file system below `destination` for the executable `program`."""
    lay_top(destination)
    collector = Collector(destination)
    collector.add(program)
    for library in sorted(linked_libraries([destination])):
        collector.add(library)
    finish(collector)


if __name__ == "__main__":
    collect(Path(sys.argv[1]), Path(sys.argv[2]))
