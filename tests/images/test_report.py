import io
import json
import tarfile
from pathlib import Path

import pytest

from images.archive import Contents, read
from images.report import LIMITS, by_package, over_limit, source_of, table

SITE = "app/lib/python3.13/site-packages"
LAYER_1 = {
    f"{SITE}/PIL/Image.py": b"x" * 5000,
    f"{SITE}/PIL/__pycache__/Image.cpython-313.pyc": b"x" * 10,
    f"{SITE}/pillow-13.0.0.dist-info/RECORD": b"PIL/Image.py,,\npillow-13.0.0.dist-info/RECORD,,\n",
    f"{SITE}/loose.py": b"x",
    "usr/lib/libc.so.6": b"x" * 4096,
    "var/lib/dpkg/status.d/libc6.md5sums": b"00  usr/lib/libc.so.6\n",
    "usr/local/lib/python3.13/os.py": b"x",
    "etc/passwd": b"x",
    "gone/file": b"x",
}
LAYER_2 = {f"{SITE}/loose.py": b"x" * 4097, ".wh.gone": b""}


def tar(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


@pytest.fixture
def contents(tmp_path: Path) -> Contents:
    manifest = [{"Config": "abc.json", "RepoTags": ["x:1"], "Layers": ["1/layer.tar", "2/layer.tar"]}]
    path = tmp_path / "image.tar"
    path.write_bytes(
        tar(
            {
                "1/layer.tar": tar(LAYER_1),
                "2/layer.tar": tar(LAYER_2),
                "manifest.json": json.dumps(manifest).encode(),
            }
        )
    )
    return read(path)


def test_the_archive_gives_id_and_files_with_later_layers_on_top(contents: Contents) -> None:
    assert contents.id == "sha256:abc"
    assert contents.sizes[f"{SITE}/loose.py"] == 4097
    assert "gone/file" not in contents.sizes


def test_each_file_counts_for_its_package_in_whole_blocks(contents: Contents) -> None:
    assert by_package(contents) == {
        "pillow": 2 * 4096 + 4096 + 4096,
        "loose": 2 * 4096,
        "debian: libc6": 4096,
        "python": 4096,
        # /etc/passwd and the dpkg file list.
        "other": 2 * 4096,
    }
    assert contents.unpacked_bytes == by_package(contents).total()


def test_bytecode_belongs_to_its_module() -> None:
    assert source_of("a/__pycache__/b.cpython-313.pyc") == "a/b.py"
    assert source_of("a/b.so") == "a/b.so"


def test_the_table_ends_with_the_total_and_the_limit(contents: Contents) -> None:
    lines = list(table("x:1", contents, 350_000_000))
    assert lines[0] == "x:1, unpacked, in MB:"
    assert lines[-1].split() == ["0.0", "in", "all,", "limit", "350"]


def test_an_image_over_its_limit_is_complained_about() -> None:
    fits = Contents("sha256:a", {"a": LIMITS["server"] - 4096})
    assert over_limit("server", fits) is None
    assert over_limit("operator", Contents("sha256:a", {"a": 10**9})) is None
    complaint = over_limit("server", Contents("sha256:a", {"a": LIMITS["server"] + 1}))
    assert complaint is not None
    assert "350.0 MB unpacked, over its limit of 350 MB" in complaint
