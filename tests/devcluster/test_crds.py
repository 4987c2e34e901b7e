import json

import yaml

from devcluster import crds
from devcluster.build import TOOLS_DIR
from devcluster.config import Settings
from devcluster.extras import EXTRAS

SOURCES = [extra.crds for extra in EXTRAS.values() if extra.crds]


def document(kind: str, name: str) -> dict[str, object]:
    return {"kind": kind, "metadata": {"name": name}}


def test_only_definitions_are_taken() -> None:
    kinds = [document("CustomResourceDefinition", "a"), document("ValidatingAdmissionPolicy", "b")]
    texts = [yaml.safe_dump_all(kinds), "---\n", yaml.safe_dump(document("CustomResourceDefinition", "c"))]
    assert [item["metadata"]["name"] for item in crds.definitions(texts)] == ["a", "c"]


def test_every_source_is_pinned_and_kept_apart() -> None:
    for source in SOURCES:
        assert f"\t{source.package} v" in (TOOLS_DIR / source.module / "go.mod").read_text().replace(
            "require ", "\t"
        )
    assert len({crds.cache_key(source) for source in SOURCES}) == len(SOURCES)


def test_what_the_cache_has_is_read_in_order(settings: Settings) -> None:
    source = SOURCES[0]
    assert crds.cached(settings, source) == []
    folder = settings.cache_dir / "crds" / crds.cache_key(source)
    folder.mkdir(parents=True)
    for name in ("b", "a"):
        (folder / f"{name}.json").write_text(json.dumps(document("CustomResourceDefinition", name)))
    assert [item["metadata"]["name"] for item in crds.cached(settings, source)] == ["a", "b"]
