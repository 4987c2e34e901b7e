"""The images of this checkout, built if anything changed."""

import os
import sys
from collections.abc import Collection

from demo.shell import ROOT, stream
from images.cache import cache_folder
from images.index import BuiltImage, Index
from images.inputs import CACHE, PARTS, VARIANTS

Images = dict[str, BuiltImage]
"""By part: operator, server, cache where no registry can be reached, server-openvino once it was built."""


def built(also: Collection[str] = ()) -> Images:
    """Build what changed, with progress, and name the result.

    Args:
        also: Variants to build even if nobody has built them yet.

    Raises:
        CommandError: a build failed.
    """
    cache = cache_folder(os.environ)
    # A variant that somebody built follows the source from then on; nobody else waits for it.
    variants = [part for part in VARIANTS if part in also or Index(cache).current(part) is not None]
    for parts in ([], *([variant] for variant in variants)):
        stream([sys.executable, "-m", "images", "build", *parts], env={**os.environ, "PYTHONPATH": str(ROOT)})
    index = Index(cache)
    found = {part: index.current(part) for part in (*PARTS, CACHE, *variants)}
    return {part: image for part, image in found.items() if image is not None}
