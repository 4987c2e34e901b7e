import hashlib
from dataclasses import replace

from modelyard_server.fetch.pin import content_hash, digest, manifest
from modelyard_server.fetch.stores.base import Entry

ENTRIES = [Entry("a", 1, '"x"'), Entry("b", 2, '"y"')]


def test_manifest_does_not_depend_on_the_order() -> None:
    assert manifest(ENTRIES) == manifest(reversed(ENTRIES))


def test_manifest_changes_with_path_size_and_tag() -> None:
    changed = [replace(ENTRIES[0], path="c"), replace(ENTRIES[0], size=3), replace(ENTRIES[0], tag='"z"')]
    assert len({manifest([entry, ENTRIES[1]]) for entry in [ENTRIES[0], *changed]}) == 4


def test_digest_is_over_paths_and_content_hashes() -> None:
    expected = hashlib.sha256(b"a\x00aa\nb\x00bb\n").hexdigest()
    assert content_hash({"b": "bb", "a": "aa"}) == expected
    assert digest({"b": "bb", "a": "aa"}) == f"sha256:{expected}"
