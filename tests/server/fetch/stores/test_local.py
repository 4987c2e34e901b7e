import os
from pathlib import Path

import pytest

from tests.server.fetch.conftest import Commands
from tests.server.fetch.models import hugging_face, needed


def lay(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture
def volume(commands: Commands, tmp_path: Path) -> Path:
    commands.environ["MODELYARD_PVC_MOUNT"] = str(tmp_path / "volume")
    return tmp_path / "volume"


def test_a_volume_is_verified_in_place(commands: Commands, volume: Path) -> None:
    files = hugging_face()
    lay(volume / "models" / "a", files)
    lay(volume / "models" / "a" / "lost+found", {"model.onnx": b""})
    resolved = commands.resolve("pvc://claim/models/a")
    assert resolved["task"] == "text-classification"
    assert resolved["digest"].startswith("sha256:")
    assert resolved["pinned"] == f"pvc://claim/models/a@{resolved['digest']}"
    fetched = commands.fetch(resolved["pinned"])
    assert fetched["digest"] == resolved["digest"]
    assert fetched["bytes"] == resolved["bytes"] == sum(map(len, needed(files).values()))
    assert list(commands.model_dir.iterdir()) == []


def test_the_model_folder_may_be_missing(commands: Commands, volume: Path) -> None:
    lay(volume, {"model.onnx": b"net"})
    commands.model_dir.rmdir()
    assert commands.fetch(commands.resolve("pvc://claim")["pinned"])["ok"]


def test_a_change_of_content_is_told_though_size_and_time_are_the_same(
    commands: Commands, volume: Path
) -> None:
    lay(volume, {"model.onnx": b"old"})
    pinned = commands.resolve("pvc://claim/")["pinned"]
    times = (volume / "model.onnx").stat()
    (volume / "model.onnx").write_bytes(b"new")
    os.utime(volume / "model.onnx", ns=(times.st_atime_ns, times.st_mtime_ns))
    report = commands.fetch(pinned)
    assert (report["reason"], report["permanent"]) == ("SourceChanged", True)


def test_a_path_in_the_image(commands: Commands, tmp_path: Path) -> None:
    folder = lay(
        tmp_path / "image models", {"net.onnx": b"net", "net.onnx.data": b"data", "other.onnx": b"o"}
    )
    uri = f"file:{folder}/net.onnx".replace(" ", "%20")
    resolved = commands.resolve(uri)
    assert (resolved["task"], resolved["bytes"]) == (None, 7)
    assert resolved["pinned"].startswith("file:///")
    assert commands.fetch(resolved["pinned"])["digest"] == resolved["digest"]


def test_nothing_there(commands: Commands, volume: Path) -> None:
    volume.mkdir()
    for uri in ("pvc://claim/x", "file:/nowhere/at/all", "file:/nowhere/net.onnx"):
        report = commands.resolve(uri)
        assert (report["reason"], report["permanent"]) == ("NotFound", True)
        assert uri.removeprefix("file:") in report["message"]


def test_links_must_stay_in_the_volume(commands: Commands, volume: Path, tmp_path: Path) -> None:
    lay(tmp_path / "elsewhere", {"model.onnx": b"secret"})
    lay(volume, {"blobs/1": b"net"})
    (volume / "m").mkdir()
    (volume / "m" / "model.onnx").symlink_to("../blobs/1")
    assert commands.resolve("pvc://claim/m")["ok"]
    (volume / "m" / "model.onnx").unlink()
    (volume / "m" / "model.onnx").symlink_to(tmp_path / "elsewhere" / "model.onnx")
    assert "leads out of the volume" in commands.resolve("pvc://claim/m")["message"]


def test_a_wanted_digest_is_checked_at_once(commands: Commands, volume: Path) -> None:
    lay(volume, {"model.onnx": b"net"})
    digest = commands.resolve("pvc://claim")["digest"]
    assert commands.resolve("pvc://claim", MODELYARD_MODEL_DIGEST=digest)["ok"]
    wanted = "sha256:" + "0" * 64
    report = commands.resolve("pvc://claim", MODELYARD_MODEL_DIGEST=wanted)
    assert (report["reason"], report["permanent"]) == ("DigestMismatch", True)
    assert digest in report["message"]
    assert wanted in report["message"]
