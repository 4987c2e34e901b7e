import io
import stat
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from modelyard_server.fetch import archive
from modelyard_server.fetch.archive import unpack
from modelyard_server.report import SourceError
from tests.server.fetch.models import hugging_face, needed


def tar(path: Path, files: Mapping[str, bytes], *extra: tarfile.TarInfo) -> Path:
    with tarfile.open(path, "w:gz") as opened:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            opened.addfile(info, io.BytesIO(content))
        for info in extra:
            opened.addfile(info)
    return path


def zipped(path: Path, files: Mapping[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, content in files.items():
            opened.writestr(name, content)
    return path


def packed(path: Path, files: Mapping[str, bytes]) -> Path:
    return zipped(path, files) if path.suffix == ".zip" else tar(path, files)


def refused(path: Path, target: Path) -> str:
    with pytest.raises(SourceError) as caught:
        unpack(path, path.name, target, "auto")
    assert caught.value.reason == "NotAModel"
    assert caught.value.permanent
    return caught.value.message


@pytest.mark.parametrize("name", ["m.zip", "m.tar.gz", "m.tgz"])
@pytest.mark.parametrize("folder", ["", "./", "model/"])
def test_only_what_is_needed_comes_out(tmp_path: Path, name: str, folder: str) -> None:
    files = hugging_face()
    litter = {"__MACOSX/._config.json": b"x"} if name == "m.zip" else {f"{folder}._config.json": b"x"}
    path = packed(tmp_path / name, {**{folder + key: value for key, value in files.items()}, **litter})
    out = tmp_path / "out"
    fetched = unpack(path, name, out, "auto")
    assert {file.path: (out / file.path).read_bytes() for file in fetched} == needed(files)
    assert sum(1 for entry in out.rglob("*") if entry.is_file()) == len(fetched)


@pytest.mark.parametrize("name", ["m.zip", "m.tgz"])
def test_the_description_decides(tmp_path: Path, name: str) -> None:
    files = {"x/modelyard.json": b'{"file": "b.onnx"}', "x/a.onnx": b"a", "x/b.onnx": b"b"}
    fetched = unpack(packed(tmp_path / name, files), name, tmp_path / "out", "auto")
    assert [file.path for file in fetched] == ["b.onnx", "modelyard.json"]


@pytest.mark.parametrize("name", ["m.zip", "m.tgz"])
@pytest.mark.parametrize("evil", ["../evil.onnx", "/etc/evil.onnx", "a/../../evil.onnx", "..\\evil.onnx"])
def test_nothing_reaches_outside(tmp_path: Path, name: str, evil: str) -> None:
    path = packed(tmp_path / name, {"model.onnx": b"x", evil: b"x"})
    assert "reaches outside" in refused(path, tmp_path / "a" / "out")
    assert not list(tmp_path.rglob("evil.onnx"))


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_links_and_devices_are_refused(tmp_path: Path, kind: bytes) -> None:
    info = tarfile.TarInfo("config.json")
    info.type = kind
    info.linkname = "/etc/passwd"
    assert "link or a device" in refused(
        tar(tmp_path / "m.tgz", {"model.onnx": b"x"}, info), tmp_path / "out"
    )


def test_links_in_a_zip_are_refused(tmp_path: Path) -> None:
    info = zipfile.ZipInfo("model.onnx")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "m.zip", "w") as opened:
        opened.writestr(info, "/etc/passwd")
    assert "link or a device" in refused(tmp_path / "m.zip", tmp_path / "out")


@pytest.mark.parametrize("name", ["m.zip", "m.tgz"])
def test_a_bomb_is_refused(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "FLOOR", 1 << 20)
    path = packed(tmp_path / name, {"config.json": b"{}", "model.onnx": b"\0" * (4 << 20)})
    assert "times its own size" in refused(path, tmp_path / "out")


def test_a_bomb_that_lies_about_its_size_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "FLOOR", 1 << 20)
    path = tar(tmp_path / "m.tgz", {f"junk{number}": b"\0" * (1 << 20) for number in range(3)})
    assert "times its own size" in refused(path, tmp_path / "out")


def test_too_many_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MOST_FILES", 5)
    path = zipped(tmp_path / "m.zip", {f"{number}.txt": b"" for number in range(6)})
    assert "more than 5 files" in refused(path, tmp_path / "out")


@pytest.mark.parametrize("name", ["m.zip", "m.tgz"])
def test_a_damaged_archive_says_so(tmp_path: Path, name: str) -> None:
    path = packed(tmp_path / name, {"model.onnx": bytes(range(256)) * 100})
    for content in (b"<html>", path.read_bytes()[:200]):
        path.write_bytes(content)
        assert "can't be unpacked" in refused(path, tmp_path / "out")


def test_an_archive_without_a_model_lists_what_it_holds(tmp_path: Path) -> None:
    assert "README.md" in refused(zipped(tmp_path / "m.zip", {"README.md": b""}), tmp_path / "out")
