import io
import json
import tarfile
from pathlib import Path

import pytest

from devcluster.components.containerd import PAUSE_IMAGE
from devcluster.errors import DevclusterError
from devcluster.images import inspect, program_archive, stored_as


def write_tar(path: Path, files: dict[str, object], mode: str = "w") -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, value in files.items():
            data = json.dumps(value).encode()
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


STORED = (
    "default.example/library/app:1",
    "default.example/team/app:1",
    "localhost/app:1",
    "registry:5000/app:1",
    "other.example/team/app:1/not",
)


@pytest.mark.parametrize(
    ("tag", "name"),
    [
        ("app:1", "default.example/library/app:1"),
        ("team/app:1", "default.example/team/app:1"),
        ("localhost/app:1", "localhost/app:1"),
        ("registry:5000/app:1", "registry:5000/app:1"),
        ("app:2", None),
        ("other.example/app:1", None),
    ],
)
def test_an_image_is_found_under_the_name_that_containerd_gives_it(tag: str, name: str | None) -> None:
    assert stored_as(tag, STORED) == name


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_a_docker_archive_is_known_by_its_config(tmp_path: Path, mode: str) -> None:
    manifest = [{"Config": "abc.json", "RepoTags": ["app:1", "app:2"], "Layers": []}]
    one = inspect(write_tar(tmp_path / "one.tar", {"manifest.json": manifest}, mode))
    assert one.tags == ("app:1", "app:2")
    manifest[0]["Config"] = "def.json"
    assert (
        inspect(write_tar(tmp_path / "two.tar", {"manifest.json": manifest}, mode)).identity != one.identity
    )


def test_an_oci_archive_is_known_by_its_manifests(tmp_path: Path) -> None:
    notes = {"org.opencontainers.image.ref.name": "localhost/app:1"}
    index = {"manifests": [{"digest": "sha256:1", "annotations": notes}]}
    assert inspect(write_tar(tmp_path / "oci.tar", {"./index.json": index})).tags == ("localhost/app:1",)


def test_anything_else_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("no archive")
    with pytest.raises(DevclusterError, match=r"notes.txt is no docker-archive or OCI archive"):
        inspect(path)
    with pytest.raises(DevclusterError, match="is no docker-archive"):
        inspect(write_tar(tmp_path / "other.tar", {"a.json": {}}))


def test_an_image_of_a_program_is_one_static_file_and_always_the_same(tmp_path: Path) -> None:
    first = program_archive(b"\x7fELF", "amd64", PAUSE_IMAGE, "pause", "-P")
    assert first == program_archive(b"\x7fELF", "amd64", PAUSE_IMAGE, "pause", "-P")
    path = tmp_path / "pause.tar"
    path.write_bytes(first)
    assert inspect(path).tags == ("localhost/modelyard-pause:1",)
    with tarfile.open(path) as archive:
        layer = archive.extractfile("layer.tar")
        assert layer is not None
        with tarfile.open(fileobj=io.BytesIO(layer.read())) as inner:
            member = inner.getmember("pause")
            assert (member.mode, member.mtime) == (0o755, 0)
