"""The list of built images in the cache, which the deploy step reads."""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

KEPT = 3
"""Archives kept of each image, the current one counted."""


@dataclass(frozen=True)
class BuiltImage:
    """One image that stands in the cache as a docker-archive."""

    part: str
    """One of `images.inputs`: a part, a variant, or the cache."""
    name: str
    tag: str
    id: str
    """`sha256:<hex>` of the image's configuration."""
    archive: str
    """Path of the docker-archive."""
    unpacked_bytes: int
    """Bytes on disk once unpacked."""

    @property
    def reference(self) -> str:
        """The name that a pod spec gives."""
        return f"{self.name}:{self.tag}"


class Index:
    """`index.json`: for each part its images, the current one first.

    `{"images": {"server": [{"part", "name", "tag", "reference", "id", "archive", "unpacked_bytes"}, …]}}`
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "index.json"
        self._images: dict[str, list[BuiltImage]] = {}
        if self.path.exists():
            for part, entries in json.loads(self.path.read_text())["images"].items():
                for entry in entries:
                    entry.pop("reference")
                    self._images.setdefault(part, []).append(BuiltImage(**entry))

    def current(self, part: str) -> BuiltImage | None:
        """Return the newest image of `part`, or None."""
        return next(iter(self._images.get(part, [])), None)

    def find(self, part: str, tag: str) -> BuiltImage | None:
        """Return the image of `part` with `tag` whose archive is still there, or None."""
        for image in self._images.get(part, []):
            if image.tag == tag and Path(image.archive).exists():
                return image
        return None

    def put(self, image: BuiltImage) -> None:
        """Make `image` the current one of its part, drop the oldest archives, and write the file."""
        others = [other for other in self._images.get(image.part, []) if other.tag != image.tag]
        self._images[image.part] = [image, *others[: KEPT - 1]]
        for old in others[KEPT - 1 :]:
            Path(old.archive).unlink(missing_ok=True)
        entries = {
            part: [{**dataclasses.asdict(built), "reference": built.reference} for built in images]
            for part, images in sorted(self._images.items())
        }
        fresh = self.path.with_suffix(".new")
        fresh.write_text(json.dumps({"images": entries}, indent=2) + "\n")
        fresh.replace(self.path)
