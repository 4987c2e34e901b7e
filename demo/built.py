"""The images of this checkout, built if anything changed."""

import os
import sys

from demo.shell import ROOT, stream
from images.cache import cache_folder
from images.index import BuiltImage, Index

Images = dict[str, BuiltImage]
"""By part: operator, server, and cache where no registry can be reached."""


def built() -> Images:
    """Build what changed, with progress, and name the result.

    Raises:
        CommandError: a build failed.
    """
    stream([sys.executable, "-m", "images", "build"], env={**os.environ, "PYTHONPATH": str(ROOT)})
    index = Index(cache_folder(os.environ))
    found = {part: index.current(part) for part in ("operator", "server", "cache")}
    return {part: image for part, image in found.items() if image is not None}
