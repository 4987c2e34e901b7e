import hashlib
from pathlib import Path

import pytest

from modelyard_server.edge.keys import find_client, read_keys

KEY = b"a-long-random-key-0123456789"


def test_a_client_is_known_by_its_key_or_its_hash(tmp_path: Path) -> None:
    (tmp_path / "shop").write_bytes(KEY + b"\n")
    (tmp_path / "app").write_text("sha256:" + hashlib.sha256(b"other-long-random-key").hexdigest().upper())
    keys = read_keys(tmp_path)

    assert find_client(keys, KEY) == "shop"
    assert find_client(keys, b"other-long-random-key") == "app"
    assert find_client(keys, b"guess") is None


def test_the_keys_themselves_are_not_kept(tmp_path: Path) -> None:
    (tmp_path / "shop").write_bytes(KEY)

    assert KEY.decode() not in repr(read_keys(tmp_path))


@pytest.mark.parametrize("content", [b"", b" \n", b"sha256:", b"sha256:zz"])
def test_a_file_that_cannot_be_used_shuts_its_client_out_alone(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "shop").write_bytes(KEY)
    (tmp_path / "wrong").write_bytes(content)
    keys = read_keys(tmp_path)

    assert list(keys.values()) == ["shop"]
    assert find_client(keys, b"") is None


def test_the_kubelets_own_files_are_no_clients(tmp_path: Path) -> None:
    generation = tmp_path / "..2026"
    generation.mkdir()
    (generation / "shop").write_bytes(KEY)
    (tmp_path / "..data").symlink_to(generation)
    (tmp_path / "shop").symlink_to(Path("..data") / "shop")
    (tmp_path / ".hidden").write_bytes(b"another-long-random-key")

    assert list(read_keys(tmp_path).values()) == ["shop"]


def test_of_two_equal_keys_the_first_counts(tmp_path: Path) -> None:
    for client in ("b", "a"):
        (tmp_path / client).write_bytes(KEY)

    assert find_client(read_keys(tmp_path), KEY) == "a"


def test_no_directory_is_no_keys(tmp_path: Path) -> None:
    assert read_keys(tmp_path / "absent") == {}
